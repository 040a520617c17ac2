"""Which models live on which GPUs: together where they fit, over several GPUs where one is too small, else in waves.

Pure arithmetic: what models need and what a machine has go in, a plan comes out. Rules, in this order:

1. A model takes the smallest power of two of GPUs on which its share of the weights, a cache for FEWEST_SEQUENCES
   sequences of full length and OVERHEAD fit (tensor parallel).
2. If all models fit at once, largest first, each on the GPUs that have the most memory left, there is one wave.
3. Otherwise models are packed, largest first, into as few waves as that finds. Only one wave is awake at a time. The
   others sleep (weights in host memory, SLEEPING left on their GPUs) if the host has room, else they are stopped.
4. GPUs that a wave leaves empty go to copies of its models (data parallel), to the one with most work per GPU first.
5. Memory that is left on a GPU is shared out as cache in proportion to what its models can use: `slots` sequences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ttgbench.errors import InputError

GIB = 1 << 30
OVERHEAD = 3 * GIB
"""Bytes per awake model and GPU besides weights and cache: context, compiled graphs, activations. An estimate."""
SLEEPING = 1 * GIB
"""Bytes that a sleeping model keeps on each of its GPUs. An estimate."""
RESERVE = 0.05
"""Share of a GPU's free memory that is left alone."""
HOST_SHARE = 0.7
"""Share of the host's free memory that sleeping weights may take."""
FEWEST_SEQUENCES = 4

Rest = Literal["stay", "sleep", "stop"]


@dataclass(frozen=True, slots=True)
class Need:
    """What one model takes."""

    model: str
    weights: int
    """Bytes of all parameters, embeddings and idle experts included."""
    cache: int
    """Bytes of KV cache of one sequence of full length."""
    slots: int
    """Sequences that are worth having at once."""
    work: int
    """What one token costs, in any unit (e.g. active parameters): who gets spare GPUs."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What there is."""

    gpus: tuple[int, ...]
    """Free bytes of each GPU."""
    host: int
    """Free bytes of the host's memory."""
    can_sleep: bool = True


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one model lives while its wave is awake."""

    model: str
    gpus: tuple[int, ...]
    """Indices of its GPUs, `tensor_parallel * copies` of them."""
    tensor_parallel: int
    copies: int
    cache: int
    """Bytes of KV cache on each GPU."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Waves of models, and what a model does while another wave is awake."""

    waves: tuple[tuple[Placement, ...], ...]
    rest: Rest
    """"stay" if there is one wave."""

    def wave_of(self, model: str) -> int:
        """Number of the wave in which a model is awake."""
        return next(number for number, wave in enumerate(self.waves) if any(p.model == model for p in wave))

    def placement(self, model: str) -> Placement:
        """Where a model lives."""
        return next(placement for wave in self.waves for placement in wave if placement.model == model)


@dataclass(frozen=True, slots=True)
class _Seat:
    need: Need
    gpus: tuple[int, ...]
    tensor_parallel: int

    @property
    def floor(self) -> int:
        """Bytes it must have on each of its GPUs."""
        return _floor(self.need, self.tensor_parallel)


def plan(needs: Sequence[Need], machine: Machine) -> Plan:
    """The plan by the rules above. Raises InputError naming a model that fits on no number of the GPUs."""
    usable = [int(free * (1 - RESERVE)) for free in machine.gpus]
    order = sorted(needs, key=lambda need: (-need.weights, need.model))
    for need in order:
        _width(need, usable)
    together = _packed(order, usable)
    if together is not None:
        return Plan((_furnished(together, usable),), "stay")
    asleep = [free - SLEEPING * (len(order) - 1) for free in usable]
    backup = sum(need.weights for need in order)
    if machine.can_sleep and backup <= HOST_SHARE * machine.host and all(_fits(need, asleep) for need in order):
        return Plan(tuple(_furnished(wave, asleep) for wave in _waves(order, asleep)), "sleep")
    return Plan(tuple(_furnished(wave, usable) for wave in _waves(order, usable)), "stop")


