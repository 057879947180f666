import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.encoders.model import load_model
from jobs.neighbors import job as neighbors
from jobs.train import job
from tests.learn.annotated import annotated
from tests.made import vectors_of

_BASE_OPTIONS = ["--features", "dots:12", "more", "--workers", "2", "--epochs", "12", "--patience", "12"]
_BASE_OPTIONS += ["--split", "image-disjoint"]
_OPTIONS = [*_BASE_OPTIONS, "--hidden", "8", "--batch", "40", "--dropout", "0.3", "--learning-rate", "0.01"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return annotated(tmp_path_factory.mktemp("train") / "archive")


def _arguments(archive: Archive, name: str, *more: str) -> list[str]:
    return ["--archive", archive.uri, "--name", name, *_OPTIONS, *more]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--features: the archive lacks the recommended efficientnet_lite0.*jobs.extract.*from dots, more"),
        (["--features", "dots", "--finetune", "resnet"], "--features and --finetune: choose one"),
        (["--features", "dots", "--resolution", "64"], "--resolution does not apply to this kind of training"),
        (["--features", "dots", "--weights", "here"], "--weights needs --finetune"),
        (["--features", "dots", "--dropout", "2"], "--dropout 2.0: must be at least 0 and less than 1"),
        (["--features", "dots", "--head", "tail"], "--head"),
        (["--features", "stranger"], "--features stranger: the archive has no such features"),
    ],
)
def test_impossible_trainings_are_user_errors(archive: Archive, arguments: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        job.run(["--archive", archive.uri, "--name", "eye", *arguments])


@pytest.mark.slow
def test_killed_or_not_the_same_command_gives_the_same_model(archive: Archive) -> None:
    """Compares an undisturbed run, one that lost a worker, and one repeated after its driver was killed."""
    whole = job.run(_arguments(archive, "whole", "--embed"))
    assert whole["epochs"] == 12

    killed: list[int] = []
    killer = threading.Thread(target=_when_trained, args=(archive, "lost", 3, lambda: killed.append(_kill_a_worker())))
    killer.start()
    assert job.run(_arguments(archive, "lost"))["epochs"] == 12
    killer.join()
    assert killed

    command = [sys.executable, "-m", "jobs.train", *_arguments(archive, "killed")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as driver:
        _when_trained(archive, "killed", 3, driver.kill)
        assert driver.stdout is not None
        assert driver.stdout.read() == b""
    begun = _epochs(archive, "killed")
    assert 3 <= max(begun) < 11
    assert archive.names("models") == ["lost", "whole"]
    again = job.run(_arguments(archive, "killed"))
    assert (again["epochs"], again["done_before"]) == (12, False)

    weights = {
        Path(archive.uri, "models", name, "model.safetensors").read_bytes() for name in ("whole", "lost", "killed")
    }
    assert len(weights) == 1
    history = load_model(archive, "killed").card["history"]
    assert [epoch["epoch"] for epoch in history] == list(range(1, 13))
    assert history[-1]["loss"] < history[0]["loss"]
    _used_as_a_backbone(archive, whole)


def _used_as_a_backbone(archive: Archive, report: dict[str, Any]) -> None:
    """``--embed`` wrote a vector for every artwork, and another job can use the features."""
    assert report["embedded"] == {
        "table": "features/whole",
        "rows_in": 150,
        "rows_out": 150,
        "rows_failed": 0,
        "rows_waiting": 0,
        "failures": {},
    }
    vectors = vectors_of(archive, "whole")
    expected = load_model(archive, "whole").vectors(archive, sorted(vectors))
    np.testing.assert_allclose([vectors[artwork_id] for artwork_id in sorted(vectors)], expected, rtol=1e-4, atol=1e-5)
    (answer,) = neighbors.run(["--archive", archive.uri, "--features", "whole", "--id", "made:0003"])["queries"]
    assert len(answer["neighbors"]) == 10
    json.dumps(report, allow_nan=False)


def _epochs(archive: Archive, name: str) -> list[int]:
    return [int(path.name[6:]) for path in Path(archive.uri, "models", f"_{name}").glob("epoch-*")]


def _when_trained(archive: Archive, name: str, epochs: int, then: Callable[[], Any]) -> None:
    while max(_epochs(archive, name), default=0) < epochs:
        time.sleep(0.02)
    then()


def _kill_a_worker() -> int:
    """Kills one training worker that this process's own Ray started."""
    workers = [pid for pid in _processes() if "RayTrainWorker" in _words(pid) and os.getpid() in _ancestors(pid)]
    os.kill(workers[0], signal.SIGKILL)
    return workers[0]


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _ancestors(pid: int) -> list[int]:
    ancestors = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            break
        ancestors.append(pid)
    return ancestors
