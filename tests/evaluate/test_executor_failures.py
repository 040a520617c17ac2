"""The dataflow when something fails: it costs only what needs it, and what came back is kept."""

import asyncio
import time

import pytest
from dataflow import CHAIN, DIAMOND, counting, executor, key, prompt_of, run, step, texts, work

from ttgbench.errors import ContextOverflow, EngineError, InputError, StoreError
from ttgbench.evaluate import executor as executor_module
from ttgbench.evaluate.store.store import Store
from ttgbench.graphs.keys import seed_for
from ttgbench.testing import ScriptedEngine


def failing(at, error):
    def script(request):
        if len(engine.requests) >= at:
            raise error
        return "1"

    engine = ScriptedEngine(script, slots=1)
    return engine


def test_a_failure_names_its_generation_and_keeps_what_was_recorded():
    store = Store()
    with pytest.raises(EngineError, match=r"small as assistant, question toy@1/search/\d+.*server gone"):
        run(failing(7, EngineError("server gone")), work(CHAIN, questions=5), store=store)
    assert store.info().generations == 6
    run(counting(), work(CHAIN, questions=5), store=store)
    assert store.info().generations == 15


def test_a_bug_in_an_engine_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        run(failing(2, ZeroDivisionError()), work(CHAIN))


def test_an_engine_that_cancels_itself_is_a_failure_and_no_standstill():
    async def give_up(request):
        raise asyncio.CancelledError

    engine = counting()
    engine.generate = give_up
    with pytest.raises(EngineError, match="gave the request up"):
        run(engine, work(CHAIN))


def test_a_failure_ends_only_the_works_that_need_it():
    def script(request):
        if request.model == "large":
            raise EngineError("gone")
        return "1"

    async def main():
        runner = executor(ScriptedEngine(script, seconds=lambda _: 0.002), Store())
        bad = runner.run(work([step("a"), step("z", "a", model="large")]))
        results = await asyncio.gather(bad, runner.run(work(CHAIN)), return_exceptions=True)
        await runner.close()
        return results

    bad, good = asyncio.run(main())
    assert isinstance(bad, EngineError)
    assert (good[0] > 0).all()


def test_a_store_that_fails_ends_the_work():
    class Full(Store):
        def put_many(self, generations):
            raise StoreError("disk full")

    with pytest.raises(StoreError, match="disk full"):
        run(counting(), work(CHAIN), store=Full())


def test_a_slow_store_slows_the_engines_down(monkeypatch):
    monkeypatch.setattr(executor_module, "BACKLOG", 8)
    groups = []

    class Slow(Store):
        def put_many(self, generations):
            groups.append(len(generations))
            time.sleep(0.02)
            return super().put_many(generations)

    run(
        ScriptedEngine(lambda request: "1", slots=4),
        work([step(f"n{n}") for n in range(40)], questions=5),
        store=Slow(),
    )
    assert sum(groups) == 200
    assert max(groups) <= 8 + 2 * 4  # what was over the limit, and what was under way


def test_cancelling_one_work_leaves_the_others_alone():
    async def main():
        engine = ScriptedEngine(lambda request: "1", slots=2, seconds=lambda _: 0.005)
        runner = executor(engine, Store())
        first = asyncio.create_task(runner.run(work(CHAIN)))
        second = asyncio.create_task(runner.run(work(DIAMOND)))
        await asyncio.sleep(0.012)
        first.cancel()
        tokens, _ = await second
        again, _ = await runner.run(work([step("new")]))
        await runner.close()
        return first.cancelled(), tokens, again

    cancelled, tokens, again = asyncio.run(main())
    assert cancelled
    assert (tokens > 0).all()
    assert (again > 0).all()


def test_closing_stops_at_once_and_keeps_what_came_back():
    async def main():
        engine = ScriptedEngine(lambda request: "1", slots=2, seconds=lambda r: 60 if len(engine.requests) > 4 else 0)
        store = Store()
        runner = executor(engine, store)
        running = asyncio.create_task(runner.run(work(CHAIN, questions=9)))
        while engine.running < 2 or len(engine.requests) < 6:
            await asyncio.sleep(0.001)
        await runner.close()
        await runner.close()
        with pytest.raises(asyncio.CancelledError):
            await running
        return store.info().generations

    assert asyncio.run(asyncio.wait_for(main(), timeout=10)) == 4


def test_an_overflowing_prompt_loses_its_first_predecessors():
    def script(request):
        if request.seed == seed_for(key("d"), "toy@1/search/0000", 0) and prompt_of(request).count("said-") > 1:
            raise ContextOverflow("too long")
        return f"said-{len(engine.requests)}."

    engine = ScriptedEngine(script)
    _, store = run(engine, work(DIAMOND, questions=2))
    rows = store.get_many((key("d"), f"toy@1/search/000{n}", 0) for n in range(2))
    assert [row.dropped_inputs for row in rows.values()] == [1, 0]
    kept = store.get_many([(key("c"), "toy@1/search/0000", 0)])
    assert next(iter(kept.values())).text in prompt_of(engine.requests[-1]) + prompt_of(engine.requests[-2])


def test_a_question_that_never_fits_is_an_error():
    with pytest.raises(ContextOverflow, match="toy@1/search/0000"):
        run(failing(1, ContextOverflow("too long")), work(CHAIN, questions=1))


def test_a_model_without_engine_is_named():
    with pytest.raises(InputError, match="no engine for large"):
        run({"small": counting()}, work([step("a", model="large")]))


def test_text_that_no_file_can_hold_is_mended():
    _, store = run(ScriptedEngine(lambda request: "a\ud800b"), work(CHAIN))
    assert set(texts(store, CHAIN, work(CHAIN)).values()) == {"a?b"}


def test_a_progress_that_fails_ends_the_work():
    class Broken:
        def planned(self, generations, recorded):
            pass

        def done(self, *counts):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(counting(), work(CHAIN), progress=Broken())
