"""Out-of-fold predictions: each artwork is labeled by a head, and a vote of neighbors, that have not seen it."""

from dataclasses import dataclass

import numpy as np

from artsim.labels.examples import Examples
from artsim.labels.heads import folds
from artsim.labels.options import LabelsOptions
from artsim.labels.tasks import Task
from artsim.labels.train import fit
from artsim.space.exact import KBest

NEIGHBORS = 10


@dataclass(frozen=True)
class OutOfFold:
    """Of m labeled artworks: their row numbers, int (m,), labels, bool (m, c), and predicted probabilities, (m, c).

    ``votes``, (m, c), are the shares of the ten nearest labeled artworks by cosine distance, as a baseline.
    ``abstained``, bool (m,), and ``candidates``, bool (m, c), come from the head of the fold.
    """

    rows: np.ndarray
    targets: np.ndarray
    probabilities: np.ndarray
    uncalibrated: np.ndarray
    votes: np.ndarray
    abstained: np.ndarray
    candidates: np.ndarray


def out_of_fold(examples: Examples, task: Task, options: LabelsOptions, groups: np.ndarray) -> OutOfFold:
    """Predicts each artwork with a label by heads that were chosen, fitted and calibrated on the other folds.

    Artworks of the same of ``groups``, int (n,), are in the same fold.
    """
    rows = task.known
    targets, shape = task.targets[rows], (len(rows), len(task.labels))
    probabilities, uncalibrated, votes = (np.zeros(shape, np.float32) for _ in range(3))
    abstained, candidates = np.zeros(len(rows), bool), np.zeros(shape, bool)
    for training, test in folds(targets, groups[rows], options.seed):
        head = fit(examples, task, groups, options, rows[training])
        vectors = examples.vectors[rows[test]]
        probabilities[test], uncalibrated[test] = head.probabilities(vectors), head.uncalibrated(vectors)
        votes[test] = vote(vectors, examples.vectors[rows[training]], targets[training])
        abstained[test] = probabilities[test].max(axis=1) < head.threshold
        candidates[test] = 1 - probabilities[test] <= head.quantile
    return OutOfFold(rows, targets, probabilities, uncalibrated, votes, abstained, candidates)


def vote(queries: np.ndarray, vectors: np.ndarray, targets: np.ndarray, k: int = NEIGHBORS) -> np.ndarray:
    """Returns the share of each query's ``k`` nearest vectors (n, d) by cosine distance that have a label; (q, c).

    Of labels with equal shares, that of nearer vectors gets slightly more.
    """
    search = KBest(queries, k, "cosine", sign=1.0, zero_distance=1.0)
    search.add(np.arange(len(vectors)), vectors)
    width = min(k, len(vectors))
    nearest, _ = search.results(width, np.int64)
    weights = (1 - 1e-4 * np.arange(width)) / k
    return np.einsum("k,qkc->qc", weights, targets[nearest].astype(np.float32))
