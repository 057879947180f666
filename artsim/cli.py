"""The frame of every job: options, also from a TOML file, one report as the last line of stdout, exit codes.

It does not depend on any job and imports nothing heavy, so that ``--help`` answers at once.
"""

import argparse
import contextlib
import difflib
import errno
import json
import logging
import os
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, TextIO

from artsim import runtime
from artsim.errors import ServiceUnavailable, UserError
from artsim.summary import all_failed, failed_line, printable, summary

_SUBMITTED = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # set in the environment of a command that `ray job submit` runs
_MOST, _MOST_FLOAT = 1 << 62, 1e9  # numeric options are below these limits
_VERSIONS = ("artsim", "ray", "torch", "timm", "pyarrow")

Run = Callable[..., dict[str, Any]]
Text = Callable[[dict[str, Any]], str]


class Job:
    """A job: add options with ``job.option(...)``, mark the function with ``@job.runs``, run it with ``job.main()``.

    The function takes the archive (an ``artsim.archive.Archive``) and the parsed options, and returns its share of the
    report: at least ``rows_in``, ``rows_out`` and ``rows_failed``. It raises ``UserError`` for user errors.
    """

    def __init__(
        self,
        name: str,
        doc: str | None,
        *,
        creates_archive: bool = False,
        shards: Callable[[argparse.Namespace], int | None] = lambda options: getattr(options, "shards", None),
        reads_config: bool = True,
        archive: str | None = None,
    ) -> None:
        self.name = name
        self.creates_archive = creates_archive
        self._shards = shards  # of an archive that the job creates; None for the default number
        self._reads_config = reads_config
        self._run: Run | None = None
        self._instead: tuple[str, Run, Text] | None = None
        self._least: dict[str, float] = {}  # minimum of each numeric option
        self._has_actions = False
        self._action_words: tuple[str, ...] = ()
        what, _, example = (doc or "").strip().partition("\n\n")
        self._parser = _Parser(
            prog=f"python -m jobs.{name}",
            description=what,
            epilog=f"example:\n{example}" if example else None,
            formatter_class=_Help,
            allow_abbrev=False,  # _parse would not read an abbreviated --config
        )
        where = "the archive: a folder, s3://bucket/folder, ..."
        self.option("--archive", required=archive is None, default=archive, metavar="URI", help=where)
        if reads_config:
            self.option("--config", metavar="TOML", help="a file with these options; the command line takes precedence")
        self.option("--json", action="store_true", help="print the report as JSON even on a terminal")
        self.option("--verbose", action="store_true", help="show the whole log, with Ray's warnings and tracebacks")
        self.option("--seed", type=_seed, default=0, help="random seed; runs on CPU are repeatable")
        if not creates_archive:
            self.option("--rights", choices=["all", "public"], default="all", help="public excludes protected artworks")

    def option(self, *names: str, least: float = 0, **settings: Any) -> None:
        """Adds an option like ``argparse.ArgumentParser.add_argument``. A number must be ``least`` or more."""
        action = self._parser.add_argument(*names, **settings)
        if action.type in (int, float):
            self._least[action.dest] = least

    def shows_statistics(self) -> None:
        """Adds ``--stats``, for a job that runs on Ray Data."""
        self.option("--stats", action="store_true", help="print Ray Data's statistics of each operator to stderr")

    def actions(self, *names: str, **settings: Any) -> None:
        """Declares the job's actions. A run takes one: the command line's first word, or ``action`` in a TOML file."""
        self._has_actions = True
        self._parser.usage = f"{self._parser.prog} {{{','.join(names)}}} --archive URI [option ...]"
        self._action_words = names
        self.option("--action", required=True, choices=names, **settings)

    def runs(self, function: Run) -> Run:
        """Registers the job's function."""
        self._run = function
        return function

    def instead(self, option: str, text: Text) -> Callable[[Run], Run]:
        """Registers a function that runs instead of the job if ``option`` is given. It takes only the options.

        The run then needs no archive and writes nothing; ``text`` formats the report for a terminal.
        """
        self._parser._option_string_actions["--archive"].required = False

        def kept(function: Run) -> Run:
            self._instead = (option, function, text)
            return function

        return kept

    def _other(self, options: argparse.Namespace) -> tuple[Run, Text] | None:
        """Returns the function that runs instead of the job and its text format; None if the job itself runs."""
        if self._instead is None or getattr(options, self._instead[0]) is None:
            return None
        return self._instead[1:]

    def check(self, arguments: Sequence[str]) -> None:
        """Raises ``UserError`` if these arguments are not valid."""
        self._parse(list(arguments))

    def run(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Runs the job with these arguments. Returns the report, which is also stored in the archive.

        Raises ``UserError`` for user errors and ``ServiceUnavailable`` if S3 stops answering.
        """
        return self._work(self._parse(list(arguments)))

    def __call__(self, **options: Any) -> dict[str, Any]:
        """Runs the job with options given by name, as in ``job(archive="archives/demo", k=5)``. Returns the report.

        Names are those of the command line, with ``_`` for ``-``, and ``from_`` for a name that is a Python keyword.
        Raises the same errors as ``run``.
        """
        where = f"jobs.{self.name}"
        given = {name.removesuffix("_"): value for name, value in options.items() if value is not None}
        self._check_names(given, where)
        return self.run(as_arguments(given, where))

    def help(self) -> str:
        """Returns the text of ``--help``."""
        return self._parser.format_help()

    def _check_names(self, names: Iterable[str], where: str) -> None:
        for name in names:
            if f"--{name.replace('_', '-')}" not in self._parser._option_string_actions:
                raise UserError(f"{where}: jobs.{self.name} has no option {name}")

    def _work(self, options: argparse.Namespace) -> dict[str, Any]:
        from artsim.archive import in_words  # imports pyarrow, which --help does not need

        try:
            return self._reported(options)
        except Exception as error:
            if (plain := in_words(error, options.archive or "none")) is not None:
                raise plain from error
            raise

    def _reported(self, options: argparse.Namespace) -> dict[str, Any]:
        from artsim.archive import Archive
        from artsim.run_log import run_log

        started = time.monotonic()
        if other := self._other(options):
            return {"job": self.name, **other[0](options), "seconds": round(time.monotonic() - started, 3)}
        _check_stays(options.archive)
        if self.creates_archive:
            shards = self._shards(options)
            archive = Archive.create(options.archive, **({} if shards is None else {"shards": shards}))
        else:
            archive = Archive.open(options.archive)
        assert self._run is not None, f"job {self.name} has no function"
        path = archive.new_report(self.name)
        with run_log(archive.store, f"{path}.log"):
            outcome = self._run(archive, options)
        report = {
            "job": self.name,
            "seconds": round(time.monotonic() - started, 3),
            **outcome,
            **_of_ray(with_statistics=getattr(options, "stats", False)),
            "seed": options.seed,
            "options": self._by_flag(options),
            "versions": _versions(),
        }
        try:
            archive.write_json(f"{path}.json", report)
            kept = archive.store.address(f"{path}.json")
        except OSError as error:  # the job has finished anyway
            logging.warning("the report can't be saved in the archive: %s", error)
            kept = None
        return {**report, "report": kept}

    def main(self) -> NoReturn:
        """Runs the job with the arguments of the command line and exits.

        Exit codes: 0: done. 1: every row failed, a service did not answer, or an unexpected error. 2: user error.
        """
        logging.basicConfig(level=logging.INFO, handlers=[_Lines(sys.stderr)], format="%(message)s")
        sys.excepthook = _traceback
        try:
            options = self._parse(sys.argv[1:])
            _show(logging.DEBUG if options.verbose else logging.INFO)
            # Only the report goes to stdout. Ray may write there until the end, for example if a node is lost.
            out, sys.stdout = sys.stdout, sys.stderr
            report = self._work(options)
        except UserError as mistake:
            self._exit(2, str(mistake))
        except ServiceUnavailable as outage:
            self._exit(1, str(outage))
        except OSError as error:
            if _reason(error).errno != errno.ENOSPC:
                raise
            self._exit(1, f"the disk is full; free some disk space and run the same command again: {_reason(error)}")
        except KeyboardInterrupt:
            self._exit(1, "stopped; run the same command again to resume")
        if not (out is not None and out.isatty() and not options.json) and (failures := failed_line(report)):
            logging.warning("%s", failures)
        other = self._other(options)
        try:
            _print(report, out, other[1] if other else summary, as_json=options.json)
        except OSError as error:
            where = f"; it is saved in {report['report']}" if report.get("report") else ""
            self._exit(1, f"the report can't be written to stdout: {error.strerror}{where}")
        if all_failed(report):
            self._exit(1, "every row that was read failed" if report.get("is_part") else "every row failed")
        sys.exit(0)

    def _exit(self, code: int, message: str) -> NoReturn:
        with contextlib.suppress(OSError, AttributeError):  # stderr may be closed
            print(f"{self._parser.prog}: {printable(message, 2000)}", file=sys.stderr, flush=True)
        sys.exit(code)

    def _by_flag(self, options: argparse.Namespace) -> dict[str, Any]:
        """Returns the options by their names on the command line and in a TOML file."""
        flags = {action.dest: action.option_strings[-1].lstrip("-") for action in self._parser._actions}
        return {flags[key]: value for key, value in vars(options).items() if value is not None}

    def _parse(self, arguments: list[str]) -> argparse.Namespace:
        for argument in arguments:
            if "\0" in argument or argument.encode(errors="ignore").decode() != argument:
                raise UserError(f"{argument.encode(errors='replace').decode()}: not valid UTF-8 text")
        self._check_flags(arguments)
        if self._has_actions:
            arguments = self._with_action(arguments)
        if not self._reads_config:
            return self._with_archive(self._parser.parse_args(arguments))
        config = _Parser(add_help=False, allow_abbrev=False)
        config.add_argument("--config")
        path = config.parse_known_args(arguments)[0].config
        return self._with_archive(self._parser.parse_args([*(self._from_toml(path) if path else []), *arguments]))

    def _check_flags(self, arguments: list[str]) -> None:
        """Raises ``UserError`` for an unknown option: argparse would first miss a required one that was mistyped."""
        known = list(self._parser._option_string_actions)
        for argument in arguments:
            flag = argument.partition("=")[0]
            if flag.startswith("--") and len(flag) > 2 and flag not in known:
                near = difflib.get_close_matches(flag, known, 1)
                raise UserError(f"{flag}: no such option{f'; did you mean {near[0]}?' if near else '; see --help'}")

    def _with_archive(self, options: argparse.Namespace) -> argparse.Namespace:
        if options.archive is None and not self._other(options):
            raise UserError("the following arguments are required: --archive")
        self._check_numbers(options)
        return options

    def _check_numbers(self, options: argparse.Namespace) -> None:
        """Raises ``UserError`` for a number that is NaN, or too small or too large for its option."""
        flags = {action.dest: action.option_strings[-1] for action in self._parser._actions}
        for name, least in self._least.items():
            value = getattr(options, name)
            if value is None:
                continue
            if not value >= least:  # also true for NaN
                raise UserError(f"{flags[name]} {value}: must be {least:g} or more")
            if value >= (_MOST if isinstance(value, int) else _MOST_FLOAT):
                raise UserError(f"{flags[name]} {value}: too large")

    def _with_action(self, arguments: list[str]) -> list[str]:
        """Moves the action word to the front, after ``--action``: the first word, or one that is no option's value."""
        if arguments and not arguments[0].startswith("-"):
            return ["--action", *arguments]
        if any(argument == "--action" or argument.startswith("--action=") for argument in arguments):
            return arguments
        flags = self._parser._option_string_actions
        for place, word in enumerate(arguments):
            before = flags.get(arguments[place - 1]) if place else None
            if word in self._action_words and (before is None or before.nargs == 0):
                return ["--action", word, *arguments[:place], *arguments[place + 1 :]]
        return arguments

    def _from_toml(self, path: str) -> list[str]:
        try:
            if "://" in path:  # for example, a sweep's best setting in a bucket
                from artsim.archive import read_file

                text = read_file(path)
            else:
                text = Path(path).read_bytes()
        except OSError as error:
            raise UserError(f"--config {path}: {error.strerror or error}") from error
        settings = parse_toml(text, path)
        section = settings.get(self.name, settings)
        if not isinstance(section, dict):
            raise UserError(f"--config {path}: {self.name} is a value; put the options in one section [{self.name}]")
        self._check_names(section, f"--config {path}")
        return as_arguments(section, f"--config {path}")


def parse_toml(content: bytes, path: str) -> dict[str, Any]:
    """Returns the tables of a TOML file. Raises ``UserError`` if it is not UTF-8, not TOML, or nested too deep."""
    try:
        return tomllib.loads(content.decode("utf-8-sig"))
    except RecursionError as error:
        raise UserError(f"--config {path}: nested too deeply") from error
    except ValueError as error:  # not UTF-8, not TOML, or a number with thousands of digits
        raise UserError(f"--config {path}: {error}") from error


def as_arguments(settings: dict[str, Any], where: str) -> list[str]:
    """Converts options by name to command-line arguments: true is a flag, lists and tables become several arguments.

    ``where`` names the origin of the settings in errors.
    """
    arguments: list[str] = []
    for name, value in settings.items():
        flag = f"--{name.replace('_', '-')}"
        if flag in ("--help", "--list", "--config"):
            raise UserError(f"{where}: {name} is allowed only on the command line")
        if isinstance(value, bool):
            arguments += [flag] if value else []
        elif isinstance(value, dict):
            arguments += [flag, *(f"{key}={item}" for key, item in value.items())]
        elif isinstance(value, list | tuple):
            arguments += [flag, *map(str, value)] if value else []
        elif isinstance(value, str | int | float | os.PathLike):
            arguments.append(f"{flag}={value}")
        else:
            raise UserError(f"{where}: {name} has a value of unsupported type {type(value).__name__}")
    return arguments


def _print(report: dict[str, Any], out: TextIO | None, shown: Text, *, as_json: bool) -> None:
    """Prints the report: as text on a terminal, else as one line of JSON. A closed stdout is not an error."""
    if out is None:
        return
    utf8 = (out.encoding or "").lower() == "utf-8"  # otherwise escape text: a title must not fail a run
    terminal = out.isatty()
    try:
        if terminal and not as_json:
            text = shown(report)
            print(text if utf8 else text.encode("ascii", "backslashreplace").decode(), file=out, flush=True)
        else:
            text = json.dumps(report, ensure_ascii=terminal or not utf8)
            print(text.encode("utf-8", "backslashreplace").decode(), file=out, flush=True)
    except BrokenPipeError:  # the reader has closed the pipe; the report is in the archive
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _show(level: int) -> None:
    """Shows log lines of this level on stderr, and Ray's warnings with ``DEBUG``; all go to the log of the run."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(level)
        if level == logging.DEBUG:
            logging.getLogger("ray").addHandler(handler)


def _check_stays(archive: str) -> None:
    """Raises ``UserError`` if the archive would be lost with the process or with Ray's copy of the project."""
    if archive.startswith("memory://"):
        raise UserError(f"--archive {archive}: it would be lost when this process ends; use a folder or a bucket")
    if _SUBMITTED in os.environ and "://" not in archive and not Path(archive).is_absolute():
        raise UserError(
            f"--archive {archive}: relative to the folder that Ray creates for this job and deletes with it; "
            "use the absolute path of a folder that all nodes see, or a bucket"
        )


def _seed(text: str) -> int:
    seed = int(text)
    if not 0 <= seed < 1 << 32:
        raise argparse.ArgumentTypeError(f"{seed}: must be between 0 and {(1 << 32) - 1}")
    return seed


def _reason(error: OSError) -> OSError:
    """Returns the original error, also if Ray wrapped it in another process."""
    cause = getattr(error, "cause", None)
    return _reason(cause) if isinstance(cause, OSError) else error


def _of_ray(*, with_statistics: bool) -> dict[str, Any]:
    """Returns ``operators`` and ``spilled_bytes`` for the report, if there are any; logs a warning if Ray spilled.

    ``with_statistics`` also prints the statistics of Ray Data.
    """
    if "ray" not in sys.modules:
        return {}
    operators, text = runtime.take_statistics()
    if with_statistics:
        print(text, file=sys.stderr)
    if spilled := runtime.spilled_bytes():
        logging.warning(
            "Ray's object store was full: %.1f GB went to disk, which is slow; give Ray more memory", spilled / 1e9
        )
    found: dict[str, Any] = {"operators": operators, "spilled_bytes": spilled}
    return {name: value for name, value in found.items() if value}


def _versions() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    versions = {"python": sys.version.split()[0]}
    for package in _VERSIONS:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions


def _traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Prints an unexpected error with control characters escaped, since it may quote text from outside."""
    for line in "".join(traceback.format_exception(kind, error, trace)).split("\n"):
        print(printable(line), file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UserError(message)


class _Lines(logging.StreamHandler[TextIO]):
    """Writes log lines above a progress bar, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes the line. A progress bar, if there is one, continues below it."""
        if bars := sys.modules.get("tqdm"):
            bars.tqdm.write(self.format(record), file=self.stream)
        else:
            super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        """Returns the line with control characters escaped, since its titles and addresses come from outside."""
        return "\n".join(map(printable, super().format(record).split("\n")))


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    def _get_help_string(self, action: argparse.Action) -> str | None:
        silent = action.default is None or action.default is False or action.default == []
        return action.help if silent else super()._get_help_string(action)
