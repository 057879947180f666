"""jobs.labels train --finetune: a backbone learns labels on Ray Train, its heads predict and are measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import CATALOG, LABELS, Archive, UserError
from artsim.encoders.model import load_model
from artsim.labels.labeler import Labeler
from artsim.labels.table import load_heads, need_card
from artsim.learn.backbones.label_training import TEST, TRAINING, VALIDATION, read_labels
from artsim.space.features import Space
from jobs.labels import job
from tests.made import jpeg, make_archive, named

_IDS = named(126)
_COLORS = {"Red": (200, 40, 30), "Green": (30, 190, 40), "Blue": (40, 30, 200)}
_FINETUNE = ("--finetune", "test_efficientnet", "--pretrained", "random", "--resolution", "64", "--epochs", "6")
_FAST = ("--frozen-epochs", "0", "--head-learning-rate", "0.03", "--mixup", "0", "--precision", "float32")


def _style(number: int) -> str:
    return list(_COLORS)[number % 3]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """126 artworks of one color each, which is their style; the type of a third is missing; 14 artists."""
    pictures = {one: jpeg(_COLORS[_style(number)]) for number, one in enumerate(_IDS)}
    made = make_archive(tmp_path / "archive", _IDS, pictures=pictures)
    for shard in range(made.shards):
        rows = [row | _fields(_IDS.index(row["id"])) for row in made.table("catalog").read(shard, "p0").to_pylist()]
        made.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, schema=CATALOG))
    return made


def _fields(number: int) -> dict[str, Any]:
    kind = "warm" if _style(number) == "Red" else "cold"
    return {"style": _style(number), "type": kind if number % 2 else None, "artist": f"Painter {number % 14}"}


def _run(action: str, archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run([action, "--archive", archive.uri, "--name", "tuned", *arguments])


@pytest.mark.slow
def test_a_fine_tuned_backbone_labels_artworks_and_is_measured_on_artists_it_has_not_seen(archive: Archive) -> None:
    report = _run("train", archive, "--columns", "style", "type", *_FINETUNE, *_FAST)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (126, 126, 0)
    assert [(row["task"], row["labels"]) for row in report["tasks"]] == [("style", 3), ("type", 2)]

    data = read_labels(archive, "models/tuned")
    artists = {
        role: {_IDS.index(data.ids[row]) % 14 for row in data.rows(role)} for role in (TRAINING, VALIDATION, TEST)
    }
    assert not artists[TRAINING] & (artists[VALIDATION] | artists[TEST]) and not artists[VALIDATION] & artists[TEST]
    assert min(len(data.rows(role)) for role in artists) >= 9

    # The stored heads give the logits of the network, on vectors as they are stored.
    model, (_, heads) = load_model(archive, "tuned"), load_heads(archive, "tuned", need_card(archive, "tuned"))
    vectors = Space(archive, ["tuned"]).find(_IDS[:9])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-3)
    tensors = {
        name.removeprefix("labels."): tensor.numpy() for name, tensor in model.tensors.items() if "labels." in name
    }
    inputs = (vectors - tensors["mean"]) / tensors["std"]
    expected = inputs @ tensors["tasks.1.weight"].T + tensors["tasks.1.bias"]
    np.testing.assert_allclose(vectors @ heads[1].weight + heads[1].bias, expected, atol=1e-3 * np.abs(expected).max())

    assert _run("predict", archive)["rows_out"] == 126
    table = archive.table("labels/tuned", LABELS)
    rows = {row["id"]: row for part in table.scan() for row in part.to_pylist() if row["task"] == "style"}
    held_out = [data.ids[row] for row in data.rows(TEST)]
    assert np.mean([rows[one]["label"] == _style(_IDS.index(one)) for one in held_out]) > 0.8
    labeler = Labeler(archive, "tuned")
    label = labeler.label({"tuned": vectors[0]})[0]
    assert (label.task, label.label) == ("style", rows[_IDS[0]]["label"])

    scores = _run("evaluate", archive)["scores"]
    assert [(score["task"], score["held_out"]) for score in scores] == [
        ("style", "by artist, a seventh"),
        ("type", "by artist, a seventh"),
    ]
    hits = np.mean([rows[one]["label"] == _style(_IDS.index(one)) for one in held_out])
    assert scores[0]["top1"]["value"] == pytest.approx(hits, abs=1e-3) and scores[0]["top1"]["n"] == len(held_out)

    again = _run("train", archive, "--columns", "style", "type", *_FINETUNE, *_FAST)
    assert again["rows_in"] == 0
    with pytest.raises(UserError, match=r"tuned.*started with.*epochs"):
        _run("train", archive, "--columns", "style", "type", *_FINETUNE, *_FAST, "--epochs", "7")
    with pytest.raises(UserError, match="stored features"):
        _run("errors", archive)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--features", "dots", "--finetune", "resnet18"], "choose one of them"),
        (["--separator", ";", "--finetune", "resnet18"], "each artwork has one label"),
        (["--epochs", "3"], "--epochs needs --finetune"),
        (["--pretrained", "here"], "--pretrained needs --finetune"),
    ],
)
def test_options_that_do_not_fit_are_refused(archive: Archive, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        _run("train", archive, "--columns", "style", *arguments)
