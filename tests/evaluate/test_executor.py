"""The dataflow: everything once, nothing too early, slots full."""

import asyncio
import math
from random import Random

import numpy as np
import pytest
from dataflow import CHAIN, DIAMOND, counting, executor, key, prompt_of, run, step, texts, work
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from ttgbench.engines.base import Completion
from ttgbench.evaluate.batch import Work
from ttgbench.evaluate.store.store import Store
from ttgbench.evaluate.votes import plurality
from ttgbench.graphs.keys import seed_for
from ttgbench.testing import ScriptedEngine, ToyTask


def test_outputs_enter_the_prompts_of_their_successors_in_key_order():
    engine, each = counting(), work(DIAMOND)
    _, store = run(engine, each)
    said = texts(store, DIAMOND, each)
    requests = {request.seed: request for request in engine.requests}
    for question in each.questions:
        first = prompt_of(requests[seed_for(key("a"), question.id, 0)])
        assert "said-" not in first
        assert question.text in first
        last = prompt_of(requests[seed_for(key("d"), question.id, 0)])
        assert said[key("a"), question.id] not in last
        places = [last.index(said[key(name), question.id]) for name in "bc"]
        assert places == sorted(places)


def test_tokens_are_what_was_recorded():
    each = work(CHAIN)
    [(tokens_in, tokens_out)], store = run(counting(), each)
    for row, item in enumerate(CHAIN):
        usage = store.usage(item.key, 0)
        assert [usage[q.id] for q in each.questions] == list(zip(tokens_in[row], tokens_out[row], strict=True))
    assert (tokens_in > 0).all()


def test_what_is_recorded_is_not_generated_again():
    engine = counting()
    _, store = run(engine, work(CHAIN[:2]))
    assert len(engine.requests) == 6
    [(tokens_in, _)], _ = run(engine, work(DIAMOND, recorded=[0, 1]), store=store)
    assert len(engine.requests) == 12
    assert not tokens_in[:2].any()
    assert sum("said-" in prompt_of(request) for request in engine.requests) == 9


def test_works_that_run_at_once_share_their_generations():
    engine = ScriptedEngine(lambda request: "7", seconds=lambda _: 0.01)
    results, _ = run(engine, work(DIAMOND), work(CHAIN), work(DIAMOND, universe=1), work(CHAIN))
    seeds = [request.seed for request in engine.requests]
    assert len(seeds) == len(set(seeds)) == (4 + 1 + 4) * 3
    assert (results[1][0] == results[3][0]).all()


LADDER = [step("a"), step("b", "a"), step("c", "a", "b"), step("d", "b"), step("e", "c", "d"), step("f")]


@given(
    st.lists(st.tuples(st.integers(1, len(LADDER)), st.integers(0, 4), st.integers(0, 12)), min_size=2, max_size=5),
    st.integers(1, 3),
    st.integers(0, 10**6),
)
@settings(max_examples=25, deadline=None, phases=[Phase.generate])  # a failure depends on time: nothing to shrink
def test_works_that_begin_at_any_time_generate_each_thing_once(plans, slots, seed):
    """A later work may overtake, or come while what it needs is being recorded."""
    random = Random(seed)
    engine = ScriptedEngine(lambda request: "7", slots=slots, seconds=lambda _: random.random() / 500)
    store = Store()

    async def begin(runner, steps, first, delay):
        await asyncio.sleep(delay / 1000)
        chosen = LADDER[:steps]
        seen = runner.recorded
        questions = ToyTask(8).questions("search")[first : first + 4]
        usage = [store.usage(each.key, 0) for each in chosen]
        missing = np.array([[question.id not in used for question in questions] for used in usage])
        await asyncio.sleep(delay % 3 / 1000)  # what was missing may have come meanwhile
        tokens, _ = await runner.run(Work(chosen, questions, 0, missing, seen))
        for each, row, lacked in zip(chosen, tokens, missing, strict=True):
            used = store.usage(each.key, 0)
            assert [used[q.id][0] if lack else 0 for q, lack in zip(questions, lacked, strict=True)] == row.tolist()

    async def main():
        runner = executor(engine, store)
        await asyncio.gather(*(begin(runner, *plan) for plan in plans))
        await runner.close()

    asyncio.run(main())
    seeds = [request.seed for request in engine.requests]
    assert len(seeds) == len(set(seeds)) == store.info().generations


def test_whoever_recorded_first_is_heard_by_the_successors():
    store = Store()
    other, _ = Store(), None
    run(ScriptedEngine(lambda request: "from another process"), work(CHAIN[:1]), store=other)
    rows = list(other.get_many((key("a"), q.id, 0) for q in work(CHAIN).questions).values())
    engine = ScriptedEngine(lambda request: store.put_many(rows) and "too late")
    run(engine, work(CHAIN[:2]), store=store)
    heard = [prompt_of(request) for request in engine.requests if "from another process" in prompt_of(request)]
    assert len(heard) == 3
    assert not any("too late" in prompt_of(request) for request in engine.requests)


