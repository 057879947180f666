"""Linear heads on vectors: one per task, fitted by logistic regression, with calibrated probabilities."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from artsim.labels.calibration import (
    ABSENT,
    Calibrated,
    Goals,
    best_calibration,
    calibrated_head,
    first_known,
    folds,
    log_prior,
)
from artsim.labels.heads import Head, Level
from artsim.labels.standardization import standardization, standardized
from artsim.labels.tasks import Task

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # inverse strengths of the L2 penalty, as scikit-learn's C
CHOICE_ROWS, CALIBRATION_ROWS = 5_000, 10_000  # that choose the strength, and calibrate; the final fit has all
_ITERATIONS, _TOLERANCE = 100, 1e-3


def fit_heads(
    vectors: np.ndarray,
    levels: Sequence[Task],
    groups: np.ndarray,
    goals: Goals,
    seed: int,
    strengths: tuple[float, ...] = STRENGTHS,
) -> list[Head]:
    """Fits the head of each of ``levels``, a task and its subdivisions, to all vectors (n, d) with a label.

    ``groups``, int (n,), are held out together. Up to 5,000 random rows choose the strength, by the log loss of
    calibrated out-of-fold predictions. Up to 10,000 calibrate, by out-of-fold predictions at this strength, which the
    rows that calibrate lower levels get, too. The labels of each type have a logistic regression of their own, fitted
    to the artworks of the type: a local classifier per parent node (Silla and Freitas 2011).
    """
    order = np.random.default_rng(seed).permutation(levels[0].known)
    samples = [first_known(task, order, CALIBRATION_ROWS) for task in levels]
    fitted: list[Calibrated] = []
    for task in levels:
        remaining = samples[len(fitted) :]  # of this level and those below
        fitted.append(_fit(vectors, task, groups, goals, seed, strengths, remaining, fitted[-1] if fitted else None))
    return [level.head for level in fitted]


def _fit(
    vectors: np.ndarray,
    task: Task,
    groups: np.ndarray,
    goals: Goals,
    seed: int,
    strengths: tuple[float, ...],
    samples: Sequence[np.ndarray],
    above: Calibrated | None,
) -> Calibrated:
    """Fits a head. ``samples`` are the rows that calibrate it, in random order, and those of each level below."""
    rows, parents = task.known, task.parents
    prior = log_prior(task.targets[rows], task.has_several, parents) if goals.balanced else np.zeros(len(task.labels))

    def logits_of(chosen: np.ndarray, strengths: tuple[float, ...]) -> np.ndarray:
        return _out_of_fold(vectors[chosen], task, chosen, groups[chosen], strengths, goals.balanced, seed)

    chosen = np.sort(samples[0][:CHOICE_ROWS])
    all_logits = logits_of(chosen, strengths)
    losses = [best_calibration(own, task.targets[chosen], prior, task.has_several, parents)[2] for own in all_logits]
    best = int(np.argmin(losses))
    logits, strength = all_logits[best], strengths[best]
    if len(rows) > CHOICE_ROWS:
        chosen = np.unique(np.concatenate(samples))
        (logits,) = logits_of(chosen, (strength,))
    ((weight, bias),) = _fits_of(task, vectors[rows], task.targets[rows], goals.balanced, (strength,))
    level = None if above is None or parents is None else Level(above.head, parents)
    head = Head(weight, bias, np.zeros_like(bias), task.has_several, 1.0, 0.0, np.inf, strength, level=level)
    own = np.isin(chosen, samples[0])
    return calibrated_head(head, logits, task.targets[chosen], prior, goals, chosen, own, above)


def _out_of_fold(
    x: np.ndarray,
    task: Task,
    rows: np.ndarray,
    groups: np.ndarray,
    strengths: tuple[float, ...],
    balanced: bool,
    seed: int,
) -> np.ndarray:
    """Returns out-of-fold logits of ``rows``, whose vectors are x (n, d), at each strength, float32 (s, n, c)."""
    targets = task.targets[rows]
    logits = np.zeros((len(strengths), *targets.shape), np.float32)
    for training, test in folds(targets, groups, seed):
        fits = _fits_of(task, x[training], targets[training], balanced, strengths)
        for number, (weight, bias) in enumerate(fits):
            logits[number, test] = x[test] @ weight + bias
    return logits


def _fits_of(
    task: Task, x: np.ndarray, targets: np.ndarray, balanced: bool, strengths: tuple[float, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fits one regression, or one for the labels of each type; returns weight (d, c) and bias (c,) of each strength."""
    if task.parents is None:
        return _fits(x, targets, task.has_several, balanced, strengths)
    out = [(np.zeros((x.shape[1], len(task.labels)), np.float32), np.zeros(len(task.labels), np.float32))
           for _ in strengths]  # fmt: skip
    for parent in np.unique(task.parents):
        siblings = np.flatnonzero(task.parents == parent)
        rows = targets[:, siblings].any(axis=1)
        if len(siblings) == 1:
            continue  # nothing to tell apart
        if not rows.any():
            for _, bias in out:
                bias[siblings] = ABSENT
            continue
        fits = _fits(x[rows], targets[rows][:, siblings], False, balanced, strengths)
        for (weight, bias), (own_weight, own_bias) in zip(out, fits, strict=True):
            weight[:, siblings], bias[siblings] = own_weight, own_bias
    return out


