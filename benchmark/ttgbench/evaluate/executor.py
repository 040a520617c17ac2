"""Many graphs times many questions as one asynchronous dataflow.

A generation is ready as soon as its inputs are recorded. Ready generations wait in one queue per engine; `engine.slots`
workers per engine take them from there, so that slots stay full and what waits costs an entry in a heap, not a task.
Finished generations are recorded in groups, one commit for all that finished during the last commit, and only then
feed their successors: if another process recorded the same generation first, it is its text that goes on. Batches that
run at once share: whatever one of them gets, each that lacks it gets, and does not ask for it. While more
than BACKLOG wait to be recorded, workers take no new ones: a store that is slower than the engines slows them down.

A prompt that overflows the model's context is asked again without its first predecessor in key order, then without its
second, and so on; `Generation.dropped_inputs` says how many were left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from ttgbench.engines.base import Engine, Request, Sampling
from ttgbench.errors import ContextOverflow, EngineError, InputError
from ttgbench.evaluate.batch import Batch, Step, Work
from ttgbench.evaluate.grades import grades_of
from ttgbench.evaluate.prompts import render
from ttgbench.evaluate.store.generation import Generation, GenerationId
from ttgbench.evaluate.store.store import Store
from ttgbench.evaluate.votes import plurality
from ttgbench.graphs.keys import seed_for
from ttgbench.graphs.roles import LATEST, ROLES, PromptSet
from ttgbench.models.cost import generation_flops
from ttgbench.models.pool import Pool
from ttgbench.tasks.task import Question, Task

T = TypeVar("T")
_YIELD_EVERY = 4096
BACKLOG = 4096
"""Finished generations that may wait to be recorded, before engines have to wait for the store."""


class Progress(Protocol):
    """Is told what happens, from any thread. Counts are increments, so that several evaluators may share one."""

    def planned(self, generations: int, recorded: int) -> None:
        """`generations` are needed, of which `recorded` are recorded already."""
        ...

    def done(self, generations: int, tokens_in: int, tokens_out: int, flops: int) -> None:
        """`generations` more are recorded. Tokens include failed attempts."""
        ...


Place = tuple[Batch, int, int]
"""A batch, and step and question in it."""


class _Pending:
    """One generation that is ready or under way, and everybody who waits for it."""

    __slots__ = ("id", "places")

    def __init__(self, identity: GenerationId, place: Place) -> None:
        self.id, self.places = identity, [place]

    @property
    def live(self) -> list[Place]:
        """Those who still want it."""
        return [
            (batch, step, question)
            for batch, step, question in self.places
            if batch.missing[step, question] and not batch.finished.done()
        ]


class _EngineQueue:
    """An engine and what is ready for it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ready: asyncio.PriorityQueue[tuple[tuple[int, ...], int, _Pending]] = asyncio.PriorityQueue()


