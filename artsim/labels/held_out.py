"""The test set of heads whose backbone was fine-tuned: artworks that no training has seen."""

from collections.abc import Iterator

import numpy as np

from artsim.archive import Archive
from artsim.labels.cross_validation import OutOfFold, vote
from artsim.labels.heads import Head
from artsim.labels.tasks import Task, group_numbers
from artsim.learn.backbones.label_training import TEST, TRAINING, read_labels
from artsim.space.features import Space


def held_out_results(
    archive: Archive, name: str, space: Space, heads: list[Head], group_by: str
) -> Iterator[tuple[Task, np.ndarray, np.ndarray, OutOfFold]]:
    """Yields each task with the ids, object (m,), the groups, int (m,), and the predictions of its test set.

    ``rows`` of the predictions are row numbers in the task. The neighbors that vote are those of the training set, by
    the fine-tuned vectors.
    """
    data = read_labels(archive, f"models/{name}")
    vectors = space.find(data.ids)
    groups = group_numbers(archive, np.array(data.ids, object), group_by)
    for number, ((column, labels), head) in enumerate(zip(data.classes.items(), heads, strict=True)):
        targets = data.labels[:, number, None] == np.arange(len(labels))
        known = targets.any(axis=1)
        rows, training = (part[known[part]] for part in (data.rows(TEST), data.rows(TRAINING)))
        probabilities = head.probabilities(vectors[rows])
        result = OutOfFold(
            rows,
            targets[rows],
            probabilities,
            head.uncalibrated(vectors[rows]),
            vote(vectors[rows], vectors[training], targets[training]),
            probabilities.max(axis=1) < head.threshold,
            1 - probabilities <= head.quantile,
        )
        task = Task(column, tuple(labels), targets, False, {})
        yield task, np.array(data.ids, object)[rows], groups[rows], result
