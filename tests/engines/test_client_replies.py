"""What a model server must not say: bad replies, errors as answers, replies without end, redirects elsewhere."""

import gzip
import json

import pytest
from openai_server import GARBAGE, GOOD, ask, sent

from ttgbench.errors import ContextOverflow, EngineError, WrongModel

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
