"""The frame of every job: its options, one report as the last line of stdout, exit codes.

It does not depend on any job and imports nothing heavy, so that ``--help`` answers at once.
"""

import argparse
import atexit
import contextlib
import errno
import gc
import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, NoReturn, TextIO

from artsim import runtime
from artsim.arguments import Parser, as_arguments, flags_in_messages, options_of, path_of_config, section_of, with_flags
from artsim.errors import ServiceUnavailable, UserError
from artsim.options import ArchiveOptions, JobOptions
from artsim.summary import all_failed, failed_line, printable, summary

_SUBMITTED = "RAY_JOB_CONFIG_JSON_ENV_VAR"  # set in the environment of a command that `ray job submit` runs
_VERSIONS = ("artsim", "ray", "torch", "timm", "pyarrow")

Run = Callable[..., dict[str, Any]]
Text = Callable[[dict[str, Any]], str]


class Job:
    """A job: ``Job(name, doc, Options)``, with its function marked by ``@job.runs``; run it with ``job.main()``.

    The function takes the archive (an ``artsim.archive.Archive``) and the options, and returns its share of the
    report: at least ``rows_in``, ``rows_out`` and ``rows_failed``. It raises ``UserError`` for user errors.
    """

    def __init__(
        self,
        name: str,
        doc: str | None,
        options: type[JobOptions] = ArchiveOptions,
        *,
        creates_archive: bool = False,
        shards: Callable[[Any], int | None] = lambda options: getattr(options, "shards", None),
        reads_config: bool = True,
        archive: str | None = None,
    ) -> None:
        self.name = name
        self.creates_archive = creates_archive
        self._options = options
        self._shards = shards  # of an archive that the job creates; None for the default number
        self._reads_config = reads_config
        self._run: Run | None = None
        self._instead: tuple[str, Run, Text] | None = None
        self._parser = Parser(f"python -m jobs.{name}", doc)
        where = "the archive: a folder, s3://bucket/folder, ..."
        add = self._parser.add_argument
        add("--archive", required=archive is None, default=archive, metavar="URI", help=where)
        if reads_config:
            add("--config", metavar="TOML", help="a file with these options; the command line takes precedence")
        add("--json", action="store_true", help="print the report as JSON even on a terminal")
        add("--verbose", action="store_true", help="show the whole log, with Ray's warnings and tracebacks")
        self._parser.add_options(options)

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

    def shows(self, option: str, text: Callable[[], str], about: str) -> None:
        """Adds an option that prints a text and exits, as ``--help`` does."""

        class PrintAndExit(argparse.Action):
            def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
                print(with_flags(text()))
                parser.exit()

        self._parser.add_argument(option, action=PrintAndExit, nargs=0, help=about)

    def _other(self, values: argparse.Namespace) -> tuple[Run, Text] | None:
        """Returns the function that runs instead of the job and its text format; None if the job itself runs."""
        if self._instead is None or getattr(values, self._instead[0]) is None:
            return None
        return self._instead[1:]

    def check(self, arguments: Sequence[str]) -> None:
        """Raises ``UserError`` if these arguments are not valid."""
        with flags_in_messages():
            self._parse(arguments)

    def run(self, arguments: Sequence[str]) -> dict[str, Any]:
        """Runs the job with these arguments. Returns the report, which is also stored in the archive.

        Raises ``UserError`` for user errors, which name options as on the command line, and ``ServiceUnavailable`` if
        S3 stops answering.
        """
        with flags_in_messages():
            return self._work(self._parse(arguments))

    def __call__(self, **options: Any) -> dict[str, Any]:
        """Runs the job with options given by name, as in ``job(archive="archives/demo", k=5)``. Returns the report.

        Names are those of the command line, with ``_`` for ``-``, and ``from_`` for a name that is a Python keyword.
        Raises the same errors as ``run``; their messages have these names in backquotes.
        """
        where = f"jobs.{self.name}"
        given = {name.removesuffix("_"): value for name, value in options.items() if value is not None}
        self._check_names(given, where)
        return self._work(self._parse(as_arguments(given, where)))

    def help(self) -> str:
        """Returns the text of ``--help``."""
        return self._parser.format_help()

    def _check_names(self, names: Iterable[str], where: str) -> None:
        for name in names:
            if not self._parser.has(name):
                raise UserError(f"{where}: jobs.{self.name} has no option {name}")

    def _parse(self, arguments: Sequence[str]) -> "_Parsed":
        words, settings = self._parser.checked(arguments), list[str]()
        if self._reads_config and (path := path_of_config(words)):
            section = section_of(path, self.name)
            self._check_names(section, f"--config {path}")
            settings = as_arguments(section, f"--config {path}")
        values = self._parser.parse_args([*settings, *words])
        if values.archive is None and not self._other(values):
            raise UserError("the following arguments are required: `archive`")
        return _Parsed(values, options_of(values, self._options))

    def _work(self, parsed: "_Parsed") -> dict[str, Any]:
        from artsim.archive import in_words  # imports pyarrow, which --help does not need

        try:
            return self._reported(*parsed)
        except Exception as error:
            if (plain := in_words(error, parsed.values.archive or "none")) is not None:
                raise plain from error
            raise

    def _reported(self, values: argparse.Namespace, options: JobOptions) -> dict[str, Any]:
        from artsim.archive import Archive
        from artsim.run_log import run_log

        started = time.monotonic()
        if other := self._other(values):
            return {"job": self.name, **other[0](options), "seconds": round(time.monotonic() - started, 3)}
        _check_stays(values.archive)
        if self.creates_archive:
            shards = self._shards(options)
            archive = Archive.create(values.archive, **({} if shards is None else {"shards": shards}))
        else:
            archive = Archive.open(values.archive)
        assert self._run is not None, f"job {self.name} has no function"
        runtime.take_statistics()  # those of a job that failed in this process
        path = archive.new_report(self.name)
        with run_log(archive.store, f"{path}.log"):
            outcome = self._run(archive, options)
        report = {
            "job": self.name,
            "seconds": round(time.monotonic() - started, 3),
            **outcome,
            **_of_ray(with_statistics=getattr(options, "stats", False)),
            "seed": options.seed,
            "options": self._parser.by_flag(values),
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
        atexit.register(gc.freeze)  # otherwise Python searches a million objects for garbage before it ends: 2 s
        logging.basicConfig(level=logging.INFO, handlers=[_Lines(sys.stderr)], format="%(message)s")
        sys.excepthook = _traceback
        try:
            with flags_in_messages():
                parsed = self._parse(sys.argv[1:])
                values = parsed.values
                _show(logging.DEBUG if values.verbose else logging.INFO)
                # Only the report goes to stdout. Ray may write there until the end, for example if a node is lost.
                out, sys.stdout = sys.stdout, sys.stderr
                report = self._work(parsed)
        except UserError as mistake:
            self._exit(2, str(mistake))
        except ServiceUnavailable as outage:
            self._exit(1, str(outage))
        except OSError as error:
            if _reason(error).errno != errno.ENOSPC:
                raise
            self._exit(1, f"the disk is full; free some disk space and run the same command again: {_reason(error)}")
        except KeyboardInterrupt:
            self._exit(1, "stopped; run the same command again: what is complete is kept")
        if not (out is not None and out.isatty() and not values.json) and (failures := failed_line(report)):
            logging.warning("%s", with_flags(failures))
        other = self._other(values)
        try:
            _print(report, out, other[1] if other else summary, as_json=values.json)
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


class _Parsed(NamedTuple):
    values: argparse.Namespace  # of all options, also those of the frame
    options: JobOptions


def _print(report: dict[str, Any], out: TextIO | None, format_report: Text, *, as_json: bool) -> None:
    """Prints the report: as text on a terminal, else as one line of JSON. A closed stdout is not an error."""
    if out is None:
        return
    utf8 = (out.encoding or "").lower() == "utf-8"  # otherwise escape text: a title must not fail a run
    terminal = out.isatty()
    try:
        if terminal and not as_json:
            text = format_report(_reasons_with_flags(report))
            print(text if utf8 else text.encode("ascii", "backslashreplace").decode(), file=out, flush=True)
        else:
            text = json.dumps(report, ensure_ascii=terminal or not utf8)
            print(text.encode("utf-8", "backslashreplace").decode(), file=out, flush=True)
    except BrokenPipeError:  # the reader has closed the pipe; the report is in the archive
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())


