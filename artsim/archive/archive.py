"""An archive: a folder at any address that holds tables, models and reports."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import schemas
from artsim.archive.consistency import FORMAT, check_not_lost, check_shards
from artsim.archive.json_text import Keys, check_record
from artsim.archive.lock import locked
from artsim.archive.store import Store
from artsim.archive.table import Table, shard_of
from artsim.errors import UserError, is_full

_LOCK_WAIT_SECONDS = 60.0  # seconds to wait for another run to write archive.json


@dataclass(frozen=True)
class Archive:
    """The tables, models and reports of one archive. Can be pickled and sent to Ray workers."""

    store: Store
    shards: int

    @classmethod
    def open(cls, uri: str) -> "Archive":
        """Opens the archive at an address. Raises ``UserError`` if there is none, or its format is not supported."""
        return cls._at(uri, Store.open(uri))

    @classmethod
    def _at(cls, uri: str, store: Store) -> "Archive":
        try:
            about = store.read_json("archive.json")
        except UserError as error:
            raise UserError(f"`archive` {uri}: its archive.json is damaged: {error}") from error
        if about is None and not store.exists("archive.json"):
            check_not_lost(store, uri)
            raise UserError(f"`archive` {uri}: no archive found; create one with jobs.catalog")
        if not isinstance(about, dict) or not isinstance(about.get("shards"), int) or about["shards"] < 1:
            raise UserError(
                f"`archive` {uri}: its archive.json is damaged; it contains {str(about)[:80]}; restore it from a copy"
            )
        if about.get("format") != FORMAT:
            raise UserError(
                f"`archive` {uri}: it has format {about.get('format')}, this version of artsim reads format {FORMAT}"
            )
        check_shards(store, uri, about["shards"])
        return cls(store, about["shards"])

    @classmethod
    def create(cls, uri: str, shards: int = 32) -> "Archive":
        """Opens the archive at an address, or creates it with ``shards`` shards. Raises ``UserError`` if it cannot.

        ``shards`` applies only to a new archive. If two runs create it at the same time, both use the first one's.
        """
        if shards < 1:
            raise UserError(f"`shards` {shards}: must be 1 or more")
        store = Store.open(uri)
        if not store.exists("archive.json"):
            _check_not_lost(store, uri)
            try:
                _make(store, {"format": FORMAT, "shards": shards})
            except (OSError, NotImplementedError) as error:
                if is_full(error):
                    raise
                raise UserError(f"`archive` {uri}: cannot create an archive here: {error}") from error
        return cls._at(uri, store)

    @property
    def uri(self) -> str:
        """The absolute address, so that a worker with another working directory opens the same archive."""
        return self.store.uri

    def table(self, name: str, schema: pa.Schema | None = None) -> Table:
        """A table by its name (``catalog``, ``images``, ``features/resnet50``)."""
        return Table(self.store, name, self.shards, schema or schemas.schema_of(name))

    def has_table(self, name: str) -> bool:
        """Whether a table's folder exists."""
        return self.store.exists(name)

    def names(self, folder: str) -> list[str]:
        """The names in a folder of the archive, such as the tables in ``features`` or the models in ``models``."""
        return self.store.names(folder)

    def shard_of(self, ids: Sequence[str] | pa.Array) -> np.ndarray:
        """The shard of each id, int64 of shape (n,)."""
        return shard_of(ids, self.shards)

    def read_json(self, path: str, keys: Keys | None = None) -> Any:
        """Returns the object in a JSON file of the archive; None if there is no such file.

        Raises ``UserError`` if the file is damaged, or if one of ``keys`` is missing or has another type.
        """
        content = self.store.read_json(path)
        if content is not None:
            check_record(content, keys or {}, self.store.address(path))
        return content

    def write_json(self, path: str, value: Any) -> None:
        """Replaces a JSON file of the archive atomically."""
        self.store.write_json(path, value)

    def new_report(self, job: str) -> str:
        """Returns the path within the archive of a report of a run that starts now, without an extension."""
        return f"reports/{job}/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"

    def lock(self, *tables: str, wait_seconds: float = 0.0) -> AbstractContextManager[None]:
        """Locks tables: ``with archive.lock("images"):``. Raises ``UserError`` if another run holds one of them.

        Waits up to ``wait_seconds`` for each.
        """
        return locked(self.store, *tables, wait_seconds=wait_seconds)

    def remove(self, table: str) -> None:
        """Deletes a table, so that it can be rebuilt."""
        self.store.remove(table)


def _check_not_lost(store: Store, uri: str) -> None:
    try:
        check_not_lost(store, uri)
    except UserError:
        if not store.exists("archive.json"):  # else another run has just created and started to fill it
            raise


def _make(store: Store, about: dict[str, Any]) -> None:
    """Writes ``archive.json`` unless another run has just written it, perhaps with another number of shards."""
    if store.is_local:
        store.create_json("archive.json", about)
        return
    try:
        with locked(store, "archive", wait_seconds=_LOCK_WAIT_SECONDS):
            if not store.exists("archive.json"):
                store.write_json("archive.json", about)
    except UserError:
        if not store.exists("archive.json"):  # else the run that holds the lock has written it
            raise