def _floor(need: Need, tensor_parallel: int) -> int:
    return -(-(need.weights + FEWEST_SEQUENCES * need.cache) // tensor_parallel) + OVERHEAD


def _choice(need: Need, tensor_parallel: int, left: Sequence[int]) -> tuple[int, ...] | None:
    """The GPUs with most memory left, or None if that is too little."""
    best = sorted(range(len(left)), key=lambda gpu: (-left[gpu], gpu))[:tensor_parallel]
    fits = len(best) == tensor_parallel and all(left[gpu] >= _floor(need, tensor_parallel) for gpu in best)
    return tuple(sorted(best)) if fits else None


def _widths(count: int) -> list[int]:
    return [1 << power for power in range(count.bit_length()) if 1 << power <= count]


def _fits(need: Need, left: Sequence[int]) -> bool:
    return any(_choice(need, width, left) is not None for width in _widths(len(left)))


def _width(need: Need, usable: Sequence[int]) -> int:
    """The fewest GPUs on which it fits while they are empty."""
    for width in _widths(len(usable)):
        if _choice(need, width, usable) is not None:
            return width
    widest = max(_widths(len(usable)), default=1)
    there = ", ".join(f"{free / GIB:.1f}" for free in usable)
    raise InputError(
        f"{need.model} needs {_floor(need, widest) / GIB:.1f} GiB on each of {widest} GPUs; "
        f"there are {len(usable)}, with {there or 'no'} GiB that can be used",
        source="engine vllm",
    )


def _packed(order: Sequence[Need], usable: Sequence[int]) -> list[_Seat] | None:
    """All of them at once, or None."""
    left, seats = list(usable), []
    for need in order:
        seat = _seat(need, left, usable)
        if seat is None:
            return None
        seats.append(seat)
    return seats


def _seat(need: Need, left: list[int], usable: Sequence[int]) -> _Seat | None:
    """Takes the model's memory from `left`, or nothing."""
    width = _width(need, usable)
    gpus = _choice(need, width, left)
    if gpus is None:
        return None
    for gpu in gpus:
        left[gpu] -= _floor(need, width)
    return _Seat(need, gpus, width)


def _waves(order: Sequence[Need], usable: Sequence[int]) -> list[list[_Seat]]:
    """First fit, largest first."""
    waves: list[tuple[list[int], list[_Seat]]] = []
    for need in order:
        for left, seats in waves:
            if (seat := _seat(need, left, usable)) is not None:
                seats.append(seat)
                break
        else:
            left = list(usable)
            seat = _seat(need, left, usable)
            assert seat is not None
            waves.append((left, [seat]))
    return [seats for _, seats in waves]


def _furnished(seats: Sequence[_Seat], usable: Sequence[int]) -> tuple[Placement, ...]:
    """Copies on empty GPUs, then what is left as cache."""
    seats = _copied(seats, usable)
    left = list(usable)
    for seat in seats:
        for gpu in seat.gpus:
            left[gpu] -= seat.floor
    placements = []
    for seat in seats:
        need, width = seat.need, seat.tensor_parallel
        shares = []
        for gpu in seat.gpus:
            asking = sum(_wish(other) for other in seats if gpu in other.gpus)
            shares.append(left[gpu] * _wish(seat) // asking if asking else 0)
        least, most = -(-FEWEST_SEQUENCES * need.cache // width), -(-need.slots * need.cache // width)
        cache = max(least, min(most, least + min(shares)))
        placements.append(Placement(need.model, seat.gpus, width, len(seat.gpus) // width, cache))
    return tuple(placements)


def _wish(seat: _Seat) -> int:
    """Bytes of cache per GPU that would still be of use."""
    return max(0, seat.need.slots - FEWEST_SEQUENCES) * seat.need.cache // seat.tensor_parallel


def _copied(seats: Sequence[_Seat], usable: Sequence[int]) -> list[_Seat]:
    seats = list(seats)
    taken = {gpu for seat in seats for gpu in seat.gpus}
    empty = [gpu for gpu in range(len(usable)) if gpu not in taken]
    while empty:
        for number in sorted(range(len(seats)), key=lambda n: (-seats[n].need.work / len(seats[n].gpus), n)):
            seat = seats[number]
            able = [gpu for gpu in empty if usable[gpu] >= seat.floor][: seat.tensor_parallel]
            if len(able) == seat.tensor_parallel:
                seats[number] = replace(seat, gpus=(*seat.gpus, *able))
                empty = [gpu for gpu in empty if gpu not in able]
                break
        else:
            break
    return seats
