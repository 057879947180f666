"""An archive: a folder at any address, with tables, models and reports in it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import schemas
from artsim.archive.alone import alone
from artsim.archive.lost import FORMAT, check_not_lost, check_shards
from artsim.archive.record import Keys, check_record
from artsim.archive.store import Store
from artsim.archive.table import Table, shard_of
from artsim.mistake import Mistake, is_full

_PATIENCE = 60.0  # seconds for another run to write archive.json


@dataclass(frozen=True)
class Archive:
    """Where everything of one archive lives. Pickles, so that it goes to Ray workers as it is."""

    store: Store
    shards: int

    @classmethod
    def open(cls, uri: str) -> "Archive":
        """The archive at an address. Mistake if there is none, or one of a format that this version does not know."""
        return cls._at(uri, Store.open(uri))

    @classmethod
    def _at(cls, uri: str, store: Store) -> "Archive":
        try:
            about = store.read_json("archive.json")
        except Mistake as error:
            raise Mistake(f"--archive {uri}: its archive.json is damaged: {error}") from error
        if about is None and not store.exists("archive.json"):
            check_not_lost(store, uri)
            raise Mistake(f"--archive {uri}: there is no archive here yet; jobs.catalog makes one")
        if not isinstance(about, dict) or not isinstance(about.get("shards"), int) or about["shards"] < 1:
            raise Mistake(
                f"--archive {uri}: its archive.json is damaged; it says {str(about)[:80]}; restore it from a copy"
            )
        if about.get("format") != FORMAT:
            raise Mistake(
                f"--archive {uri}: written in format {about.get('format')}, this artsim reads format {FORMAT}"
            )
        check_shards(store, uri, about["shards"])
        return cls(store, about["shards"])

    @classmethod
    def create(cls, uri: str, shards: int = 32) -> "Archive":
        """The archive at an address, made if there is none; ``shards`` counts only then. Mistake if that can't be.

        If two runs make it at the same time, both use the first one's.
        """
        if shards < 1:
            raise Mistake(f"--shards {shards}: at least 1")
        store = Store.open(uri)
        if not store.exists("archive.json"):
            _check_not_lost(store, uri)
            try:
                _make(store, {"format": FORMAT, "shards": shards})
            except (OSError, NotImplementedError) as error:
                if is_full(error):
                    raise
                raise Mistake(f"--archive {uri}: no archive can be made here: {error}") from error
        return cls._at(uri, store)

    @property
    def uri(self) -> str:
        """The address, absolute, so that a worker with another working directory opens the same."""
        return self.store.uri

    def table(self, name: str, schema: pa.Schema | None = None) -> Table:
        """A table by its name (``catalog``, ``images``, ``features/resnet50``)."""
        return Table(self.store, name, self.shards, schema or schemas.schema_of(name))

    def has_table(self, name: str) -> bool:
        """Whether a table was begun."""
        return self.store.exists(name)

    def names(self, folder: str) -> list[str]:
        """The names in a folder of the archive: of tables below ``features``, of models below ``models``."""
        return self.store.names(folder)

    def shard_of(self, ids: Sequence[str] | pa.Array) -> np.ndarray:
        """The shard of each id, int64 of shape (n,)."""
        return shard_of(ids, self.shards)

    def read_json(self, path: str, keys: Keys | None = None) -> Any:
        """The object that a JSON file of the archive holds; None if there is no such file.

        Mistake if it is damaged, or lacks one of ``keys`` or has it of another type.
        """
        content = self.store.read_json(path)
        if content is not None:
            check_record(content, keys or {}, self.store.address(path))
        return content

    def write_json(self, path: str, value: Any) -> None:
        """Replaces a JSON file of the archive, whole or not at all."""
        self.store.write_json(path, value)

    def write_report(self, report: dict[str, Any]) -> str:
        """Keeps a run's report below ``reports/<job>/`` and says where."""
        path = f"reports/{report['job']}/{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}.json"
        self.store.write_json(path, report)
        return path

    def alone(self, *tables: str, patience: float = 0.0) -> AbstractContextManager[None]:
        """``with archive.alone("images"):`` holds tables against other runs; Mistake if one of these holds one.

        Waits ``patience`` seconds for each.
        """
        return alone(self.store, *tables, patience=patience)

    def remove(self, table: str) -> None:
        """Takes a table away, to be made anew."""
        self.store.remove(table)


def _check_not_lost(store: Store, uri: str) -> None:
    try:
        check_not_lost(store, uri)
    except Mistake:
        if not store.exists("archive.json"):  # else another run has just made the archive and begun to fill it
            raise


def _make(store: Store, about: dict[str, Any]) -> None:
    """Writes ``archive.json`` unless another run has just done so, perhaps with another number of shards."""
    if store.is_local:
        store.create_json("archive.json", about)
        return
    with alone(store, "archive", patience=_PATIENCE):
        if not store.exists("archive.json"):
            store.write_json("archive.json", about)
