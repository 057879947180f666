"""One run at a time of what two would do double: a lock that goes with the process that holds it, kill -9 included."""

import contextlib
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from artsim.archive.store import Store
from artsim.mistake import Mistake


@contextlib.contextmanager
def alone(store: Store, *tables: str) -> Iterator[None]:
    """Holds these tables of an archive against other runs. Mistake says who holds one of them already.

    On object stores, and on disks without locks, nothing is held: there two runs do some work twice, and no row comes
    twice of it, since both write the same parts.
    """
    with contextlib.ExitStack() as held:
        if store.is_local:
            for table in sorted(tables):
                held.enter_context(_held(Path(store.root, "_locks", f"{table.replace('/', '-')}.json"), table))
        yield


@contextlib.contextmanager
def _held(path: Path, table: str) -> Iterator[None]:
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Mistake(
                f"another run is at work on {table} of this archive{_who(path)}; wait for it, or stop it"
            ) from error
        except OSError:  # a disk without locks
            yield
            return
        file.truncate(0)
        json.dump(
            {"process": os.getpid(), "machine": socket.gethostname(), "since": f"{datetime.now(UTC):%F %T}"}, file
        )
        file.flush()
        yield


def _who(path: Path) -> str:
    try:
        who = json.loads(path.read_text(encoding="utf-8"))
        return f" (process {who['process']} on {who['machine']}, since {who['since']} UTC)"
    except (OSError, ValueError, KeyError):
        return ""
