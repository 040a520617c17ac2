"""The one client against a real loopback server: what goes out, what is asked again, what it costs."""

import pytest
from openai_server import CHAT, CUT, GOOD, HANG, ask, request, sent

from ttgbench.engines import launch
from ttgbench.engines.base import Prompt
from ttgbench.engines.retry import RETRIES
from ttgbench.errors import ContextOverflow, EngineError, InputError, UnknownName, WrongModel
from ttgbench.testing import toy_pool


def test_a_chat_goes_out_with_every_parameter_and_comes_back(server):
    sampling = {"temperature": 0.3, "top_p": 0.9, "top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "stop": ("X",)}
    [completion], waits = ask(server, request(**sampling))
    [body] = sent(server)
    assert body["messages"] == [{"role": m.role, "content": m.content} for m in CHAT.messages]
    assert {key: body[key] for key in ("temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed")} == {
        "temperature": 0.3, "top_p": 0.9, "top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "seed": 11
    }  # fmt: skip
    assert body["stop"] == ["X"]
    assert body["max_tokens"] == 16
    assert (completion.text, completion.tokens_in, completion.tokens_out) == ("5", 7, 3)
    assert (completion.finish_reason, completion.attempts, completion.retried_tokens_in) == ("length", 1, 0)
    assert waits == []


def test_a_server_that_counts_too_few_tokens_is_not_billed_but_refused(server):
    with pytest.raises(EngineError, match="the server counts 7 tokens of prompt, the model's own tokenizer 23"):
        ask(server, count=len)
    [completion], _ = ask(server, count=lambda text: len(text.split()))
    assert completion.tokens_in == 7


def test_a_base_model_gets_plain_text(server):
    [completion], _ = ask(server, request(Prompt(text="2 + 3 =")))
    assert completion.text == "plain"
    assert [(path, body.get("prompt")) for path, body in server.asked if body] == [("/v1/completions", "2 + 3 =")]


def test_a_schema_constrains_chats_only(server):
    schema = {"type": "object"}
    ask(server, request(schema=schema), request(Prompt(text="x"), schema=schema))
    chat, plain = sent(server)
    assert chat["response_format"]["json_schema"]["schema"] == schema
    assert "response_format" not in plain


def test_the_name_is_asked_for_once_and_may_be_the_hub_id(server):
    server.models = ["other", "toys/small"]
    ask_hub = {**GOOD, "model": "toys/small"}
    server.answers = [ask_hub, ask_hub]
    ask(server, request(), request())
    assert [path for path, body in server.asked if body is None] == ["/v1/models"]
    assert {body["model"] for body in sent(server)} == {"toys/small"}


@pytest.mark.parametrize("models", [[], ["smal"], ["large", "toys/large"]])
def test_a_server_of_other_models_is_refused(server, models):
    server.models = models
    with pytest.raises(WrongModel, match=r"serves neither small nor toys/small"):
        ask(server)
    assert sent(server) == []


@pytest.mark.parametrize("data", [None, "small", 5, [None], ["small"], [["small"]], [{"id": 7}], {"id": "small"}])
def test_a_list_of_models_that_is_none_is_one_clear_error(server, data):
    server.listings = [{"object": "list", "data": data}]
    with pytest.raises(EngineError, match=r"/v1:? (lists no models|serves neither)"):
        ask(server)


def test_an_error_in_place_of_the_models_is_read_as_such(server):
    server.listings = [{"error": {"code": 503, "message": "loading"}}, {"error": {"code": 401, "message": "no key"}}]
    with pytest.raises(EngineError, match=r"/v1: 401: no key"):
        ask(server)


def test_an_answer_by_another_model_is_refused(server):
    server.answers = [{**GOOD, "model": "large"}]
    with pytest.raises(WrongModel, match="asked for 'small', 'large' answered"):
        ask(server)


@pytest.mark.parametrize("date", ["-2026-01-01", "-20260101"])
def test_a_date_behind_the_name_is_no_other_model(server, date):
    server.answers = [{**GOOD, "model": f"small{date}"}]
    assert ask(server)[0][0].text == "5"


@pytest.mark.parametrize("rest", ["-but-70b", "er", "-2026-01-01-70b", "-2026", "/large", ":free", "-2026-01-01\n"])
def test_a_name_that_only_begins_alike_is_another_model(server, rest):
    server.answers = [{**GOOD, "model": f"small{rest}"}]
    with pytest.raises(WrongModel, match="asked for 'small'"):
        ask(server)


@pytest.mark.parametrize(
    ("fault", "billed_in", "billed_out"),
    [
        ((429, "slow down"), 0, 0),  # refused: never reached the model
        ((408, "too slow"), 0, 0),
        ((500, "broke"), 7, 0),  # may have read the prompt
        ((503, "overloaded"), 7, 0),
        (CUT, 0, 0),
    ],
)
def test_what_passes_is_asked_again_and_billed_as_far_as_it_reached_the_model(server, fault, billed_in, billed_out):
    server.answers = [fault, fault]
    [completion], waits = ask(server)
    assert completion.attempts == 3
    assert (completion.retried_tokens_in, completion.retried_tokens_out) == (2 * billed_in, 2 * billed_out)
    assert (completion.tokens_in, completion.tokens_out) == (7, 3)
    assert len(waits) == 2
    assert 0 < waits[0] < waits[1] * 3
    assert len(sent(server)) == 3


def test_a_time_out_is_billed_as_prompt_and_longest_answer(server):
    server.answers = [HANG]
    [completion], _ = ask(server, timeout=0.5)
    assert completion.attempts == 2
    assert (completion.retried_tokens_in, completion.retried_tokens_out) == (7, 16)


def test_a_server_may_say_how_long_to_wait(server):
    server.answers = [
        (429, "x", ("retry-after", "3")),
        (503, "x", ("retry-after", "9999")),
        (429, "x", ("retry-after", "soon")),
    ]
    _, waits = ask(server)
    assert waits[:2] == [3.0, 30.0]
    assert 0 < waits[2] <= 30


def test_waits_differ_between_requests_and_repeat(server):
    def waits(seed):
        server.answers = [(500, "x")] * 3
        return ask(server, request(seed=seed))[1]

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)


