"""The calibration of heads on predictions for artworks that they have not seen: probabilities, threshold, quantile."""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from artsim.labels.heads import Answers, Head, Level, activated, answered, log_softmax
from artsim.labels.tasks import Task
from artsim.metrics.classification import conformal_quantile

FOLDS = 5
ABSENT = -1e4  # the bias of a label that has no rows
_FEWEST = 20  # predictions from which an accuracy is estimated


@dataclass(frozen=True)
class Goals:
    """What the calibration aims at: the share of right predictions, or a threshold; the coverage of the sets."""

    accuracy: float
    threshold: float | None
    coverage: float
    balanced: bool


@dataclass(frozen=True)
class Calibrated:
    """A head, and its answers for the artworks ``rows``, int (m,), which it had not seen, in ascending order."""

    head: Head
    rows: np.ndarray
    answers: Answers


def calibrated_head(
    head: Head,
    logits: np.ndarray,
    targets: np.ndarray,
    prior: np.ndarray,
    goals: Goals,
    rows: np.ndarray | None = None,
    own: np.ndarray | None = None,
    above: Calibrated | None = None,
) -> Calibrated:
    """Returns a head with temperature, shift, threshold and quantile.

    ``logits``, (n, c), are those of artworks that the head has not seen; ``targets``, bool (n, c), their labels, and
    ``rows``, int (n,), their numbers in ascending order. ``own``, bool (n,), are those that calibrate; the others only
    get answers, for the levels below. ``prior``, (c,), is the ``log_prior`` of the training if its labels had equal
    weights, otherwise 0. A head with a ``level`` needs the calibrated head ``above`` with answers for all ``rows``.
    """
    parents = None if head.level is None else head.level.parents
    rows = np.arange(len(logits)) if rows is None else rows
    own = np.ones(len(logits), bool) if own is None else own
    temperature, share, _ = best_calibration(logits[own], targets[own], prior, head.has_several, parents)
    shift = np.asarray(share * prior, np.float32)
    probabilities = activated(logits / np.float32(temperature) + shift, head.has_several, parents)
    upper: Answers | None = None
    level, kept = head.level, own
    if above is not None and parents is not None:
        upper = above.answers.rows(np.searchsorted(above.rows, rows))
        probabilities = probabilities * upper.probabilities[:, parents]
        level, kept = Level(above.head, parents), own & ~upper.abstained
    answers = answered(probabilities, -np.inf, upper, parents)
    correct = targets[np.arange(len(targets)), answers.labels]
    threshold = goals.threshold
    if threshold is None:
        threshold = abstention(answers.confidence[kept], correct[kept], goals.accuracy)
    quantile = conformal_quantile(1 - _probability_of_target(probabilities[own], targets[own]), goals.coverage)
    calibrated = replace(
        head, shift=shift, level=level, temperature=temperature, threshold=threshold, quantile=quantile
    )
    return Calibrated(calibrated, rows, answered(probabilities, threshold, upper, parents))


def first_known(task: Task, order: np.ndarray, count: int) -> np.ndarray:
    """Returns the first ``count`` rows of an ``order``, int (m,), that have a label of the task, int64."""
    return order[task.targets[order].any(axis=1)][:count]


def folds(targets: np.ndarray, groups: np.ndarray, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields training and test rows of up to five folds, with whole groups and similar shares of the labels.

    Yields fewer if there are fewer groups; rows of a single group are split at random. Yields none for fewer than two
    rows.
    """
    from sklearn.model_selection import StratifiedGroupKFold

    if len(groups) < 2:
        return
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


def best_calibration(
    logits: np.ndarray, targets: np.ndarray, prior: np.ndarray, has_several: bool, parents: np.ndarray | None = None
) -> tuple[float, float, float]:
    """Calibrates, as ``calibrate``, on the rows whose labels the other folds have, too."""
    possible = ~(targets & (logits < ABSENT / 2)).any(axis=1)
    if not possible.any():
        return 1.0, 0.0, np.inf
    return calibrate(logits[possible], targets[possible], prior, has_several, parents)


def calibrate(
    logits: np.ndarray, targets: np.ndarray, prior: np.ndarray, has_several: bool, parents: np.ndarray | None = None
) -> tuple[float, float, float]:
    """Returns temperature, share of the prior, and log loss: those with the smallest loss of logits (n, c).

    The logits are of rows that the head has not seen. Calibrated logits are logits / temperature + share * ``prior``
    (c,). Temperature scaling is by Guo et al. 2017, "On calibration of modern neural networks". The prior undoes equal
    weights of frequent and rare labels (Menon et al. 2021, "Long-tail learning via logit adjustment").
    """
    from scipy.optimize import minimize

    shares = (-0.5, 1.5) if prior.any() else (0.0, 0.0)

    def loss(point: np.ndarray) -> float:
        return log_loss(logits / np.exp(point[0]) + point[1] * prior, targets, has_several, parents)

    optimum = minimize(loss, (0.0, shares[1] / 3), method="L-BFGS-B", bounds=[(-3, 3), shares])
    return float(np.exp(optimum.x[0])), float(optimum.x[1]), float(optimum.fun)


def log_prior(targets: np.ndarray, has_several: bool, parents: np.ndarray | None = None) -> np.ndarray:
    """Returns the log share of each label (of several: the log odds) among rows, bool (n, c); float64 (c,).

    With ``parents``, int (c,), it is the share among the labels of the same type.
    """
    if parents is not None:
        prior = np.empty(targets.shape[1])
        for parent in np.unique(parents):
            siblings = np.flatnonzero(parents == parent)
            prior[siblings] = log_prior(targets[targets[:, siblings].any(axis=1)][:, siblings], has_several=False)
        return prior
    counts = targets.sum(axis=0) + 0.5
    total = len(targets) + 0.5 * targets.shape[1]
    return np.asarray(np.log(counts / (total - counts)) if has_several else np.log(counts / total))


def log_loss(logits: np.ndarray, targets: np.ndarray, has_several: bool, parents: np.ndarray | None = None) -> float:
    """Returns the mean negative log likelihood of targets, bool (n, c); with ``parents``, (c,), given the parent."""
    logits = np.asarray(logits, np.float64)
    if has_several:
        return float((np.logaddexp(0, logits) - logits * targets).sum(axis=1).mean())
    return -float(log_softmax(logits, parents)[targets].mean())


def abstention(confidence: np.ndarray, correct: np.ndarray, accuracy: float) -> float:
    """Returns the lowest confidence at which predictions that are at least as confident have this accuracy.

    If that is none, or fewer than 20 predictions, returns infinity: the head abstains from everything.
    """
    order = np.argsort(-confidence, kind="stable")
    ordered, right = confidence[order], correct[order].cumsum() / np.arange(1, len(order) + 1)
    is_last = np.append(ordered[1:] < ordered[:-1], True)  # equal confidences are all kept or all dropped
    enough = np.flatnonzero(is_last & (right >= accuracy) & (np.arange(1, len(order) + 1) >= _FEWEST))
    return float(ordered[enough[-1]]) if len(enough) else float("inf")


def _probability_of_target(probabilities: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Returns the probability of each row's label, or of the least probable one of several; (n,)."""
    return np.where(targets, probabilities, np.inf).min(axis=1)
