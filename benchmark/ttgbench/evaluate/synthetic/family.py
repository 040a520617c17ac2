"""The family of simulated worlds: one seeded function that draws everything a problem consists of.

`synthetic-v1` is one world whose coefficients were chosen by hand; here each is drawn from a prior. It is a prior: no
recording of language models was fitted. Each line says what it rests on, or that it rests on nothing; it is wide where
nothing is known (docs/simulated.md). A value is a hash of its place and its own name: the same on every machine, and a
coefficient that is added later changes no other.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from statistics import NormalDist
from types import MappingProxyType
from typing import Any, TypeVar

from ttgbench.evaluate.synthetic.coefficients import Ability, Coefficients, Domain, Reading
from ttgbench.evaluate.synthetic.draws import address
from ttgbench.evaluate.synthetic.strata import BUDGETS, Stratum
from ttgbench.evaluate.synthetic.task import SyntheticTask
from ttgbench.models.pool import ModelCard, Pool
from ttgbench.util.text import counted

VERSION = 2
"""Raised with every change of a prior: published instances are what it drew."""
DOMAIN = "simulated"
SIZES: Mapping[str, int] = MappingProxyType({"search": 200, "test": 300})
"""Questions per split."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Instance:
    """One drawn problem."""

    stratum: Stratum
    coefficients: Coefficients
    pool: Pool
    task: SyntheticTask
    roles: tuple[str, ...]
    units: float
    """Budget per query, in answers of the smallest model."""
    max_nodes: int
    max_width: int
    max_depth: int
    max_in_degree: int
    reference_seconds: float | None
    """So many seconds are worth a tenth of accuracy; None: seconds do not count."""

    def facts(self) -> dict[str, Any]:
        """Everything that was drawn, rounded, for people."""
        numbers = self.coefficients
        return {
            "budget": f"{self.units:g} units",
            "roles": ", ".join(self.roles),
            "limits": f"{counted(self.max_nodes, 'node')}, {self.max_width} x {self.max_depth}, "
            f"in {self.max_in_degree}",
            "reference seconds": self.reference_seconds,
            "questions": {name: _short(value) for name, value in asdict(numbers.domains[DOMAIN]).items()},
            **{name: {k: _short(v) for k, v in asdict(reading).items()} for name, reading in numbers.readings.items()},
            "slope": _short(numbers.slope),
            "fatigue": _short(numbers.fatigue),
            "models": [
                {
                    "name": card.name,
                    "family": card.family,
                    "parameters": f"{card.parameters / 1e9:g}B",
                    "alone": _short(ability.alone[DOMAIN]),
                    "judgement": _short(ability.judgement),
                    "overload": _short(ability.overload),
                    "verbosity": _short(ability.verbosity),
                    "price": card.price_out,
                    "speed": card.decode_speed,
                }
                for card, ability in ((card, numbers.abilities[card.name]) for card in self.pool)
            ],
        }


def _short(value: Any) -> Any:
    return round(value, 3) if isinstance(value, float) else value


class _Draws:
    """Random values by name."""

    def __init__(self, *place: object) -> None:
        self._place = place

    def share(self, name: str) -> float:
        """Uniform on (0, 1)."""
        return ((address(*self._place, name) >> 12) + 0.5) * 2.0**-52

    def uniform(self, name: str, low: float, high: float) -> float:
        return low + (high - low) * self.share(name)

    def log_uniform(self, name: str, low: float, high: float) -> float:
        return float(low * (high / low) ** self.share(name))

    def normal(self, name: str, mean: float, deviation: float) -> float:
        return NormalDist(mean, deviation).inv_cdf(self.share(name))

    def whole(self, name: str, low: int, high: int) -> int:
        """Uniform on low, ..., high."""
        return low + int((high - low + 1) * self.share(name))

    def one_of(self, name: str, items: Sequence[Item]) -> Item:
        return items[int(len(items) * self.share(name))]