def _fits(
    x: np.ndarray, targets: np.ndarray, has_several: bool, balanced: bool, strengths: tuple[float, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fits logistic regressions to standardized vectors; returns weight (d, c) and bias (c,) for vectors as they are.

    A label without rows gets probability 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    present = np.flatnonzero(targets.any(axis=0))
    if not len(present) or (len(present) == 1 and not has_several):  # nothing to tell apart
        only = np.where(targets.any(axis=0), 0, ABSENT).astype(np.float32)
        return [(np.zeros((x.shape[1], targets.shape[1]), np.float32), only)] * len(strengths)
    mean, scale = standardization(x)
    inputs = standardized(x, mean, scale)
    settings: dict[str, Any] = {"max_iter": _ITERATIONS, "tol": _TOLERANCE, "warm_start": not has_several}
    regression = LogisticRegression(class_weight="balanced" if balanced else None, **settings)
    fitted = []
    for strength in strengths:
        regression.set_params(C=strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last iterations change little
            if has_several:
                several = OneVsRestClassifier(regression).fit(inputs, targets[:, present])
                parts = [_coefficients(estimator, x.shape[1]) for estimator in several.estimators_]
                coefficients = np.stack([row for row, _ in parts]), np.array([bias for _, bias in parts])
            else:
                regression.fit(inputs, targets.argmax(axis=1))
                coefficients = _both_classes(regression)
        weight = np.zeros((x.shape[1], targets.shape[1]), np.float32)
        weight[:, present] = coefficients[0].T * scale[:, None]
        bias = np.full(targets.shape[1], ABSENT, np.float32)
        bias[present] = coefficients[1] - (mean * scale) @ coefficients[0].T
        fitted.append((weight, bias))
    return fitted


def _both_classes(regression: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns coefficients (c, d) and intercepts (c,); of two classes, scikit-learn keeps those of the second."""
    rows, intercepts = np.asarray(regression.coef_, np.float64), np.asarray(regression.intercept_, np.float64)
    if len(rows) == 1:
        return np.concatenate([-rows / 2, rows / 2]), np.concatenate([-intercepts / 2, intercepts / 2])
    return rows, intercepts


def _coefficients(estimator: Any, dimension: int) -> tuple[np.ndarray, float]:
    """Returns the coefficients (d,) and the intercept of one label of several; a label of all rows is certain."""
    if not hasattr(estimator, "coef_"):
        return np.zeros(dimension), 10.0
    return np.asarray(estimator.coef_[0], np.float64), float(estimator.intercept_[0])