class RoundEngine(ScriptedEngine):
    """Answers only when all slots are taken, or when nothing more has come for a while: counts rounds, not time."""

    def __init__(self, slots):
        super().__init__(lambda request: "1", slots=slots)
        self.rounds = []
        self._held = []

    async def generate(self, request):
        self.requests.append(request)
        ours = asyncio.get_running_loop().create_future()
        self._held.append(ours)
        assert len(self._held) <= self.slots
        count = len(self.requests)
        if len(self._held) < self.slots:
            await asyncio.wait([ours], timeout=0.2)
        if not ours.done() and (len(self._held) == self.slots or count == len(self.requests)):
            self.rounds.append(len(self._held))
            for held in self._held:
                held.set_result(None)
            self._held = []
        await ours
        return Completion("1", 5, 1, "stop", 0.0)


@pytest.mark.parametrize("slots", [1, 3, 8])
def test_slots_stay_full(slots):
    steps = [step(f"{name}{n}", *(f"{source}{n}" for source in sources))
             for n in range(6) for name, sources in (("a", ""), ("b", "a"), ("c", "b"), ("d", "a"))]  # fmt: skip
    engine = RoundEngine(slots)
    run(engine, work(steps, questions=5))
    ideal = math.ceil(len(steps) * 5 / slots)
    assert len(engine.requests) == len(steps) * 5
    assert len(engine.rounds) <= ideal + 1


def test_each_engine_has_its_own_slots():
    engines = {name: ScriptedEngine(lambda request: "1", slots=slots, seconds=lambda _: 0.001)
               for name, slots in (("small", 2), ("large", 5))}  # fmt: skip
    steps = [step(f"{model}{n}", model=model) for n in range(4) for model in engines]
    run(engines, work(steps, questions=10))
    assert {name: engine.peak for name, engine in engines.items()} == {"small": 2, "large": 5}
    assert all({request.model for request in engine.requests} == {name} for name, engine in engines.items())


def test_the_longest_way_goes_first():
    engine = ScriptedEngine(lambda request: "1", slots=1)
    run(engine, work([step("x"), *CHAIN], questions=1))
    assert engine.requests[0].seed == seed_for(key("a"), "toy@1/search/0000", 0)
    assert engine.requests[-1].seed in {seed_for(key(name), "toy@1/search/0000", 0) for name in "ex"}


def test_what_waits_is_no_task():
    tasks = []
    engine = ScriptedEngine(lambda request: tasks.append(len(asyncio.all_tasks())) or "1", slots=8)
    run(engine, work([step(f"n{n}") for n in range(100)], questions=50))
    assert len(tasks) == 5000
    assert max(tasks) < 8 + 5


def test_votes_are_computed_and_grades_of_ballots_recorded_once():
    answers = iter("5 7 7 9 9 1".split())
    engine = ScriptedEngine(lambda request: next(answers), slots=1)
    steps = [step("a"), step("b"), step("c"), step("v", "a", "b", "c", model=None), step("w", "a", "b", model=None)]
    task, store = ToyTask(2), Store()
    each = work(steps, questions=2)

    async def main():
        runner = executor(engine, store, task=task)
        try:
            return await runner.run(each)
        finally:
            await runner.close()

    tokens_in, tokens_out = asyncio.run(main())
    assert texts(store, [steps[3]], each) == {(key("v"), each.questions[n].id): text for n, text in enumerate("79")}
    assert not tokens_in[3:].any()
    assert not tokens_out[3:].any()
    assert store.info().graders == {"last_number/1": 6}
    assert task.graded >= 6


@given(st.lists(st.tuples(st.text(max_size=2), st.sampled_from([None, "x", "y", "z"])), min_size=1, max_size=7))
def test_plurality_is_the_first_output_with_a_most_frequent_answer(ballot):
    outputs, answers = [text for text, _ in ballot], [answer for _, answer in ballot]
    given_answers = [answer for answer in answers if answer is not None]
    expected = 0
    if given_answers:
        most = max(map(given_answers.count, given_answers))
        expected = next(n for n, answer in enumerate(answers) if answer is not None and answers.count(answer) == most)
    assert plurality(outputs, answers) == outputs[expected]


def test_progress_counts_what_was_recorded():
    class Counts:
        total = np.zeros(4, dtype=int)

        def planned(self, generations, recorded):
            raise AssertionError("the evaluator's business")

        def done(self, *counts):
            self.total = self.total + counts

    counts = Counts()
    [(tokens_in, tokens_out)], _ = run(counting(), work([*CHAIN, step("v", "b", "e", model=None)]), progress=counts)
    assert counts.total[:3].tolist() == [12, tokens_in.sum(), tokens_out.sum()]
    assert counts.total[3] > 0
