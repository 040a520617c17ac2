"""Generations as a store keeps them."""

from dataclasses import replace

from ttgbench.evaluate.store.generation import Generation
from ttgbench.graphs.keys import seed_for

KEYS = [f"{number:032x}" for number in range(4)]


def generation(node_key=KEYS[0], question_id="toy@1/search/0000", universe=0, text="four", **changes):
    row = Generation(
        node_key=node_key,
        question_id=question_id,
        universe=universe,
        role="assistant",
        model="small",
        engine="echo/1",
        seed=seed_for(node_key, question_id, universe),
        tokens_in=20,
        tokens_out=3,
        retried_tokens_in=0,
        retried_tokens_out=0,
        attempts=1,
        dropped_inputs=0,
        finish_reason="stop",
        started=1.5e9,
        seconds=0.25,
        text=text,
    )
    return replace(row, **changes)


def some(count, **changes):
    return [generation(KEYS[n % 4], f"toy@1/search/{n:04d}", n % 3, f"text {n}", **changes) for n in range(count)]
