"""Dataclasses of options as command-line arguments, TOML and messages."""

import logging
from argparse import Namespace
from dataclasses import FrozenInstanceError, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from artsim.arguments import Parser, as_arguments, flag, options_of, parse_toml, section_of, with_flags
from artsim.cli import Job
from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, JobOptions, Settings, chosen, recipe_settings, setting


class _Pair(NamedTuple):
    low: int
    high: int


def _pair(text: str) -> _Pair:
    low, _, high = text.partition(":")
    if not high:
        raise UserError(f"{text}: must be LOW:HIGH")
    return _Pair(int(low), int(high))


@dataclass(frozen=True)
class _Recipe(Settings):
    loss: str = setting("flat", "what is minimized", choices=("flat", "steep"))
    rate: float = setting(0.1, "learning rate", least=0.01, below=1)


@dataclass(frozen=True)
class _ExtendedRecipe(_Recipe):
    rate: float = setting(0.2, "learning rate", least=0.01, below=1)
    decay: float | None = setting(None, "decay of the rate")


@dataclass(frozen=True, kw_only=True)
class _Options(ArchiveOptions):
    name: str = setting(REQUIRED, "what it is called", metavar="NAME")
    from_: str | None = setting(None, "where it starts")
    max_size: int | None = setting(None, "upper limit", least=1)
    share: float = setting(0.5, "how much of it, with `max_size`")
    many: tuple[str, ...] = setting(("a", "b"), "several", choices=("a", "b", "c"))
    groups: tuple[tuple[str, ...], ...] | None = setting(None, "several, several times")
    between: _Pair | None = setting(None, "two numbers", parse=_pair)
    first: int | None = setting(None, "how many of them", const=10)
    quick: bool = setting(False, "no checks")
    recipe: dict[str, Any] = recipe_settings(_Recipe, _ExtendedRecipe, loss="steep")
    note: str = "no option"


def _parser() -> Parser:
    parser = Parser("toy", "Play.\n\npython -m toy")
    parser.add_options(_Options)
    return parser


def _parsed(*arguments: str) -> _Options:
    return options_of(_parser().parse_args(list(arguments)), _Options)


def test_options_left_out_have_the_defaults_of_the_dataclass() -> None:
    assert _parsed("--name", "x") == _Options(name="x", recipe={"loss": "steep"}) == _Options(name="x")


