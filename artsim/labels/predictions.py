"""The rows of ``labels/<name>`` that a head predicts for vectors."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from artsim.archive import LABELS
from artsim.labels.heads import Head, ranking

TOP = 3


@dataclass(frozen=True)
class Predictions:
    """Of n vectors: the chosen and the most probable other labels, int (n, up to 3), their probabilities, float32.

    ``abstained``, bool (n,). The candidates of all rows follow each other: their labels, int (m,), and the number of
    candidates of each row, int (n,).
    """

    top: np.ndarray
    probabilities: np.ndarray
    abstained: np.ndarray
    candidates: np.ndarray
    sizes: np.ndarray


def predict(head: Head, vectors: np.ndarray) -> Predictions:
    """Predicts the labels of vectors (n, d)."""
    answers = head.answers(vectors)
    probabilities = answers.probabilities
    order = np.argsort(-ranking(probabilities, answers.labels), axis=1, kind="stable")
    ordered = np.take_along_axis(probabilities, order, axis=1)
    is_candidate = 1 - ordered <= head.quantile
    top = slice(0, TOP)
    return Predictions(
        order[:, top],
        ordered[:, top],
        answers.abstained,
        order[is_candidate],
        is_candidate.sum(axis=1),
    )


def as_rows(
    ids: list[str], sha256: list[str | None], task: str, labels: list[str], predictions: Predictions
) -> pa.Table:
    """Returns the rows of a task."""
    names, count, width = pa.array(labels, pa.string()), len(ids), predictions.top.shape[1]
    kind = LABELS.field("top").type
    tops = pa.StructArray.from_arrays(
        [names.take(pa.array(predictions.top.ravel())), pa.array(predictions.probabilities.ravel(), pa.float32())],
        fields=list(kind.value_type),
    )
    columns = [
        pa.array(ids, pa.string()),
        pa.array([task] * count, pa.string()),
        names.take(pa.array(predictions.top[:, 0])),
        pa.array(predictions.probabilities[:, 0], pa.float32()),
        pa.ListArray.from_arrays(_offsets(np.full(count, width)), tops),
        pa.array(predictions.abstained),
        pa.ListArray.from_arrays(_offsets(predictions.sizes), names.take(pa.array(predictions.candidates))),
        pa.array(sha256, pa.string()),
    ]
    return pa.table(dict(zip(LABELS.names, columns, strict=True)))


def _offsets(sizes: np.ndarray) -> pa.Array:
    return pa.array(np.concatenate([[0], sizes.cumsum()]), pa.int32())
