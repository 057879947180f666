"""Sweeps over heads that predict labels."""

import csv
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import CATALOG, Archive, UserError
from artsim.labels import table
from artsim.labels.examples import load_examples
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import options_of
from artsim.labels.sweep.space import with_setting
from artsim.labels.sweep.trial import _mean, cross_validated
from artsim.space.features import Space
from artsim.web.runs import sweep_of
from jobs.labels import job as labels_job
from jobs.tune import job
from tests.made import add_features, jpeg, make_archive, named

_IDS = named(120)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """120 artworks of three styles and two types by ten artists; vectors tell most of them apart."""
    made = make_archive(tmp_path_factory.mktemp("tune") / "archive", _IDS, pictures=dict.fromkeys(_IDS, jpeg()))
    for shard in range(made.shards):
        rows = made.table("catalog").read(shard, "p0").to_pylist()
        for row in rows:
            number = _IDS.index(row["id"])
            row |= {"style": f"Style {number % 3}", "type": f"Type {number % 2}", "artist": f"Painter {number % 10}"}
            row["type"] = row["type"] if number < 60 else None
        made.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, schema=CATALOG))
    rng = np.random.default_rng(5)
    add_features(made, "dots", {one: np.eye(3, 6)[n % 3] + rng.normal(size=6) for n, one in enumerate(_IDS)})
    arguments = ["--features", "dots", "--columns", "style", "type", "--name", "basics", "--strength", "0.01"]
    labels_job.run(["train", "--archive", made.uri, *arguments])
    return made


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--labels", "basics", "--name", "sweep", *arguments])


def _base(archive: Archive) -> LabelsOptions:
    return options_of(table.need_card(archive, "basics"), LabelsOptions(action="evaluate", name="basics"))


def test_the_score_is_that_of_an_evaluation(archive: Archive) -> None:
    base = _base(archive)
    score = cross_validated(load_examples(archive, Space(archive, ["dots"]), base), base)
    scores = labels_job.run(["evaluate", "--archive", archive.uri, "--name", "basics"])["scores"]
    grouped = [row["top1"]["value"] for row in scores if row["held_out"] == "by artist"]
    assert len(grouped) == 2
    assert score.value == pytest.approx(np.mean(grouped))
    assert score.low < score.value < score.high


def test_columns_count_the_same_however_many_artworks_they_have() -> None:
    few, many = np.array([1.0, 0]), np.array([1.0, 1, 1, 0])
    assert _mean([few, many], [np.arange(2), np.arange(4)], 0).value == pytest.approx((0.5 + 0.75) / 2)


def test_a_trial_trains_what_its_setting_says(archive: Archive) -> None:
    base = _base(archive)
    trial = with_setting(base, {"strength": 0.5, "head": "mlp", "hidden": 7, "weights": "equal"})
    assert (trial.strength, trial.head, trial.hidden, trial.weights) == (0.5, "mlp", 7, "equal")
    assert trial.columns == ("style", "type")
    assert with_setting(base, {"head": "logistic", "hidden": 7}).hidden is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--labels", "none"], "none: no trained heads of this name; the archive has basics"),
        (
            ["--space", "m=0:1"],
            "--space m=0:1: margin can't be searched; choose one of strength, head, hidden, weights",
        ),
        (["--space", "hidden=8,16"], "--space hidden: only --head mlp has a hidden layer"),
        (["--space", "strength=0:1:log"], "--strength 0"),
        (["--space", "head=tail,mlp"], "--head tail"),
        (["--margin", "0.2"], "--margin: not with --labels"),
        (["--folds", "2"], "--folds: not with --labels"),
        (["--finetune", "resnet18"], "--finetune: not with --labels"),
        (["--name", "../else"], "--name"),
    ],
)
def test_impossible_searches_are_user_errors(archive: Archive, arguments: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        _run(archive, *arguments)
    assert archive.names("sweeps") == []


@pytest.mark.slow
def test_a_sweep_keeps_the_best_setting_and_continues(archive: Archive) -> None:
    space = ("--space", "strength=1e-4:1:log", "weights=balanced,equal")
    report = _run(archive, *space, "--trials", "3")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"], report["trials"]) == (3, 3, 0, 3)
    assert _run(archive, *space, "--trials", "3")["done_before"]
    report = _run(archive, *space, "--trials", "5")
    assert (report["rows_in"], report["trials"]) == (2, 5)
    shown = sweep_of(archive, "sweep")
    assert (shown["measure"], shown["higher_is_better"]) == ("top1", True)
    assert [trial["score"] for trial in shown["trials"]] == sorted([t["score"] for t in shown["trials"]], reverse=True)
    best = report["best"]
    assert shown["trials"][0]["score"] == best["top1"]
    base = _base(archive)
    examples = load_examples(archive, Space(archive, ["dots"]), base)
    chosen = with_setting(base, {name: best[name] for name in ("strength", "weights")})
    assert cross_validated(examples, chosen).value == pytest.approx(best["top1"])
    with Path(report["csv"]).open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 5
    stored = tomllib.loads(Path(report["config"]).read_text(encoding="utf-8"))
    assert (stored["strength"], stored["weights"]) == (best["strength"], best["weights"])
    command = report["command"].split()
    assert command[:4] == ["python", "-m", "jobs.labels", "train"]
    labels_job.run(command[3:])
    query = table.need_card(archive, "sweep")["query"]
    assert (query["strength"], query["weights"], query["features"]) == (best["strength"], best["weights"], ["dots"])
    with pytest.raises(UserError, match="was started with"):
        _run(archive, "--space", "strength=1e-4:1e-2:log")
