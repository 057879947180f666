"""One table of an archive: Parquet part files in shards. A commit replaces one part, whole.

``images/00012/<part>.parquet`` is made from rows of one part of the catalogue and bears its name (see pending.py).
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from artsim.archive import schemas
from artsim.archive.store import BROKEN_LINK, Store
from artsim.mistake import Mistake

_INCOMPRESSIBLE = ("bytes", "vector", "sha256", "phash")
_OUTCOME = "artsim.outcome"  # where the footer of a part says what came of the work that wrote it


def shard_of(ids: Sequence[str] | pa.Array, shards: int) -> np.ndarray:
    """The shard of each id, int64 of shape (n,): CRC-32 of its UTF-8 bytes modulo the number of shards."""
    values = ids.to_pylist() if isinstance(ids, pa.Array | pa.ChunkedArray) else ids
    return np.fromiter((crc32(value.encode()) % shards for value in values), np.int64, len(values))


@dataclass(frozen=True)
class Table:
    """A table of an archive. ``schema`` is None where the columns depend on the run: whoever writes says which."""

    store: Store
    name: str
    shards: int
    schema: pa.Schema | None
    known: dict[int, list[str]] | None = None  # the parts of each shard, if they were listed beforehand

    def listed(self) -> "Table":
        """The same, with the parts that it has now: a listing of it all, where each shard's own would be a request."""
        known: dict[int, list[str]] = {}
        for path in self.store.files(self.name):
            shard, _, name = path.partition("/")
            if shard.isdigit() and name.endswith(".parquet") and not name.startswith(("_", ".")):
                known.setdefault(int(shard), []).append(name.removesuffix(".parquet"))
        return replace(self, known=known)

    def parts(self, shard: int) -> list[str]:
        """The names of the part files of a shard, sorted."""
        if self.known is not None:
            return self.known.get(shard, [])
        names = self.store.names(self._folder(shard))
        return [name.removesuffix(".parquet") for name in names if name.endswith(".parquet")]

    def read(self, shard: int, part: str, columns: list[str] | None = None) -> pa.Table:
        """The rows of one part, all columns or some. FileNotFoundError if there is no such part."""
        with self._open(shard, part) as file:
            rows = file.read(columns=columns)
            for name in columns or []:
                if name not in rows.column_names:
                    raise pa.ArrowInvalid(f"it has no column {name}")
            return rows

    def batches(self, shard: int, part: str, columns: list[str], ids: list[str], rows: int) -> Iterator[pa.Table]:
        """These ids of one part, at most ``rows`` at a time: a part of images is read as it is used."""
        wanted = pa.array(ids, pa.string())
        with self._open(shard, part, ahead=False) as file:
            for batch in file.iter_batches(rows, columns=columns):
                some = pa.Table.from_batches([batch])
                some = some.filter(pc.is_in(some.column("id"), value_set=wanted))
                if len(some):
                    yield some

    def rows_in(self, shard: int, part: str) -> int:
        """How many rows a part has."""
        with self._open(shard, part) as file:
            return file.metadata.num_rows

    def count(self) -> int:
        """How many rows the table has."""
        return sum(self.rows_in(shard, part) for shard in range(self.shards) for part in self.parts(shard))

    def ids(self, shard: int) -> pa.ChunkedArray:
        """Every id of a shard."""
        chunks = [self.read(shard, part, ["id"]).column("id") for part in self.parts(shard)]
        return pa.chunked_array([chunk for column in chunks for chunk in column.chunks], pa.string())

    def scan(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """All rows, part by part in a fixed order, so that memory does not grow with the table."""
        for shard in range(self.shards):
            for part in self.parts(shard):
                yield self.read(shard, part, columns)

    def find(self, ids: Sequence[str], columns: list[str] | None = None) -> pa.Table | None:
        """The rows of these ids in their order; ids that the table lacks are absent. None if none is there."""
        wanted: dict[int, list[str]] = {}
        for shard, identifier in zip(shard_of(ids, self.shards).tolist(), ids, strict=True):
            wanted.setdefault(shard, []).append(identifier)
        found = [rows for shard, some in wanted.items() for rows in self._find_in_shard(shard, some, columns)]
        if not found:
            return None
        rows = pa.concat_tables(found)
        place = {identifier: index for index, identifier in enumerate(rows.column("id").to_pylist())}
        rows = rows.take([place[identifier] for identifier in ids if identifier in place])
        return rows.select(columns) if columns else rows

    def _find_in_shard(self, shard: int, ids: list[str], columns: list[str] | None) -> Iterator[pa.Table]:
        missing, wanted = len(set(ids)), pa.array(ids, pa.string())
        needed = ["id", *(name for name in columns if name != "id")] if columns else None
        for part in self.parts(shard):
            with self._open(shard, part) as file:
                hits = np.flatnonzero(pc.is_in(file.read(columns=["id"]).column("id"), value_set=wanted))
                if not len(hits):
                    continue
                starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))])
                groups = np.searchsorted(starts, hits, side="right") - 1
                for group in np.unique(groups):  # an image is big: only the row groups that hold a hit are read
                    rows = file.read_row_group(int(group), columns=needed)
                    yield rows.take(pa.array(hits[groups == group] - starts[group]))
                missing -= len(hits)
            if not missing:
                return

    @contextlib.contextmanager
    def writer(self, shard: int, part: str) -> Iterator[pq.ParquetWriter]:
        """``with table.writer(shard, part) as writer: writer.write(rows)``; the part is replaced at a clean exit."""
        assert self.schema is not None, f"the columns of {self.name} are not known"
        names = self.schema.names
        with (
            self.store.replace(self.path(shard, part)) as draft,
            pq.ParquetWriter(
                draft,
                self.schema,
                compression={name: "NONE" if name in _INCOMPRESSIBLE else "ZSTD" for name in _leaves(self.schema)},
                use_dictionary=[name for name in names if name not in (*_INCOMPRESSIBLE, "id")],
                write_statistics=False,
            ) as writer,
        ):
            yield writer

    def write(self, shard: int, part: str, rows: pa.Table, outcome: dict[str, Any] | None = None) -> None:
        """Replaces a part by these rows, or changes nothing.

        ``outcome`` is what the writer is about to report, with the ``work`` that it belongs to: should it die before it
        does, the part tells, for rows and outcome are committed as one.
        """
        with self.writer(shard, part) as writer:
            writer.write(rows.select(writer.schema.names).cast(writer.schema), row_group_size=self._row_group(rows))
            if outcome is not None:
                writer.add_key_value_metadata({_OUTCOME: json.dumps(outcome)})

    def outcome(self, shard: int, part: str, work: str) -> dict[str, Any] | None:
        """What came of a part in this work; None if the work did not write it."""
        try:
            with self._open(shard, part) as file:
                told = (file.metadata.metadata or {}).get(_OUTCOME.encode())
        except FileNotFoundError:
            return None
        found: dict[str, Any] = json.loads(told) if told else {}
        return found if found.get("work") == work else None

    def append(self, shard: int, part: str, rows: pa.Table) -> None:
        """Adds a part that is on the disk when this returns, not only with the operating system: for human work."""
        with self.store.replace(self.path(shard, part)) as draft:
            pq.write_table(rows, draft, compression="ZSTD")
            _flush(draft)
        if self.store.is_local:
            for folder in (self._folder(shard), self.name, "."):
                _flush(f"{self.store.root}/{folder}")

    def merge(self, shard: int, part: str, rows: pa.Table, outcome: dict[str, Any] | None = None) -> None:
        """Puts rows into a part: they take the place of rows with the same ids, the others stay. As ``write``."""
        with contextlib.suppress(FileNotFoundError):
            old = self.read(shard, part)
            kept = old.filter(pc.invert(pc.is_in(old.column("id"), value_set=rows.column("id").combine_chunks())))
            rows = pa.concat_tables([kept, rows.select(kept.column_names).cast(kept.schema)])
        self.write(shard, part, rows, outcome)

    @contextlib.contextmanager
    def _open(self, shard: int, part: str, *, ahead: bool = True) -> Iterator[pq.ParquetFile]:
        """A part to read from. Mistake that names the file if it is damaged.

        ``ahead`` reads all that is asked for at a time: from afar, columns side by side come together.
        """
        path = self.path(shard, part)
        try:
            source = self.store.open_input(path)
            with pq.ParquetFile(source, pre_buffer=ahead and not self.store.is_local) as file:
                _check_columns(file.schema_arrow, self._columns())
                yield file
        except (pa.ArrowException, OSError) as error:
            if self.store.is_broken_link(path):
                raise Mistake(
                    f"{self.store.address(path)}: this part of {self.name} is damaged: {BROKEN_LINK} and run the job "
                    "that made it again"
                ) from error
            if not _is_damage(error):
                raise
            raise Mistake(
                f"{self.store.address(path)}: this part of {self.name} is damaged ({_one_line(error)}); restore it "
                "from a copy, or remove it and run the job that made it again"
            ) from error

    def _columns(self) -> pa.Schema | None:
        """The columns that a part must have; None if the table may have any."""
        return schemas.features(1) if self.name.startswith("features/") else self.schema

    def _row_group(self, rows: pa.Table) -> int:
        return 32 if "bytes" in rows.column_names else max(len(rows), 1)

    def _folder(self, shard: int) -> str:
        return f"{self.name}/{shard:05d}"

    def path(self, shard: int, part: str) -> str:
        """Where a part lies in the archive."""
        return f"{self._folder(shard)}/{part}.parquet"


def _check_columns(there: pa.Schema, wanted: pa.Schema | None) -> None:
    """ArrowInvalid if a column is missing or of another type. Vectors may have any length."""
    for field in wanted or ():
        at = there.get_field_index(field.name)
        if at < 0:
            raise pa.ArrowInvalid(f"it has no column {field.name}")
        found, type_ = there.field(at).type, field.type
        if pa.types.is_fixed_size_list(found) and pa.types.is_fixed_size_list(type_):
            found, type_ = found.value_type, type_.value_type
        if found != type_:
            raise pa.ArrowInvalid(f"its column {field.name} is of type {found}, not {type_}")


def _is_damage(error: Exception) -> bool:
    """Whether a file's content is wrong, rather than that the file is missing, closed to us or out of reach."""
    if isinstance(error, FileNotFoundError):
        return False
    return getattr(error, "errno", None) is None and "AWS Error" not in str(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:150]


def _flush(path: str) -> None:
    """Waits until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _leaves(schema: pa.Schema) -> list[str]:
    """Column paths as Parquet names them: a list's values are a leaf below it."""
    return [f"{f.name}.list.element" if pa.types.is_fixed_size_list(f.type) else f.name for f in schema]
