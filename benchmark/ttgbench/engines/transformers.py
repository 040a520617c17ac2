"""torch in this process, for machines without vLLM: batches of waiting requests, left-padded, of similar length.

    ttgbench run --engine transformers
    ttgbench run --engine transformers:device=cuda,dtype=bfloat16,batch=64

transformers' own server seeds the whole process rather than each request, so it cannot be used: here every row of a
batch draws from a generator of its own, seeded by its request. A GGUF is converted once, which takes a minute, and the
result is kept beside it.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ttgbench.engines import options
from ttgbench.engines.base import Completion, Engine, Prompt, Request
from ttgbench.engines.model_files import ModelFiles, locate
from ttgbench.errors import ContextOverflow, EngineError, InputError, UnknownName
from ttgbench.models.pool import HubWeights, ModelCard
from ttgbench.models.weights import fetch
from ttgbench.util.extras import missing, require

if TYPE_CHECKING:
    from ttgbench.engines.torch_decoding import Decoder

BATCH = 32
WAIT_SECONDS = 0.01
"""How long a batch that is not full waits for company."""
MANY_BATCHES = 4
"""Requests of so many batches are taken at once and sorted by length."""


class TransformersOptions(options.Options):
    """What can be set."""

    models: Mapping[str, str] = Field(default_factory=dict)
    """Model name -> local folder, instead of the card's Hub id and revision."""
    device: str = Field(default="auto", pattern=r"^(auto|cpu|mps|cuda(:\d+)?)$")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    """auto: float32 on a CPU, bfloat16 elsewhere."""
    batch: int = Field(default=BATCH, ge=1, le=4096)
    """Rows of one batch."""


@dataclass(slots=True)
class _Waiting:
    request: Request
    tokens: list[int]
    answer: asyncio.Future[Completion]
    since: float = field(default_factory=time.perf_counter)


class TransformersEngine:
    """One model in this process. It is loaded when the first request comes, and computes in one thread of its own."""

    def __init__(self, card: ModelCard, chosen: TransformersOptions, slots: int | None) -> None:
        self.slots = slots or MANY_BATCHES * chosen.batch
        self.name = f"transformers/{version('transformers')}"
        self._card, self._chosen = card, chosen
        self._starting = asyncio.Lock()
        self._thread: ThreadPoolExecutor | None = None
        self._decoder: Decoder | None = None
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue()
        self._batching: asyncio.Task[None] | None = None

    async def generate(self, request: Request) -> Completion:
        """See `Engine.generate`. A schema is ignored: this engine constrains nothing."""
        decoder = await self._ready()
        loop = asyncio.get_running_loop()
        tokens = await loop.run_in_executor(self._thread, self._tokens, decoder, request.prompt)
        if len(tokens) + request.sampling.max_tokens > decoder.context:
            raise ContextOverflow(
                f"{len(tokens)} prompt tokens and {request.sampling.max_tokens} to come; "
                f"the context length of {self._card.name} is {decoder.context}"
            )
        waiting = _Waiting(request, tokens, loop.create_future())
        self._queue.put_nowait(waiting)
        return await waiting.answer

    async def close(self) -> None:
        """Frees the model. Requests under way are cancelled."""
        batching, self._batching = self._batching, None
        if batching is not None:
            batching.cancel()
            await asyncio.gather(batching, return_exceptions=True)
        while not self._queue.empty():
            self._queue.get_nowait().answer.cancel()
        thread, self._thread, self._decoder = self._thread, None, None
        if thread is not None:
            await asyncio.to_thread(thread.shutdown)

    async def _ready(self) -> Decoder:
        async with self._starting:
            if self._decoder is None or self._batching is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="torch")
                self._decoder = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
                self._batching = asyncio.create_task(self._batches())
            return self._decoder

    def _load(self) -> Decoder:
        from ttgbench.engines.torch_decoding import Decoder

        files = _files(self._card, self._chosen)
        decoder = Decoder.load(files.model, files.revision, self._chosen.device, self._chosen.dtype)
        weights, template = files.digests()
        self.name = (
            f"transformers/{version('transformers')} torch/{version('torch')} weights={weights} template={template} "
            f"dtype={decoder.dtype} device={decoder.device} batch={self._chosen.batch}"
        )
        return decoder

    def _tokens(self, decoder: Decoder, prompt: Prompt) -> list[int]:
        if prompt.text is not None:
            return decoder.tokens_of_text(prompt.text)
        return decoder.tokens_of_chat([(message.role, message.content) for message in prompt.messages])

    async def _batches(self) -> None:
        """Takes what waits, sorts it by length, so that rows need little padding, and computes it batch by batch."""
        while True:
            waiting = [await self._queue.get()]
            if self._queue.qsize() + 1 < self._chosen.batch:
                await asyncio.sleep(WAIT_SECONDS)
            while not self._queue.empty() and len(waiting) < MANY_BATCHES * self._chosen.batch:
                waiting.append(self._queue.get_nowait())
            waiting = [each for each in waiting if not each.answer.done()]
            waiting.sort(key=lambda each: (len(each.tokens), each.request.seed))
            for start in range(0, len(waiting), self._chosen.batch):
                await self._answer(waiting[start : start + self._chosen.batch])

    async def _answer(self, batch: Sequence[_Waiting]) -> None:
        loop, decoder = asyncio.get_running_loop(), self._decoder
        assert decoder is not None
        rows = [(each.tokens, each.request.sampling, each.request.seed) for each in batch]
        try:
            outputs = await loop.run_in_executor(self._thread, decoder.generate, rows)
        except Exception as error:  # out of memory, a broken model: the requests fail, the engine stays
            for each in batch:
                if not each.answer.done():
                    each.answer.set_exception(EngineError(f"{self._card.name}: {type(error).__name__}: {error}"))
            return
        for each, output in zip(batch, outputs, strict=True):
            if not each.answer.done():
                seconds = time.perf_counter() - each.since
                reason = output.finish_reason
                each.answer.set_result(Completion(output.text, len(each.tokens), output.tokens, reason, seconds))