def test_arguments_are_parsed_by_the_types_of_the_fields() -> None:
    words = (
        "--name x --from y --max-size 3 --share 0.25 --many c a --groups p q --groups r --between 1:2 --first --quick"
    )
    assert _parsed(*words.split(), "--rate", "0.3", "--seed", "7", "--rights", "public") == _Options(
        name="x",
        from_="y",
        max_size=3,
        share=0.25,
        many=("c", "a"),
        groups=(("p", "q"), ("r",)),
        between=_Pair(1, 2),
        first=10,
        quick=True,
        recipe={"loss": "steep", "rate": 0.3},
        seed=7,
        rights="public",
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required: `name`"),
        (["--name", "x", "--from"], "argument `from_`: expected one argument"),
        (["--name", "x", "--max-size", "few"], "argument `max_size`: invalid int value: 'few'"),
        (["--name", "x", "--between", "3"], "argument `between`: 3: must be LOW:HIGH"),
        (["--name", "x", "--max-size", "0"], "`max_size` 0: must be 1 or more"),
        (["--name", "x", "--max-size", "9" * 30], f"`max_size` {'9' * 30}: too large"),
        (["--name", "x", "--share", "nan"], "`share` nan: must be 0 or more"),
        (["--name", "x", "--share", "inf"], "`share` inf: too large"),
        (["--name", "x", "--rate", "1"], "`rate` 1.0: must be at least 0.01 and less than 1"),
        (["--name", "x", "--seed", "-1"], "`seed` -1: must be between 0 and 4294967295"),
    ],
)
def test_a_mistake_names_the_field(arguments: list[str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        _parsed(*arguments)
    assert str(caught.value) == said


def test_a_value_that_is_no_choice_is_named_also_in_a_tuple() -> None:
    for options, said in (({"many": ("a", "z")}, "`many` z"), ({"rights": "mine"}, "`rights` mine")):
        with pytest.raises(UserError, match=f"^{said}: choose one of "):
            _Options(name="x", **options)


def test_options_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        _Options(name="x").name = "y"  # type: ignore[misc]


def test_help_has_defaults_and_flags() -> None:
    text = " ".join(_parser().format_help().split())
    for words in (
        "--name NAME what it is called",
        "--from FROM_ where it starts",
        "--share SHARE how much of it, with --max-size (default: 0.5)",
        "--many {a,b,c} [{a,b,c} ...] several (default: a b)",
        "--quick no checks",
        "--rate N learning rate (default: 0.1, 0.2)",
        "--loss {flat,steep} what is minimized (default: steep)",
        "--decay N decay of the rate",
        "example: python -m toy",
    ):
        assert words in text
    assert "--note" not in text


def test_a_recipe_takes_its_settings_and_refuses_those_of_others() -> None:
    options = _parsed("--name", "x", "--rate", "0.3", "--decay", "0.5")
    assert chosen(options.recipe, _ExtendedRecipe) == _ExtendedRecipe(loss="steep", rate=0.3, decay=0.5)
    with pytest.raises(UserError, match=r"^`decay` does not apply to this kind of training"):
        chosen(options.recipe, _Recipe, _ExtendedRecipe)


def test_a_toml_section_becomes_the_same_options(tmp_path: Path) -> None:
    content = (
        b'[toy]\nname = "x"\nfrom = "y"\nmax_size = 3\nmany = ["c"]\nquick = true\nrate = 0.3\n[other]\nname = 1\n'
    )
    (tmp_path / "job.toml").write_bytes(content)
    section = section_of(str(tmp_path / "job.toml"), "toy")
    assert section == parse_toml(content, "job.toml")["toy"]
    expected = _Options(name="x", from_="y", max_size=3, many=("c",), quick=True, recipe={"loss": "steep", "rate": 0.3})
    assert _parsed(*as_arguments(section, "--config job.toml")) == expected


def test_values_by_flag_are_those_that_were_given_or_have_a_default() -> None:
    values = _parser().parse_args(["--name", "x", "--max-size", "3"])
    assert isinstance(values, Namespace)
    assert _parser().by_flag(values) == {
        "name": "x",
        "max-size": 3,
        "share": 0.5,
        "many": ["a", "b"],
        "quick": False,
        "loss": "steep",
        "seed": 0,
        "rights": "all",
    }


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("`split_by` artist: no such column", "--split-by artist: no such column"),
        ("use `from_` and `to`", "use --from and --to"),
        ("jobs.status `failed` shows why", "jobs.status --failed shows why"),
        ("`ray status`, `Title`, `a-b`, `_x`, `` and ` are not options", None),
        ("nothing", None),
    ],
)
def test_names_in_backquotes_become_flags(message: str, shown: str | None) -> None:
    assert with_flags(message) == (message if shown is None else shown)


def test_flags_of_names() -> None:
    assert [flag(name) for name in ("k", "weight_decay", "from_")] == ["--k", "--weight-decay", "--from"]


def test_a_command_line_shows_flags_and_a_call_from_python_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    job = Job("toy", "Play.", _ToyOptions, creates_archive=True)

    @job.runs
    def toy(archive: Any, options: _ToyOptions) -> dict[str, Any]:
        logging.getLogger("artsim.toy").warning("`max_size` %d: %s", options.max_size, "see `as_`")
        raise UserError(f"`max_size` {options.max_size}: too small for `as_` {options.as_}")

    uri = str(tmp_path / "archive")
    for size, on_the_command_line, from_python in (
        ("3", "--max-size 3: too small for --as b", "`max_size` 3: too small for `as_` b"),
        ("0", "--max-size 0: must be 1 or more", "`max_size` 0: must be 1 or more"),
        ("x", "argument --max-size: invalid int value: 'x'", "argument `max_size`: invalid int value: 'x'"),
    ):
        with pytest.raises(UserError) as caught:
            job.run(["--archive", uri, "--max-size", size, "--as", "b"])
        assert str(caught.value) == on_the_command_line
        with pytest.raises(UserError) as caught:
            job(archive=uri, max_size=size, as_="b")
        assert str(caught.value) == from_python
    assert caplog.messages == ["--max-size 3: see --as", "`max_size` 3: see `as_`"]


@dataclass(frozen=True, kw_only=True)
class _ToyOptions(JobOptions):
    max_size: int = setting(REQUIRED, "upper limit", least=1)
    as_: str | None = setting(None, "its name")
