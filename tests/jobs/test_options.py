"""For any command line or TOML file, a job accepts it or raises ``UserError`` with one printable line."""

import datetime
import importlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artsim.arguments import as_arguments, parse_toml
from artsim.cli import Job
from artsim.errors import UserError
from artsim.summary import printable

_ROOT = Path(__file__).parents[2]
_JOBS = sorted(path.stem for path in (_ROOT / "jobs").glob("*.py") if path.stem != "__init__")
_ENDS = {"-h", "--help", "--list"}  # they print something and exit
_ODD = ["-1", "nan", "inf", "1e999", "٣", "--all", "=", "a=b", "\0", "\ud800", ""]
_TEXT = st.text(max_size=12) | st.sampled_from(_ODD)
_VALUES = st.recursive(
    _TEXT
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes(timezones=st.just(datetime.UTC))
    | st.times(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def _job(name: str) -> Job:
    return importlib.import_module(f"jobs.{name}").job


def _flags(job: Job) -> list[str]:
    return sorted(set(job._parser._option_string_actions) - _ENDS - {"--config"})


@pytest.mark.parametrize("name", _JOBS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_command_line_is_accepted_or_a_user_error(name: str, data: st.DataObject) -> None:
    job = _job(name)
    words = st.sampled_from(_flags(job)) | _TEXT
    _taken_or_mistake(job, data.draw(st.lists(words, max_size=8)))


@pytest.mark.parametrize("name", _JOBS)
@settings(max_examples=30, deadline=None, derandomize=True)
@given(data=st.data())
def test_any_toml_value_is_accepted_or_a_user_error(name: str, data: st.DataObject) -> None:
    job = _job(name)
    names = st.sampled_from([flag.lstrip("-") for flag in _flags(job)]) | _TEXT
    chosen = data.draw(st.dictionaries(names, _VALUES, max_size=4))
    try:
        arguments = as_arguments(chosen, "--config job.toml")
    except UserError:
        return
    _taken_or_mistake(job, arguments)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.binary(max_size=60) | st.text(alphabet='[]{}="\\.\n#a1 -:+', max_size=60).map(str.encode))
def test_any_file_is_toml_or_a_user_error(content: bytes) -> None:
    try:
        assert isinstance(parse_toml(content, "job.toml"), dict)
    except UserError as error:
        assert "job.toml" in str(error)


@settings(derandomize=True)
@given(st.text())
def test_printable_text_has_no_control_characters(text: str) -> None:
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in printable(text))


def _taken_or_mistake(job: Job, arguments: list[str]) -> None:
    if any(word.startswith("-h") or word in _ENDS for word in arguments):  # -hx is help too
        return
    try:
        job.check(arguments)
    except UserError as error:
        assert printable(str(error))


_WITHOUT_RANDOM_NUMBERS = {"serve", "export_site"}
_NEGATIVE_MEANS_SOMETHING = {"demo --works"}  # or the job itself refuses it, with a better message
_REQUIRED = {"catalog": ["--source", "smk"], "annotations": ["check"], "picture": ["--kind", "grid"]}
_REQUIRED["labels"] = ["train", "--columns", "style"]
_REQUIRED["enrich"] = ["topics", "--text", "title"]


def _numbers(job: Job) -> list[str]:
    """Returns the options that take numbers. They are found, not listed, so that new options are included."""
    flags = []
    for action in job._parser._actions:
        try:
            takes_number = callable(action.type) and action.type("1") in (1, (1, 1))
        except (UserError, ValueError):
            takes_number = False
        flags += [action.option_strings[-1]] if takes_number else []
    return flags


def _needed(job: Job) -> list[str]:
    """Returns the arguments that the job requires; a test adds the option that it tries."""
    given = _REQUIRED.get(job.name, [])
    words = []
    for action in job._parser._actions:
        if action.required and action.dest != "action" and action.option_strings[-1] not in given:
            words += [action.option_strings[-1], "x"]
    return [*given, *words, *([] if "--archive" in words else ["--archive", "x"])]


@pytest.mark.parametrize("name", [job for job in _JOBS if job != "pipeline"])
def test_a_number_out_of_range_is_a_user_error(name: str) -> None:
    job = _job(name)
    job.check(_needed(job))
    tried = _numbers(job)
    assert ("--seed" in tried) == (name not in _WITHOUT_RANDOM_NUMBERS)
    for flag in tried:
        if f"{name} {flag}" in _NEGATIVE_MEANS_SOMETHING:
            continue
        for value in ("-1", "-3", "-0.5", "nan", "inf", "-inf", "1e999", "9" * 30):
            with pytest.raises(UserError, match=flag):
                job.check([*_needed(job), f"{flag}={value}"])
            with pytest.raises(UserError, match=flag):
                job.check([*_needed(job), *as_arguments({flag[2:]: value}, "--config job.toml")])
