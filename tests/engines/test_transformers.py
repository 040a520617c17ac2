"""The torch engine with a tiny model of random weights, made here: batches, seeds, stop strings, counts."""

import asyncio

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from ttgbench.engines import launch, options  # noqa: E402
from ttgbench.engines.base import Message, Prompt, Request, Sampling  # noqa: E402
from ttgbench.engines.torch_decoding import Decoder, sample  # noqa: E402
from ttgbench.engines.transformers import TransformersOptions  # noqa: E402
from ttgbench.errors import ContextOverflow, EngineError, InputError, UnknownName  # noqa: E402
from ttgbench.models.pool import load_pool  # noqa: E402
from ttgbench.testing import toy_pool  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
TEMPLATE = (
    "{% for m in messages %}<{{ m.role }}>{{ m.content }}</>{% endfor %}{% if add_generation_prompt %}<a>{% endif %}"
)
CONTEXT = 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A two-layer Llama over bytes, and its tokenizer."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    where = tmp_path_factory.mktemp("tiny")
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: n for n, token in enumerate([*alphabet, "<eos>", "<pad>"])}, merges=[]))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<pad>")
    fast.chat_template = TEMPLATE
    fast.save_pretrained(where)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(alphabet) + 2, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=CONTEXT, eos_token_id=len(alphabet), bos_token_id=None,
        pad_token_id=len(alphabet) + 1, initializer_range=0.5,
    )  # fmt: skip
    transformers.LlamaForCausalLM(config).save_pretrained(where)
    return where


@pytest.fixture(scope="module")
def decoder(folder):
    return Decoder.load(str(folder), None, "cpu", "float32")


def ask(folder, *requests, more="", slots=None):
    engine = launch(f"transformers:models.small={folder}{more}", [toy_pool()["small"]], slots=slots)["small"]

    async def main():
        try:
            return await asyncio.gather(*map(engine.generate, requests), return_exceptions=True)
        finally:
            await engine.close()
            await engine.close()

    return asyncio.run(asyncio.wait_for(main(), 100)), engine


def request(text="hello", seed=1, **sampling):
    return Request("small", Prompt(text=text), Sampling(**{"max_tokens": 12, "temperature": 0.8, **sampling}), seed)


def greedy(decoder, tokens, count):
    """By the model alone, without cache, padding or batch."""
    said = list(tokens)
    for _ in range(count):
        with torch.inference_mode():
            said.append(int(decoder._model(torch.tensor([said])).logits[0, -1].argmax()))
    return said[len(tokens) :]


def test_greedy_rows_of_different_length_are_what_the_bare_model_says(decoder):
    prompts = ["a", "a longer prompt than the others", "middle one"]
    rows = [(decoder.tokens_of_text(p), Sampling(max_tokens=8 + n, temperature=0.0), 0) for n, p in enumerate(prompts)]
    for (tokens, sampling, _), output in zip(rows, decoder.generate(rows), strict=True):
        expected = greedy(decoder, tokens, sampling.max_tokens)
        ends = [n for n, token in enumerate(expected) if token in decoder._ends]
        expected = expected[: ends[0] + 1] if ends else expected
        assert output.tokens == len(expected)
        assert output.text == decoder._tokenizer.decode(expected, skip_special_tokens=True)


def test_a_text_depends_on_its_seed_not_on_its_company(folder):
    alone, _ = ask(folder, request(seed=5))
    crowd, engine = ask(folder, *(request("x" * n, seed=n) for n in range(1, 20)), request(seed=5), more=",batch=8")
    assert crowd[-1].text == alone[0].text
    assert crowd[-1].tokens_out == alone[0].tokens_out
    again, _ = ask(folder, *(request(seed=n) for n in range(8)))
    assert len({answer.text for answer in again}) == 8
    assert engine.slots == 32
    assert "weights=" in engine.name
    assert "dtype=float32 device=cpu batch=8" in engine.name


def test_counts_and_reasons(folder, decoder):
    [long, chat], _ = ask(
        folder,
        request("abc", max_tokens=5),
        Request("small", Prompt((Message("user", "abc"),)), Sampling(max_tokens=5), 1),
    )
    assert long.tokens_in == 3
    assert chat.tokens_in == len("<user>abc</><a>")
    assert {answer.finish_reason for answer in (long, chat)} <= {"length", "stop"}
    assert long.tokens_out <= 5
    assert (long.finish_reason == "length") == (long.tokens_out == 5) or long.finish_reason == "stop"


