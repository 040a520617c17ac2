"""Statistics: pure functions, arrays in, small frozen records or arrays out.

docs/reference/statistics.md says which function answers which question.
"""

from ttgbench.stats.aggregate import (
    by_draw,
    hierarchical_bootstrap,
    mean_interval,
    normalise,
    performance_profile,
    task_means,
)
from ttgbench.stats.anytime import (
    ExpectedRunningTime,
    Reached,
    break_even_queries,
    ecdf_area,
    ecdf_band,
    expected_running_time,
    held_spends,
    incumbent_at,
    reached,
)
from ttgbench.stats.bayes import RopeProbabilities, correlated_t_rope, signed_rank_rope
from ttgbench.stats.crossed import CrossedComparison, compare_crossed
from ttgbench.stats.interval import Band, Interval
from ttgbench.stats.paired import Comparison, compare
from ttgbench.stats.pareto import attainment, attainment_surface, best_within, hypervolume, pareto_front
from ttgbench.stats.proportion import accuracy_interval, wilson_interval
from ttgbench.stats.ranking import (
    MIN_TASKS,
    CriticalDifference,
    MethodsComparison,
    PairTest,
    RankIntervals,
    compare_methods,
    critical_difference,
    friedman_test,
    rank_intervals,
    tie_groups,
    wilcoxon_holm,
)
from ttgbench.stats.runs import MIN_DRAWS, RunsComparison, compare_runs
from ttgbench.stats.significance import (
    bca_interval,
    equivalence_p,
    mcnemar_test,
    minimum_detectable_effect,
    sign_flip_interval,
    sign_flip_test,
)
from ttgbench.stats.simultaneous import PairErrors, pair_errors
from ttgbench.stats.units import questions_as_units
from ttgbench.stats.verdict import NO_DIFFERENCE, Difference

__all__ = [
    "MIN_DRAWS",
    "MIN_TASKS",
    "NO_DIFFERENCE",
    "Band",
    "Comparison",
    "CriticalDifference",
    "CrossedComparison",
    "Difference",
    "ExpectedRunningTime",
    "Interval",
    "MethodsComparison",
    "PairErrors",
    "PairTest",
    "RankIntervals",
    "Reached",
    "RopeProbabilities",
    "RunsComparison",
    "accuracy_interval",
    "attainment",
    "attainment_surface",
    "bca_interval",
    "best_within",
    "break_even_queries",
    "by_draw",
    "compare",
    "compare_crossed",
    "compare_methods",
    "compare_runs",
    "correlated_t_rope",
    "critical_difference",
    "ecdf_area",
    "ecdf_band",
    "equivalence_p",
    "expected_running_time",
    "friedman_test",
    "held_spends",
    "hierarchical_bootstrap",
    "hypervolume",
    "incumbent_at",
    "mcnemar_test",
    "mean_interval",
    "minimum_detectable_effect",
    "normalise",
    "pair_errors",
    "pareto_front",
    "performance_profile",
    "questions_as_units",
    "rank_intervals",
    "reached",
    "sign_flip_interval",
    "sign_flip_test",
    "signed_rank_rope",
    "task_means",
    "tie_groups",
    "wilcoxon_holm",
    "wilson_interval",
]
