"""The roles of artworks in a fine-tuning: by group if possible, and whether they are is stored."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import Archive
from artsim.labels import evaluate, finetune
from artsim.labels.options import LabelsOptions
from artsim.labels.tasks import Task
from artsim.learn.backbones import label_training

_COUNT = 60


@pytest.mark.parametrize("by_group", [True, False])
def test_groups_that_cannot_be_held_out_are_not_said_to_be(
    tmp_path: Path, by_group: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = Archive.create(str(tmp_path / "archive"), 2)
    ids = [f"made:{number:02}" for number in range(_COUNT)]
    labels = np.arange(_COUNT) % 2
    groups = np.arange(_COUNT) // 4 if by_group else labels  # each label has a group of its own
    task = Task("style", ("a", "b"), np.eye(2, dtype=bool)[labels], False, {})
    options = LabelsOptions(action="train", name="n", columns=("style",))
    monkeypatch.setattr(finetune, "labeled_ids", lambda *_: pa.array(ids))
    monkeypatch.setattr(finetune, "read_tasks", lambda *_: ([task], groups))
    data = finetune._label_data(archive, options, set)
    label_training._write(archive, "models/n", data)
    stored = label_training.read_labels(archive, "models/n")
    assert data.by_group == stored.by_group == by_group
    monkeypatch.setattr(evaluate, "held_out_results", lambda *_: iter([(task, None, None, None)]))
    monkeypatch.setattr(evaluate, "options_of", lambda *_: options)
    card = {"query": {"finetune": "resnet18"}, "tasks": [{"name": "style", "grouped": stored.by_group}]}
    ((_, split, *_),) = evaluate._results(archive, options, card, None, [])  # type: ignore[arg-type]
    assert split == ("by artist, a seventh" if by_group else "at random, a seventh")