def _reasons_with_flags(report: dict[str, Any]) -> dict[str, Any]:
    """Returns the report with the options that reasons of failures name as flags. Other texts may be a user's."""
    counts = {key: report[key] for key in ("failures", "rejected") if isinstance(report.get(key), dict)}
    return {**report, **{key: {with_flags(why): n for why, n in reasons.items()} for key, reasons in counts.items()}}


def _show(level: int) -> None:
    """Shows log lines of this level on stderr, and Ray's warnings with ``DEBUG``; all go to the log of the run."""
    for handler in logging.getLogger().handlers:
        handler.setLevel(level)
        if level == logging.DEBUG:
            logging.getLogger("ray").addHandler(handler)


def _check_stays(archive: str) -> None:
    """Raises ``UserError`` if the archive would be lost with the process or with Ray's copy of the project."""
    if archive.startswith("memory://"):
        raise UserError(f"`archive` {archive}: it would be lost when this process ends; use a folder or a bucket")
    if _SUBMITTED in os.environ and "://" not in archive and not Path(archive).is_absolute():
        raise UserError(
            f"`archive` {archive}: relative to the folder that Ray creates for this job and deletes with it; "
            "use the absolute path of a folder that all nodes see, or a bucket"
        )


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
    if with_statistics and text:
        print(text, file=sys.stderr)
    if spilled := runtime.spilled_bytes():
        logging.warning(
            "Ray's object store was full: %.1f GB went to disk, which is slow; give Ray more memory", spilled / 1e9
        )
    fields: dict[str, Any] = {"operators": operators, "spilled_bytes": spilled}
    return {name: value for name, value in fields.items() if value}


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
