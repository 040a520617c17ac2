"""Looks like vLLM's server from outside: the same command line and endpoints, no model, and faults on demand.

Faults come from FAKE_VLLM_STATE, a folder: every start appends a line to `starts.jsonl`, every answer one to
`answers.txt`, sleep and wake-up one to `turns.txt`. A file `die_at` (a number) ends the process without an answer when
so many requests have come in all, and is removed; `unready` keeps a server from ever becoming ready; `refuse` ends it
at once.
"""

import argparse
import hashlib
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STATE = Path(os.environ["FAKE_VLLM_STATE"])
DELAY = float(os.environ.get("FAKE_VLLM_DELAY", "0"))
LIMIT = 60


def note(name, line):
    with (STATE / name).open("a") as stream:
        stream.write(f"{line}\n")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asleep = False
    came = 0

    def do_GET(self):
        if self.path == "/health":
            self.reply({}, 503 if (STATE / "unready").exists() else 200)
        elif self.path == "/version":
            self.reply({"version": "0.0.fake"})
        else:
            self.reply({"object": "list", "data": [{"id": options.served_model_name, "object": "model"}]})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or "{}")
        if self.path.startswith(("/sleep", "/wake_up")):
            if not options.enable_sleep_mode or os.environ.get("VLLM_SERVER_DEV_MODE") != "1":
                return self.reply({"error": {"message": "no such route"}}, 404)
            Handler.asleep = self.path.startswith("/sleep")
            note("turns.txt", f"{options.served_model_name} {self.path}")
            return self.reply({})
        return self.answer(body)

    def answer(self, body):
        Handler.came += 1
        fuse = STATE / "die_at"
        if fuse.exists() and Handler.came >= int(fuse.read_text()):
            fuse.unlink(missing_ok=True)
            os._exit(9)
        if Handler.asleep:
            return self.reply({"error": {"message": "asleep"}}, 500)
        shown = body["prompt"] if "prompt" in body else "\n".join(m["content"] for m in body["messages"])
        tokens = len(shown.split())
        if tokens + body["max_tokens"] > options.max_model_len:
            return self.reply({"error": {"message": f"maximum context length is {options.max_model_len}"}}, 400)
        time.sleep(DELAY)
        text = str(hashlib.sha256(f"{body['seed']} {shown}".encode()).digest()[0])
        note("answers.txt", body["seed"])
        choice = {"index": 0, "finish_reason": "stop", "text": text, "message": {"role": "assistant", "content": text}}
        usage = {"prompt_tokens": tokens, "completion_tokens": 1, "total_tokens": tokens + 1}
        return self.reply(
            {"id": "1", "object": "x", "created": 0, "model": body["model"], "choices": [choice], "usage": usage}
        )

    def reply(self, data, status=200):
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *parts):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


parser = argparse.ArgumentParser(allow_abbrev=False)
for name in ("host", "model", "served-model-name", "revision", "dtype", "generation-config", "quantization"):
    parser.add_argument(f"--{name}")
for name in ("port", "max-model-len", "max-num-seqs", "max-num-batched-tokens", "kv-cache-memory-bytes",
             "tensor-parallel-size", "data-parallel-size"):  # fmt: skip
    parser.add_argument(f"--{name}", type=int)
parser.add_argument("--gpu-memory-utilization", type=float)
for name in ("enable-prefix-caching", "no-enable-chunked-prefill", "enable-sleep-mode", "enforce-eager"):
    parser.add_argument(f"--{name}", action="store_true")
options = parser.parse_args()
if (STATE / "refuse").exists():
    sys.exit("cannot load: out of memory")
visible = os.environ.get("CUDA_VISIBLE_DEVICES")
note(
    "starts.jsonl",
    json.dumps(
        {"pid": os.getpid(), "gpus": visible, "invariant": os.environ.get("VLLM_BATCH_INVARIANT"), **vars(options)}
    ),
)
Server((options.host, options.port), Handler).serve_forever()
