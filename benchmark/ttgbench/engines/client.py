"""The one client: any OpenAI-compatible endpoint (vLLM, llama-server, SGLang, a cloud); every retry is billed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ttgbench.engines.base import Completion, Request
from ttgbench.engines.reply import LONGEST_WAIT, Reply, Retry, listed, read, refusal, shown
from ttgbench.engines.token_check import Counter, check_counts
from ttgbench.errors import EngineError, WrongModel, unknown_name_message
from ttgbench.models.pool import ModelCard

if TYPE_CHECKING:
    import openai
    from openai import AsyncOpenAI

R = TypeVar("R")

RETRIES = 5
RETRIES_UNCONNECTED = 3
"""While nothing was ever heard of the server, at waits of 0.5, 1 and 2 seconds: it is not there."""


class OpenAIEngine:
    """Speaks to one endpoint for one model.

    slots: requests in flight; timeout: seconds per attempt, until its last byte; sleep: injected for tests; count: the
    model's tokenizer, against which the server's counts are checked. The key comes from OPENAI_API_KEY and is sent to
    no other place. What failed is asked again up to RETRIES times, with exponential backoff, if it was a time-out, a
    lost connection, 429 or a 5xx, also where these come in the body of an answer. A time-out is billed as the prompt
    and the longest answer, a 5xx as the prompt; a refused request (429, no connection) never reached the model and
    costs nothing.
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
                reply = await self._ask(request, self._served)
            except Retry as failure:
                if attempt > RETRIES:
                    raise EngineError(f"{self.url}: gave up after {attempt} attempts: {failure}") from None
                billed_prompts += failure.reached
                timeouts += failure.timed_out
                await self._sleep(failure.wait or min(LONGEST_WAIT, 0.5 * 2**attempt * _jitter(request.seed, attempt)))
                continue
            if self._count is not None:
                check_counts(self._count, request, reply.reasoning + reply.text, reply.tokens_in, reply.tokens_out)
            return Completion(
                text=reply.text,
                reasoning=reply.reasoning,
                tokens_in=reply.tokens_in,
                tokens_out=reply.tokens_out,
                finish_reason=reply.finish_reason,
                seconds=time.perf_counter() - started,
                attempts=attempt,
                retried_tokens_in=billed_prompts * reply.tokens_in,
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

            from ttgbench.engines.http_bounds import bounded

            key = os.environ.get("OPENAI_API_KEY", "none")
            http = bounded(self.url, self._timeout, self.slots)
            self._client = AsyncOpenAI(
                base_url=self.url, api_key=key, http_client=http, timeout=http.timeout, max_retries=0
            )
        return self._client

    async def models(self) -> list[dict[str, Any]]:
        """What the endpoint says of each of its models, under `id` its name. Raises EngineError."""
        for attempt in range(1, RETRIES + 2):
            try:
                return await self._call(self._connection().models.list(), listed)
            except Retry as failure:
                if attempt > (RETRIES if failure.connected else min(RETRIES, RETRIES_UNCONNECTED)):
                    raise EngineError(f"{self.url}: does not answer: {failure}") from None
                await self._sleep(failure.wait or 0.25 * 2**attempt * (2 if failure.connected else 1))
        raise AssertionError("unreachable")

    async def _served_name(self) -> str:
        """The name under which the endpoint serves this card: its own name, or its Hub id."""
        wanted, names = (self._card.name, self._card.hub_id), [model["id"] for model in await self.models()]
        for name in wanted:
            if name in names:
                return name
        message = unknown_name_message("model", self._card.name, names)
        raise WrongModel(f"{self.url} serves neither {wanted[0]} nor {wanted[1]}: {message}")

    async def _ask(self, request: Request, model: str) -> Reply:
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
            call: Awaitable[Any] = client.completions.create(prompt=request.prompt.text, **arguments)
        else:
            messages: Any = [{"role": m.role, "content": m.content} for m in request.prompt.messages]
            call = client.chat.completions.create(messages=messages, **arguments)
        return await self._call(call, lambda reply: read(reply, model))

    def _named(self, error: EngineError) -> EngineError:
        return type(error)(f"{self.url}: {error}")

    async def _call(self, call: Awaitable[Any], read: Callable[[Any], R]) -> R:
        """What `read` makes of the reply. Maps every error of the client library, in this one place.

        The time limit holds until the last byte.
        """
        import openai

        try:
            async with asyncio.timeout(self._timeout):
                return read(await call)
        except EngineError as error:
            raise self._named(error) from None
        except (TimeoutError, openai.APITimeoutError) as error:
            if type(error.__cause__).__name__ == "ConnectTimeout":
                raise Retry("no connection: timed out", connected=False) from None
            raise Retry("timed out", reached=True, timed_out=True) from None
        except openai.APIConnectionError as error:
            unconnected = type(error.__cause__).__name__ == "ConnectError"
            raise Retry(f"no connection: {shown(str(error.__cause__ or error))}", connected=not unconnected) from None
        except openai.APIStatusError as error:
            found = refusal(error.status_code, _words(error), _retry_after(error.response))
            raise self._named(found) if isinstance(found, EngineError) else found from None
        except (
            openai.OpenAIError,
            ArithmeticError,
            AttributeError,
            LookupError,
            RecursionError,
            TypeError,
            ValueError,
        ) as error:
            raise EngineError(f"{self.url}: unusable reply: {type(error).__name__}: {shown(str(error))}") from None


def _words(error: openai.APIStatusError) -> str:
    """What the server said, its own words first."""
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message)


def _retry_after(response: Any) -> float | None:
    try:
        return min(LONGEST_WAIT, max(0.0, float(response.headers["retry-after"])))
    except (KeyError, ValueError):
        return None


def _jitter(seed: int, attempt: int) -> float:
    """Spreads retries over half to one and a half of the wait: deterministic, different for each request."""
    return 0.5 + (seed * 2654435761 + attempt * 40503) % 1024 / 1024
