"""Linear heads on vectors: one per task, fitted by logistic regression, with calibrated probabilities."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from artsim.labels.tasks import Task
from artsim.metrics.classification import conformal_quantile, top_hits

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)  # inverse strengths of the L2 penalty, as scikit-learn's C
FOLDS = 5
_CHOICE_ROWS, _CALIBRATION_ROWS = 5_000, 10_000  # that choose the strength, and calibrate; the final fit has all
_ITERATIONS, _TOLERANCE = 100, 1e-3
_ABSENT = -1e4  # the bias of a label that has no rows
_MIN_PREDICTIONS = 20  # predictions from which an accuracy is estimated


@dataclass(frozen=True)
class Goals:
    """What the calibration aims at: the share of right predictions, or a threshold; the coverage of the sets."""

    accuracy: float
    threshold: float | None
    coverage: float
    balanced: bool


@dataclass(frozen=True)
class Head:
    """A fitted head. Logits are vectors (n, d) @ ``weight`` (d, c) + ``bias`` (c,).

    Calibrated logits are logits / ``temperature`` + ``shift`` (c,), which undoes the weights of the labels in training.

    Below ``threshold``, the head abstains. A label is a candidate if 1 - its probability is at most ``quantile``.
    ``strength`` is scikit-learn's C.
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    has_several: bool
    temperature: float
    threshold: float
    quantile: float
    strength: float

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the calibrated probability of each label, float32 (n, c); rows sum to 1 unless it has several."""
        logits = (vectors @ self.weight + self.bias) / np.float32(self.temperature) + self.shift
        return _activated(logits, self.has_several)

    def uncalibrated(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the probabilities before the calibration."""
        return _activated(vectors @ self.weight + self.bias, self.has_several)


