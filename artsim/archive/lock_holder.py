"""The record of who holds a lock: shown to other runs, and used to detect that the holder has died."""

import contextlib
import logging
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Holder = dict[str, Any]

_log = logging.getLogger(__name__)


def this_process() -> Holder:
    """Describes this process as the holder of a lock."""
    return {
        "process": os.getpid(),
        "machine": socket.gethostname(),
        "since": f"{datetime.now(UTC):%F %T}",
        "system": _system(),
        "started": _started(os.getpid()),
    }


def in_brackets(holder: Any) -> str:
    """`` (process 7 on host, since 2026-11-29 10:00:00 UTC)``; empty if nothing is known."""
    try:
        return f" (process {holder['process']} on {holder['machine']}, since {holder['since']} UTC)"
    except (TypeError, KeyError):
        return ""


def log_wait(table: str, holder: Any) -> None:
    """Logs that this run waits for the holder of a table."""
    _log.info("waiting for another run%s to finish %s", in_brackets(holder), table)


def is_dead(holder: Any) -> bool:
    """Whether the holder has certainly ended. False if it ran on another machine, which cannot be checked from here."""
    try:
        same_system = holder["system"] and holder["system"] == _system()
        return bool(same_system) and _started(int(holder["process"])) != holder["started"]
    except (TypeError, KeyError, ValueError):
        return False


def _system() -> str:
    """Identifies this boot of the machine and its PID namespace; empty where the system does not provide them."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """The start time of a local process in kernel ticks; None if it does not exist or is a zombie."""
    with contextlib.suppress(OSError, IndexError):
        state, *fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return None if state in "ZX" else fields[18]
    return None
