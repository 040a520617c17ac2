"""A server's token counts are held against the model's own tokenizer; too few are refused, more are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttgbench.engines.base import Message, Prompt, Request, Sampling
from ttgbench.engines.token_check import check_counts, local_counter
from ttgbench.errors import EngineError
from ttgbench.testing import toy_pool

CHAT = Prompt(messages=(Message("system", "be brief please now"), Message("user", "one two three four five six")))


def words(text: str) -> int:
    return len(text.split())


def check(tokens_in: int, tokens_out: int, prompt: Prompt = CHAT) -> None:
    request = Request("toy", prompt, Sampling(), seed=1)
    check_counts(words, request, "a b c d e f g h i j", tokens_in, tokens_out)


def test_honest_counts_pass_and_so_do_higher_ones():
    check(10, 10)
    check(25, 14)  # a template, and a text spelt in more tokens
    check(6, 10, Prompt(text="one two three four five six"))


@pytest.mark.parametrize(("counts", "kind"), [((0, 10), "prompt"), ((6, 10), "prompt"), ((10, 1), "answer")])
def test_counts_that_would_make_a_graph_cheap_are_refused(counts, kind):
    with pytest.raises(EngineError, match=rf"tokens of {kind}, the model's own tokenizer 10; .*cannot be billed"):
        check(*counts)


def test_the_tokenizer_comes_from_the_hubs_cache_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tokenizers = pytest.importorskip("tokenizers")
    card = toy_pool("toy")["toy"].model_copy(update={"revision": "a" * 40})
    folder = tmp_path / "models--toys--toy" / "snapshots" / card.revision
    folder.mkdir(parents=True)
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({"one": 0, "?": 1}, unk_token="?"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    assert local_counter(card) is None
    tokenizer.save(str(folder / "tokenizer.json"))
    count = local_counter(card)
    assert count is not None
    assert count("one more thing") == 3