def make(cards: Sequence[ModelCard], slots: int | None, text: str) -> Mapping[str, Engine]:
    """One engine per card; nothing is loaded yet. Raises InputError, UnknownName."""
    chosen = options.parse(TransformersOptions, text, "transformers")
    for module in ("torch", "transformers"):
        if (hint := missing(module)) is not None:
            raise InputError(hint, source="engine transformers")
    for name in chosen.models:
        if name not in {card.name for card in cards}:
            raise UnknownName(
                "model", name, [card.name for card in cards], source="--engine transformers", field="models"
            )
    return {card.name: TransformersEngine(card, chosen, slots) for card in cards}


def _files(card: ModelCard, chosen: TransformersOptions) -> ModelFiles:
    """Where torch finds the model: a folder or a Hub id; a GGUF is converted first."""
    if card.name in chosen.models or not _is_gguf(card):
        return locate(card, chosen.models.get(card.name))
    return ModelFiles(card, str(converted(fetch(card))), None)


def _is_gguf(card: ModelCard) -> bool:
    return bool(card.weights) and not any(
        isinstance(source, HubWeights) and source.filename is None for source in card.weights
    )


def converted(path: Path) -> Path:
    """A folder of safetensors beside a GGUF, made if it is not there: written under another name, then renamed.

    A folder, or anything but a GGUF, is returned as it is. Raises EngineError if transformers cannot read the file.
    """
    if path.suffix != ".gguf":
        return path
    target = path.with_name(f"{path.stem}-torch-{version('transformers')}")
    if (target / "config.json").is_file():
        return target
    torch, transformers = require("torch"), require("transformers")
    unfinished = Path(tempfile.mkdtemp(prefix=".converting-", dir=path.parent))
    try:
        gguf: dict[str, Any] = {"gguf_file": path.name}
        tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, **gguf)
        config = transformers.GgufConfig(dequantize=True)
        model = transformers.AutoModelForCausalLM.from_pretrained(
            path.parent, dtype=torch.bfloat16, quantization_config=config, **gguf
        )
        model.save_pretrained(unfinished)
        tokenizer.save_pretrained(unfinished)
        unfinished.replace(target)
    except (OSError, ValueError, ImportError, KeyError, RuntimeError) as error:
        if (target / "config.json").is_file():
            return target  # another process was faster
        raise EngineError(f"{path}: transformers cannot convert it: {type(error).__name__}: {error}") from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return target
