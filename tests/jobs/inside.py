"""Jobs as their command lines run them, but in the test's own process, whose Ray stays from one run to the next.

For what is not about the process: a job that has to start Ray takes ten times as long as its work does here.
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
    """What ``python -m jobs.NAME ARGUMENTS`` ends with: exit code, stdout and stderr. Raises what would be a traceback.

    Lines that Ray or a worker writes by itself are missing from stderr, since they don't go through Python's.
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
    """The last line of stdout."""
    assert done.stdout, done.stderr[-3000:]
    report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return report


@contextlib.contextmanager
def _no_log_handlers() -> Iterator[None]:
    """As in a new process: a job sets up its own, and would not if it found pytest's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