class Executor:
    """Runs work on engines (by model name). All methods belong to one event loop; `run` may be called concurrently."""

    def __init__(
        self,
        task: Task,
        pool: Pool,
        sampling: Sampling,
        engines: Mapping[str, Engine],
        store: Store,
        progress: Progress | None = None,
        prompts: PromptSet = LATEST,
    ) -> None:
        self._prompts = prompts
        self._task, self._pool, self._sampling, self._store, self._progress = task, pool, sampling, store, progress
        queues = {id(engine): _EngineQueue(engine) for engine in engines.values()}
        self._queues = {model: queues[id(engine)] for model, engine in engines.items()}
        self._votes: asyncio.Queue[_Pending] = asyncio.Queue()
        self._done: asyncio.Queue[tuple[_Pending, Generation] | asyncio.Future[None]] = asyncio.Queue()
        self._room = asyncio.Event()
        self._room.set()
        self._pending: dict[GenerationId, _Pending] = {}
        self._batches: dict[Batch, list[Generation] | None] = {}
        """Under way. A batch that has not begun yet keeps what is recorded meanwhile."""
        self.recorded = 0
        """Generations recorded so far."""
        self._workers: list[asyncio.Task[None]] = []
        self._writer: asyncio.Task[None] | None = None
        self._serial = 0

    async def run(self, work: Work) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Generates and records what is missing; returns tokens in and out, shape (steps, questions), 0 elsewhere.

        Raises EngineError naming model and question, StoreError, InputError if no engine runs a model. What was
        recorded before the error stays recorded.
        """
        asked = {step.model for step, row in zip(work.steps, work.missing, strict=True) if step.model and row.any()}
        if unserved := sorted(asked - set(self._queues)):
            raise InputError(f"no engine for {', '.join(unserved)}; there are engines for {', '.join(self._queues)}")
        writer = self._start()
        self._serial += 1
        batch = Batch(work, self._serial)
        if not batch.left:
            return batch.tokens[0], batch.tokens[1]
        self._batches[batch] = []
        try:
            await self._begin(batch)
            await asyncio.wait([batch.finished, writer], return_when=asyncio.FIRST_COMPLETED)
            if not batch.finished.done():
                writer.result()  # it never ends without a reason: raises
            batch.finished.result()
        except Exception:
            await self._flush(writer)
            raise
        finally:
            del self._batches[batch]
            batch.finished.cancel()
        return batch.tokens[0], batch.tokens[1]

    async def _begin(self, batch: Batch) -> None:
        """Fetches what the batch builds on, and what others recorded since it was made; then all roots are ready."""
        texts = batch.recorded_inputs()
        for identity, generation in (await asyncio.to_thread(self._store.get_many, texts)).items():
            batch.texts[texts[identity]] = generation.text
        if self.recorded != batch.work.seen:
            late = await asyncio.to_thread(self._store.get_many, batch.missing_ids())
            for generation in late.values():
                batch.deliver(generation)
        for generation in self._batches[batch] or []:
            batch.deliver(generation)
        self._batches[batch] = None
        for count, (step, question) in enumerate(batch.roots(), start=1):
            if batch.missing[step, question]:
                self._make_ready(batch, step, question)
            if not count % _YIELD_EVERY:
                await asyncio.sleep(0)

    async def close(self) -> None:
        """Stops at once, but records what has come back. Calls of `run` under way are cancelled."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        if self._writer is not None:
            await self._flush(self._writer)
            self._writer.cancel()
        for batch in self._batches:
            batch.finished.cancel()
        self._workers, self._writer = [], None
        self._pending.clear()

    async def _flush(self, writer: asyncio.Task[None]) -> None:
        """Waits until what has come back is recorded."""
        flushed = asyncio.get_running_loop().create_future()
        self._done.put_nowait(flushed)
        await asyncio.wait([flushed, writer], return_when=asyncio.FIRST_COMPLETED)

    def _start(self) -> asyncio.Task[None]:
        if self._writer is None:
            self._writer = asyncio.create_task(self._record())
            self._workers = [
                asyncio.create_task(self._work(queue))
                for queue in dict.fromkeys(self._queues.values())
                for _ in range(max(1, queue.engine.slots))
            ]
            self._workers.append(asyncio.create_task(self._count_votes()))
        return self._writer

    def _make_ready(self, batch: Batch, step: int, question: int) -> None:
        identity = batch.id(step, question)
        if identity in self._pending:
            self._pending[identity].places.append((batch, step, question))
            return
        entry = self._pending[identity] = _Pending(identity, (batch, step, question))
        model = batch.work.steps[step].model
        if model is None:
            self._votes.put_nowait(entry)
        else:
            self._serial += 1
            self._queues[model].ready.put_nowait((batch.order(step, question), self._serial, entry))

    async def _work(self, queue: _EngineQueue) -> None:
        while True:
            await self._room.wait()
            *_, entry = await queue.ready.get()
            live = entry.live
            if not live:
                del self._pending[entry.id]
                continue
            try:
                generation = await self._generate(queue.engine, live[0])
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                self._fail(entry, EngineError(f"{queue.engine.name} gave the request up"))
            except Exception as error:  # whatever an engine raises ends the batches that need it, not the executor
                self._fail(entry, error)
            else:
                self._done.put_nowait((entry, generation))
                if self._done.qsize() > BACKLOG:
                    self._room.clear()

    async def _generate(self, engine: Engine, place: Place) -> Generation:
        batch, position, question_index = place
        step, question = batch.work.steps[position], batch.work.questions[question_index]
        assert step.model is not None
        seed = seed_for(step.key, question.id, batch.work.universe)
        outputs = batch.outputs(position, question_index)
        fewest = 1 if ROLES[step.role].needs_predecessors else 0
        started, dropped = time.time(), 0
        while True:
            prompt = render(
                step.role, self._task.card, question, outputs[dropped:], self._pool[step.model], self._prompts
            )
            try:
                completion = await engine.generate(Request(step.model, prompt, self._sampling, seed))
            except EngineError as error:
                if isinstance(error, ContextOverflow) and len(outputs) - dropped > fewest:
                    dropped += 1
                    continue
                raise _explained(error, step, question) from error
            return Generation(
                node_key=step.key,
                question_id=question.id,
                universe=batch.work.universe,
                role=step.role,
                model=step.model,
                engine=engine.name,
                seed=seed,
                tokens_in=completion.tokens_in,
                tokens_out=completion.tokens_out,
                retried_tokens_in=completion.retried_tokens_in,
                retried_tokens_out=completion.retried_tokens_out,
                attempts=completion.attempts,
                dropped_inputs=dropped,
                finish_reason=completion.finish_reason,
                started=started,
                seconds=completion.seconds,
                # A server may send half a surrogate pair, which no file can hold.
                text=completion.text.encode("utf-8", "replace").decode(),
            )

    async def _count_votes(self) -> None:
        while True:
            entries = await _drain(self._votes)
            wanted = [(entry, live[0]) for entry in entries if (live := entry.live)]
            for entry in entries:
                if not entry.live:
                    del self._pending[entry.id]
            try:
                generations = await asyncio.to_thread(self._vote, [place for _, place in wanted])
            except Exception as error:
                for entry, _ in wanted:
                    self._fail(entry, error)
            else:
                for (entry, _), generation in zip(wanted, generations, strict=True):
                    self._done.put_nowait((entry, generation))

    def _vote(self, places: Sequence[Place]) -> list[Generation]:
        ballots = [
            [(batch.id(source, question), batch.work.questions[question]) for source in batch.inputs[step]]
            for batch, step, question in places
        ]
        grades = iter(grades_of(self._task, self._store, [entry for ballot in ballots for entry in ballot]))
        generations = []
        for (batch, position, index), ballot in zip(places, ballots, strict=True):
            text = plurality(batch.outputs(position, index), [next(grades).answer for _ in ballot])
            step, question = batch.work.steps[position], batch.work.questions[index]
            generations.append(_vote_record(step, question, batch.work.universe, text))
        return generations

    async def _record(self) -> None:
        while True:
            group = await _drain(self._done)
            self._room.set()
            finished = [done for done in group if isinstance(done, tuple)]
            try:
                recorded = await asyncio.to_thread(self._store.put_many, [generation for _, generation in finished])
            except Exception as error:
                for entry, _ in finished:
                    self._fail(entry, error)
            else:
                self.recorded += len(recorded)
                for (entry, _), generation in zip(finished, recorded, strict=True):
                    del self._pending[entry.id]
                    self._tell(generation)
                self._report(recorded)
            for waiting in group:
                if isinstance(waiting, asyncio.Future):
                    waiting.set_result(None)

    def _tell(self, generation: Generation) -> None:
        """Hands it to every batch that lacks it, whether or not it has come to the point of asking for it."""
        for batch, early in self._batches.items():
            if early is not None:
                early.append(generation)
            elif not batch.finished.done():
                for ready in batch.deliver(generation):
                    self._make_ready(batch, *ready)

    def _report(self, recorded: Sequence[Generation]) -> None:
        if self._progress is None or not recorded:
            return
        used = [
            (row.model, row.tokens_in + row.retried_tokens_in, row.tokens_out + row.retried_tokens_out)
            for row in recorded
        ]
        flops = sum(generation_flops(self._pool[model], n_p, n_d) for model, n_p, n_d in used if model is not None)
        self._progress.done(len(used), sum(n_p for _, n_p, _ in used), sum(n_d for _, _, n_d in used), int(flops))

    def _fail(self, entry: _Pending, error: Exception) -> None:
        del self._pending[entry.id]
        for batch, _, _ in entry.live:
            batch.finished.set_exception(error)


async def _drain(queue: asyncio.Queue[T]) -> list[T]:
    """Everything that is in the queue, at least one entry."""
    entries = [await queue.get()]
    while not queue.empty():
        entries.append(queue.get_nowait())
    return entries


def _explained(error: EngineError, step: Step, question: Question) -> EngineError:
    return type(error)(f"{step.model} as {step.role}, question {question.id}, node {step.key}: {error}")


def _vote_record(step: Step, question: Question, universe: int, text: str) -> Generation:
    return Generation(
        node_key=step.key,
        question_id=question.id,
        universe=universe,
        role=step.role,
        model=None,
        engine="vote",
        seed=seed_for(step.key, question.id, universe),
        tokens_in=0,
        tokens_out=0,
        retried_tokens_in=0,
        retried_tokens_out=0,
        attempts=0,
        dropped_inputs=0,
        finish_reason="vote",
        started=time.time(),
        seconds=0.0,
        text=text,
    )
