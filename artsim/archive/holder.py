"""Who holds a lock: written into it by its holder, shown to others, and enough to tell that the holder has died."""

import contextlib
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Holder = dict[str, Any]


def this_process() -> Holder:
    """What others need to know of this process."""
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


def is_dead(holder: Any) -> bool:
    """Whether a process has certainly ended. False if it ran on another machine, where nobody here can tell."""
    try:
        same_system = holder["system"] and holder["system"] == _system()
        return bool(same_system) and _started(int(holder["process"])) != holder["started"]
    except (TypeError, KeyError, ValueError):
        return False


def _system() -> str:
    """This boot of this machine and the namespace of its process numbers; empty where the system does not say."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _started(process: int) -> str | None:
    """When a process of this machine started, in the kernel's ticks; None if there is none or only its zombie."""
    with contextlib.suppress(OSError, IndexError):
        state, *fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return None if state in "ZX" else fields[18]
    return None