def draw_instance(stratum: Stratum, salt: str, number: int, attempt: int = 0) -> Instance:
    """Instance `number` of a stratum, the same for the same arguments; attempt: which draw, as the filter refuses some.

    What is shown of it (names of models and questions) tells nothing of the draw to who does not know the salt.
    """
    place = ("family", VERSION, salt, stratum.name, number, attempt)
    draws = _Draws(*place)
    domain = _domain(draws, stratum)
    pool = _pool(draws, stratum)
    name = f"simulated_{stratum.name}"
    coefficients = Coefficients(
        label=f"{VERSION}-{_digest('label', *place)}",
        domains={DOMAIN: domain},
        abilities=_abilities(draws, pool),
        readings=_readings(draws, stratum),
        slope=draws.uniform("slope", 0.0, 0.6),
        # GSM8K falls with each round of self-correction (Huang et al. 2024), by how much depends on model and prompt
        fatigue=draws.uniform("fatigue", 0.3, 0.8) if stratum.wide else draws.uniform("fatigue", 0.0, 0.25),
        secret=f"{_digest('secret', *place)}:",
    )
    width, depth = (draws.whole("more", 5, 9), draws.whole("less", 2, 4))
    width, depth = (width, depth) if stratum.wide else (depth + 1, width - 1)
    return Instance(
        stratum=stratum,
        coefficients=coefficients,
        pool=pool,
        task=SyntheticTask.drawn(name, DOMAIN, domain, VERSION, f"{name}-{_digest('questions', *place)}", SIZES),
        roles=("assistant", "fuser", "vote") if domain.votable else ("assistant", "fuser"),
        units=round(BUDGETS[stratum.budget] * draws.log_uniform("units", 0.75, 1.35), 1),
        max_nodes=draws.whole("nodes", 7, 12),
        max_width=width,
        max_depth=depth,
        max_in_degree=draws.whole("in-degree", 3, 8),
        reference_seconds=_reference_seconds(draws, pool, domain) if stratum.latency else None,
    )


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()[:16]


def _domain(draws: _Draws, stratum: Stratum) -> Domain:
    """Questions and wrong answers. Where a vote is useful, samples differ and slips scatter; where it is not, models
    know it or do not, and are wrong alike (favourite wrong answers: half to 85% of a family's)."""
    friendly = stratum.vote
    return Domain(
        question=round(draws.log_uniform("question", 60, 400)),
        answer=round(draws.log_uniform("answer", 60, 500)),
        votable=friendly or draws.share("votable") < 0.5,
        spread=draws.uniform("spread", 0.6, 1.8) if friendly else draws.uniform("spread", 1.2, 3.0),
        topic=draws.uniform("topic", 0.2, 0.8),
        # errors correlate within families and, less, across them (Kim et al. 2025); by how much is unknown here
        blind_spot=draws.uniform("blind spot", 0.4, 1.8),
        personal=draws.uniform("personal", 0.3, 1.2),
        trap=draws.uniform("trap", 0.25, 0.45) if friendly else draws.uniform("trap", 0.5, 0.85),
        shared_trap=draws.uniform("shared trap", 0.1, 0.5) if friendly else draws.uniform("shared trap", 0.4, 0.9),
        # recorded-micro-v1: fusers of 0.1 to 0.3 billion parameters spoil more than they repair; others report gains
        recognition=draws.uniform("recognition", 1.0, 2.2) if stratum.fuser else draws.uniform("recognition", 0.2, 1.1),
    )


def _readings(draws: _Draws, stratum: Stratum) -> dict[str, Reading]:
    """How roles read. The two numbers on which the first world's order of methods hung, so the ranges are wide."""
    own = draws.uniform("fuser own", 0.2, 0.7) if stratum.fuser else draws.uniform("fuser own", 0.7, 1.2)
    better = draws.uniform("fuser", 0.2, 0.9) if stratum.fuser else draws.uniform("fuser", -0.6, 0.2)
    return {
        "assistant": Reading(
            own=draws.uniform("assistant own", 0.5, 1.5), recognition=draws.normal("assistant", 0, 0.4)
        ),
        "fuser": Reading(own=own, recognition=better),
    }


