import importlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from artsim.archive import Archive, UserError
from artsim.arguments import as_arguments
from artsim.cli import Job, _print
from artsim.options import JobOptions, setting
from artsim.summary import summary
from tests.made import make_archive

_ROOT = Path(__file__).parents[1]
_JOBS = sorted(path.stem for path in (_ROOT / "jobs").glob("*.py") if path.stem != "__init__")


_HEAVY = {"ray", "torch", "pyarrow", "numpy", "scipy", "sklearn", "PIL", "aiohttp", "timm", "matplotlib", "pandas"}


def _run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("name", _JOBS)
def test_help_answers_at_once_and_shows_an_example(name: str) -> None:
    """``--help`` imports no heavy library and few modules."""
    command = [sys.executable, "-X", "importtime", "-m", f"jobs.{name}", "--help"]
    process = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=60)
    assert process.returncode == 0
    assert f"python -m jobs.{name} " in process.stdout.partition("example")[2]
    lines = process.stderr.splitlines()
    assert [line for line in lines if not line.startswith("import time:")] == []
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}
    assert imported & _HEAVY == set()
    assert len(lines) < 250  # 130 when this was written, of which 60 are Python's own startup


def test_a_mistake_is_said_before_anything_heavy_is_imported() -> None:
    """pyarrow is the exception, because it is needed to look for the archive."""
    for name in ("extract", "train", "scrape"):
        job = importlib.import_module(f"jobs.{name}").job
        needed = {"extract": ["--backbones", "x"], "train": ["--name", "x", "--features", "x"]}.get(name, [])
        check = (
            f"import sys; from jobs.{job.name} import job\n"
            f"try: job.run(['--archive', '/nowhere', *{needed}])\n"
            "except Exception as error: print(type(error).__name__, *sys.modules)"
        )
        process = subprocess.run([sys.executable, "-c", check], cwd=_ROOT, capture_output=True, text=True, timeout=60)
        error, *imported = process.stdout.split()
        assert (error, set(imported) & {"ray", "torch", "timm", "scipy", "sklearn"}) == ("UserError", set()), (
            process.stderr
        )


def test_a_scrape_with_nothing_to_do_does_without_pandas(tmp_path: Path) -> None:
    """pyarrow imports pandas, which takes half a second, to convert Python values to an array or a scalar."""
    archive = make_archive(tmp_path, [f"a:{i}" for i in range(8)], part_rows=256)
    check = (
        "import sys; from jobs.scrape import job\n"
        f"print(job.run(['--archive', {archive.uri!r}])['rows_in'], *sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", check], cwd=_ROOT, capture_output=True, text=True, timeout=60)
    rows, *imported = process.stdout.split()
    assert (rows, "pandas" in imported) == ("0", False), process.stderr


@dataclass(frozen=True, kw_only=True)
class _ToyOptions(JobOptions):
    count: int = setting(1, "how many")
    share: float = setting(0.5, "how much")
    name: str | None = setting(None, "what it is called")
    many: tuple[str, ...] = setting((), "several")
    space: tuple[str, ...] | None = setting(None, "pairs", metavar="A=B")
    dry_run: bool = setting(False, "do nothing")
    kind: str = setting("red", "which", choices=("red", "blue"))


@dataclass(frozen=True, kw_only=True)
class _MakerOptions(JobOptions):
    shards: int | None = setting(None, "how many", least=1)


@pytest.fixture
def job() -> Job:
    """A job with an option of every kind; it reports the parsed options."""
    job = Job("toy", "Play a little.\n\npython -m jobs.toy --archive archives/demo --count 3\n", _ToyOptions)

    @job.runs
    def toy(archive, options) -> dict:
        print("chatter of a library")
        if options.name == "mistake":
            raise UserError("`name` mistake: it is one")
        if options.name == "error":
            raise ZeroDivisionError
        if options.name == "stop":
            raise KeyboardInterrupt
        return {"rows_in": options.count, "rows_out": options.count, "rows_failed": 0, "said": vars(options)}

    return job


@pytest.fixture
def said(job: Job, tmp_path):
    """``said(*arguments, toml=...)`` runs the job; it returns the parsed options or raises ``UserError``."""
    Archive.create(str(tmp_path / "archive"))

    def run(*arguments: str, toml: str | None = None) -> dict:
        command_line = ["--archive", str(tmp_path / "archive"), *arguments]
        if toml is not None:
            (tmp_path / "job.toml").write_text(toml, encoding="utf-8")
            command_line += ["--config", str(tmp_path / "job.toml")]
        return job.run(command_line)["said"]

    return run


