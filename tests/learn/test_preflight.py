"""Inputs that no head can learn from are rejected before anything starts."""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.annotations.annotations import add_annotations
from artsim.archive import Archive, UserError
from jobs.train import job as train
from jobs.tune import job as tune
from tests.learn.annotated import IDS, annotate, annotated
from tests.made import add_features


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: object) -> None:
        raise AssertionError("Ray was started")

    monkeypatch.setattr("artsim.runtime.connect", connect)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = annotated(tmp_path_factory.mktemp("check") / "archive", 120)
    normal = np.random.default_rng(5).normal(size=(len(IDS), 6))
    odd = {
        "zeros": np.zeros_like(normal),
        "constant": np.full_like(normal, 1.5),
        "alike": np.repeat(normal[:1], len(IDS), 0),
        "huge": normal * 1e37,
        "tiny": normal * 1e-42,
        "rounding": 1e4 + normal * 1e-6,
        "nan": np.full_like(normal, np.nan),
    }
    for name, vectors in odd.items():
        add_features(archive, name, dict(zip(IDS, vectors, strict=True)))
    return archive


def test_unusable_vectors_are_reported_if_nothing_is_left(archive: Archive) -> None:
    with pytest.raises(UserError, match=r"120 of 120 annotations have an image without a vector .*not finite"):
        train.run(["--archive", archive.uri, "--features", "nan", "--name", "of-nan"])


@pytest.mark.parametrize("job", [train, tune])
@pytest.mark.parametrize(
    ("features", "words"),
    [
        ("zeros", "the same"),
        ("constant", "the same"),
        ("alike", "the same"),
        ("rounding", "the same"),
        ("huge", "too large"),
        ("tiny", "too small"),
        ("constant:2", "the same"),
        ("zeros:0.9", "the same"),
        ("huge:2", "too large"),
    ],
)
def test_constant_features_are_a_user_error(archive: Archive, job: Any, features: str, words: str) -> None:
    name = features.partition(":")[0]
    for head in ("discriminant", "residual"):
        with pytest.raises(UserError, match=f"--features {name}.*{words}"):
            job.run(
                ["--archive", archive.uri, "--features", features, "--name", f"of-{name}", "--head", head, "--again"]
            )


@pytest.mark.parametrize("job", [train, tune])
def test_annotations_with_the_anchor_as_positive_are_a_user_error(archive: Archive, job: Any) -> None:
    rng = np.random.default_rng(6)
    annotations = [rng.choice(IDS, 9, replace=False).tolist() for _ in range(40)]
    add_annotations(
        archive, "same", [[image_ids[0], image_ids[0], *image_ids[2:]] for image_ids in annotations], "random"
    )
    options = ["--annotator", "same", "--split", "random", "--features", "dots", "--name", "same"]
    with pytest.raises(UserError, match="the positive is the anchor itself in all"):
        job.run(["--archive", archive.uri, *options])


