"""Locks tables, so that two runs do not do the same work. A lock ends with its process, even after ``kill -9``."""

import contextlib
import errno
import fcntl
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from artsim.archive.bucket_lock import claimed
from artsim.archive.lock_holder import in_brackets, log_wait, this_process
from artsim.archive.store import Store
from artsim.errors import UserError

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_POLL_SECONDS = 0.02  # seconds between two tries
_SILENT_SECONDS = 1.0  # seconds of waiting that are not worth a line


@contextlib.contextmanager
def locked(store: Store, *tables: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Locks these tables of an archive. Raises ``UserError`` with the holder's name if another run holds one of them.

    Waits up to ``wait_seconds`` for each table, for writes that take a moment, and logs whom it waits for;
    ``math.inf`` waits until the other run ends.
    Uses file locks on a local disk, and claims (see bucket_lock.py) in a bucket or on a disk without locks.
    """
    with contextlib.ExitStack() as locks:
        for table in sorted(set(tables)):
            locks.enter_context(
                _file_lock(store, table, wait_seconds) if store.is_local else claimed(store, table, wait_seconds)
            )
        yield


@contextlib.contextmanager
def _file_lock(store: Store, table: str, wait_seconds: float) -> Iterator[None]:
    path = Path(store.root, "_locks", f"{table.replace('/', '-')}.json")
    path.parent.mkdir(exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        try:
            _lock(file.fileno(), wait_seconds, lambda: log_wait(table, _read(path)))
        except BlockingIOError as error:
            raise UserError(
                f"{table} is locked by another run{in_brackets(_read(path))}; wait for it or stop it"
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            with claimed(store, table, wait_seconds):
                yield
            return
        with contextlib.suppress(OSError):  # for example, the disk is full; the lock holds anyway
            file.truncate(0)
            file.write(json.dumps(this_process()).encode())
        yield


def _lock(descriptor: int, wait_seconds: float, log: Callable[[], None]) -> None:
    """Locks an open file. Raises BlockingIOError if another process holds it for more than ``wait_seconds``.

    Calls ``log`` once if it waits longer than a moment.
    """
    started, logged = time.monotonic(), False
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waited = time.monotonic() - started
            if waited >= wait_seconds:
                raise
        if waited > _SILENT_SECONDS and not logged:
            log()
            logged = True
        time.sleep(_POLL_SECONDS)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