def test_a_stop_string_ends_the_text_before_it(folder):
    [free], _ = ask(folder, request(seed=3, max_tokens=40))
    stop = free.text[4:6]
    [stopped], _ = ask(folder, request(seed=3, max_tokens=40, stop=("never there", stop)))
    assert stopped.text == free.text[: free.text.index(stop)]
    assert stopped.finish_reason == "stop"
    assert stopped.tokens_out < free.tokens_out


def test_a_prompt_that_does_not_fit_is_an_overflow_and_harms_nobody(folder):
    answers, _ = ask(folder, request("y" * CONTEXT), request("y" * (CONTEXT - 12)), request("y" * (CONTEXT - 11)))
    assert [isinstance(answer, ContextOverflow) for answer in answers] == [True, False, True]


def test_an_error_of_the_model_is_an_engine_error(folder, monkeypatch):
    def broken(self, rows):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(Decoder, "generate", broken)
    [answer], _ = ask(folder, request())
    assert isinstance(answer, EngineError)
    assert "out of memory" in str(answer)


def distribution(sampling, logits, seen=frozenset(), draws=4000):
    random = torch.Generator().manual_seed(7)
    counts = torch.zeros(len(logits))
    for _ in range(draws):
        counts[sample(torch.tensor(logits), sampling, set(seen), random)] += 1
    return (counts / draws).tolist()


LOGITS = [2.0, 1.0, 0.0, -1.0]


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [
        (Sampling(temperature=1.0), torch.tensor(LOGITS).softmax(-1).tolist()),
        (Sampling(temperature=2.0), (torch.tensor(LOGITS) / 2).softmax(-1).tolist()),
        (Sampling(temperature=0.0), [1, 0, 0, 0]),
        (Sampling(temperature=1.0, top_k=2), [*torch.tensor(LOGITS[:2]).softmax(-1).tolist(), 0, 0]),
        (Sampling(temperature=1.0, top_p=0.6), [1, 0, 0, 0]),  # the first has 0.64
        (Sampling(temperature=1.0, top_p=0.7), [*torch.tensor(LOGITS[:2]).softmax(-1).tolist(), 0, 0]),
        (Sampling(temperature=1.0, min_p=0.2), [*torch.tensor(LOGITS[:2]).softmax(-1).tolist(), 0, 0]),  # 1, .37, .14
    ],
)
def test_sampling_draws_from_the_right_distribution(sampling, expected):
    assert distribution(sampling, LOGITS) == pytest.approx(expected, abs=0.03)


def test_repetition_is_penalised():
    sampling = Sampling(temperature=1.0, repetition_penalty=2.0)
    expected = torch.tensor([1.0, 1.0, 0.0, -2.0]).softmax(-1).tolist()
    assert distribution(sampling, LOGITS, seen={0, 3}) == pytest.approx(expected, abs=0.03)


def test_wrong_options_are_named(tmp_path):
    with pytest.raises(InputError, match="device"):
        options.parse(TransformersOptions, "device=tpu", "transformers")
    with pytest.raises(UnknownName, match="smal"):
        launch("transformers:models.smal=/x", toy_pool())
    engine = launch(f"transformers:models.small={tmp_path}", toy_pool())["small"]
    with pytest.raises(InputError, match=r"config\.json"):
        asyncio.run(engine.generate(request()))


@pytest.mark.models
@pytest.mark.slow
def test_an_embedded_model_is_read_from_its_gguf():
    name, card = "smollm2-135m", load_pool("embedded")["smollm2-135m"]
    engine = launch("transformers", [card], slots=2)[name]
    question = Prompt((Message("user", "What is the capital of France?"),))

    async def main():
        try:
            return await engine.generate(Request(name, question, Sampling(max_tokens=12, temperature=0.0), 1))
        finally:
            await engine.close()

    answer = asyncio.run(asyncio.wait_for(main(), 240))
    assert "Paris" in answer.text
    assert answer.tokens_in > 8
    assert 1 <= answer.tokens_out <= 12
