"""Cards from a server's list of models, and the pool that `ttgbench pool new --url` writes of them."""

from __future__ import annotations

import json
import threading
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner

from ttgbench.cli import app
from ttgbench.engines.served_models import _fields, cards_from_server, parameters_in
from ttgbench.errors import EngineError, InputError, TTGBenchError, UnknownName
from ttgbench.models.pool import load_pool


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.server.listings.pop(0)).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts):
        pass


@pytest.fixture
def server():
    """Answers one request after another with its `listings`."""
    with HTTPServer(("127.0.0.1", 0), Handler) as running:
        running.url = f"http://127.0.0.1:{running.server_port}/v1"
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


VLLM = {"id": "Qwen/Qwen3-8B", "object": "model", "max_model_len": 16384}
LLAMA_CPP = {"id": "some.gguf", "object": "model", "meta": {"n_params": 134515008, "n_ctx_train": 8192, "n_embd": 576}}
ROUTER = {"id": "acme/big-70b", "context_length": 131072, "pricing": {"prompt": "0.0000001", "completion": "0.0000004"}}
PLAIN = {"id": "gpt-9", "object": "model"}


def listing(*models):
    return {"object": "list", "data": list(models)}


def run(*arguments):
    result = CliRunner().invoke(app, [*map(str, arguments)])
    if isinstance(result.exception, TTGBenchError):
        raise result.exception
    return result


def test_each_kind_of_server_tells_what_it_knows(server, tmp_path):
    server.listings = [listing(VLLM, LLAMA_CPP, ROUTER)]
    path = tmp_path / "mine.yaml"
    run("pool", "new", "--url", server.url, "--out", path)
    vllm, llama, router = load_pool(path)
    assert (vllm.name, vllm.hub_id, vllm.parameters, vllm.context_length) == (
        "Qwen3-8B",
        "Qwen/Qwen3-8B",
        8 * 10**9,
        16384,
    )
    assert vllm.price_in == load_pool("modern")["qwen3-8b"].price_in
    assert (llama.name, llama.parameters, llama.context_length, llama.hidden_size) == (
        "some.gguf",
        134515008,
        8192,
        576,
    )
    assert (router.price_in, router.price_out, router.price_date) == (0.1, 0.4, date.today())
    assert server.url in router.price_source
    assert "Unpriced: some.gguf." in path.read_text()


def test_what_is_not_told_is_asked_for_at_once_and_given_by_options(server, tmp_path):
    server.listings = [listing(PLAIN, {"id": "gpt-9-mini"})] * 2
    path = tmp_path / "mine.yaml"
    with pytest.raises(InputError) as caught:
        run("pool", "new", "--url", server.url, "--out", path)
    assert str(caught.value).count("parameters (how many weights") == 2
    assert str(caught.value).count("context_length (how many tokens") == 2
    assert not path.exists()
    options = [
        "--model",
        "gpt-9",
        "--parameters",
        "200b",
        "--context-length",
        128000,
        "--price-in",
        1,
        "--price-out",
        4,
    ]
    run("pool", "new", "--url", server.url, "--out", path, *options)
    [card] = load_pool(path)
    assert (card.name, card.parameters, card.price_out, card.price_source) == ("gpt-9", 2 * 10**11, 4, "given by hand")


def test_servers_that_list_too_much_or_other_things(server):
    many = listing(*({"id": f"m{n}-7b"} for n in range(30)))
    server.listings = [many, listing(), many, {"error": {"code": 401, "message": "no key"}}]
    with pytest.raises(InputError, match="lists 30 models"):
        cards_from_server(server.url)
    with pytest.raises(InputError, match="lists 0 models"):
        cards_from_server(server.url)
    with pytest.raises(UnknownName, match="m5-7b"):
        cards_from_server(server.url, ["m5-8b"])
    with pytest.raises(EngineError, match="401: no key"):
        cards_from_server(server.url)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("qwen3-30b-a3b", 3 * 10**9),
        ("SmolLM2-135M-Instruct", 135 * 10**6),
        ("llama-3.2-1b", 10**9),
        ("qwen2.5-coder-1.5b-q4_k_m.gguf", 1_500_000_000),
        ("gpt-4o", None),
        ("model-0b", None),
        ("bert-4bit", None),
        ("x8b", None),
    ],
)
def test_sizes_in_names(name, parameters):
    assert parameters_in(name) == parameters


@pytest.mark.parametrize(
    "change",
    [
        {"context_length": 2**64 - 1},
        {"meta": {"n_embd": "x"}},
        {"meta": {"n_embd": 10**400}},
        {"id": "big", "meta": {"n_params": 10**30}},
    ],
)
def test_absurd_numbers_are_one_error_that_names_server_and_card(server, tmp_path, change):
    model = {**ROUTER, **change}
    server.listings = [listing(model)]
    with pytest.raises(InputError, match=rf"{server.url}: big"):
        run("pool", "new", "--url", server.url, "--out", tmp_path / "mine.yaml", "--context-length", 8)
    assert not (tmp_path / "mine.yaml").exists()


def test_truth_values_are_no_prices():
    pricing = {"prompt": True, "completion": "0.0000004"}
    assert "price_in" not in _fields("http://x", {**ROUTER, "pricing": pricing}, date(2026, 11, 29))