def test_the_report_is_the_last_line_and_is_kept(job: Job, tmp_path, monkeypatch, capsys) -> None:
    Archive.create(str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["toy", "--archive", str(tmp_path), "--count", "7", "--name", "Ängel 天使"])
    with pytest.raises(SystemExit) as caught:
        job.main()
    assert caught.value.code == 0
    output, _ = capsys.readouterr()
    report = json.loads(output.splitlines()[-1])
    assert report["job"] == "toy"
    assert isinstance(report["seconds"], float)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (7, 7, 0)
    assert (report["seed"], report["options"]["name"]) == (0, "Ängel 天使")
    assert report["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert {"ray", "torch", "pyarrow"} <= set(report["versions"])
    (path,) = (tmp_path / "reports" / "toy").iterdir()
    assert report.pop("report") == str(path)
    assert json.loads(path.read_text(encoding="utf-8")) == report


@pytest.mark.parametrize(
    ("name", "code", "lines"),
    [
        ("mistake", 2, ["python -m jobs.toy: --name mistake: it is one"]),
        ("stop", 1, ["python -m jobs.toy: stopped; run the same command again: what is complete is kept"]),
    ],
)
def test_other_ends(job: Job, tmp_path, monkeypatch, capsys, name: str, code: int, lines: list[str]) -> None:
    Archive.create(str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["toy", "--archive", str(tmp_path), "--name", name])
    with pytest.raises(SystemExit) as caught:
        job.main()
    assert caught.value.code == code
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.splitlines() == ["chatter of a library", *lines]
    assert not (tmp_path / "reports").exists()


def test_an_error_is_not_taken_for_a_mistake(job: Job, tmp_path, monkeypatch) -> None:
    Archive.create(str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["toy", "--archive", str(tmp_path), "--name", "error"])
    with pytest.raises(ZeroDivisionError):
        job.main()


def test_without_an_archive(job: Job, tmp_path) -> None:
    with pytest.raises(UserError, match="--archive"):
        job.run(["--count", "1"])
    with pytest.raises(UserError, match="nowhere"):
        job.run(["--archive", str(tmp_path / "nowhere")])
    maker = Job("maker", "Make.", _MakerOptions, creates_archive=True)
    maker.runs(lambda archive, options: {"shards": archive.shards})
    assert maker.run(["--archive", str(tmp_path / "new"), "--shards", "3"])["shards"] == 3
    assert maker.run(["--archive", str(tmp_path / "usual")])["shards"] == 32
    with pytest.raises(UserError, match="--shards 0"):
        maker.run(["--archive", str(tmp_path / "none"), "--shards", "0"])


def test_a_submitted_job_wants_the_whole_path_of_its_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory of a submitted job is a temporary copy that Ray makes and deletes."""
    maker = Job("maker", "Make.", creates_archive=True)
    maker.runs(lambda archive, options: {})
    monkeypatch.chdir(tmp_path)
    maker.run(["--archive", "archives/here"])
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    with pytest.raises(UserError, match="--archive archives/gone: relative"):
        maker.run(["--archive", "archives/gone"])
    assert not Path("archives/gone").exists()
    maker.run(["--archive", str(tmp_path / "archives/whole")])


_SETTINGS = """
count = 4
share = 0.25
name = "--begins with dashes, = and spaces"
many = ["a", "b c", 3]
dry_run = true
kind = "blue"
seed = 11
[space]
m = "0:1"
m2 = 0.5
"""
_MEANT = {
    "count": 4,
    "share": 0.25,
    "name": "--begins with dashes, = and spaces",
    "many": ("a", "b c", "3"),
    "dry_run": True,
    "kind": "blue",
    "seed": 11,
    "space": ("m=0:1", "m2=0.5"),
}


@pytest.mark.parametrize(
    "toml",
    [
        _SETTINGS,
        "[toy]\n" + _SETTINGS.replace("[space]", "[toy.space]"),
        "[other]\ncount = 9\n[toy]\n" + _SETTINGS.replace("[space]", "[toy.space]"),
        _SETTINGS.replace("dry_run", "dry-run"),
    ],
)
def test_a_toml_file_says_the_same_as_the_command_line(said, toml: str) -> None:
    understood = said(toml=toml)
    assert {name: understood[name] for name in _MEANT} == _MEANT
    spelled = said(
        "--count=4",
        "--share=0.25",
        f"--name={_MEANT['name']}",
        *("--many", "a", "b c", "3"),
        *("--space", "m=0:1", "m2=0.5"),
        "--dry-run",
        *("--kind", "blue"),
        *("--seed", "11"),
    )
    assert {name: spelled[name] for name in _MEANT} == _MEANT


def test_the_command_line_wins(said) -> None:
    toml = 'count = 4\nmany = ["a", "b"]\nkind = "blue"\nshare = 0.1\n'
    understood = said("--count", "5", "--many", "z", "--kind", "red", toml=toml)
    assert (understood["count"], understood["many"], understood["kind"], understood["share"]) == (5, ("z",), "red", 0.1)


def test_false_and_nothing_leave_the_default(said) -> None:
    understood = said(toml="dry_run = false\nmany = []\n")
    assert (understood["dry_run"], understood["many"], understood["count"]) == (False, (), 1)


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        ("count = [", "job.toml"),
        ("colour = 3", "no option colour"),
        ("nam = 'short'", "no option nam"),
        ("[toy]\ncolour = 3", "no option colour"),
        ("count = 'three'", "--count"),
        ("count = 2.5", "--count"),
        ("share = 'half'", "--share"),
        ("dry_run = 'yes'", "--dry-run"),
        ("count = true", "--count"),
        ("kind = 'green'", "--kind"),
        ("count = [1, 2]", "unrecognized arguments: 2"),
        ("name = 1979-05-27", "name"),
        ("toy = 3", "toy"),
        ("[[toy]]\ncount = 3", "toy"),
    ],
)
def test_mistakes_in_a_toml_file(said, toml: str, named: str) -> None:
    with pytest.raises(UserError, match=named) as caught:
        said(toml=toml)
    assert "\n" not in str(caught.value)


def test_a_toml_file_that_cannot_be_read(job: Job, tmp_path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"name = '\xff'")
    for name in ("none.toml", "latin.toml", "."):
        with pytest.raises(UserError, match="--config"):
            job.run(["--archive", str(tmp_path), "--config", str(tmp_path / name)])


def test_options_are_not_abbreviated(said) -> None:
    """If abbreviations were allowed, ``--conf`` would be accepted, but its file would not be read."""
    for arguments in (["--conf", "x.toml"], ["--nam", "x"]):
        with pytest.raises(UserError, match=arguments[0]):
            said(*arguments)


def test_as_arguments() -> None:
    settings = {"a_b": 1, "c": True, "d": False, "e": ["x", 2], "f": {"m": 1, "n": "2"}, "g": -0.5, "h": []}
    assert as_arguments(settings, "--config file") == [
        *("--a-b=1", "--c", "--e", "x", "2"),
        *("--f", "m=1", "n=2", "--g=-0.5"),
    ]


_MISTAKES = [
    (["--colour", "red"], "--colour: no such option"),
    (["--k", "three"], "--k"),
    (["--rights", "mine"], "--rights"),
    (["--config", "nowhere.toml"], "--config nowhere.toml"),
    ([], "no archive found; create one with jobs.catalog"),
    (["--archive"], "--archive"),
]


@pytest.mark.parametrize(("arguments", "said"), _MISTAKES)
def test_a_mistake_is_one_line_and_exit_2(tmp_path, arguments: list[str], said: str) -> None:
    options = ["--archive", str(tmp_path / "none"), "--features", "x", "--id", "a:1", *arguments]
    process = _run("jobs.neighbors", *options)
    assert process.returncode == 2
    assert process.stdout == ""
    (line,) = process.stderr.splitlines()
    assert line.startswith("python -m jobs.neighbors: ")
    assert said in line


def test_missing_options_are_a_mistake() -> None:
    process = _run("jobs.walk")
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert "--archive, --features, --from, --to" in line


def test_the_report_is_utf8_whatever_the_console(tmp_path) -> None:
    """A Chinese title does not stop a job on an ASCII console."""
    code = (
        "from artsim.cli import Job; job = Job('toy', 'Toy.', creates_archive=True);"
        "job.runs(lambda archive, options: {'title': '天使'}); job.main()"
    )
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", code, "--archive", str(tmp_path)]
    process = subprocess.run(command, cwd=_ROOT, capture_output=True, env=environment, timeout=60)
    assert process.returncode == 0, process.stderr.decode()
    assert json.loads(process.stdout.splitlines()[-1])["title"] == "天使"


@pytest.mark.parametrize("seed", ["-1", "4294967296", "x"])
def test_a_seed_is_a_number_that_every_library_takes(tmp_path: Path, seed: str) -> None:
    needed = ["--archive", str(tmp_path), "--features", "a", "--from", "b", "--to", "c"]
    command = [sys.executable, "-m", "jobs.walk", *needed, "--seed", seed]
    process = subprocess.run(command, capture_output=True, text=True)
    assert (process.returncode, len(process.stderr.splitlines())) == (2, 1)
    assert "--seed" in process.stderr


@pytest.mark.parametrize("about", ["{", "{}", "[]", '{"format": 1, "shards": 0}', '{"format": 1, "shards": "3"}'])
def test_a_damaged_archive_is_a_mistake(tmp_path: Path, about: str) -> None:
    (tmp_path / "archive.json").write_text(about)
    with pytest.raises(UserError, match=r"archive\.json is damaged"):
        Archive.open(str(tmp_path))


_FAILING = (
    "from artsim.cli import Job; job = Job('toy', 'Toy.', creates_archive=True);"
    "job.runs(lambda archive, options: {'rows_in': 3, 'rows_out': %d, 'rows_failed': %d, 'failures': {'http': %d}});"
    "job.main()"
)


@pytest.mark.parametrize(("good", "failed", "code"), [(0, 3, 1), (1, 2, 0), (3, 0, 0)])
def test_a_run_in_which_every_row_failed_exits_with_1(tmp_path: Path, good: int, failed: int, code: int) -> None:
    command = [sys.executable, "-c", _FAILING % (good, failed, failed), "--archive", str(tmp_path)]
    process = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=60)
    assert process.returncode == code
    assert json.loads(process.stdout.splitlines()[-1])["rows_failed"] == failed  # the report is still printed
    assert (f"{failed} of 3 rows failed: {failed} http" in process.stderr) == bool(failed)
    assert "Traceback" not in process.stderr


def test_a_closed_stdout_is_no_error(tmp_path: Path) -> None:
    code = _FAILING % (3, 0, 0)
    for end in (">&-", "| true", ">&- 2>&-"):
        line = f'"{sys.executable}" -c "{code}" --archive "{tmp_path}" {end}; exit ${{PIPESTATUS[0]}}'
        process = subprocess.run(["bash", "-c", line], cwd=_ROOT, capture_output=True, text=True, timeout=60)
        assert (process.returncode, process.stderr) == (0, ""), end


def test_an_archive_in_memory_is_refused() -> None:
    from jobs.status import job

    with pytest.raises(UserError, match="lost when this process ends"):
        job.run(["--archive", "memory://a"])


def test_a_stdout_that_takes_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    code = _FAILING % (3, 0, 0)
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", code, "--archive", str(tmp_path)]
        process = subprocess.run(command, cwd=_ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert process.returncode == 1
    assert "can't be written to stdout: No space left on device; it is saved in " in process.stderr
    assert len(process.stderr.splitlines()) == 1


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_on_a_terminal_the_report_is_a_summary_unless_json_is_asked_for(tmp_path: Path, options: list[str]) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", _FAILING % (2, 1, 1), "--archive", str(tmp_path), *options]
    process = subprocess.run(command, cwd=_ROOT, stdout=theirs, stderr=subprocess.PIPE, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert process.returncode == 0
    if options:
        assert json.loads(shown)["rows_out"] == 2
    else:
        assert shown.splitlines()[0].startswith("toy: 3 rows in, 2 out, ")
        assert shown.splitlines()[1] == "! 1 of 3 rows failed: 1 http"


@pytest.mark.parametrize(
    "toml",
    [
        "count = " + "[" * 5000 + "]" * 5000,
        "a." * 3000 + "b = 1",
        "count = " + "{a=" * 2000 + "1" + "}" * 2000,
        "count = " + "9" * 5000,
        "count = 1\x00",
    ],
)
def test_toml_that_no_parser_can_take_is_a_mistake(said, toml: str) -> None:
    with pytest.raises(UserError):
        said(toml=toml)


def test_a_byte_order_mark_before_toml_is_skipped(said) -> None:
    assert said(toml="\ufeffcount = 4")["count"] == 4


def test_a_mistake_with_control_characters_is_printed_on_one_line() -> None:
    process = _run("jobs.walk", "--archive", "no\x1b[31mwhere\n\u202ex", "--features", "a", "--from", "b", "--to", "c")
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert not {"\x1b", "\u202e"} & set(line)


@pytest.mark.parametrize(
    ("flag", "words"),
    [("--nam", "--nam: no such option; did you mean --name?"), ("--zzz=1", "--zzz: no such option; see --help")],
)
def test_a_mistyped_option_is_named_before_a_missing_one(job: Job, flag: str, words: str) -> None:
    with pytest.raises(UserError, match=re.escape(words)):
        job.run([flag, "x"])


def test_a_summary_turns_only_reasons_of_failures_into_flags() -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    out = Terminal()
    report = {"job": "x", "rows_in": 2, "rows_failed": 1, "failures": {"set `max_pixels`": 1}, "title": "a `rose`"}
    _print(report, out, summary, as_json=False)
    assert "set --max-pixels" in out.getvalue()
    assert "a `rose`" in out.getvalue()
