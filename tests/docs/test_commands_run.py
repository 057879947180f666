"""Every command of the README and the guides runs as it is written, offline, and writes the files that it names.

The commands of a page run in the order of the page, in a folder with what ``make demo`` leaves, here of a museum with
fewer works, and with the files that the guides take for granted.
"""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from unittest import mock

import pytest

from tests.docs.own_files import make_own_files
from tests.docs.pages import PAGES, ROOT, Command, shell_commands
from tests.jobs.inside import ended, report_of

_WORKS = 60

_NOT_RUN = {  # a pattern of commands: why they do not run here
    "make demo": "takes minutes and uses the internet; the fixture `demo` runs the same job with fewer works",
    "source .venv/bin/activate": "changes the shell of the reader only",
    "ray get-auth-token *": "changes the home folder; tests/deploy starts clusters with a token of their own",
    "RAY_AUTH_MODE=token ray start *": "starts a cluster on fixed ports; tests/deploy starts it with ports of its own",
    "RAY_AUTH_MODE=token ray job submit *": "needs that cluster; tests/deploy submits jobs",
    "python -m http.server *": "serves until it is stopped",
    "*jobs.serve *": "serves until it is stopped; tests/web starts it",
    "serve run *": "serves until it is stopped; tests/deploy starts it",
    "embedding-atlas *": "another program, which the reader may install",
    "tensorboard *": "another program, which the reader may install",
    "ray stop": "ends every Ray process of the account",
    "ray up *": "needs AWS; tests/deploy checks the file against Ray's schema",
    "ray dashboard *": "needs AWS",
    "ray down *": "needs AWS",
}

_BEFORE = {  # a page: commands of other pages, on which it builds
    "scrape.md": ["catalog --archive archives/mine --source folder --location photographs/"],
    "learn.md": [
        "catalog --archive archives/other --source folder --location photographs/",
        "scrape --archive archives/other",
        "extract --archive archives/other",
        "catalog --archive archives/people-art --source table --location people-art/labels.csv --as pa",
        "scrape --archive archives/people-art",
        "annotations simulate --archive archives/people-art --annotator curator --by artist --pools 1 --n 16",
    ],
    "sweep.md": ["labels train --archive archives/demo --columns style type date --min-count 4 --name basics"],
}

_DEMO, _OTHER, _PEOPLE = "archives/demo", "archives/other", "archives/people-art"
_WRITES = {  # a pattern of commands: what they write, beside the files that they or their reports name
    "*jobs.scrape*archives/mine": ["archives/mine/images/*/*.parquet"],
    "*jobs.extract*archives/mine": ["archives/mine/features/efficientnet_lite0@4+448/*/*.parquet"],
    "*jobs.neighbors*--all": [f"{_DEMO}/neighbors/efficientnet_lite0~0.9/*/*.parquet"],
    "*jobs.cluster*--min-cluster-size 3": [f"{_DEMO}/clusters/*-hdbscan/_clusters.json"],
    "*jobs.cluster*--against style": [f"{_DEMO}/clusters/*-ward/_clusters.json"],
    "*jobs.map*--name wall*": [f"{_DEMO}/layouts/wall/*/*.parquet"],
    "*jobs.enrich topics*": [f"{_DEMO}/topics/topics/_topics.json"],
    "*jobs.enrich topics*--clusters*": [f"{_DEMO}/topics/topics/_clusters.json"],
    "*jobs.enrich descriptors*": [f"{_DEMO}/descriptors/keywords/*/*.parquet"],
    "*jobs.enrich names*": [f"{_DEMO}/names/painters/*/*.parquet"],
    "*jobs.annotations check*": [f"{_DEMO}/reports/annotations/*.csv"],
    "*jobs.annotations export*": ["anna-copy.txt"],
    "*jobs.train*--name tuned *": [f"{_PEOPLE}/models/tuned/card.json", f"{_PEOPLE}/features/tuned/*/*.parquet"],
    "*jobs.train*best.toml": [f"{_DEMO}/models/margins/model.safetensors"],
    "*jobs.embed*": [f"{_OTHER}/features/eye/*/*.parquet"],
    "*jobs.evaluate*": [f"{_DEMO}/evaluation/evaluation.{kind}" for kind in ("md", "json")],
    "*jobs.tune*--name strengths*": [f"{_DEMO}/sweeps/strengths/{name}" for name in ("trials.md", "best.toml")],
    "*jobs.tune*--name wide*": [f"{_DEMO}/sweeps/wide/{name}" for name in ("trials.md", "heatmap.png", "best.toml")],
}