@pytest.mark.parametrize("job", [train, tune])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--name", "é"], "--name 'é': must be 1 to 100 ASCII letters"),
        (["--name", "模型"], "--name '模型': must be 1 to 100 ASCII letters"),
        (["--name", "t", "--split", "group-disjoint", "--split-by", "id"], "--split-by id: each artwork"),
    ],
)
def test_conflicting_options_are_user_errors(archive: Archive, job: Any, arguments: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        job.run(["--archive", archive.uri, "--features", "dots", *arguments])


def _stopped(job: Any, archive: Archive, name: str) -> Callable[[], Any]:
    """Starts a run that fails where Ray would start; returns a function that runs it again."""

    def run() -> Any:
        return job.run(["--archive", archive.uri, "--features", "dots:3", "--name", name])

    with pytest.raises(AssertionError, match="Ray was started"):
        run()
    return run


@pytest.mark.parametrize("file", ["plan.json", "kept.safetensors", "annotations.parquet", "asked.json"])
@pytest.mark.parametrize("damage", ["cut", "emptied", "noise"])
def test_a_damaged_run_names_the_file(archive: Archive, file: str, damage: str) -> None:
    for job, folder in ((train, f"models/_{damage}"), (tune, f"sweeps/{damage}")):
        again = _stopped(job, archive, damage)
        path = Path(archive.uri, folder, file)
        content = path.read_bytes()
        path.write_bytes({"cut": content[:20], "emptied": b"", "noise": b"\xff\xfe\0" * 40}[damage])
        with pytest.raises(UserError, match=f"{folder}/{file}: this file of the (run|sweep) is missing or damaged"):
            again()
        path.write_bytes(content)


@pytest.mark.parametrize("file", ["plan.json", "asked.json"])
@pytest.mark.parametrize(
    "content", ["[]", "{}", "null ,", "3", '{"inputs": 1, "annotations": "x"}', "[" * 100_000, None]
)
def test_a_run_file_with_other_content_is_named(archive: Archive, file: str, content: str | None) -> None:
    """If ``content`` is None, a folder takes the place of the file."""
    for job, folder in ((train, "models/_other"), (tune, "sweeps/other")):
        again = _stopped(job, archive, "other")
        path = Path(archive.uri, folder, file)
        original = path.read_bytes()
        path.unlink()
        path.mkdir() if content is None else path.write_text(content)
        with pytest.raises(UserError, match=f"{folder}/{file}: ") as error:
            again()
        assert "\n" not in str(error.value)
        path.rmdir() if content is None else path.unlink()
        path.write_bytes(original)


def test_a_resumed_run_reuses_its_pool_or_reports_damage(archive: Archive) -> None:
    command = ["--archive", archive.uri, "--features", "dots:3", "--name", "mining", "--negatives", "hard"]
    for _ in range(2):  # the second run uses the pool that the first has drawn
        with pytest.raises(AssertionError, match="Ray was started"):
            train.run(command)
    pool = Path(archive.uri, "models/_mining/pool.json")
    for content in ("{}", "[1]", "[", ""):
        pool.write_text(content)
        with pytest.raises(UserError, match=r"pool\.json"):
            train.run(command)


@pytest.mark.parametrize("content", [b"{", b"", b"\xff\xfe", b"[1]", b"{}", b'{"number": 1, "setting": {}}', b"null"])
def test_a_damaged_trial_is_named(archive: Archive, content: bytes) -> None:
    again = _stopped(tune, archive, "trials")
    trial = Path(archive.uri, "sweeps/trials/trials/000001.json")
    trial.parent.mkdir(exist_ok=True)
    trial.write_bytes(content)
    with pytest.raises(UserError, match=r"sweeps/trials/trials/000001\.json: .*remove it"):
        again()
    trial.unlink()


@pytest.mark.parametrize(
    "card", [{}, [], "text", {"format": 1}, {"format": 1, "kind": "head", "dimension": 3, "inputs": [], "recipe": {}}]
)
def test_a_card_with_missing_keys_is_named(archive: Archive, card: Any) -> None:
    path = Path(archive.uri, "models/odd/card.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(card))
    with pytest.raises(UserError, match=r"models/odd/card\.json: not the card of a model"):
        train.run(["--archive", archive.uri, "--features", "dots", "--name", "odd"])


def test_new_annotations_are_counted(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The model is as a training leaves it; 40 annotations are added later."""
    command = ["--archive", archive.uri, "--features", "dots", "--annotator", "late", "--name", "known"]
    annotate(archive, 100, "late", seed=8)
    settings: dict[str, Any] = {}

    def keep(archive: Archive, folder: str, experiment: Any, *_: Any) -> Any:
        settings.update(json.loads(json.dumps(asdict(experiment))))
        raise KeyboardInterrupt

    monkeypatch.setattr("artsim.learn.train.load_or_make_plan", keep)
    with pytest.raises(KeyboardInterrupt):
        train.run(command)
    card = {
        "format": 1,
        "kind": "head",
        "dimension": 20,
        "inputs": [{"features": "dots", "about": None}],
        "recipe": settings["recipe"],
        "split": {"training": 60, "annotations": 100},
        "epochs": 1,
        "best_epoch": 1,
        "scores": {},
        "hashes": {},
        "asked": settings,
    }
    archive.write_json("models/known/card.json", card)
    assert train.run(command)["annotations_new"] == 0
    annotate(archive, 40, "late", seed=9)
    with caplog.at_level(logging.WARNING):
        assert train.run(command)["annotations_new"] == 40
    assert "40 annotations were added since" in caplog.text
    assert "--again" in caplog.text
