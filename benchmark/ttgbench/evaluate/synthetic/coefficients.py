"""Every number of the synthetic response model, each with its reason. `evaluator.py` says how they are used.

They are chosen so that the landscape has the shape that is reported for real models, not so that it predicts any of
them. "Order of" means: the size of a public figure, rounded, not the figure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

VERSION = 1
"""Raised with every change of a number or of the model: part of every node key, so that results never mix."""

WRONG = 4
"""Plausible wrong answers per question: about what repeated sampling finds often."""


@dataclass(frozen=True, slots=True)
class Domain:
    """How the questions of a domain behave. Spreads are standard deviations in logits."""

    question: int
    """Mean tokens of a question with its instructions (A)."""
    answer: int
    """Mean tokens of an answer (B)."""
    votable: bool
    """Programs cannot be compared as strings, so code has no vote."""
    spread: float
    """Of the difficulty of questions, apart from topics. Large: a model knows the answer or does not, and sampling
    again changes little. Small: every sample is a new chance. Repeated sampling raises the share of solved problems
    most in mathematics and code (Brown et al. 2024, Large Language Monkeys) and little where facts are asked for."""
    topic: float
    """Of the difficulty shared by the questions of one cluster."""
    blind_spot: float
    """Of what a family finds harder or easier than others, question by question: errors of related models are
    correlated (Kim et al. 2025, Correlated Errors in Large Language Models)."""
    personal: float
    """Of what one model finds harder or easier than its relatives."""
    trap: float
    """Share of a family's wrong answers that are its favourite one; the rest is even. A quarter would be no favourite.
    High where a misconception has a name, low where slips are many (self-consistency works: Wang et al. 2023)."""
    shared_trap: float
    """Probability that a family's favourite is the one that tempts everybody."""
    recognition: float
    """Logit added to a right answer that is read, for a model that would solve the question half of the time. Checking
    a derivation or a program is easier than finding it; checking a fact is knowing it (Saunders et al. 2022,
    Self-critiquing models; Stechly et al. 2024 for the limits)."""


DOMAINS: Mapping[str, Domain] = MappingProxyType(
    {
        # lengths: order of a grade-school or competition problem with a worked solution
        "math": Domain(120, 300, True, 1.5, 0.5, 0.5, 0.4, 0.40, 0.4, 1.5),
        # a function's description, and a function
        "code": Domain(200, 260, False, 2.0, 0.7, 0.8, 0.6, 0.40, 0.4, 1.1),
        # a question with choices or a passage, and a short argument
        "qa": Domain(160, 140, True, 2.8, 0.8, 1.4, 1.0, 0.60, 0.6, 0.9),
    }
)


@dataclass(frozen=True, slots=True)
class Ability:
    """One model. Its family is that of its card."""

    alone: Mapping[str, float]
    """Expected share of right answers, alone and in one attempt, by domain."""
    overload: float
    """Logits of recognition lost per 1,000 tokens of predecessors' answers. Usable context is shorter than the stated
    one and grows with size (Hsieh et al. 2024, RULER; Liu et al. 2024, Lost in the Middle)."""
    verbosity: float
    """Length of its answers, as a multiple of the task's mean."""
    judgement: float = 0.0
    """Logits of recognition by which it reads better than its own answers let expect."""


# sim-a follows the order of the Llama 3.1 and 3.2 model cards: MATH 31 / 48 / 52 / 68, HumanEval 73 / 81 for the two
# large ones, MMLU 49 / 63 / 69 / 84. sim-b follows the order of Gemma's reports: strong in mathematics at small sizes
# (MATH 48 / 76 for Gemma 3 1B / 4B, taken lower here so that no size settles the matter), weaker in code and knowledge.
# sim-a-70b is weaker than its class in all three: at 80 units it can do little but answer alone, and where that cannot
# be beaten there is nothing to search for.
ABILITIES: Mapping[str, Ability] = MappingProxyType(
    {
        "sim-a-1b": Ability({"math": 0.31, "code": 0.32, "qa": 0.44}, 0.60, 0.90),
        "sim-a-3b": Ability({"math": 0.46, "code": 0.52, "qa": 0.58}, 0.42, 1.00),
        "sim-a-8b": Ability({"math": 0.54, "code": 0.68, "qa": 0.66}, 0.28, 1.05),
        "sim-a-70b": Ability({"math": 0.66, "code": 0.75, "qa": 0.74}, 0.12, 1.10),
        "sim-b-1b": Ability({"math": 0.42, "code": 0.27, "qa": 0.38}, 0.60, 1.10),
        "sim-b-4b": Ability({"math": 0.58, "code": 0.50, "qa": 0.55}, 0.36, 1.10),
        "sim-b-9b": Ability({"math": 0.66, "code": 0.60, "qa": 0.69}, 0.26, 0.95),
    }
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a role treats what its predecessors said. It drafts an answer of its own, then picks one of all it has."""

    own: float
    """Weight of its own draft; one predecessor's answer has weight 1."""
    recognition: float
    """Logits added to the domain's recognition."""


READINGS: Mapping[str, Reading] = MappingProxyType(
    {
        # asked to improve: it is drawn to its own solution and is not told to choose
        "assistant": Reading(own=1.2, recognition=0.0),
        # asked to synthesise: it compares and mostly takes over (Jiang et al. 2023, LLM-Blender; Wang et al. 2024, MoA)
        "fuser": Reading(own=0.4, recognition=0.5),
    }
)

SLOPE = 0.35
"""Logits of recognition per logit of the reader's own chance on the question: who could solve it judges it better, and
is misled by plausible errors on what is beyond it (Huang et al. 2024, LLMs Cannot Self-Correct Reasoning Yet)."""
LEAST, MOST = -0.5, 5.0
"""Bounds of recognition in logits, whatever is lost: an overloaded reader picks about blindly, and nobody is sure
without limit."""
FATIGUE = 0.40
"""Logits of recognition lost per level beyond the second: each round of revision rationalises errors and finds less.
GSM8K falls with each round of self-correction (Huang et al. 2024); Self-Refine's gains shrink (Madaan et al. 2023)."""

LENGTH_SPREAD = 0.3
"""Standard deviation of the logarithm of a question's length, and of the length of its answers."""
LENGTH_OF_DIFFICULTY = 0.08
"""Relative growth of answers per logit of difficulty: hard questions are answered at greater length."""
LENGTH_NOISE = (0.6, 0.8)
"""A sample's length is uniform from 0.6 to 1.4 of what is expected."""
MAX_TOKENS = 2.5
"""Longest answer, as a multiple of the mean; what runs into it is unanswered, as with real models."""
CLUSTER = 4
"""Questions per cluster: test sets hold variants and shared passages."""
CERTAINTY = 0.002
"""No chance is nearer to 0 or 1."""


@dataclass(frozen=True, slots=True)
class Coefficients:
    """The numbers in which simulated worlds differ; those above that are not among them are common to all."""

    label: str
    """Part of every node key and of every draw: results of two worlds never mix."""
    domains: Mapping[str, Domain]
    abilities: Mapping[str, Ability]
    """By model."""
    readings: Mapping[str, Reading]
    """By role: those of `READINGS`."""
    slope: float
    """As `SLOPE`."""
    fatigue: float
    """As `FATIGUE`."""
    secret: str = ""
    """Part of every draw, and of nothing that is shown: who knows the questions' names still cannot draw."""


FIRST = Coefficients(str(VERSION), DOMAINS, ABILITIES, READINGS, SLOPE, FATIGUE)
"""The world of `synthetic-v1`."""