def fit_head(vectors: np.ndarray, task: Task, groups: np.ndarray, goals: Goals, seed: int) -> Head:
    """Fits the head of a task to all vectors (n, d) with a label; ``groups``, int (n,), are held out together.

    Up to 5,000 random rows choose the strength, by the log loss of calibrated out-of-fold predictions. Up to 10,000
    calibrate, by out-of-fold predictions at this strength.
    """
    rows = task.known
    sampled = np.random.default_rng(seed).permutation(rows)
    prior = log_prior(task.targets[rows], task.has_several) if goals.balanced else np.zeros(len(task.labels))

    def out_of_fold_logits(count: int, strengths: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
        rows = np.sort(sampled[:count])
        x, targets = vectors[rows], task.targets[rows]
        logits = _out_of_fold(x, targets, groups[rows], strengths, task.has_several, goals.balanced, seed)
        return logits, targets

    all_logits, targets = out_of_fold_logits(_CHOICE_ROWS, STRENGTHS)
    best = int(np.argmin([_calibrated(logits, targets, prior, task.has_several)[2] for logits in all_logits]))
    logits, strength = all_logits[best], STRENGTHS[best]
    if len(rows) > _CHOICE_ROWS:
        (logits,), targets = out_of_fold_logits(_CALIBRATION_ROWS, (strength,))
    (coefficients,) = _fits(vectors[rows], task.targets[rows], task.has_several, goals.balanced, (strength,))
    return calibrated_head(*coefficients, logits, targets, prior, task.has_several, goals, strength)


def calibrated_head(
    weight: np.ndarray,
    bias: np.ndarray,
    logits: np.ndarray,
    targets: np.ndarray,
    prior: np.ndarray,
    has_several: bool,
    goals: Goals,
    strength: float = np.inf,
) -> Head:
    """Returns the head with these coefficients, (d, c) and (c,), calibrated on logits of rows that it has not seen.

    ``logits`` are (n, c), ``targets``, bool (n, c). ``prior``, (c,), is the ``log_prior`` of the training if its labels
    had equal weights, otherwise 0.
    """
    temperature, share, _ = _calibrated(logits, targets, prior, has_several)
    shift = np.asarray(share * prior, np.float32)
    probabilities = _activated(logits / np.float32(temperature) + shift, has_several)
    threshold = goals.threshold
    if threshold is None:
        threshold = abstention(probabilities.max(axis=1), top_hits(probabilities, targets, 1), goals.accuracy)
    quantile = conformal_quantile(1 - _probability_of_target(probabilities, targets), goals.coverage)
    return Head(weight, bias, shift, has_several, temperature, threshold, quantile, strength)


def folds(targets: np.ndarray, groups: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields training and test rows of up to five folds, with whole groups and similar shares of the labels.

    Yields fewer if there are fewer groups; rows of a single group are split at random.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    count = len(np.unique(groups))
    if count < 2:
        groups, count = np.arange(len(groups)), len(groups)
    labels = targets.argmax(axis=1)
    if np.bincount(labels).max() < FOLDS:  # too few rows of each label to have them in every fold
        labels = np.zeros_like(labels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some labels have fewer rows than there are folds
        cut = StratifiedGroupKFold(min(FOLDS, count), shuffle=True, random_state=seed)
        yield from cut.split(targets, labels, groups)


def calibrate(
    logits: np.ndarray, targets: np.ndarray, prior: np.ndarray, has_several: bool
) -> tuple[float, float, float]:
    """Returns temperature, share of the prior, and log loss: those with the smallest loss of logits (n, c).

    The logits are of rows that the head has not seen. Calibrated logits are logits / temperature + share * ``prior``
    (c,). Temperature scaling is by Guo et al. 2017, "On calibration of modern neural networks". The prior undoes equal
    weights of frequent and rare labels (Menon et al. 2021, "Long-tail learning via logit adjustment").
    """
    from scipy.optimize import minimize

    shares = (-0.5, 1.5) if prior.any() else (0.0, 0.0)

    def loss(point: np.ndarray) -> float:
        return log_loss(logits / np.exp(point[0]) + point[1] * prior, targets, has_several)

    minimum = minimize(loss, (0.0, shares[1] / 3), method="L-BFGS-B", bounds=[(-3, 3), shares])
    return float(np.exp(minimum.x[0])), float(minimum.x[1]), float(minimum.fun)


def _calibrated(
    logits: np.ndarray, targets: np.ndarray, prior: np.ndarray, has_several: bool
) -> tuple[float, float, float]:
    """Calibrates on the rows whose labels the other folds have, too."""
    possible = ~(targets & (logits < _ABSENT / 2)).any(axis=1)
    if not possible.any():
        return 1.0, 0.0, np.inf
    return calibrate(logits[possible], targets[possible], prior, has_several)


def log_prior(targets: np.ndarray, has_several: bool) -> np.ndarray:
    """Returns the log share of each label (of several: the log odds) among rows, bool (n, c); float64 (c,)."""
    counts = targets.sum(axis=0) + 0.5
    total = len(targets) + 0.5 * targets.shape[1]
    return np.log(counts / (total - counts)) if has_several else np.log(counts / total)


def log_loss(logits: np.ndarray, targets: np.ndarray, has_several: bool) -> float:
    """Returns the mean negative log likelihood of the targets, bool (n, c)."""
    logits = np.asarray(logits, np.float64)
    if has_several:
        return float((np.logaddexp(0, logits) - logits * targets).sum(axis=1).mean())
    from scipy.special import logsumexp

    return float((logsumexp(logits, axis=1) - logits[targets]).mean())


def abstention(confidence: np.ndarray, correct: np.ndarray, accuracy: float) -> float:
    """Returns the lowest confidence at which predictions that are at least as confident have this accuracy.

    If that is none, or fewer than 20 predictions, returns 1: the head abstains from nearly everything.
    """
    order = np.argsort(-confidence, kind="stable")
    ordered, right = confidence[order], correct[order].cumsum() / np.arange(1, len(order) + 1)
    is_last = np.append(ordered[1:] < ordered[:-1], True)  # equal confidences are all kept or all dropped
    enough = np.flatnonzero(is_last & (right >= accuracy) & (np.arange(1, len(order) + 1) >= _MIN_PREDICTIONS))
    return float(ordered[enough[-1]]) if len(enough) else 1.0


def _out_of_fold(
    x: np.ndarray,
    targets: np.ndarray,
    groups: np.ndarray,
    strengths: tuple[float, ...],
    has_several: bool,
    balanced: bool,
    seed: int,
) -> np.ndarray:
    """Returns out-of-fold logits at each strength, float32 (s, n, c)."""
    logits = np.empty((len(strengths), *targets.shape), np.float32)
    for training, test in folds(targets, groups, seed):
        fits = _fits(x[training], targets[training], has_several, balanced, strengths)
        for number, (weight, bias) in enumerate(fits):
            logits[number, test] = x[test] @ weight + bias
    return logits


def _fits(
    x: np.ndarray, targets: np.ndarray, has_several: bool, balanced: bool, strengths: tuple[float, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Fits logistic regressions to standardized vectors; returns weight (d, c) and bias (c,) for vectors as they are.

    A label without rows gets probability 0.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    mean, deviation = x.mean(axis=0, dtype=np.float64), x.std(axis=0, dtype=np.float64)
    scale = 1 / np.where(deviation > 1e-6 * max(deviation.max(initial=0), 1e-30), deviation, np.inf)
    standardized = ((x - mean.astype(np.float32)) * scale.astype(np.float32)).astype(np.float32)
    settings: dict[str, Any] = {"max_iter": _ITERATIONS, "tol": _TOLERANCE, "warm_start": not has_several}
    regression = LogisticRegression(class_weight="balanced" if balanced else None, **settings)
    present = np.flatnonzero(targets.any(axis=0))
    fitted = []
    if len(present) == 1 and not has_several:  # a single label needs no classifier
        only = np.where(targets.any(axis=0), 0, _ABSENT).astype(np.float32)
        return [(np.zeros((x.shape[1], targets.shape[1]), np.float32), only)] * len(strengths)
    for strength in strengths:
        regression.set_params(C=strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the last iterations change little
            if has_several:
                several = OneVsRestClassifier(regression).fit(standardized, targets[:, present])
                parts = [_coefficients(classifier, x.shape[1]) for classifier in several.estimators_]
                coefficients = np.stack([row for row, _ in parts]), np.array([bias for _, bias in parts])
            else:
                regression.fit(standardized, targets.argmax(axis=1))
                coefficients = _both_classes(regression)
        weight = np.zeros((x.shape[1], targets.shape[1]), np.float32)
        weight[:, present] = coefficients[0].T * scale[:, None]
        bias = np.full(targets.shape[1], _ABSENT, np.float32)
        bias[present] = coefficients[1] - (mean * scale) @ coefficients[0].T
        fitted.append((weight, bias))
    return fitted


def _both_classes(regression: Any) -> tuple[np.ndarray, np.ndarray]:
    """Returns coefficients (c, d) and intercepts (c,); of two classes, scikit-learn keeps those of the second."""
    rows, intercepts = np.asarray(regression.coef_, np.float64), np.asarray(regression.intercept_, np.float64)
    if len(rows) == 1:
        return np.concatenate([-rows / 2, rows / 2]), np.concatenate([-intercepts / 2, intercepts / 2])
    return rows, intercepts


def _coefficients(classifier: Any, dimension: int) -> tuple[np.ndarray, float]:
    """Returns the coefficients (d,) and the intercept of one label of several; a label of all rows is certain."""
    if not hasattr(classifier, "coef_"):
        return np.zeros(dimension), 10.0
    return np.asarray(classifier.coef_[0], np.float64), float(classifier.intercept_[0])


def _probability_of_target(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Returns the probability of each row's label, or of the least probable one of several; (n,)."""
    return np.where(targets, probabilities, np.inf).min(axis=1)


def _activated(logits: np.ndarray, has_several: bool) -> np.ndarray:
    from scipy.special import expit, softmax

    return expit(logits) if has_several else softmax(logits, axis=1)
