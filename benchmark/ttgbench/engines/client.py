"""The one client: any OpenAI-compatible endpoint (vLLM, llama-server, SGLang, a cloud); every retry is billed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ttgbench.engines.base import Completion, Request
from ttgbench.engines.token_check import Counter, check_counts
from ttgbench.errors import ContextOverflow, EngineError, WrongModel, unknown_name_message
from ttgbench.models.pool import ModelCard

if TYPE_CHECKING:
    from openai import AsyncOpenAI

RETRIES = 5
LONGEST_WAIT = 30.0
_OVERFLOW = ("context length", "context size", "maximum context", "exceed_context_size", "too many tokens", "too long")


class OpenAIEngine:
    """Speaks to one endpoint for one model.

    slots: requests in flight; timeout: seconds per attempt; sleep: injected for tests; count: the model's tokenizer,
    against which the server's counts are checked. The key comes from OPENAI_API_KEY and is sent to no other place.
    What failed is asked again up to RETRIES times, with exponential backoff, if it was a time-out, a lost connection,
    429 or a 5xx. A time-out is billed as the prompt and the longest answer, a 5xx as the prompt; a refused request
    (429, no connection) never reached the model and costs nothing.
    """

    def __init__(
        self,
        url: str,
        card: ModelCard,
        *,
        slots: int = 32,
        name: str | None = None,
        timeout: float = 600.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        count: Counter | None = None,
    ) -> None:
        self._count = count
        self.url, self.slots, self.name = url, slots, name or f"openai/{url}"
        self._card, self._timeout, self._sleep = card, timeout, sleep
        self._client: AsyncOpenAI | None = None
        self._served: str | None = None
        self._connecting = asyncio.Lock()

    async def generate(self, request: Request) -> Completion:
        """Raises EngineError after the last retry, ContextOverflow and WrongModel at once."""
        async with self._connecting:
            if self._served is None:
                self._served = await self._served_name()
        started = time.perf_counter()
        billed_prompts = timeouts = 0
        for attempt in range(1, RETRIES + 2):
            try:
                text, reason, tokens_in, tokens_out = await self._ask(request, self._served)
            except _Retry as failure:
                if attempt > RETRIES:
                    raise EngineError(f"{self.url}: gave up after {attempt} attempts: {failure}") from None
                billed_prompts += failure.reached
                timeouts += failure.timed_out
                await self._sleep(failure.wait or min(LONGEST_WAIT, 0.5 * 2**attempt * _jitter(request.seed, attempt)))
                continue
            if self._count is not None:
                check_counts(self._count, request, text, tokens_in, tokens_out)
            return Completion(
                text=text,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                finish_reason=reason,
                seconds=time.perf_counter() - started,
                attempts=attempt,
                retried_tokens_in=billed_prompts * tokens_in,
                retried_tokens_out=timeouts * request.sampling.max_tokens,
            )
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    def _connection(self) -> AsyncOpenAI:
        if self._client is None:
            from openai import AsyncOpenAI

            key = os.environ.get("OPENAI_API_KEY", "none")
            self._client = AsyncOpenAI(base_url=self.url, api_key=key, timeout=self._timeout, max_retries=0)
        return self._client

    async def _served_name(self) -> str:
        """The name under which the endpoint serves this card: its own name, or its Hub id."""
        wanted = (self._card.name, self._card.hub_id)
        for attempt in range(1, RETRIES + 2):
            try:
                listed = await self._call(self._connection().models.list())
                break
            except _Retry as failure:
                if attempt > RETRIES:
                    raise EngineError(f"{self.url}: does not answer: {failure}") from None
                await self._sleep(failure.wait or 0.5 * 2**attempt)
        names = [str(model.id) for model in getattr(listed, "data", None) or []]
        for name in wanted:
            if name in names:
                return name
        message = unknown_name_message("model", self._card.name, names)
        raise WrongModel(f"{self.url} serves neither {wanted[0]} nor {wanted[1]}: {message}")

    async def _ask(self, request: Request, model: str) -> tuple[str, str, int, int]:
        sampling = request.sampling
        arguments: dict[str, Any] = {
            "model": model,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "stop": list(sampling.stop) or None,
            "seed": request.seed,
            "extra_body": {
                "top_k": sampling.top_k,
                "min_p": sampling.min_p,
                "repetition_penalty": sampling.repetition_penalty,  # vLLM and SGLang
                "repeat_penalty": sampling.repetition_penalty,  # llama.cpp
            },
        }
        if request.schema is not None:
            schema = {"name": "answer", "schema": dict(request.schema), "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        client = self._connection()
        if request.prompt.text is not None:
            arguments.pop("response_format", None)
            reply = await self._call(client.completions.create(prompt=request.prompt.text, **arguments))
        else:
            messages: Any = [{"role": m.role, "content": m.content} for m in request.prompt.messages]
            reply = await self._call(client.chat.completions.create(messages=messages, **arguments))
        return self._read(reply, model)

    def _read(self, reply: Any, model: str) -> tuple[str, str, int, int]:
        answered = str(getattr(reply, "model", None) or model)
        if not answered.startswith(model):  # clouds append a date to the name
            raise WrongModel(f"{self.url}: asked for {model!r}, {answered[:80]!r} answered")
        try:
            choice = reply.choices[0]
            text = choice.text if hasattr(choice, "text") else choice.message.content
            counts = int(reply.usage.prompt_tokens), int(reply.usage.completion_tokens)
        except (AttributeError, IndexError, TypeError, ValueError) as error:
            raise EngineError(f"{self.url}: the reply lacks choices or usage: {error}") from None
        if min(counts) < 0:
            raise EngineError(f"{self.url}: usage: negative token counts {counts}")
        return str(text or ""), str(choice.finish_reason or "unknown"), *counts

    async def _call(self, call: Awaitable[Any]) -> Any:
        """Maps every error of the client library, in this one place."""
        import openai

        try:
            return await call
        except openai.APITimeoutError:
            raise _Retry("timed out", reached=True, timed_out=True) from None
        except openai.APIConnectionError as error:
            raise _Retry(f"no connection: {error.__cause__ or error}") from None
        except openai.APIStatusError as error:
            message = f"{error.status_code}: {str(error.message)[:300]}"
            if error.status_code in (408, 409, 429):
                raise _Retry(message, wait=_retry_after(error.response)) from None
            if error.status_code >= 500:
                raise _Retry(message, reached=True, wait=_retry_after(error.response)) from None
            if error.status_code in (400, 413) and any(
                mark in str(error.body or message).lower() for mark in _OVERFLOW
            ):
                raise ContextOverflow(message) from None
            raise EngineError(f"{self.url}: {message}") from None
        except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise EngineError(f"{self.url}: unusable reply: {type(error).__name__}: {str(error)[:300]}") from None


class _Retry(Exception):
    """An attempt failed in a way that may pass."""

    def __init__(
        self, message: str, *, reached: bool = False, timed_out: bool = False, wait: float | None = None
    ) -> None:
        super().__init__(message)
        self.reached, self.timed_out, self.wait = reached, timed_out, wait


def _retry_after(response: Any) -> float | None:
    try:
        return min(LONGEST_WAIT, max(0.0, float(response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def _jitter(seed: int, attempt: int) -> float:
    """Spreads retries over half to one and a half of the wait: deterministic, different for each request."""
    return 0.5 + (seed * 2654435761 + attempt * 40503) % 1024 / 1024
