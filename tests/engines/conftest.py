"""The server that misbehaves as a test tells it to."""

import threading

import pytest
from openai_server import Handler, Server


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
