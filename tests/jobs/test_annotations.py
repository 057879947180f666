"""``jobs.annotations`` by its command line and from TOML: actions, reports, exit codes, kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from artsim.annotations.annotations import read_annotations
from artsim.annotations.links import read_links
from artsim.archive import Archive, UserError
from jobs.annotations import job
from jobs.pipeline import job as pipeline
from tests.learn.annotated import annotated
from tests.learn.made_annotations import catalog_of

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def archive(tmp_path) -> Archive:
    rows = [
        {"id": f"m:{number}", "style": f"style {number % 4}", "artist": f"artist {number % 40}"}
        for number in range(400)
    ]
    return catalog_of(tmp_path / "archive", rows)


def command(action: str, archive: Archive, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "jobs.annotations", action, "--archive", archive.uri, *arguments]


def run(*arguments: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, cwd=REPOSITORY, timeout=120)
    return done.returncode, json.loads(done.stdout.splitlines()[-1]) if done.stdout else {}, done.stderr


@pytest.mark.slow
def test_all_annotation_actions(archive, tmp_path) -> None:
    file = str(tmp_path / "anna.txt")
    code, report, errors = run("simulate", archive, "--annotator", "sim", "--by", "style", "--n", "60", "--seed", "3")
    assert (code, report["rows_out"], report["options"]["action"]) == (0, 60, "simulate"), errors
    code, report, errors = run("export", archive, "--file", file)
    assert (code, report["rows_out"]) == (0, 60), errors
    with Path(file).open("a") as more:
        more.write("1,2,3\n")
    code, report, errors = run("import", archive, "--file", file, "--annotator", "anna", "--mode", "random")
    assert (code, report["rows_in"], report["rows_out"], report["rows_failed"]) == (0, 61, 60, 1)
    assert "line 61: not nine names: 3" in errors
    assert Path(archive.uri, report["rejects"]).read_text().splitlines()[1] == '61,not nine names: 3,"1,2,3"'
    assert run("import", archive, "--file", file, "--annotator", "anna")[1]["rows_there"] == 60
    code, report, errors = run("check", archive)
    assert (code, report["rows_in"], report["annotators"]) == (0, 120, {"sim": 60, "anna": 60}), errors
    simulated, imported = (read_annotations(archive, [name]).images.tolist() for name in ("sim", "anna"))
    assert simulated == imported


def test_links_and_a_pipeline(archive, tmp_path) -> None:
    (tmp_path / "links.csv").write_text("img1,img2,type\n1,2,POSITIVE\n1,999,WRONG\n")
    (tmp_path / "p.toml").write_text(
        f"""
[[annotations]]
action = "import"
links = true
file = "{tmp_path}/links.csv"
annotator = "epfl"
as = "m"
[[annotations]]
action = "simulate"
annotator = "sim"
by = "style"
n = 20
[[annotations]]
action = "check"
"""
    )
    report = pipeline.run(["--archive", archive.uri, "--config", str(tmp_path / "p.toml")])
    links, simulated, checked = report["steps"]
    assert (links["rows_out"], links["rows_unknown"], simulated["rows_out"], checked["rows_in"]) == (2, 1, 20, 20)
    assert read_links(archive)[0].tolist() == [["m:1", "m:2"], ["m:1", "m:999"]]
    assert checked["links"]["clusters"] == 1


def test_the_action_may_stand_in_a_file_and_the_command_line_wins(archive, tmp_path) -> None:
    (tmp_path / "job.toml").write_text('action = "simulate"\nannotator = "sim"\nby = "style"\nn = 20\n')
    given = ["--archive", archive.uri, "--config", str(tmp_path / "job.toml")]
    assert job.run(given)["rows_out"] == 20
    assert job.run(["simulate", *given, "--n", "30", "--seed", "1"])["rows_in"] == 30
    assert job.run(["check", *given])["rows_in"] == 50
    assert job.run([*given, "--action", "check"])["rows_in"] == 50


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        ([], "--action"),
        (["judge"], "judge"),
        (["import", "--annotator", "a"], "--file: import needs it"),
        (["import", "--file", "f"], "--annotator: import needs it"),
        (["import", "--file", "none.txt", "--annotator", "a"], "--file none.txt"),
        (["export"], "--file: export needs it"),
        (["export", "--file", "f", "--annotator", "nobody"], "--annotator nobody"),
        (["simulate", "--annotator", "a"], "--by: simulate needs it"),
        (["simulate", "--annotator", "a", "--by", "colour"], "--by colour"),
        (["check", "--links"], "--links"),
        (["check", "--out", "p.html"], "--out: check does not use it; draw does"),
        (["draw"], "--out: draw needs it"),
        (
            ["simulate", "--annotator", "a", "--by", "style", "--mode", "uncertain"],
            "--mode uncertain: simulate does not support it",
        ),
    ],
)
def test_user_errors(archive, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError) as caught:
        job.run([*arguments, "--archive", archive.uri])
    assert expected_text in str(caught.value) and "\n" not in str(caught.value)


def test_a_user_error_is_one_line_and_exit_2(archive) -> None:
    code, report, errors = run("import", archive, "--file", "none.txt")
    assert (code, report, len(errors.splitlines())) == (2, {}, 1)
    assert errors.startswith("python -m jobs.annotations: --annotator")


@pytest.mark.slow
def test_a_killed_command_finishes_when_repeated(archive, tmp_path) -> None:
    rng = random.Random(0)
    lines = [",".join(map(str, rng.sample(range(400), 9))) for _ in range(20_000)]
    file = tmp_path / "anna.txt"
    file.write_text("\n".join(lines))
    arguments = command("import", archive, "--file", str(file), "--annotator", "anna")
    started = time.monotonic()
    subprocess.run(command("check", archive), cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    idle = time.monotonic() - started
    for _ in range(8):
        process = subprocess.Popen(arguments, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(idle * rng.uniform(0.5, 1.5))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert len(read_annotations(archive)) in (0, 20_000)  # all or nothing
    done = subprocess.run(arguments, cwd=REPOSITORY, capture_output=True, text=True)
    report = json.loads(done.stdout)
    assert report["rows_out"] + report["rows_there"] == 20_000
    assert [",".join(annotation).replace("m:", "") for annotation in read_annotations(archive).images] == lines


def test_the_action_word_may_come_after_options(tmp_path: Path) -> None:
    archive = annotated(tmp_path / "archive", 20)
    options = ["--archive", archive.uri]
    first = job.run(["check", *options])
    for arguments in (
        [*options, "check"],
        [*options, "--seed", "0", "check"],
        [*options, "check", "--seed", "0"],
        [f"--archive={archive.uri}", "check"],
        [*options, "--action", "check"],
        [*options, "--action=check"],
    ):
        assert job.run(arguments)["rows_in"] == first["rows_in"]
    with pytest.raises(UserError, match="--links: check does not use it; import does"):
        job.run([*options, "--links", "check"])
    with pytest.raises(UserError, match="--action"):
        job.run(options)
    with pytest.raises(UserError, match="--annotator: simulate needs it"):  # the value of an option is not an action
        job.run([*options, "--file", "check", "simulate"])
