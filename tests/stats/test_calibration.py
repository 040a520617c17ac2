"""Simulations: intervals cover and tests err as often as they say, over thousands of worlds whose truth is known."""

from functools import partial

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ttgbench.report.judge import together
from ttgbench.stats import (
    accuracy_interval,
    compare,
    compare_crossed,
    compare_methods,
    compare_runs,
    ecdf_area,
    ecdf_band,
    friedman_test,
    mcnemar_test,
    mean_interval,
    minimum_detectable_effect,
    questions_as_units,
    rank_intervals,
    reached,
    sign_flip_test,
    wilcoxon_holm,
    wilson_interval,
)

WORLDS = 2000


def answers(rng, questions, universes, clusters=None):
    """Right and wrong answers of two graphs that are equally good on average, each with its own strong questions."""
    difficulty = rng.normal(size=questions)
    talents = rng.normal(0, 0.7, (2, clusters or questions))
    talents = np.repeat(talents, questions // talents.shape[1], axis=1)
    chances = scipy_stats.norm.cdf(difficulty + talents)[:, :, None]
    return (rng.random((2, questions, universes)) < chances).astype(float)


def share(outcomes):
    return np.mean([bool(outcome) for outcome in outcomes])


def test_paired_comparison_of_equal_graphs():
    rng = np.random.default_rng(1)
    results = [compare(*answers(rng, 60, 5), rng, resamples=999) for _ in range(WORLDS)]
    assert 0.03 < share(r.p < 0.05 for r in results) < 0.07
    assert 0.93 < share(r.low <= 0 <= r.high for r in results) < 0.97
    assert share(r.verdict() != "no difference shown" for r in results) < 0.07


def test_paired_comparison_over_clusters():
    rng = np.random.default_rng(2)
    texts = [i // 6 for i in range(120)]
    results = [compare(*answers(rng, 120, 5, 20), rng, clusters=texts, resamples=999) for _ in range(WORLDS)]
    assert 0.03 < share(r.p < 0.05 for r in results) < 0.07
    assert 0.93 < share(r.low <= 0 <= r.high for r in results) < 0.97


@pytest.mark.parametrize("sizes", [[60] + [4] * 15, [100] + [1] * 30])
def test_paired_comparison_over_clusters_of_unlike_size(sizes):
    """Student's t with a cluster-robust error covers in 84% and 29% of these worlds."""
    rng = np.random.default_rng(20)
    texts = np.repeat(np.arange(len(sizes)), sizes)
    results = []
    for _ in range(500):
        first = 0.5 + np.clip(rng.normal(0, 0.1, len(sizes)), -0.4, 0.4)[texts] + rng.uniform(-0.05, 0.05, sum(sizes))
        results.append(compare(first[:, None], np.full((sum(sizes), 1), 0.5), rng, clusters=list(texts), resamples=999))
    assert share(r.low <= 0 <= r.high for r in results) > 0.93
    assert share(r.verdict() != "no difference shown" for r in results) < 0.07


def test_what_the_pooling_guard_prevents():
    """The same equal graphs, questions x universes taken for independent: a "5%" test that is wrong far more often."""
    rng = np.random.default_rng(3)
    first, second = np.stack([answers(rng, 60, 5) for _ in range(WORLDS)], axis=1)
    pooled = scipy_stats.ttest_1samp((first - second).reshape(WORLDS, -1), 0, axis=1).pvalue
    assert share(pooled < 0.05) > 0.12
    with pytest.raises(ValueError, match="not independent"):
        questions_as_units(first[0].reshape(-1, 1), ("question x universe", "run"))


def test_mcnemar_errs_at_most_as_often_as_it_says():
    rng = np.random.default_rng(4)
    p = [mcnemar_test(first[:, 0], second[:, 0]) for first, second in (answers(rng, 200, 1) for _ in range(WORLDS))]
    assert 0.02 < share(value < 0.05 for value in p) < 0.06


def test_equivalence_is_claimed_at_the_margin_as_rarely_as_declared():
    rng = np.random.default_rng(5)
    scores = 0.5 + np.clip(rng.normal(0.02, 0.1, (WORLDS, 150, 1)), -0.5, 0.5)  # truly different by the margin
    half = np.full((150, 1), 0.5)
    assert 0.03 < share(compare(world, half, rng, resamples=19).is_equivalent(0.02) for world in scores) < 0.07


def test_the_minimum_detectable_effect_is_detected_four_times_in_five():
    rng = np.random.default_rng(6)
    effect = minimum_detectable_effect(1 / np.sqrt(50), 50)
    assert (
        0.77
        < share(sign_flip_test(rng.normal(effect, 1, 50), rng, resamples=999)[0] < 0.05 for _ in range(WORLDS))
        < 0.83
    )


def test_wilson_covers_on_average_over_accuracies():
    hits = np.arange(101)
    intervals = [wilson_interval(int(k), 100) for k in hits]
    low, high = np.array([(i.low, i.high) for i in intervals]).T
    truths = np.linspace(0.05, 0.95, 181)[:, None]
    coverage = (scipy_stats.binom.pmf(hits, 100, truths) * ((low <= truths) & (truths <= high))).sum(axis=1)
    assert 0.945 < coverage.mean() < 0.96
    assert coverage.min() > 0.92


@pytest.mark.parametrize(("texts", "spread"), [(10, 1.0), (20, 0.3), (40, 2.0)])
def test_accuracies_over_clusters_cover(texts, spread):
    rng = np.random.default_rng(23)
    truth = scipy_stats.norm.cdf(0.8 / np.sqrt(1 + spread**2))
    labels = list(np.repeat(np.arange(texts), 5))
    chances = scipy_stats.norm.cdf(np.repeat(rng.normal(0.8, spread, (WORLDS, texts)), 5, axis=1))
    worlds = (rng.random(chances.shape) < chances).astype(float)
    intervals = [accuracy_interval(world[:, None], clusters=labels) for world in worlds]
    assert 0.93 < share(one.low <= truth <= one.high for one in intervals) < 0.98


@pytest.mark.parametrize("draws", [5, 20])
def test_intervals_of_means_cover(draws):
    """Regrets of nine problems, of which two are one experiment, skewed as regrets are."""
    rng = np.random.default_rng(7)
    worlds = rng.gamma(2, size=(WORLDS, 9, draws)) * np.linspace(0.5, 2, 9)[:, None]
    worlds[:, 1] = worlds[:, 0]
    truth = 2 * np.array([0.5, 0.5, *np.linspace(0.5, 2, 9)[2:]]).mean()
    band = mean_interval(worlds.mean(axis=1))
    assert 0.93 < share((band.low <= truth) & (truth <= band.high)) < 0.97


@pytest.mark.parametrize(("draws", "ease"), [(5, 1.0), (10, 1.0), (10, -1.0), (20, 0.0)])
def test_intervals_of_what_was_reached_cover(draws, ease):
    """Twelve problems, three targets; a run reaches the harder ones more seldom and later, and may be a lucky one."""
    rng = np.random.default_rng(18)
    chance = scipy_stats.norm.cdf(rng.normal(ease, 1, (12, 1)) - [0, 0.7, 1.4])
    latest = rng.uniform(5, 60, (12, 3))
    truth = (chance * latest / 2 + (1 - chance) * 80) / chance
    right = []
    for _ in range(WORLDS // 8):
        luck = 0.5 * rng.normal(size=draws) + np.sqrt(0.75) * rng.normal(size=(12, 1, draws))
        held = scipy_stats.norm.cdf(luck) < chance[..., None]
        hits = np.where(held, rng.uniform(0, latest[..., None], (12, 3, draws)), np.inf)
        spent = np.full((12, draws), 80.0)
        area = ecdf_area(hits, spent, 0.1, 80, range(draws))
        band = ecdf_band(hits, spent, [20, 80], range(draws), rng, resamples=200)
        middle = reached(hits, spent, range(draws), rng, resamples=200)[1]
        shares = (truth <= 20).mean(), (truth <= 80).mean()
        whole = (np.log(80 / np.clip(truth, 0.1, 80)) / np.log(800)).mean()
        right.append(
            [
                area.low <= whole <= area.high,
                *((band.low <= shares) & (shares <= band.high)),
                middle.spend.low <= np.median(truth[:, 1]) <= middle.spend.high,
                middle.share.low <= chance[:, 1].mean() <= middle.share.high,
            ]
        )
    area, at_20, at_80, spend, held = np.mean(right, axis=0)
    assert min(area, at_20, at_80, held) > 0.9
    assert spend > 0.85  # the median of a dozen spends is itself biased where they lie far apart


def test_rank_intervals_hold_all_at_once():
    """Equal methods of unlike spread: every rank is true for each, so any certainty is an error."""
    rng = np.random.default_rng(8)
    spread = np.array([0.5, 1, 1, 1, 1, 2])[:, None]
    for draws in (5, 10, 20):
        worlds = rng.normal(size=(WORLDS // 2, 6, draws)) * spread
        results = [rank_intervals(world, rng, resamples=499) for world in worlds]
        assert share((r.best > 1).any() or (r.worst < 6).any() for r in results) <= 0.07


def test_ranks_of_methods_whose_problems_share_their_samples():
    """Eight equal methods on four problems that are nearly one experiment: the draws are redrawn on all together."""
    rng = np.random.default_rng(19)
    results = []
    for _ in range(WORLDS // 2):
        world = rng.normal(size=(8, 1, 10)) + rng.normal(0, 0.2, (8, 4, 10))
        results.append(rank_intervals(world.mean(axis=1), rng, resamples=499))
    assert share((r.best > 1).any() or (r.worst < 8).any() for r in results) <= 0.07


def test_tests_over_tasks():
    rng = np.random.default_rng(9)
    worlds = rng.normal(size=(WORLDS, 3, 12)) + rng.normal(0, 3, (WORLDS, 1, 12))
    assert 0.03 < share(friedman_test(world) < 0.05 for world in worlds) < 0.07
    assert 0.02 < share(min(wilcoxon_holm(world).values()) < 0.05 for world in worlds) < 0.06


def method(rng, seeds, shared=None):
    """Test accuracies of runs of one method: the graph that a search finds is one of four, which share its samples."""
    graphs = np.array([0.55, 0.6, 0.62, 0.64])
    luck = rng.normal(size=(seeds, 4)) + (0 if shared is None else shared)
    return graphs[np.argmax(luck, axis=1)] + rng.normal(0, 0.01, seeds)


def by_seed(values, first=0):
    return dict(enumerate(values, first))


def false_positives(worlds):
    return share(found.verdict() != "no difference shown" for found in worlds)


@pytest.mark.parametrize("seeds", [5, 10, 20])
def test_identical_methods_on_shared_seeds(seeds):
    rng = np.random.default_rng(10)
    worlds = []
    for _ in range(WORLDS):
        samples = rng.normal(size=(seeds, 4))
        worlds.append(compare_runs(by_seed(method(rng, seeds, samples)), by_seed(method(rng, seeds, samples))))
    assert 0.03 < false_positives(worlds) < 0.07
    assert 0.93 < share(found.low <= 0 <= found.high for found in worlds) < 0.97


def test_one_method_against_itself_on_other_seeds():
    rng = np.random.default_rng(11)
    runs = [method(rng, 20) for _ in range(WORLDS)]
    worlds = [compare_runs(by_seed(world[:10]), by_seed(world[10:], 10)) for world in runs]
    assert 0.03 < false_positives(worlds) < 0.07
    assert 0.93 < share(found.low <= 0 <= found.high for found in worlds) < 0.97


def test_seeds_that_share_universes():
    """Twenty seeds on six draws, whose samples decide most of what a search finds: runs are not the units."""
    rng = np.random.default_rng(12)
    worlds, naive = [], []
    for _ in range(WORLDS):
        one, other = (np.tile(rng.normal(0.6, 0.03, 6), 4)[:20] + rng.normal(0, 0.01, 20) for _ in range(2))
        worlds.append(compare_runs(by_seed(one), by_seed(other), lambda seed: seed % 6))
        naive.append(compare_runs(by_seed(one), by_seed(other)))
    assert 0.03 < false_positives(worlds) < 0.07
    assert false_positives(naive) > 0.2


def crossed_world(rng, draws, questions, size=1):
    """Right and wrong answers of the runs of two methods that are equally good on average over runs and questions."""
    ease = rng.normal(size=(2, 1, questions)) * 0.7 + rng.normal(size=questions)
    ease = np.repeat(ease, size, axis=-1) if size > 1 else ease
    chances = scipy_stats.norm.cdf(ease + rng.normal(0, 0.2, (2, draws, 1)))
    return (rng.random(chances.shape) < chances).astype(float)


@pytest.mark.parametrize(("draws", "questions", "size"), [(5, 100, 1), (20, 60, 1), (10, 20, 5)])
def test_methods_over_runs_and_questions(draws, questions, size):
    """Over runs alone the same worlds give too many verdicts, which speak of these questions only."""
    rng = np.random.default_rng(21)
    labels = None if size == 1 else list(np.repeat(np.arange(questions), size))
    worlds, over_runs = [], []
    for _ in range(WORLDS // 2):
        one, other = crossed_world(rng, draws, questions, size=size)
        worlds.append(compare_crossed(by_seed(one), by_seed(other), clusters=labels))
        over_runs.append(compare_runs(by_seed(one.mean(axis=1)), by_seed(other.mean(axis=1))))
    assert 0.02 < false_positives(worlds) < 0.07
    assert 0.93 < share(found.low <= 0 <= found.high for found in worlds) < 0.98
    assert false_positives(over_runs) > max(0.07, false_positives(worlds))


def test_methods_over_runs_and_clusters_of_unlike_size():
    rng = np.random.default_rng(22)
    text = np.repeat(np.arange(16), [30] + [4] * 15)
    worlds = []
    for _ in range(WORLDS // 2):
        one, other = crossed_world(rng, 10, 16)
        repeated = [side[:, text] for side in (one, other)]
        worlds.append(compare_crossed(*map(by_seed, repeated), clusters=list(text)))
    assert false_positives(worlds) < 0.07


@pytest.mark.parametrize("seeds", [5, 6, 10, 20])
@pytest.mark.parametrize("ties", [0.2, 0.8])
def test_identical_methods_that_often_tie(seeds, ties):
    """Runs end with one of two graphs, so that ties and draws without any spread are common: never above nominal."""
    rng = np.random.default_rng(13)
    graphs = np.where(rng.random((WORLDS, 2, seeds)) < (1 + np.sqrt(max(2 * ties - 1, 0))) / 2, 0.6, 0.5)
    worlds = [compare_runs(by_seed(one), by_seed(other)) for one, other in graphs]
    assert false_positives(worlds) < 0.07


def test_equivalence_on_many_problems_is_claimed_as_rarely_as_declared():
    """Twelve problems, on each of which the true difference is the margin."""
    rng = np.random.default_rng(18)
    wrong, zero_left_out = [], []
    for _ in range(500):
        tests = [
            partial(compare_runs, by_seed(0.5 + rng.normal(0.02, 0.02, 10)), by_seed(np.full(10, 0.5)))
            for _ in range(12)
        ]
        found = together(tests, 0.02)
        wrong.append(any(words.startswith("equivalent") for _, _, words in found))
        zero_left_out.append(all((one.low > 0 or one.high < 0) == (p < 0.05) for one, p, _ in found))
    assert 0.02 < share(wrong) < 0.07
    assert all(zero_left_out)


def test_two_draws_give_no_verdict():
    rng = np.random.default_rng(14)
    worlds = [compare_runs(by_seed(rng.random(10)), by_seed(rng.random(10)), lambda seed: seed % 2) for _ in range(100)]
    assert {found.verdict(0.02) for found in worlds} == {
        "no verdict: the seeds share 2 draws of the samples, fewer than 5"
    }


def test_a_true_difference_of_runs_is_found_as_often_as_theory_says():
    """Three points between methods whose paired runs differ by 4 points: 20 seeds find it 89% of the time."""
    rng = np.random.default_rng(15)
    power = scipy_stats.nct.sf(scipy_stats.t.ppf(0.975, 19), 19, 0.03 / (0.04 / np.sqrt(20)))
    differences = rng.normal(0.03, 0.04, (WORLDS, 20))
    found = [compare_runs(by_seed(0.5 + world), by_seed(np.full(20, 0.5))).verdict() for world in differences]
    assert share(words == "better" for words in found) == pytest.approx(power, abs=0.03)


def test_equivalence_of_runs_is_claimed_at_the_margin_as_rarely_as_declared():
    rng = np.random.default_rng(16)
    differences = rng.normal(0.02, 0.02, (WORLDS, 20))
    worlds = [compare_runs(by_seed(0.5 + world), by_seed(np.full(20, 0.5))) for world in differences]
    assert 0.03 < share(found.is_equivalent(0.02) for found in worlds) < 0.07


@pytest.mark.parametrize(("methods", "seeds"), [(2, 5), (2, 10), (5, 10)])
def test_all_pairs_of_identical_methods_at_once(methods, seeds):
    """Two of the three problems are nearly one experiment: a draw is redrawn on all of them together."""
    rng = np.random.default_rng(17)
    worlds = []
    for _ in range(500 if methods > 2 else WORLDS):
        scores = rng.normal(size=(methods, 3, seeds))
        scores[:, 1] = scores[:, 0] + rng.normal(0, 0.1, (methods, seeds))
        worlds.append(compare_methods(scores, ["math", "math", "qa"], rng))
    wrong = share(any(pair.verdict != "no difference shown" for pair in world.pairs) for world in worlds)
    assert (0.03 if methods == 2 else 0) < wrong < 0.07
