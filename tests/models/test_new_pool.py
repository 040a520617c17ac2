"""Pools of one's own: what the Hub and a GGUF file tell, what is derived, and what is asked for, all at once."""

from __future__ import annotations

import contextlib
import json
import struct
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.errors import InputError, TTGBenchError
from ttgbench.models.from_gguf import card_from_gguf
from ttgbench.models.from_hub import card_from_hub, card_of_config
from ttgbench.models.new_pool import new_pool, write_pool
from ttgbench.models.pool import ModelCard, load_pool

TODAY = date(2026, 11, 29)


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, TTGBenchError):
        raise result.exception
    return result


# Layers, hidden size, heads, key-value heads, head size, feed-forward size and kind, as `modern.yaml` says.
SHAPES = {
    "qwen3-0.6b": (28, 1024, 16, 8, 128, 3072, "qwen3"),
    "qwen3-1.7b": (28, 2048, 16, 8, 128, 6144, "qwen3"),
    "llama-3.2-1b": (16, 2048, 32, 8, 64, 8192, "llama"),
    "llama-3.1-8b": (32, 4096, 32, 8, 128, 14336, "llama"),
    "gemma-3-1b": (26, 1152, 4, 1, 256, 6912, "gemma3_text"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_parameters_of_a_configuration_are_those_of_the_shipped_cards(name):
    layers, hidden, heads, kv_heads, size, wide, kind = SHAPES[name]
    config = {"model_type": kind, "num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": heads}
    config |= {"num_key_value_heads": kv_heads, "head_dim": size, "intermediate_size": wide, "vocab_size": 1000}
    found = card_of_config({**config, "max_position_embeddings": 4096})
    card = load_pool("modern")[name]
    assert found["parameters"] == card.parameters
    assert (found["layers"], found["hidden_size"], found["kv_size"]) == (layers, hidden, kv_heads * size)
    assert found["total_parameters"] == card.parameters + 1000 * hidden
    assert card_of_config({"text_config": config, "model_type": "some_vision"})["parameters"] == card.parameters


def test_of_experts_those_count_that_are_active():
    config = {"model_type": "qwen3_moe", "num_hidden_layers": 48, "hidden_size": 2048, "num_attention_heads": 32}
    config |= {"num_key_value_heads": 4, "head_dim": 128, "num_experts": 128, "num_experts_per_tok": 8}
    found = card_of_config({**config, "moe_intermediate_size": 768, "intermediate_size": 6144})
    assert found["parameters"] == load_pool("modern")["qwen3-30b-a3b"].parameters
    assert found["total_parameters"] == 29_909_792_768


@pytest.mark.parametrize("config", [{}, {"num_hidden_layers": "many"}, {"hidden_size": -1, "num_hidden_layers": True}])
def test_a_configuration_that_tells_nothing_is_asked_about(config):
    with pytest.raises(InputError, match="not told, so give them") as caught:
        new_pool("mine", [("x", {"name": "a", **card_of_config(config)}), ("x", {"name": "b"})], {}, TODAY)
    for words in ("a: parameters (", "a: context_length (", "b: parameters (", "b: context_length ("):
        assert words in str(caught.value)


def test_what_the_hub_tells(hub, tmp_path):
    layers, hidden, heads, kv_heads, size, wide, kind = SHAPES["qwen3-0.6b"]
    config = {"model_type": kind, "num_hidden_layers": layers, "hidden_size": hidden, "num_attention_heads": heads}
    config |= {"num_key_value_heads": kv_heads, "head_dim": size, "intermediate_size": wide, "vocab_size": 9}
    config |= {"max_position_embeddings": 40960}
    sha = hub.create("Qwen/Qwen3-0.6B", {"config.json": json.dumps(config).encode()})
    path = tmp_path / "mine.yaml"
    said = run("pool", "new", "--hub", "Qwen/Qwen3-0.6B", "--out", path).stdout
    assert "440,467,456" in said
    [card] = load_pool(path)
    shipped = load_pool("modern")["qwen3-0.6b"]
    assert (card.name, card.hub_id, card.revision) == ("qwen3-0.6b", "Qwen/Qwen3-0.6B", sha)
    assert (card.parameters, card.context_length) == (shipped.parameters, 40960)
    assert (card.prefill_speed, card.decode_speed) == (shipped.prefill_speed, shipped.decode_speed)
    assert (card.price_in, card.price_date) == (shipped.price_in, shipped.price_date)


@pytest.mark.parametrize(
    ("files", "message"),
    [({}, "cannot be fetched"), ({"config.json": b"[]"}, "a JSON object"), ({"config.json": b"{"}, "cannot be read")],
)
def test_a_repository_without_a_usable_configuration(hub, files, message):
    hub.create("some/model", files)
    with pytest.raises(InputError, match=message):
        card_from_hub("some/model")


def gguf(facts, tensors, version=3):
    """The bytes of a file with these facts and shapes."""

    def text(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def fact(value):
        if isinstance(value, str):
            return struct.pack("<I", 8) + text(value)
        if isinstance(value, list):
            body = b"".join(text(v) if isinstance(v, str) else struct.pack("<I", v) for v in value)
            return struct.pack("<IIQ", 9, 8 if isinstance(value[0], str) else 4, len(value)) + body
        return struct.pack("<II", 4, value)

    parts = [b"GGUF", struct.pack("<IQQ", version, len(tensors), len(facts))]
    parts += [text(name) + fact(value) for name, value in facts.items()]
    for name, shape in tensors.items():
        parts.append(text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, 0))
    return b"".join(parts)


FACTS = {
    "general.architecture": "llama",
    "general.license": "mit",
    "general.file_type": 15,
    "tokenizer.ggml.tokens": [f"t{n}" for n in range(2000)],
    "tokenizer.chat_template": "{{ messages }}",
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.context_length": 2048,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": [2, 2],
}
TENSORS = {"token_embd.weight": (64, 2000), "blk.0.attn_q.weight": (64, 64), "blk.0.ffn_up_exps.weight": (64, 128, 4)}


def test_what_the_header_of_a_file_tells(tmp_path):
    path = tmp_path / "My Model-Q4_K_M.gguf"
    path.write_bytes(gguf({**FACTS, "llama.expert_count": 4, "llama.expert_used_count": 1}, TENSORS))
    found = card_from_gguf(path)
    assert found["name"] == "my-model-q4_k_m"
    assert found["parameters"] == 64 * 64 + 64 * 128
    assert (found["layers"], found["hidden_size"], found["context_length"], found["kv_size"]) == (2, 64, 2048, 32)
    assert (found["quantization"], found["prompting"], found["licence"]) == ("Q4_K_M", "chat", "mit")
    run("pool", "new", "--gguf", path, "--out", tmp_path / "mine.yaml")
    [card] = load_pool(tmp_path / "mine.yaml")
    assert card.weights[0].path == str(path)
    assert card.price_source == "unpriced"
    assert "price_in:" not in (tmp_path / "mine.yaml").read_text()
    assert "price_source:" not in (tmp_path / "mine.yaml").read_text()
    with pytest.raises(InputError, match="is there already"):
        run("pool", "new", "--gguf", path, "--out", tmp_path / "mine.yaml")


WHOLE = gguf(FACTS, TENSORS)


@pytest.mark.parametrize("data", [b"", b"GGUF", b"GGML" + b"\0" * 64, b"GGUF" + b"\xff" * 64, WHOLE[:-9]])
def test_a_damaged_file_is_one_clear_error(tmp_path, data):
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"m\.gguf: (is no GGUF file|its GGUF header is damaged)"):
        card_from_gguf(path)


@given(st.binary(max_size=60), st.integers(0, 400))
def test_no_header_leads_to_another_error(tmp_path_factory, noise, place):
    path = tmp_path_factory.mktemp("noise") / "m.gguf"
    path.write_bytes(WHOLE[:place] + noise + WHOLE[place + len(noise) :])
    with contextlib.suppress(InputError):
        card_from_gguf(path)


def test_what_is_not_given_is_derived():
    card = ModelCard.model_validate({"name": "mine", "parameters": 8 * 10**9, "context_length": 8192})
    assert (card.layers, card.hidden_size) == (34, 4428)
    assert 12 * card.layers * card.hidden_size**2 == pytest.approx(card.parameters, rel=0.01)
    assert (card.prefill_speed, card.decode_speed) == (25000, 125)
    assert (card.hub_id, card.family, card.licence, card.price_source) == ("mine", "mine", "unknown", "unpriced")
    given_shape = {"name": "mine", "parameters": 10**9, "context_length": 10, "hidden_size": 2048}
    assert ModelCard.model_validate(given_shape).layers == 20


def test_everything_that_a_file_lacks_is_said_at_once_in_words(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        yaml.safe_dump({"name": "mine", "models": [{"name": "a"}, {"parameters": 5}, {"name": "c", "layers": -1}]})
    )
    with pytest.raises(InputError) as caught:
        load_pool(path)
    said = str(caught.value)
    assert "models.0 (a), models.2 (c): needs parameters, how many weights it has without embeddings" in said
    assert "models.0 (a), models.1, models.2 (c): needs context_length, how many tokens" in said
    assert "models.1: needs name" in said
    assert "models.2.layers: Input should be greater than 0" in said


def test_prices_need_a_date(tmp_path):
    card = {"name": "mine", "parameters": 8 * 10**9, "context_length": 8192, "price_in": 0.1}
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"name": "mine", "models": [card]}))
    with pytest.raises(InputError, match="prices need a price_date"):
        load_pool(path)


