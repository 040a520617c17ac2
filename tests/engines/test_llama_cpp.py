"""The embedded engine with both embedded models, for real: answers, counts, overflow, and a second life after close."""

import asyncio

import pytest

from ttgbench.engines import launch
from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.errors import ContextOverflow
from ttgbench.models.pool import load_pool

pytestmark = [pytest.mark.models, pytest.mark.slow]
POOL = load_pool("embedded")
PROMPTS = {
    "smollm2-135m": Prompt((Message("user", "What is the capital of France?"),)),
    "gemma-3-270m": Prompt(text="Q: What is the capital of France?\nA: Paris\nQ: What is the capital of Italy?\nA:"),
}


@pytest.mark.parametrize("name", sorted(PROMPTS))
def test_an_embedded_model_answers(name):
    pytest.importorskip("xllamacpp")
    engine = launch("llama_cpp", [POOL[name]], slots=2)[name]

    async def main():
        sampling = Sampling(max_tokens=12, temperature=0.0, stop=("\n",))
        try:
            asked = [Request(name, PROMPTS[name], sampling, seed) for seed in (1, 2)]
            answers = await asyncio.gather(*map(engine.generate, asked))
            with pytest.raises(ContextOverflow):
                await engine.generate(Request(name, Prompt((Message("user", "word " * 2500),)), sampling, 1))
            await engine.close()
            return answers, await engine.generate(asked[0])
        finally:
            await engine.close()

    answers, again = asyncio.run(asyncio.wait_for(main(), 240))
    for answer in (*answers, again):
        assert answer.text.strip()
    if name.startswith("gemma"):
        assert "Rome" in again.text
    assert 0 < again.tokens_out <= 12
    assert again.tokens_in > 5
    assert again.finish_reason in ("stop", "length")
    assert engine.name.startswith("llama_cpp/xllamacpp-")


def test_closing_does_not_wait_for_requests_that_wait_for_it():
    """The server goes with its last request, and requests end on the loop that closes it."""
    pytest.importorskip("xllamacpp")
    engine = launch("llama_cpp", [POOL["smollm2-135m"]], slots=2)["smollm2-135m"]

    async def main():
        prompt = Prompt((Message("user", "Count to a thousand in words."),))
        await engine.generate(Request("smollm2-135m", prompt, Sampling(max_tokens=1), 0))
        asked = [Request("smollm2-135m", prompt, Sampling(max_tokens=1500), seed) for seed in range(4)]
        waiting = [asyncio.ensure_future(engine.generate(request)) for request in asked]
        await asyncio.sleep(0.5)
        await engine.close()
        for each in waiting:
            each.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(asyncio.wait_for(main(), 60))