def _pool(draws: _Draws, stratum: Stratum) -> Pool:
    """Three to eight models of two or three families, in order of size, under names that say nothing else."""
    budget = BUDGETS[stratum.budget]
    if stratum.many_small:
        count, smallest, ratio = draws.whole("models", 4, 8), 0.5e9, max(3.0, budget / 4)
    else:
        count, smallest, ratio = draws.whole("models", 3, 4), 1.5e9, max(4.0, budget / 3)
    first = draws.log_uniform("smallest", smallest, 3 * smallest)
    last = first * draws.log_uniform("ratio", ratio / 2, ratio)
    middle = sorted(draws.log_uniform(f"size {number}", first, last) for number in range(count - 2))
    families = [f"family-{letter}" for letter in "pqr"[: draws.whole("families", 2, 3)]]
    chosen = [families[number % len(families)] for number in range(count)]
    order = sorted(range(count), key=lambda number: draws.share(f"order {number}"))
    slope, level = draws.uniform("price slope", 0.6, 1.1), draws.log_uniform("price level", 0.05, 0.2)
    cards = []
    for number, parameters in enumerate([first, *middle, last]):
        price = level * (parameters / 1e9) ** slope * draws.log_uniform(f"price {number}", 0.7, 1.4)
        speed = draws.log_uniform(f"speed {number}", 0.7, 1.4) / parameters
        cards.append(_card(f"m{number + 1}", chosen[order[number]], parameters, price, speed))
    return Pool(name="drawn", description="Simulated models, drawn for one instance.", models=tuple(cards))


def _card(name: str, family: str, parameters: float, price: float, speed: float) -> ModelCard:
    """Shapes follow public models: 16 layers of 2,048 at 1 billion parameters, both growing with the cube root."""
    root = (parameters / 1e9) ** (1 / 3)
    return ModelCard(
        name=name,
        hub_id=f"synthetic/{name}",
        revision=str(VERSION),
        family=family,
        parameters=int(round(parameters, -7)),
        layers=max(8, round(16 * root)),
        hidden_size=128 * max(4, round(16 * root)),
        context_length=131072,
        price_in=round(price, 4),
        price_out=round(price, 4),
        price_date=date(2026, 11, 29),
        price_source="drawn",
        prefill_speed=round(2e14 * speed, 1),
        decode_speed=round(1e12 * speed, 2),
        quantization="none",
        licence="Apache-2.0",
    )


def _abilities(draws: _Draws, pool: Pool) -> dict[str, Ability]:
    """A trend over the logarithm of size, offsets of families and of models. Model cards of one family rise by some
    0.1 to 0.6 logits with each doubling; families of one size differ by as much as two doublings."""
    base, trend = draws.normal("ability", -0.3, 0.5), draws.uniform("trend", 0.1, 0.4)
    middle = math.exp(sum(math.log(card.parameters) for card in pool) / len(pool))
    found = {}
    for card in pool:
        offset = draws.normal(f"ability {card.family}", 0, 0.5) + draws.normal(f"ability {card.name}", 0, 0.3)
        logit = base + trend * math.log2(card.parameters / middle) + offset
        alone = min(max(1 / (1 + math.exp(-logit)), 0.12), 0.78)
        found[card.name] = Ability(
            alone={DOMAIN: alone},
            # usable context is shorter than the stated one and grows with size (Hsieh et al. 2024, RULER)
            overload=0.45 * (card.parameters / 3e9) ** -0.3 * draws.log_uniform(f"overload {card.name}", 0.4, 2.5),
            verbosity=draws.log_uniform(f"verbosity {card.name}", 0.65, 1.5),
            judgement=draws.normal(f"judgement {card.family}", 0, 0.4) + draws.normal(f"judgement {card.name}", 0, 0.4),
        )
    return found


def _reference_seconds(draws: _Draws, pool: Pool, domain: Domain) -> float:
    """A multiple of what the middle model takes for an answer."""
    card = pool.models[len(pool) // 2]
    return round(draws.log_uniform("seconds", 3, 10) * domain.answer / card.decode_speed, 4)
