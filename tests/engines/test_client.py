"""The one client against a real loopback server that misbehaves in every way a model server can."""

import asyncio
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ttgbench.engines import launch
from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.engines.client import RETRIES, OpenAIEngine
from ttgbench.errors import ContextOverflow, EngineError, InputError, UnknownName, WrongModel
from ttgbench.testing import toy_pool

GOOD = {
    "id": "1",
    "object": "chat.completion",
    "created": 0,
    "model": "small",
    "choices": [{"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "5"}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}  # fmt: skip
PLAIN = {**GOOD, "choices": [{"index": 0, "finish_reason": "length", "text": "plain"}]}
CUT, HANG, GARBAGE = "cut", "hang", "garbage"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, None))
        if self.server.listings:
            self.reply(self.server.listings.pop(0))
            return
        self.reply({"object": "list", "data": [{"id": name, "object": "model"} for name in self.server.models]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, body))
        self.server.keys.append(self.headers.get("authorization"))
        usual = GOOD if self.path.endswith("/chat/completions") else PLAIN
        answer = self.server.answers.pop(0) if self.server.answers else usual
        if answer is CUT:
            self.close_connection = True
            self.connection.close()
        elif callable(answer):
            answer(self)
        elif answer is HANG:
            self.server.release.wait(20)
            self.close_connection = True
        elif answer is GARBAGE:
            self.reply(b"<html>not JSON</html>", 200)
        elif isinstance(answer, tuple):
            status, message, *headers = answer
            self.reply({"error": {"message": message}}, status, dict(headers))
        else:
            self.reply(answer)

    def reply(self, data, status=200, headers=None):
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # clients that went away are part of the test


@pytest.fixture
def server():
    with Server(("127.0.0.1", 0), Handler) as running:
        running.models, running.answers, running.asked, running.keys = ["small"], [], [], []
        running.listings = []
        running.release = threading.Event()
        running.url = f"http://127.0.0.1:{running.server_port}/v1"
        thread = threading.Thread(target=running.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield running
        running.release.set()
        running.shutdown()
        thread.join()


CARD = toy_pool()["small"]
CHAT = Prompt((Message("system", "Be brief."), Message("user", "What is 2 + 3?")))


def request(prompt=CHAT, schema=None, seed=11, **sampling):
    return Request("small", prompt, Sampling(**{"max_tokens": 16, **sampling}), seed, schema)


def ask(server, *requests, timeout=10.0, url=None, count=None, waits=None):
    """The completions, and how long the client waited between attempts."""
    waits = [] if waits is None else waits

    async def sleep(seconds):
        waits.append(seconds)

    async def main():
        engine = OpenAIEngine(url or server.url, CARD, timeout=timeout, sleep=sleep, count=count)
        try:
            return [await engine.generate(each) for each in requests or [request()]]
        finally:
            await engine.close()
            await engine.close()

    return asyncio.run(asyncio.wait_for(main(), 60)), waits


def sent(server):
    return [body for path, body in server.asked if body is not None]


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


GOOD_WITH = json.dumps(GOOD).replace(": 7", ": %s")
BAD = {
    "not JSON": GARBAGE,
    "no choices": {**GOOD, "choices": []},
    "choices are none": {**GOOD, "choices": None},
    "no usage": {key: value for key, value in GOOD.items() if key != "usage"},
    "usage of words": {**GOOD, "usage": {"prompt_tokens": "many", "completion_tokens": 1}},
    "usage of truths": {**GOOD, "usage": {"prompt_tokens": True, "completion_tokens": 1}},
    "usage of parts": {**GOOD, "usage": {"prompt_tokens": 7.5, "completion_tokens": 1}},
    "negative usage": {**GOOD, "usage": {"prompt_tokens": -7, "completion_tokens": 1}},
    "endless usage": (GOOD_WITH % "1e999").encode(),
    "usage beyond all bounds": (GOOD_WITH % 10**20).encode(),
    "nested too deep": b"[" * 200_000,
    "text of no tokens": {**GOOD, "usage": {"prompt_tokens": 7, "completion_tokens": 0}},
    "content of something else": {**GOOD, "choices": [{"index": 0, "message": {"content": [{"type": "image"}]}}]},
    "content is a table": {**GOOD, "choices": [{"index": 0, "message": {"content": {"text": "5"}}}]},
    "content is a number": {**GOOD, "choices": [{"index": 0, "message": {"content": 5}}]},
    "no message": {**GOOD, "choices": [{"index": 0, "finish_reason": "stop"}]},
    "a list": [1, 2],
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_reply_is_one_clear_error(server, name):
    server.answers = [BAD[name]]
    with pytest.raises(EngineError, match=r"127\.0\.0\.1"):
        ask(server)
    assert len(sent(server)) == 1


def test_an_empty_answer_is_an_answer(server):
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None}}
    server.answers = [{**GOOD, "choices": [choice]}]
    assert ask(server)[0][0].text == ""


def test_the_key_comes_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "mine")
    ask(server)
    monkeypatch.delenv("OPENAI_API_KEY")
    ask(server)
    assert server.keys == ["Bearer mine", "Bearer none"]