_FILES = ("--picture", "--csv", "--out")  # options that name a file to write


@pytest.fixture(scope="module", autouse=True)
def without_npm() -> Iterator[None]:
    """Sites are written without browser libraries, which only `make page` fetches."""
    with mock.patch("artsim.web.app.LIBRARIES", ()):
        yield


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in which ``make demo`` has run, and a copy of it beside."""
    folder = tmp_path_factory.mktemp("newcomer")
    with contextlib.chdir(folder), mock.patch("artsim.sample.tour._MIN_ARTWORKS", _WORKS):
        done = ended("demo", "--works", _WORKS, "--port", 0)
    assert done.returncode == 0, done.stderr
    make_own_files(folder, folder / "archives" / "demo-museum")
    shutil.copytree(folder, folder.with_name("kept"))
    yield folder
    shutil.rmtree(folder.with_name("kept"))


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if shell_commands(page)], ids=lambda page: page.name)
def test_the_commands_of_a_page_run(page: Path, demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _restore(demo)
    monkeypatch.chdir(demo)
    for arguments in _BEFORE.get(page.name, []):
        done = ended(*arguments.split())
        assert done.returncode == 0, done.stderr
    for command in shell_commands(page):
        if not any(fnmatch(command.text, pattern) for pattern in _NOT_RUN):
            _check_runs(command)


def test_each_exception_is_for_a_command_of_a_page() -> None:
    every = [command for page in PAGES for command in shell_commands(page)]
    for patterns in (_NOT_RUN, _WRITES):
        assert [pattern for pattern in patterns if not any(fnmatch(one.text, pattern) for one in every)] == []
    assert [name for name in _BEFORE if name not in {command.page.name for command in every}] == []


def _restore(folder: Path) -> None:
    """Empties the folder, in which Ray's processes are, and fills it again from its copy."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    shutil.copytree(folder.with_name("kept"), folder, dirs_exist_ok=True)


def _check_runs(command: Command) -> None:
    """Fails with page, line and stderr if the command fails, or does not write what it should."""
    words = _expanded(command.words)
    outputs = [words[place + 1] for place, word in enumerate(words) if word in _FILES]
    outputs += [name for pattern, names in _WRITES.items() if fnmatch(command.text, pattern) for name in names]
    for path in (path for name in outputs for path in Path().glob(name)):
        shutil.rmtree(path) if path.is_dir() else path.unlink()  # an earlier command wrote it
    try:
        done = _run(words)
    except Exception as error:
        error.add_note(str(command))
        raise
    assert done.returncode == 0, f"{command}\n{done.stderr[-3000:]}"
    missing = [name for name in outputs if not any(path.stat().st_size for path in Path().glob(name))]
    if done.stdout.startswith("{"):
        report = report_of(done)
        reported = [report.get("picture"), *report.get("files", ())]
        missing += [name for name in reported if name is not None and not Path(name).exists()]
    assert missing == [], f"{command}\nwrote no {', '.join(missing)}\n{done.stderr[-3000:]}"


def _run(words: list[str]) -> subprocess.CompletedProcess[str]:
    assert words[:2] == ["python", "-m"], f"neither in _NOT_RUN nor a Python module: {words}"
    package, _, name = words[2].partition(".")
    if package == "jobs":
        return ended(name, *words[3:])
    return subprocess.run(
        [sys.executable, *words[1:]], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )


def _expanded(words: list[str]) -> list[str]:
    """Replaces a pattern by the files that it matches, as a shell does."""
    return [name for word in words for name in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]
