"""Locks for storage that has none, such as a bucket: each run writes a claim and renews it until it ends.

A run first writes its claim, then lists all claims on the table. Object stores list everything written before, so of
two runs the later one sees the other's claim. Both may withdraw, but they never both continue.
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

from artsim.archive.lock_holder import Holder, in_brackets, is_dead, log_wait, this_process
from artsim.archive.store import Store
from artsim.errors import ServiceUnavailable, UserError

_MAX_ATTEMPTS = 3  # two runs that start at the same moment may both withdraw
_LONGEST_PAUSE = 4.0  # seconds; growing pauses let many runs on slow storage take turns
_RENEWAL_SECONDS = 30.0  # seconds between two renewals of a claim
_RELEASE_TIMEOUT_SECONDS = 10.0  # seconds to wait at the end of a run for storage that does not answer
_EXPIRES = 300.0  # seconds without renewal after which a claim expires


@contextlib.contextmanager
def claimed(store: Store, table: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Holds a claim on a table. Raises ``UserError`` if another run keeps it for more than ``wait_seconds``.

    Raises ``ServiceUnavailable`` at the end if another run took over the table because this one did not renew its
    claim in time.
    """
    folder, holder = f"_locks/{table.replace('/', '-')}", this_process()
    path = f"{folder}/{uuid.uuid4().hex}.json"
    tries, give_up = 0, time.monotonic() + wait_seconds
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
        if tries >= _MAX_ATTEMPTS and time.monotonic() >= give_up:
            raise UserError(
                f"{table} is locked by another run{in_brackets(other)}; wait for it or stop it; "
                f"if it was killed on another machine, its lock expires after {_EXPIRES / 60:.0f} minutes"
            )
        if tries == _MAX_ATTEMPTS:
            log_wait(table, other)
        time.sleep(random.random() * min(2 ** min(tries, 10) / 4, _LONGEST_PAUSE))
    try:
        with _renewed(store, path, holder):
            yield
        taken_over = not store.exists(path)
    finally:
        _within(_RELEASE_TIMEOUT_SECONDS, lambda: _withdraw(store, path))
    if taken_over:
        raise ServiceUnavailable(
            f"another run took over {table} because this run did not renew its lock for "
            f"{_EXPIRES / 60:.0f} minutes; run the same command again to make sure that everything is done"
        )


def _other(store: Store, folder: str, path: str) -> Holder | None:
    """Returns the holder of another live claim, or None. Removes claims of ended runs and expired claims."""
    infos = store.filesystem.get_file_info(pafs.FileSelector(f"{store.root}/{folder}", allow_not_found=True))
    own_time = next((info.mtime for info in infos if info.path.endswith(path)), None)
    for info in infos:
        other_path = f"{folder}/{info.base_name}"
        if not info.is_file or other_path == path or not other_path.endswith(".json"):
            continue
        try:
            holder = store.read_json(other_path)
        except UserError:  # damaged
            holder = {}
        if holder is None:  # it was withdrawn
            continue
        if not (is_dead(holder) or _expired(info.mtime, own_time)):
            return dict(holder) if isinstance(holder, dict) else {}
        _withdraw(store, other_path)
    return None


def _expired(claimed_at: datetime | None, now: datetime | None) -> bool:
    """Whether a claim was not renewed in time. Compares only timestamps that the storage set."""
    return claimed_at is not None and now is not None and (now - claimed_at).total_seconds() > _EXPIRES


@contextlib.contextmanager
def _renewed(store: Store, path: str, holder: Holder) -> Iterator[None]:
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_RENEWAL_SECONDS):
            with contextlib.suppress(OSError, pa.ArrowException):  # the next renewal may succeed
                if store.exists(path):
                    store.write_json(path, holder)

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(_RELEASE_TIMEOUT_SECONDS)


def _within(seconds: float, work: Callable[[], None]) -> None:
    """Runs ``work`` in a thread and stops waiting for it after ``seconds``."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)


def _withdraw(store: Store, path: str) -> None:
    with contextlib.suppress(OSError, pa.ArrowException):
        store.remove_file(path)
