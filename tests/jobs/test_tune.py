import csv
import json
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from artsim.archive import Archive, UserError
from artsim.encoders.model import load_model
from jobs.train import job as train
from jobs.tune import job
from tests.learn.annotated import annotated

_OPTIONS = ["--features", "dots", "--head", "residual", "--hidden", "8", "--batch", "40", "--learning-rate", "0.01"]
_OPTIONS += ["--epochs", "12", "--space", "m=0:1", "m2=0:1"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return annotated(tmp_path_factory.mktemp("tune") / "archive")


def _arguments(archive: Archive, name: str, *more: str) -> list[str]:
    return ["--archive", archive.uri, "--name", name, *_OPTIONS, *more]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--features: the archive lacks the recommended efficientnet_lite0.*run jobs.extract"),
        (["--features", "dots", "--weights", "here"], "--weights needs --finetune"),
        (["--features", "dots", "--workers", "2"], "--workers: only with --finetune"),
        (["--features", "dots", "--space", "shoe=1:2"], "shoe can't be searched"),
        (["--features", "dots", "--margin", "0.2"], "--margin: is searched"),
        (["--features", "dots", "--trials", "0"], "--trials 0: must be 1 or more"),
        (["--features", "dots", "--folds", "0"], "--folds 0: must be 1 or more"),
        (["--features", "dots", "--name", "../else"], "--name"),
        (["--finetune", "resnet18", "--folds", "3"], "--folds: not with --finetune"),
        (["--finetune", "resnet18", "--hidden", "8", "--space", "resolution=64,96"], "resolution can't be searched"),
    ],
)
def test_impossible_searches_are_user_errors(archive: Archive, arguments: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        job.run(["--archive", archive.uri, "--name", "sweep", *arguments])
    assert archive.names("sweeps") == []


@pytest.mark.slow
def test_a_killed_sweep_resumes(archive: Archive) -> None:
    """A second run after the driver was killed keeps the finished trials and runs only the others."""
    command = [sys.executable, "-m", "jobs.tune", *_arguments(archive, "margins", "--trials", "12")]
    trials = Path(archive.uri, "sweeps", "margins", "trials")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as driver:
        while len(_finished(trials)) < 3:
            assert driver.poll() is None
            time.sleep(0.01)
        driver.kill()
        assert driver.stdout is not None
        assert driver.stdout.read() == b""
    before = _finished(trials)
    assert 3 <= len(before) < 12

    report = job.run(_arguments(archive, "margins", "--trials", "12"))
    after = _finished(trials)
    assert len(after) == 12
    assert {name: after[name] for name in before} == before
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (12 - len(before), 12 - len(before), 0)
    assert (report["trials"], report["done_before"]) == (12, False)
    records = [json.loads(text) for text in after.values()]
    assert len({json.dumps(trial["setting"]) for trial in records}) == 12
    best = min(records, key=lambda trial: trial["meanrank"])
    wanted = {"m": best["setting"]["margin"], "m2": best["setting"]["intra_margin"], "meanrank": best["meanrank"]}
    assert report["best"].items() >= wanted.items()
    # ASHA stopped some trials.
    assert min(trial["epochs"] for trial in records) < 4 < max(trial["epochs"] for trial in records)
    assert 0 < report["orchestration"] < 1
    assert not Path(trials.parent, "_ray").exists()
    with Path(report["csv"]).open(encoding="utf-8", newline="") as source:
        assert sorted(int(row["trial"]) for row in csv.DictReader(source)) == list(range(1, 13))

    again = job.run(_arguments(archive, "margins", "--trials", "12"))
    assert (again["done_before"], again["rows_in"], again["best"]) == (True, 0, report["best"])
    with pytest.raises(UserError, match="--name margins: was started with seed 0; choose"):
        job.run(_arguments(archive, "margins", "--seed", "1"))
    with pytest.raises(UserError, match="--name margins: was started with a different space; choose"):
        job.run(_arguments(archive, "margins", "--space", "m=0:2", "m2=0:1"))
    _trained_with_it(archive, report["config"], wanted)


def _trained_with_it(archive: Archive, config: str, wanted: dict[str, float]) -> None:
    report = train.run(["--archive", archive.uri, "--config", config])
    recipe = load_model(archive, "margins").card["recipe"]
    assert (recipe["loss"], recipe["margin"], recipe["intra_margin"]) == ("triplet", wanted["m"], wanted["m2"])
    assert tomllib.loads(Path(config).read_text(encoding="utf-8"))["hidden"] == recipe["hidden"] == 8
    assert report["split"]["training"] == 250
    assert 0 < report["scores"]["new_images"]["after"]["n"] <= 250


def _finished(trials: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in trials.glob("0*.json")}
