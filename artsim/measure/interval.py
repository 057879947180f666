"""A figure and how sure it is: means with their 95% bootstrap interval, paired differences with their p."""

from dataclasses import dataclass

import numpy as np

_DRAWS = 2000  # resamples of a bootstrap, flips of a test
_CELLS = 1 << 22  # of the matrix of weights that is held at a time


@dataclass(frozen=True)
class Score:
    """A figure, how many values it is of, and its 95% interval; NaN where there are none."""

    value: float
    n: int
    low: float
    high: float


@dataclass(frozen=True)
class Difference(Score):
    """The mean of a - b with its 95% interval; ``p``, two-sided, of the hypothesis that it is 0."""

    p: float


def mean_score(values: np.ndarray, seed: int = 0, groups: np.ndarray | None = None) -> Score:
    """The mean of ``values``, (n,), with its percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    ``groups``, int (n,) from 0, are values that hang together (queries of one cluster): they are drawn together.
    """
    values = np.asarray(values, np.float64)
    if not len(values):
        return Score(np.nan, 0, np.nan, np.nan)
    if groups is None:  # of equal values it matters only how many are drawn: ranks have few
        sums, counts = np.unique(values, return_counts=True)
        sizes, draws, chances = np.ones(len(sums)), len(values), counts / len(values)
    else:
        sums, sizes = np.bincount(groups, values), np.bincount(groups).astype(np.float64)
        draws, chances = len(sums), np.full(len(sums), 1 / len(sums))
    rng = np.random.default_rng(seed)
    step = max(_CELLS // len(sums), 1)
    means = []
    for start in range(0, _DRAWS, step):
        weights = rng.multinomial(draws, chances, size=min(step, _DRAWS - start))
        means.append((weights @ sums) / (weights @ sizes))
    low, high = np.quantile(np.concatenate(means), (0.025, 0.975))
    return Score(float(values.mean()), len(values), float(low), float(high))


def paired_difference(a: np.ndarray, b: np.ndarray, seed: int = 0) -> Difference:
    """The mean of a - b, both (n,) of the same things in the same order, its interval, and p by Fisher's randomisation.

    If neither is better, each difference could as well have the other sign: p is the share of random signs that give a
    mean as far from 0 (the observed signs counted among them, so that it is never 0).
    """
    differences = np.asarray(a, np.float64) - np.asarray(b, np.float64)
    score = mean_score(differences, seed)
    sizes, counts = np.unique(np.abs(differences), return_counts=True)
    rng = np.random.default_rng(seed)
    seen, far = abs(differences.sum()) * (1 - 1e-9), 0  # sums in another order may differ by rounding
    step = max(_CELLS // max(len(sizes), 1), 1)
    for start in range(0, _DRAWS, step):
        positive = rng.binomial(counts, 0.5, size=(min(step, _DRAWS - start), len(sizes)))
        far += int((np.abs((2 * positive - counts) @ sizes) >= seen).sum())
    return Difference(score.value, score.n, score.low, score.high, (1 + far) / (1 + _DRAWS))