def test_it_gives_up_after_the_last_retry(server):
    server.answers = [(500, "broke")] * 50
    with pytest.raises(EngineError, match=rf"gave up after {RETRIES + 1} attempts: 500.*broke"):
        ask(server)
    assert len(sent(server)) == RETRIES + 1


def test_nobody_listens(server):
    waits = []
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9/v1: does not answer: no connection"):
        ask(server, url="http://127.0.0.1:9/v1", waits=waits)
    assert sum(waits) < 5


@pytest.mark.parametrize(
    "message",
    [
        "This model's maximum context length is 4096 tokens.",  # vLLM
        "the request exceeds the available context size",  # llama.cpp
        "Input is too long for this model",
    ],
)
@pytest.mark.parametrize("status", [400, 413])
def test_an_overflow_is_told_apart_and_not_asked_again(server, status, message):
    server.answers = [(status, message)]
    with pytest.raises(ContextOverflow):
        ask(server)
    assert len(sent(server)) == 1


@pytest.mark.parametrize(("status", "message"), [(400, "bad stop"), (401, "no key"), (404, "no route"), (422, "no")])
def test_a_refusal_is_final(server, status, message):
    server.answers = [(status, message)]
    with pytest.raises(EngineError, match=f"{status}.*{message}") as caught:
        ask(server)
    assert type(caught.value) is EngineError
    assert len(sent(server)) == 1


def test_the_key_comes_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    ask(server)
    monkeypatch.delenv("OPENAI_API_KEY")
    ask(server)
    assert server.keys == ["Bearer mine", "Bearer none"]


def test_launch_takes_one_url_or_one_per_model(server):
    one = launch(server.url, toy_pool())
    assert {engine.url for engine in one.values()} == {server.url}
    two = launch(f"small={server.url},large=https://example.org/v1", toy_pool())
    assert two["large"].url == "https://example.org/v1"


@pytest.mark.parametrize(
    ("spec", "error"),
    [
        ("small=http://127.0.0.1:1/v1", InputError),  # large has none
        ("smal=http://127.0.0.1:1/v1", UnknownName),
        ("ftp://127.0.0.1", InputError),
        ("http://a b/v1", InputError),
        ("lama_cpp", UnknownName),
        ("echo:slots=3", InputError),
        ("echo:at=http://127.0.0.1", InputError),
    ],
)
def test_specs_that_cannot_be_launched(spec, error):
    with pytest.raises(error, match="--engine"):
        launch(spec, toy_pool())