@pytest.mark.parametrize(
    ("facts", "options", "message"),
    [
        ({"llama.context_length": 2**32 - 1}, [], "context_length"),
        ({"llama.block_count": 2**32 - 1}, [], "layers"),
        ({"llama.embedding_length": 2**32 - 1}, [], "hidden_size"),
        ({}, ["--price-in", "inf", "--price-out", "1"], "price_in"),
    ],
)
def test_absurd_numbers_are_one_error_that_names_file_and_card(tmp_path, facts, options, message):
    path = tmp_path / "Some.gguf"
    path.write_bytes(gguf({**FACTS, **facts}, TENSORS))
    with pytest.raises(InputError, match=rf"Some\.gguf: some: {message}"):
        run("pool", "new", "--gguf", path, "--out", tmp_path / "mine.yaml", *options)
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("option", ["--price-in", "--price-out"])
def test_one_price_alone_would_make_the_other_nothing(tmp_path, option):
    (tmp_path / "m.gguf").write_bytes(WHOLE)
    with pytest.raises(InputError, match="needs both --price-in and --price-out"):
        run("pool", "new", "--gguf", tmp_path / "m.gguf", "--out", tmp_path / "mine.yaml", option, "1")
    assert not (tmp_path / "mine.yaml").exists()


@pytest.mark.parametrize("name", ["a\nschema: 2.gguf", "a\udcff.gguf", "a\x85b.gguf"])
def test_names_of_files_do_not_become_yaml(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(WHOLE)
    with pytest.raises(InputError, match="cannot be printed") as caught:
        run("pool", "new", "--gguf", path, "--out", tmp_path / "mine.yaml")
    str(caught.value).encode()
    assert not (tmp_path / "mine.yaml").exists()


def test_sources_stay_in_their_comment(tmp_path):
    pool = new_pool("mine", [("x", {"name": "a", "parameters": 1, "context_length": 1})], {}, TODAY)
    write_pool(pool, tmp_path / "mine.yaml", ["a\nschema: 2", "b\udcff"], TODAY)
    assert load_pool(tmp_path / "mine.yaml").models == pool.models
