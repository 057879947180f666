import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from artsim.metrics.interval import as_json, mean_score, paired_difference


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).integers(1, 9, 300).astype(float),
        np.random.default_rng(1).normal(size=80),
        np.random.default_rng(2).exponential(size=500) - 3,
    ],
)
def test_the_interval_matches_a_naive_bootstrap(values: np.ndarray) -> None:
    score = mean_score(values)
    rng = np.random.default_rng(7)
    means = [np.mean([values[rng.integers(len(values))] for _ in values]) for _ in range(1500)]
    low, high = np.quantile(means, [0.025, 0.975])
    assert (score.value, score.n) == (pytest.approx(sum(values) / len(values)), len(values))
    width = high - low
    assert score.low == pytest.approx(low, abs=0.06 * width)
    assert score.high == pytest.approx(high, abs=0.06 * width)


def test_the_interval_has_its_nominal_coverage() -> None:
    """About 95% of the intervals of 300 samples contain the known mean."""
    rng = np.random.default_rng(3)
    scores = [mean_score(rng.integers(1, 9, 60), seed) for seed in range(300)]
    assert 0.91 <= np.mean([score.low <= 4.5 <= score.high for score in scores]) <= 0.98


def test_queries_of_one_cluster_widen_the_interval() -> None:
    """Repeating each of twenty values ten times must not shrink the interval."""
    values = np.random.default_rng(4).normal(size=20)
    distinct = mean_score(values)
    repeated, clusters = np.repeat(values, 10), np.repeat(np.arange(20), 10)
    together = mean_score(repeated, groups=clusters)
    assert together.n == 200
    assert together.high - together.low == pytest.approx(distinct.high - distinct.low, rel=0.08)
    blind = mean_score(repeated)
    assert blind.high - blind.low < 0.5 * (together.high - together.low)


def test_clusters_of_unequal_size_count_by_their_members() -> None:
    rng = np.random.default_rng(5)
    clusters = rng.integers(12, size=70)
    clusters = np.unique(clusters, return_inverse=True)[1]
    values = rng.normal(size=70) + clusters
    score = mean_score(values, groups=clusters)
    means = []
    for _ in range(1500):
        drawn = [values[clusters == cluster] for cluster in rng.integers(clusters.max() + 1, size=clusters.max() + 1)]
        means.append(np.concatenate(drawn).mean())
    low, high = np.quantile(means, [0.025, 0.975])
    assert score.low == pytest.approx(low, abs=0.07 * (high - low))
    assert score.high == pytest.approx(high, abs=0.07 * (high - low))


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(6).normal(size=50)
    assert mean_score(values, 1) == mean_score(values, 1) != mean_score(values, 2)
    assert paired_difference(values, values[::-1], 1) == paired_difference(values, values[::-1], 1)


def test_no_values_have_no_score() -> None:
    for score in (mean_score(np.empty(0)), paired_difference(np.empty(0), np.empty(0))):
        assert score.n == 0
        assert np.isnan([score.value, score.low, score.high]).all()


def test_one_value_has_a_zero_width_interval() -> None:
    score = mean_score([2.5])
    assert (score.value, score.n, score.low, score.high) == (2.5, 1, 2.5, 2.5)


def test_p_matches_all_sign_flips() -> None:
    """Computes the exact p with plain loops, over all 1,024 sign patterns of ten differences."""
    rng = np.random.default_rng(8)
    for shift in (0.0, 0.5, 1.0):
        a, b = rng.normal(size=10), rng.normal(size=10) - shift
        differences = [x - y for x, y in zip(a, b, strict=True)]
        sums = [
            sum(sign * value for sign, value in zip(signs, differences, strict=True))
            for signs in itertools.product([-1, 1], repeat=10)
        ]
        exact = np.mean([abs(total) >= abs(sum(differences)) - 1e-12 for total in sums])
        difference = paired_difference(a, b)
        assert difference.value == pytest.approx(sum(differences) / 10)
        assert difference.p == pytest.approx(exact, abs=0.035)


def test_p_agrees_with_the_t_test_of_many_ranks() -> None:
    rng = np.random.default_rng(9)
    a = rng.integers(1, 9, 2000).astype(float)
    b = np.clip(a + rng.choice([-1, 0, 0, 0, 1], 2000, p=[0.16, 0.2, 0.25, 0.2, 0.19]), 1, 8)
    assert paired_difference(a, b).p == pytest.approx(stats.ttest_rel(a, b).pvalue, abs=0.03)


