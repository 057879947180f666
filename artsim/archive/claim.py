"""Locks where the system has none, as in a bucket: an object for each run, renewed as long as the run lives.

A run writes its claim first and lists all claims on the table afterwards. Object stores list everything that was
written before, so of two runs the later one sees the other. Both may withdraw, but they never both go on.
"""

import contextlib
import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.fs as pafs

from artsim.archive.holder import Holder, in_brackets, is_dead, this_process
from artsim.archive.store import Store
from artsim.mistake import Mistake, Outage

_TRIES = 3  # two runs that begin at the same moment may both withdraw
_RENEWED = 30.0  # seconds between two signs of life
_PATIENCE = 10.0  # seconds that the end of a run may wait for a storage that does not answer
_EXPIRES = 300.0  # seconds without one after which a run on another machine counts as dead


@contextlib.contextmanager
def claimed(store: Store, table: str, patience: float = 0.0) -> Iterator[None]:
    """Holds a table by a claim. Mistake says who holds it already, and for longer than ``patience`` seconds.

    Outage at the end if another run took the table over, since this one had given no sign of life for too long.
    """
    folder, holder = f"_locks/{table.replace('/', '-')}", this_process()
    path = f"{folder}/{uuid.uuid4().hex}.json"
    tries, give_up = 0, time.monotonic() + patience
    while True:
        store.write_json(path, holder)
        try:
            other = _other(store, folder, path)
        except BaseException:
            _withdraw(store, path)
            raise
        if other is None:
            break
        _withdraw(store, path)
        tries += 1
        if tries >= _TRIES and time.monotonic() >= give_up:
            raise Mistake(
                f"another run is at work on {table} of this archive{in_brackets(other)}; wait for it, or stop it; "
                f"if it was killed on another machine, its lock ends after {_EXPIRES / 60:.0f} minutes"
            )
        time.sleep(random.random() / 2)
    try:
        with _renewed(store, path, holder):
            yield
        taken_over = not store.exists(path)
    finally:
        _within(_PATIENCE, lambda: _withdraw(store, path))
    if taken_over:
        raise Outage(
            f"another run took over {table} of this archive, since this one gave no sign of life for "
            f"{_EXPIRES / 60:.0f} minutes; run the same command again to make sure that all is done"
        )


def _other(store: Store, folder: str, path: str) -> Holder | None:
    """The holder of another claim that is alive; dead ones are removed."""
    infos = store.filesystem.get_file_info(pafs.FileSelector(f"{store.root}/{folder}", allow_not_found=True))
    mine = next((info.mtime for info in infos if info.path.endswith(path)), None)
    for info in infos:
        theirs = f"{folder}/{info.base_name}"
        if not info.is_file or theirs == path or not theirs.endswith(".json"):
            continue
        try:
            holder = store.read_json(theirs)
        except Mistake:  # damaged
            holder = {}
        except OSError:
            if store.exists(theirs):
                raise
            continue  # it was withdrawn while it was read
        if holder is None:  # it has just been withdrawn
            continue
        if not (is_dead(holder) or _expired(info.mtime, mine)):
            return dict(holder) if isinstance(holder, dict) else {}
        _withdraw(store, theirs)
    return None


def _expired(theirs: datetime | None, mine: datetime | None) -> bool:
    """Whether a claim was not renewed in time, by the clock of the storage alone."""
    return theirs is not None and mine is not None and (mine - theirs).total_seconds() > _EXPIRES


@contextlib.contextmanager
def _renewed(store: Store, path: str, holder: Holder) -> Iterator[None]:
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_RENEWED):
            with contextlib.suppress(OSError, pa.ArrowException):  # the next try may get through
                if store.exists(path):
                    store.write_json(path, holder)

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(_PATIENCE)


def _within(seconds: float, work: Callable[[], None]) -> None:
    """Does some work, and leaves it to itself if it takes longer."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


def _withdraw(store: Store, path: str) -> None:
    with contextlib.suppress(OSError, pa.ArrowException):
        store.remove_file(path)
