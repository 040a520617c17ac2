"""The one client: any OpenAI-compatible endpoint (vLLM, llama-server, SGLang, a cloud); every retry is billed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from ttgbench.engines import retry
from ttgbench.engines.base import Completion, Request
from ttgbench.engines.reply import Reply, listed, read
from ttgbench.engines.retry import Retry, refusal, seconds_asked
from ttgbench.engines.token_check import Counter, check_counts
from ttgbench.errors import EngineError, WrongModel, unknown_name_message
from ttgbench.models.pool import ModelCard
from ttgbench.util.text import one_line

if TYPE_CHECKING:
    import openai
    from openai import AsyncOpenAI

R = TypeVar("R")


class OpenAIEngine:
    """Speaks to one endpoint for one model.

    slots: requests in flight; timeout: seconds per attempt, until its last byte; sleep: injected for tests; count: the
    model's tokenizer, against which the server's counts are checked. The key comes from OPENAI_API_KEY and is sent to
    no other place. What is asked again, how often and after what wait, `retry.py` says. A time-out is billed as the
    prompt and the longest answer, a 5xx as the prompt; a refused request (429, no connection) never reached the model
    and costs nothing.
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
        for attempt in range(1, retry.RETRIES + 2):
            try:
                reply = await self._ask(request, self._served)
            except Retry as failure:
                if attempt > retry.RETRIES:
                    raise EngineError(f"{self.url}: gave up after {attempt} attempts: {failure}") from None
                billed_prompts += failure.reached
                timeouts += failure.timed_out
                await self._sleep(retry.wait(failure, attempt, request.seed))
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
        for attempt in range(1, retry.RETRIES + 2):
            try:
                return await self._call(self._connection().models.list(), listed)
            except Retry as failure:
                if attempt > retry.retries_at_first(failure):
                    raise EngineError(f"{self.url}: does not answer: {failure}") from None
                await self._sleep(retry.wait_at_first(failure, attempt))
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
            raise Retry(
                f"no connection: {one_line(str(error.__cause__ or error))}", connected=not unconnected
            ) from None
        except openai.APIStatusError as error:
            found = refusal(error.status_code, _words(error), seconds_asked(error.response.headers))
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
            raise EngineError(f"{self.url}: unusable reply: {type(error).__name__}: {one_line(str(error))}") from None


def _words(error: openai.APIStatusError) -> str:
    """What the server said, its own words first."""
    body = error.body if isinstance(error.body, dict) else {}
    return str(body.get("message") or error.message)
