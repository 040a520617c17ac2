"""The residency planner on paper: which models live on which GPUs, and in which wave."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ttgbench.engines.model_files import locate
from ttgbench.engines.vllm import placement as placing
from ttgbench.engines.vllm.engine import need
from ttgbench.engines.vllm.options import VLLMOptions
from ttgbench.engines.vllm.placement import GIB, Machine, Need, plan
from ttgbench.errors import InputError
from ttgbench.models.pool import load_pool


def needs(*weights, cache=0.25):
    """Models of so many GiB, named after their place: a, b, c. Four sequences take 1 GiB; with the 3 GiB that every
    awake model takes, one of w GiB needs w + 4 on one GPU, (w + 1) / n + 3 on each of n."""
    return [Need("abcdef"[n], int(size * GIB), int(cache * GIB), slots=64, work=int(size * 1000))
            for n, size in enumerate(weights)]  # fmt: skip


def machine(*gpus, host=64, can_sleep=True):
    """GPUs of so many free GiB; 95% can be used: 22.8 of 24, 38 of 40, 76 of 80."""
    return Machine(tuple(gpu * GIB for gpu in gpus), host * GIB, can_sleep)


def shown(result):
    """[{"a": "0", "b": "1+2"}]: one table per wave; + joins GPUs that share a model, , separates copies."""
    waves = []
    for wave in result.waves:
        table = {}
        for p in wave:
            copies = [p.gpus[n : n + p.tensor_parallel] for n in range(0, len(p.gpus), p.tensor_parallel)]
            assert len(copies) == p.copies
            table[p.model] = ",".join("+".join(map(str, copy)) for copy in copies)
        waves.append(table)
    return waves


TABLE = [
    # one model
    (needs(2), machine(24), "stay", [{"a": "0"}]),
    (needs(16), machine(24), "stay", [{"a": "0"}]),  # 20 of 22.8
    (needs(19), machine(24, 24), "stay", [{"a": "0+1"}]),  # 23 on one, 13 on each of two
    (needs(19), machine(24, 24, 24), "stay", [{"a": "0+1"}]),  # the third holds no copy alone
    (needs(140), machine(80, 80), "stay", [{"a": "0+1"}]),  # 73.5 of 76
    (needs(140), machine(80, 80, 80, 80), "stay", [{"a": "0+1,2+3"}]),
    (needs(140), machine(*[24] * 8), "stay", [{"a": "0+1+2+3+4+5+6+7"}]),  # 20.6
    (needs(2), machine(24, 24, 24, 24), "stay", [{"a": "0,1,2,3"}]),
    (needs(16), machine(24, 80), "stay", [{"a": "1,0"}]),  # first where most is left
    (needs(30), machine(24, 24, 80), "stay", [{"a": "2"}]),  # the small ones cannot hold a copy
    # several that fit together
    (needs(2, 6, 16), machine(80), "stay", [{"c": "0", "b": "0", "a": "0"}]),  # 6 + 10 + 20
    (needs(16, 16), machine(24, 24), "stay", [{"a": "0", "b": "1"}]),
    (needs(2, 16), machine(24, 24), "stay", [{"b": "0", "a": "1"}]),
    (needs(2, 16), machine(24, 24, 24, 24), "stay", [{"b": "0,2,3", "a": "1"}]),  # 16 has most work, then 8, then 5.3
    (needs(140, 16, 2), machine(80, 80, 80, 80), "stay", [{"a": "0+1", "b": "2", "c": "3"}]),
    # several that do not
    (needs(2, 6, 16), machine(24), "sleep", [{"c": "0"}, {"b": "0", "a": "0"}]),  # 20 and 10 + 6 of 22.8 - 2
    (needs(2, 6, 16), machine(24, host=16), "stop", [{"c": "0"}, {"b": "0", "a": "0"}]),  # 24 of weights, 11.2 of host
    (needs(2, 6, 16), machine(24, can_sleep=False), "stop", [{"c": "0"}, {"b": "0", "a": "0"}]),
    (needs(16, 16), machine(24), "sleep", [{"a": "0"}, {"b": "0"}]),  # 20 of 22.8 - 1
    (needs(18, 18), machine(24), "stop", [{"a": "0"}, {"b": "0"}]),  # 22: fits only where nobody sleeps
    (needs(140, 140), machine(80, 80, host=512), "sleep", [{"a": "0+1"}, {"b": "0+1"}]),
    (
        needs(19, 16, 16),
        machine(24, 24, host=128),
        "sleep",
        [{"a": "0+1"}, {"b": "0", "c": "1"}],
    ),  # 13 + 13, then 20 and 20
    (needs(19, 2, 2), machine(24, 24, host=512), "stay", [{"a": "0+1", "b": "0", "c": "1"}]),  # 13 + 6
    (needs(30, 16), machine(80, 24), "stay", [{"a": "0", "b": "0,1"}]),  # 34 + 20 of 76; the small one holds a copy
]


@pytest.mark.parametrize(("models", "where", "rest", "waves"), TABLE)
def test_plan(models, where, rest, waves):
    result = plan(models, where)
    assert shown(result) == waves
    assert result.rest == rest


@pytest.mark.parametrize(
    ("models", "where", "message"),
    [
        (needs(19), machine(24), r"a needs 23\.0 GiB on each of 1 GPUs; there are 1, with 22\.8 GiB"),
        (needs(2, 140), machine(40, 40, 40, 40), r"b needs 38\.2 GiB on each of 4 GPUs.*38\.0"),
        (needs(2), machine(), r"a needs 6\.0 GiB.*there are 0, with no GiB"),
    ],
)
def test_what_cannot_be_is_refused(models, where, message):
    with pytest.raises(InputError, match=message):
        plan(models, where)


def test_what_is_left_becomes_cache():
    [one] = plan(needs(16), machine(24)).waves[0]
    assert one.cache == pytest.approx((22.8 - 16 - 3) * GIB, abs=2)
    [one] = plan(needs(2), machine(80)).waves[0]
    assert one.cache == 64 * GIB // 4  # no more than all its slots can use
    small, large = sorted(plan(needs(6, 6), machine(24)).waves[0], key=lambda p: p.model)
    assert small.cache == large.cache == pytest.approx((22.8 - 2 * (6 + 3)) / 2 * GIB, abs=2)


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=6),
    st.lists(st.sampled_from([16, 24, 40, 80]), min_size=1, max_size=8),
    st.integers(1, 512),
    st.booleans(),
)
def test_no_wave_takes_more_than_there_is(weights, gpus, host, can_sleep):
    models, where = needs(*weights), machine(*gpus, host=host, can_sleep=can_sleep)
    try:
        result = plan(models, where)
    except InputError:
        return
    assert sorted(p.model for wave in result.waves for p in wave) == sorted(need.model for need in models)
    assert (result.rest == "stay") == (len(result.waves) == 1)
    by_name = {need.model: need for need in models}
    for number, wave in enumerate(result.waves):
        taken = [0] * len(gpus)
        for placement in wave:
            need = by_name[placement.model]
            assert result.wave_of(need.model) == number
            assert math.log2(placement.tensor_parallel).is_integer()
            assert len(set(placement.gpus)) == len(placement.gpus) == placement.tensor_parallel * placement.copies
            assert placement.cache * placement.tensor_parallel >= placing.FEWEST_SEQUENCES * need.cache
            for gpu in placement.gpus:
                taken[gpu] += need.weights // placement.tensor_parallel + placement.cache + placing.OVERHEAD
        asleep = placing.SLEEPING * (len(models) - 1) if result.rest == "sleep" else 0
        for used, free in zip(taken, where.gpus, strict=True):
            assert used + asleep * bool(used) <= free * (1 - placing.RESERVE) + 1000


CHOSEN = VLLMOptions()


@pytest.mark.parametrize(
    ("pool", "names", "where", "rest", "waves"),
    [
        # 8B: 16.1 GB of weights, 131 kB of cache a token
        ("paper", ("llama-3.1-8b",), machine(24), "stay", [{"llama-3.1-8b": "0"}]),
        ("paper", ("llama-3.1-70b",), machine(80, 80, host=512), "stay", [{"llama-3.1-70b": "0+1"}]),
        # 16.1 + 6.4 + 2.5 GB of weights
        ("paper", ("llama-3.2-1b", "llama-3.2-3b", "llama-3.1-8b"), machine(80), "stay",
         [{"llama-3.1-8b": "0", "llama-3.2-3b": "0", "llama-3.2-1b": "0"}]),
        ("paper", ("llama-3.1-70b", "llama-3.1-8b"), machine(80, 80, host=512), "sleep",
         [{"llama-3.1-70b": "0+1"}, {"llama-3.1-8b": "0,1"}]),
        # a mixture of experts: 3B active, 61 GB in memory
        ("modern", ("qwen3-30b-a3b",), machine(40, 40), "stay", [{"qwen3-30b-a3b": "0+1"}]),
        ("modern", ("qwen3-30b-a3b",), machine(80), "stay", [{"qwen3-30b-a3b": "0"}]),
    ],
)  # fmt: skip
def test_plan_for_shipped_models(pool, names, where, rest, waves):
    cards = load_pool(pool).subset(names)
    result = plan([need(card, locate(card), CHOSEN, 128) for card in cards], where)
    assert shown(result) == waves
    assert result.rest == rest


def test_cards_of_shipped_pools_say_what_they_take():
    for card in (*load_pool("paper"), *load_pool("modern")):
        assert card.total_parameters is not None
        assert card.total_parameters >= 0.9 * card.parameters  # the paper's counts are rounded up
        assert card.kv_size is not None
