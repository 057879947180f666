"""External text is escaped before it reaches a terminal: titles, names, addresses, server errors."""

import io
import json
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from artsim.archive import Archive, UserError
from artsim.cli import Job
from artsim.errors import ServiceUnavailable

_HOSTILE = "\x1b]0;owned\x07\x1b[2Ja\u202eb\x9b31m\r\x08\x7f\ud800"


class _Terminal(io.StringIO):
    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def _raises(error: BaseException) -> Callable[[], dict[str, Any]]:
    def work() -> dict[str, Any]:
        raise error

    return work


def _logs() -> dict[str, Any]:
    logging.getLogger("artsim").warning("fetched %s", _HOSTILE)
    try:
        raise ValueError(_HOSTILE)
    except ValueError:
        logging.getLogger("artsim").exception("no %s", _HOSTILE)
    return {}


_WAYS: dict[str, Callable[[], dict[str, Any]]] = {
    "mistake": _raises(UserError(f"--id {_HOSTILE}: unknown")),
    "outage": _raises(ServiceUnavailable(f"{_HOSTILE} does not answer")),
    "full disk": _raises(OSError(28, "No space left on device", _HOSTILE)),
    "read-only": _raises(OSError(30, "Read-only file system", _HOSTILE)),
    "unexpected": _raises(ZeroDivisionError(_HOSTILE)),
    "log lines": _logs,
    "values": lambda: {"title": _HOSTILE, "file": [_HOSTILE], "about": {"artist": _HOSTILE, _HOSTILE: 1}},
    "names": lambda: {_HOSTILE: 1, _HOSTILE * 2: [{"id": 1}]},
    "tables": lambda: {"found": [{"id": _HOSTILE, _HOSTILE: 2, "near": [{"title": _HOSTILE, _HOSTILE: 3}]}]},
    "failures": lambda: {"rows_failed": 2, "failures": {_HOSTILE: 2}},
    "steps": lambda: {"steps": [{"job": _HOSTILE, "rows_in": 1, "rows_out": 1}]},
}


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("way", _WAYS)
def test_control_characters_are_removed_on_a_terminal(
    way: str, as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Archive.create(str(tmp_path))
    job = Job("toy", "Play.\n\npython -m jobs.toy")
    job.runs(lambda archive, options: {"rows_in": 2, "rows_out": 0, "rows_failed": 0, **_WAYS[way]()})
    monkeypatch.setattr(sys, "argv", ["toy", "--archive", str(tmp_path), *["--json"] * as_json])
    out, err = _Terminal(), _Terminal()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    try:
        job.main()
    except SystemExit:
        pass
    except ZeroDivisionError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    shown = out.getvalue() + err.getvalue()
    assert "owned" in shown
    assert not {character for character in shown if not character.isprintable()} - {"\n"}
    if as_json and out.getvalue():
        assert json.loads(out.getvalue().splitlines()[-1])["job"] == "toy"
