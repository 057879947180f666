"""Runs jobs by their command lines, but in the test's own process, which keeps Ray between runs.

This is for tests that do not need a process of their own: starting Ray takes ten times as long as such a job.
"""

import contextlib
import importlib
import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from unittest import mock


def ended(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Returns exit code, stdout and stderr of ``python -m jobs.NAME ARGUMENTS``. Raises what would be a traceback.

    Lines that Ray or a worker writes itself are missing from stderr, since they bypass Python's ``sys.stderr``.
    """
    job = importlib.import_module(f"jobs.{name}").job
    command = [f"jobs/{name}.py", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", command),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        _no_log_handlers(),
    ):
        try:
            job.main()
        except SystemExit as end:
            code = end.code
    assert isinstance(code, int)
    return subprocess.CompletedProcess(command, code, out.getvalue(), err.getvalue())


def report_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """Returns the report, the last line of stdout."""
    assert done.stdout, done.stderr[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@contextlib.contextmanager
def _no_log_handlers() -> Iterator[None]:
    """Removes pytest's log handlers, as in a new process; otherwise a job would not set up its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