def _made_differences() -> Iterator[np.ndarray]:
    rng = np.random.default_rng(12)
    for number in range(50):
        n = int(rng.integers(1, 60))
        shift = rng.uniform(0, 4) / np.sqrt(n) * rng.choice([-1, 1])  # many p values are near 0.05
        yield rng.normal(shift, 1, n)
        yield np.round(rng.normal(2 * shift, 2, n))  # with ties, like ranks
        yield rng.exponential(1, n) + shift - 1
        yield np.where(rng.random(n) < 0.9, 0.0, number % 3 - 1.0)


def test_the_interval_leaves_out_zero_exactly_when_p_is_below_five_per_cent() -> None:
    seen = Counter[bool]()
    for seed, differences in enumerate(_made_differences()):
        difference = paired_difference(differences, np.zeros(len(differences)), seed)
        outside = difference.low > 0 or difference.high < 0
        assert outside == (difference.p < 0.05), (seed, difference)
        assert difference.low <= difference.value <= difference.high
        assert 0 < difference.p <= 1
        seen[outside] += 1
    assert min(seen.values()) > 40


def test_the_differences_of_a_small_evaluation() -> None:
    """The bootstrap interval of these fifteen differences excluded 0 although their sign-flip p was 0.1."""
    differences = np.array([4, 3, 3, 2, 2, 2, 1, 1, 0, 0, 0, 0, -1, -1, -3])
    difference = paired_difference(differences, np.zeros(15))
    assert difference.low <= 0 <= difference.high
    assert difference.p > 0.05


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_few_differences_are_not_significant(n: int) -> None:
    difference = paired_difference(np.arange(1.0, n + 1), np.zeros(n))
    assert (difference.n, difference.low, difference.high) == (n, -np.inf, np.inf)
    assert difference.p == pytest.approx(2 ** (1 - n), abs=0.035)
    assert as_json(difference)["low"] is None


def test_the_interval_of_a_difference_has_its_nominal_coverage() -> None:
    rng = np.random.default_rng(13)
    differences = [paired_difference(rng.normal(0.3, 1, 12), np.zeros(12), seed) for seed in range(150)]
    assert 0.92 <= np.mean([difference.low <= 0.3 <= difference.high for difference in differences]) <= 0.98


def test_order_and_sign_do_not_change_the_result() -> None:
    rng = np.random.default_rng(14)
    a, b = rng.random(40), rng.random(40)
    forward, backward = paired_difference(a, b), paired_difference(b, a)
    assert (forward.low, forward.high, forward.p) == pytest.approx(
        (-backward.high, -backward.low, backward.p), abs=0.03
    )
    order = rng.permutation(40)
    assert astuple(paired_difference(a[order], b[order])) == pytest.approx(astuple(forward))
    assert paired_difference([0.1, 0.2, -0.3] * 4, np.zeros(12)).p == 1


def test_equal_ranks_have_no_difference() -> None:
    a = np.random.default_rng(10).integers(1, 9, 100)
    difference = paired_difference(a, a)
    assert (difference.value, difference.low, difference.high, difference.p) == (0, 0, 0, 1)


def test_a_clear_difference() -> None:
    rng = np.random.default_rng(11)
    a = rng.integers(1, 6, 400)
    difference = paired_difference(a + 1, a)
    assert (difference.value, difference.low, difference.high) == (1, 1, 1)
    assert 0 < difference.p < 0.001


def test_the_differences_of_a_group_get_one_sign() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(8), [1, 2, 3, 4, 4, 3, 2, 1])
    a, b = rng.integers(1, 9, (2, len(groups))).astype(float)
    a += 1.5 * (groups > 1)
    sums = np.bincount(groups, a - b)
    totals = np.array([np.dot(signs, sums) for signs in itertools.product((-1, 1), repeat=len(sums))])
    exact = (np.abs(totals) >= abs(sums.sum()) - 1e-9).mean()
    found = paired_difference(a, b, groups=groups + 100)
    assert found.value == pytest.approx((a - b).mean()) and found.n == len(a)
    assert found.p == pytest.approx(exact, abs=0.03)
    assert (found.low > 0) == (found.p < 0.05)


def test_repeated_judgments_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.integers(1, 9, (2, 40)).astype(float)
    groups = np.arange(40)
    twice = np.tile(groups, 2)
    once, repeated = (
        paired_difference(a, b, groups=groups),
        paired_difference(np.tile(a, 2), np.tile(b, 2), groups=twice),
    )
    assert repeated.p == pytest.approx(once.p) and repeated.low == pytest.approx(once.low)
    score, again = mean_score(a, groups=groups), mean_score(np.tile(a, 2), groups=twice)
    assert (again.low, again.high) == pytest.approx((score.low, score.high))
