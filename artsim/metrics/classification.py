"""Scores of classifiers: top-k hits, balanced accuracy, calibration, prediction sets, scores of each class."""

from typing import Any

import numpy as np


def top_hits(probabilities: np.ndarray, targets: np.ndarray, k: int) -> np.ndarray:
    """Whether one of the ``k`` most probable classes of each row is a target; bool (n,).

    ``probabilities`` are (n, c), ``targets`` bool (n, c). Of equal probabilities, the first class counts as larger.
    """
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    return np.asarray(np.take_along_axis(targets, order, axis=1).any(axis=1))


def balanced_accuracy(predicted: np.ndarray, targets: np.ndarray) -> float:
    """Returns the mean recall of the classes that have rows.

    ``predicted`` is the class of each row, int (n,); ``targets``, bool (n, c), are the right ones.
    """
    rows, hits = targets.sum(axis=0), _hits(predicted, targets)
    return float((hits[rows > 0] / rows[rows > 0]).mean())


def calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> float:
    """Returns the expected calibration error of confidences (n,) against bool (n,), with bins of equal width.

    It is the mean difference of confidence and accuracy in a bin, weighted by rows (Naeini et al. 2015, "Obtaining well
    calibrated probabilities using Bayesian binning", AAAI).
    """
    number = np.minimum((np.asarray(confidence, np.float64) * bins).astype(int), bins - 1)
    gaps = np.bincount(number, confidence, bins) - np.bincount(number, correct, bins)
    return float(np.abs(gaps).sum() / len(confidence))


def conformal_quantile(scores: np.ndarray, coverage: float) -> float:
    """Returns the score that a class of a prediction set may have at most; infinity if there are too few rows.

    ``scores``, (n,), are 1 - probability of the right class on rows that the classifier has not seen. Sets of all
    classes up to the ceil((n + 1) coverage)-th smallest score hold the right class of an exchangeable row with at least
    this probability (Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued classifiers", JASA 114).
    """
    rank = int(np.ceil((len(scores) + 1) * coverage - 1e-9))
    return float(np.partition(scores, rank - 1)[rank - 1]) if rank <= len(scores) else float("inf")


def class_table(predicted: np.ndarray, targets: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """Returns for each class its name, rows, precision, recall, F1, and the class that it is most often taken for.

    ``predicted`` is int (n,), ``targets`` bool (n, c). Values that are not defined are None.
    """
    matrix, hits = confusion(predicted, targets), _hits(predicted, targets)
    chosen = np.bincount(predicted, minlength=len(names))
    table = []
    for number, name in enumerate(names):
        rows, right = int(targets[:, number].sum()), int(hits[number])
        wrong = matrix[number].copy()
        wrong[number] = 0
        table.append(
            {
                "label": name,
                "artworks": rows,
                "precision": round(right / int(chosen[number]), 3) if chosen[number] else None,
                "recall": round(right / rows, 3) if rows else None,
                "f1": round(2 * right / (rows + int(chosen[number])), 3) if rows or chosen[number] else None,
                "taken_for": names[int(wrong.argmax())] if wrong.any() else None,
            }
        )
    return table


def confusion(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Returns how many rows of each class, by row, are predicted as each class, by column; int (c, c).

    A row with several targets counts under its predicted class if that is one of them, otherwise under all of them.
    """
    right = targets[np.arange(len(predicted)), predicted]
    counted = np.where(right[:, None], np.arange(targets.shape[1]) == predicted[:, None], targets)
    matrix = np.zeros((targets.shape[1],) * 2, np.int64)
    rows, classes = np.nonzero(counted)
    np.add.at(matrix, (classes, predicted[rows]), 1)
    return matrix


def _hits(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    right = targets[np.arange(len(predicted)), predicted]
    return np.bincount(predicted[right], minlength=targets.shape[1])