def told(message, reason="stop", **rest):
    return {**GOOD, "choices": [{"index": 0, "finish_reason": reason, "message": message}], **rest}


@pytest.mark.parametrize(
    ("error", "billed_in"),
    [
        ({"message": "Rate limit exceeded", "code": 429}, 0),
        ({"message": "no provider", "code": "503"}, 7),
        ({"message": "no provider", "status": 502}, 7),
    ],
)
def test_an_error_that_passes_is_asked_again_also_under_200(server, error, billed_in):
    of_choice = told(None) | {"choices": [{"index": 0, "finish_reason": "error", "error": error}]}
    server.answers = [{"error": error}, of_choice]
    [completion], waits = ask(server)
    assert (completion.attempts, completion.retried_tokens_in, len(waits)) == (3, 2 * billed_in, 2)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"message": "No credits left", "code": 402}, "402: No credits left"),
        ({"message": "Model is gone", "type": "gone"}, "an error came as an answer: Model is gone"),
        ("just words", "an error came as an answer: just words"),
    ],
)
def test_an_error_under_200_is_told_in_the_words_of_the_provider(server, error, words):
    server.answers = [{"error": error}]
    with pytest.raises(EngineError, match=rf"/v1: {words}"):
        ask(server)
    assert len(sent(server)) == 1


def test_an_answer_that_was_broken_off_is_asked_again(server):
    server.answers = [told({"content": "It is"}, "error"), told({"content": "It is"}, "abort")]
    [completion], _ = ask(server)
    assert (completion.text, completion.attempts, completion.retried_tokens_in) == ("5", 3, 14)


@pytest.mark.parametrize("where", ["status", "body"])
def test_llama_cpp_tells_an_overflow_under_500(server, where):
    words = "Context size has been exceeded."
    server.answers = [(500, words) if where == "status" else {"error": {"code": 500, "message": words}}]
    with pytest.raises(ContextOverflow):
        ask(server)


def test_other_words_under_500_are_no_overflow(server):
    server.answers = [(500, "the model took too long")]
    assert ask(server)[0][0].attempts == 2


@pytest.mark.parametrize(
    ("message", "text", "reasoning"),
    [
        ({"content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}]}, "42", ""),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "42"}]}, "42", "hm"),
        ({"content": "42", "reasoning_content": "hm"}, "42", "hm"),
        ({"content": "42", "reasoning": "hm"}, "42", "hm"),
        ({"content": None, "reasoning": "hm"}, "", "hm"),
        ({"content": "half \ud800"}, "half ?", ""),
    ],
)
def test_thinking_is_kept_apart_from_the_text(server, message, text, reasoning):
    server.answers = [told(message)]
    [completion], _ = ask(server)
    assert (completion.text, completion.reasoning) == (text, reasoning)


def in_pieces(piece, count, seconds=0.0, **headers):
    """An answer that comes bit by bit, longer than anybody wants it."""

    def answer(handler):
        handler.send_response(200)
        for name, value in {"content-type": "application/json", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(count):
            handler.wfile.write(piece)
            if handler.server.release.wait(seconds):
                return

    return answer


def test_a_reply_that_drips_times_out_as_a_whole(server):
    server.answers = [in_pieces(b" ", 1000, 0.1)]
    [completion], _ = ask(server, timeout=0.6)
    assert (completion.attempts, completion.retried_tokens_out) == (2, 16)


def test_a_reply_without_end_is_refused(server):
    server.answers = [in_pieces(b" " * (1 << 20), 1000)]
    with pytest.raises(EngineError, match=r"/v1: sent more than 16 MiB in one reply"):
        ask(server)
    assert len(sent(server)) == 1


def test_a_packed_reply_is_refused_unread(server):
    packed = gzip.compress(json.dumps(GOOD).encode())
    server.answers = [in_pieces(packed, 1, content_encoding="gzip")]
    with pytest.raises(EngineError, match="sent a packed reply"):
        ask(server)


@pytest.mark.parametrize("status", [302, 307, 308])
def test_redirects_stay_at_the_origin(server, status):
    server.answers = [(status, "there", ("location", "http://localhost:9/v1/chat/completions"))]
    with pytest.raises(EngineError, match=r"redirects to another origin, 'http://localhost:9/v1"):
        ask(server)
    server.answers = [(307, "there", ("location", "/v1/chat/completions/"))]
    server.asked.clear()
    assert ask(server)[0][0].tokens_in == 7
    assert [path for path, body in server.asked if body] == ["/v1/chat/completions", "/v1/chat/completions/"]


def test_control_characters_of_a_server_are_shown_and_not_passed_on(server):
    server.answers = [(400, "\x1b[2Jgone\x07\r\nTrust me\x9b")]
    with pytest.raises(EngineError) as caught:
        ask(server)
    assert r"400: \x1b[2Jgone\x07\r\nTrust me\x9b" in str(caught.value)
    server.models = ["\x1b[2J"]
    with pytest.raises(WrongModel) as caught:
        ask(server)
    assert str(caught.value).isprintable()


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
