"""A loopback server that answers the OpenAI way, or misbehaves as it is told to; and how it is asked."""

import asyncio
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.engines.client import OpenAIEngine
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
