"""One run at a time of what two would do double: locks on tables, which end with the process, kill -9 included."""

import contextlib
import errno
import fcntl
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from artsim.archive.claim import claimed
from artsim.archive.holder import in_brackets, this_process
from artsim.archive.store import Store
from artsim.mistake import Mistake

_NO_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL)
_AGAIN = 0.02  # seconds between two tries


@contextlib.contextmanager
def alone(store: Store, *tables: str, patience: float = 0.0) -> Iterator[None]:
    """Holds these tables of an archive against other runs. Mistake says who holds one of them already.

    Waits ``patience`` seconds for each, which is for writes that take a moment.
    On a disk the system's locks do so; in a bucket, and on disks without locks, a claim does (see claim.py).
    """
    with contextlib.ExitStack() as held:
        for table in sorted(set(tables)):
            held.enter_context(_locked(store, table, patience) if store.is_local else claimed(store, table, patience))
        yield


@contextlib.contextmanager
def _locked(store: Store, table: str, patience: float) -> Iterator[None]:
    path = Path(store.root, "_locks", f"{table.replace('/', '-')}.json")
    path.parent.mkdir(exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        try:
            _lock(file.fileno(), patience)
        except BlockingIOError as error:
            raise Mistake(
                f"another run is at work on {table} of this archive{in_brackets(_read(path))}; wait for it, or stop it"
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            with claimed(store, table, patience):
                yield
            return
        with contextlib.suppress(OSError):  # a full disk; it is locked all the same
            file.truncate(0)
            file.write(json.dumps(this_process()).encode())
        yield


def _lock(descriptor: int, patience: float) -> None:
    """Locks an open file. BlockingIOError if another process holds it for longer than ``patience`` seconds."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up:
                raise
        time.sleep(_AGAIN)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
