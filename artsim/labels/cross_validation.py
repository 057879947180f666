"""Out-of-fold predictions: each artwork is labeled by a head, and a vote of neighbors, that have not seen it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from artsim.labels.calibration import folds
from artsim.labels.examples import Examples
from artsim.labels.heads import Answers, Head, ranking
from artsim.labels.options import LabelsOptions
from artsim.labels.tasks import Task, strata
from artsim.labels.train import fit
from artsim.space.exact import KBest

NEIGHBORS = 10


@dataclass(frozen=True)
class OutOfFold:
    """Of m labeled artworks: their row numbers, int (m,), and labels, bool (m, c), and the predictions of heads that
    have not seen them.

    ``answers`` are calibrated, ``uncalibrated`` ones are not. ``votes``, (m, c), are the shares of the ten nearest
    labeled artworks by cosine distance, as a baseline. ``candidates`` are bool (m, c).
    """

    rows: np.ndarray
    targets: np.ndarray
    answers: Answers
    uncalibrated: Answers
    votes: np.ndarray
    candidates: np.ndarray

    @property
    def ranking(self) -> np.ndarray:
        """Values (m, c) by which the heads rank the labels."""
        return ranking(self.answers.probabilities, self.answers.labels)


def out_of_fold(
    examples: Examples, tasks: Sequence[Task], options: LabelsOptions, groups: np.ndarray
) -> list[OutOfFold]:
    """Predicts each artwork with a label by heads that were chosen, fitted and calibrated on the other folds.

    The tasks are fitted together. Artworks of the same of ``groups``, int (n,), are in the same fold.
    """
    rows = np.flatnonzero(np.any([task.targets.any(axis=1) for task in tasks], axis=0))
    results: list[list[OutOfFold]] = [[] for _ in tasks]
    for training, test in folds(strata(tasks)[rows], groups[rows], options.seed):
        heads = fit(examples, tasks, groups, options, rows[training])
        for task, head, parts in zip(tasks, heads, results, strict=True):
            parts.append(predicted(head, task, examples.vectors, rows[training], rows[test]))
    return [_joined(parts) for parts in results]


def predicted(head: Head, task: Task, vectors: np.ndarray, training: np.ndarray, test: np.ndarray) -> OutOfFold:
    """Returns what a head, trained on some rows of vectors (n, d), says of the ``test`` rows that have a label."""
    known = np.asarray(task.targets.any(axis=1))
    training, test = training[known[training]], test[known[test]]
    answers = head.answers(vectors[test])
    return OutOfFold(
        test,
        task.targets[test],
        answers,
        head.uncalibrated(vectors[test]),
        vote(vectors[test], vectors[training], task.targets[training]),
        1 - answers.probabilities <= head.quantile,
    )


def _joined(parts: Sequence[OutOfFold]) -> OutOfFold:
    """Returns the predictions of all folds, rows in ascending order."""
    order = np.argsort(np.concatenate([part.rows for part in parts]), kind="stable")

    def join(get: Callable[[OutOfFold], np.ndarray]) -> np.ndarray:
        return np.concatenate([get(part) for part in parts])[order]

    def join_answers(get: Callable[[OutOfFold], Answers]) -> Answers:
        return Answers(
            join(lambda part: get(part).probabilities),
            join(lambda part: get(part).labels),
            join(lambda part: get(part).abstained),
        )

    return OutOfFold(
        join(lambda part: part.rows),
        join(lambda part: part.targets),
        join_answers(lambda part: part.answers),
        join_answers(lambda part: part.uncalibrated),
        join(lambda part: part.votes),
        join(lambda part: part.candidates),
    )


def vote(queries: np.ndarray, vectors: np.ndarray, targets: np.ndarray, k: int = NEIGHBORS) -> np.ndarray:
    """Returns the share of each query's ``k`` nearest vectors (n, d) by cosine distance that have a label; (q, c).

    Of labels with equal shares, that of nearer vectors gets slightly more. Without vectors, all shares are 0.
    """
    if not len(vectors):
        return np.zeros((len(queries), targets.shape[1]))
    search = KBest(queries, k, "cosine", sign=1.0, zero_distance=1.0)
    search.add(np.arange(len(vectors)), vectors)
    width = min(k, len(vectors))
    nearest, _ = search.results(width, np.int64)
    weights = (1 - 1e-4 * np.arange(width)) / k
    return np.einsum("k,qkc->qc", weights, targets[nearest].astype(np.float32))
