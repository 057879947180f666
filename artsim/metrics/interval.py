"""Scores and their uncertainty: means with 95% bootstrap intervals, paired differences with p-values."""

import math
from dataclasses import asdict, dataclass

import numpy as np

_RESAMPLES = 2000  # resamples of a bootstrap, random signs of a test
_LEVEL = 0.05  # significance level of the test
_CELLS = 1 << 22  # cells of the weight matrix held at a time


@dataclass(frozen=True)
class Score:
    """A value, how many observations it is computed from, and its 95% interval; NaN if there are none."""

    value: float
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Score):
    """The mean of a - b with its 95% interval; ``p`` is two-sided, for the hypothesis that it is 0.

    The interval is infinite if there are too few differences to reject anything.
    """

    p: float


def as_json(score: Score) -> dict[str, float | None]:
    """A score as a JSON object; values that are not finite become None."""
    return {key: value if math.isfinite(value) else None for key, value in asdict(score).items()}


def mean_score(values: np.ndarray, seed: int = 0, groups: np.ndarray | None = None) -> Score:
    """The mean of ``values``, (n,), with its percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    ``groups``, int (n,), marks dependent values, such as queries of one cluster: they are resampled together.
    """
    values = np.asarray(values, np.float64)
    if not len(values):
        return Score(np.nan, 0, np.nan, np.nan)
    sums, sizes, counts = _distinct_groups(values, groups)
    draws, probabilities = counts.sum(), counts / counts.sum()
    rng = np.random.default_rng(seed)
    step = max(_CELLS // len(sums), 1)
    means = []
    for start in range(0, _RESAMPLES, step):
        weights = rng.multinomial(draws, probabilities, size=min(step, _RESAMPLES - start))
        means.append((weights @ sums) / (weights @ sizes))
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return Score(float(values.mean()), len(values), float(low), float(high))


def _distinct_groups(values: np.ndarray, groups: np.ndarray | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The sum and the size of each distinct group of values, and how many groups are like it: (d,) each.

    Sampling counts of distinct groups is faster than sampling groups: ranks take few values. Without ``groups``, each
    value is a group.
    """
    if groups is None:
        sums, counts = np.unique(values, return_counts=True)
        return sums, np.ones(len(sums)), counts
    group_index = np.unique(groups, return_inverse=True)[1]
    pairs = np.stack([np.bincount(group_index, values), np.bincount(group_index)], axis=1)
    pairs, counts = np.unique(pairs, axis=0, return_counts=True)
    return pairs[:, 0], pairs[:, 1], counts


def paired_difference(a: np.ndarray, b: np.ndarray, seed: int = 0, groups: np.ndarray | None = None) -> Difference:
    """The mean of a - b, both (n,), paired by position; p and interval come from one randomization test.

    If neither is better, each difference could equally have the opposite sign: p is the share of random signs whose
    mean is at least as far from 0, counting the observed signs (Fisher 1935, Design of Experiments, section 21). The
    interval holds the shifts that this test, applied to a - b - shift, does not reject at 5%, so it excludes 0 exactly
    when p < 0.05. How extreme a shift is depends on how many means of random halves of the differences lie beyond it
    (Hartigan 1969, "Using subsample values as typical values", JASA 64), so the ends of the interval are two of these
    means. Fewer than six differences reject nothing: their interval is infinite. Differences of one of ``groups``, int
    (n,), depend on each other: they get the same sign and the same half.
    """
    differences = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    if not len(differences):
        return Difference(np.nan, 0, np.nan, np.nan, 1.0)
    mean = float(differences.mean())
    if abs(mean) <= _rounding(differences):
        mean = 0.0
    below, above = _half_means(differences, groups, mean, seed)
    beyond = int(min((below <= 0).sum(), (above >= 0).sum()))
    rank = math.ceil(_LEVEL * (_RESAMPLES + 1)) - 1  # the rank of the innermost mean that is not rejected
    low, high = np.partition(below, rank - 1)[rank - 1], np.partition(above, -rank)[-rank]
    return Difference(mean, len(differences), float(low), float(high), min((1 + beyond) / (1 + _RESAMPLES), 1.0))


def _half_means(
    differences: np.ndarray, groups: np.ndarray | None, mean: float, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Means of random halves (each group in or out) and of their complements, as two arrays.

    An empty half has mean -inf in the first array and inf in the second.
    """
    sums, sizes, counts = _distinct_groups(differences, groups)
    rng = np.random.default_rng(seed)
    step = max(_CELLS // len(sums), 1)
    totals, lengths = [], []
    for start in range(0, _RESAMPLES, step):
        drawn = rng.binomial(counts, 0.5, size=(min(step, _RESAMPLES - start), len(sums)))
        for half in (drawn, counts - drawn):
            totals.append(half @ sums)
            lengths.append(half @ sizes)
    size = np.concatenate(lengths)
    means = np.concatenate(totals) / np.maximum(size, 1)
    for exact in (0.0, mean):
        means[np.abs(means - exact) <= _rounding(differences)] = exact
    return np.where(size > 0, means, -np.inf), np.where(size > 0, means, np.inf)


def _rounding(values: np.ndarray) -> float:
    """The largest difference between means of these values that are summed in different orders."""
    return 1e-12 * float(np.abs(values).max())
