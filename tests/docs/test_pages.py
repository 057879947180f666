"""The documentation shows no command, option, file or job that does not exist."""

import importlib
import re
from pathlib import Path

import pytest

from artsim.cli import Job
from tests.docs.pages import PAGES, ROOT, commands, job_commands

_JOBS = {path.stem for path in (ROOT / "jobs").glob("*.py")} - {"__init__"}
_OF_OTHER_TOOLS = {
    *("--address", "--dashboard-host", "--generate", "--head", "--working-dir"),  # ray
    *("--x", "--y", "--text", "--logdir"),  # embedding-atlas, tensorboard
    *("--images", "--largest-host", "--machines", "--gpus", "--delay"),  # benchmarks.scale_tables
}


def _job(name: str) -> Job:
    job: Job = importlib.import_module(f"jobs.{name}").job
    return job


def _name(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_job_takes_the_arguments_that_a_page_shows(page: Path) -> None:
    for name, arguments in job_commands(page):
        if "--config" in arguments:  # the file is not there, and has options that are required
            continue
        try:
            _job(name).check(arguments)
        except SystemExit as end:  # an option such as --list prints and exits
            assert end.code == 0


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_the_other_commands_of_a_page_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", page.read_text(encoding="utf-8")))
    assert named <= targets
    for words in commands(page):
        if words[:1] == ["make"]:
            assert words[1] in targets
        if words[:2] == ["python", "-m"] and words[2].startswith("benchmarks."):
            assert (ROOT / "benchmarks" / f"{words[2].removeprefix('benchmarks.')}.py").exists(), words


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_option_that_a_page_names_exists(page: Path) -> None:
    options = {flag for name in _JOBS for flag in _job(name)._parser._option_string_actions}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z0-9-]*", page.read_text(encoding="utf-8")))
    assert named - options - _OF_OTHER_TOOLS == set()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_file_that_a_page_links_to_exists(page: Path) -> None:
    links = re.findall(r"\]\(\s*([^)\s]+)\)", page.read_text(encoding="utf-8"))
    files = [link.partition("#")[0] for link in links if "://" not in link and not link.startswith("#")]
    assert [file for file in files if not (page.parent / file).exists()] == []


def test_the_readme_and_the_guides_show_every_job() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in sorted(_JOBS) if f"`jobs.{name}`" not in readme] == []
    shown = {name for page in PAGES for name, _ in job_commands(page)}
    assert _JOBS - shown == {"demo"}  # make demo


def test_every_guide_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    guides = [page.name for page in (ROOT / "docs").glob("*.md")]
    assert [name for name in guides if f": {name}\n" not in navigation] == []
