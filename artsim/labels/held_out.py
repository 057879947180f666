"""The test set of heads whose backbone was fine-tuned: artworks that no training has seen."""

from collections.abc import Iterator

import numpy as np

from artsim.archive import Archive
from artsim.labels.cross_validation import OutOfFold, predicted
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
        task = Task(column, tuple(labels), data.labels[:, number, None] == np.arange(len(labels)), False, {})
        result = predicted(head, task, vectors, data.rows(TRAINING), data.rows(TEST))
        yield task, np.array(data.ids, object)[result.rows], groups[result.rows], result
