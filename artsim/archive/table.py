"""One table of an archive: Parquet partitions in shards. A commit replaces one whole partition.

``images/00012/<part>.parquet`` is made from rows of one catalog partition and is named after it (see pending.py).
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
from artsim.errors import UserError

_INCOMPRESSIBLE = ("bytes", "vector", "sha256", "phash")
_OUTCOME = "artsim.outcome"  # key of the result counts in a partition's footer


def shard_of(ids: Sequence[str] | pa.Array, shards: int) -> np.ndarray:
    """The shard of each id, int64 of shape (n,): CRC-32 of its UTF-8 bytes modulo the number of shards."""
    values = ids.to_pylist() if isinstance(ids, pa.Array | pa.ChunkedArray) else ids
    return np.fromiter((crc32(value.encode()) % shards for value in values), np.int64, len(values))


@dataclass(frozen=True)
class Table:
    """A table of an archive. ``schema`` is None if the columns depend on the run; writing requires one."""

    store: Store
    name: str
    shards: int
    schema: pa.Schema | None
    known: dict[int, list[str]] | None = None  # the partitions of each shard, if already listed

    def listed(self) -> "Table":
        """Returns a copy that knows its current partitions, from one listing instead of one request per shard."""
        known: dict[int, list[str]] = {}
        for path in self.store.files(self.name):
            shard, _, name = path.partition("/")
            if shard.isdigit() and name.endswith(".parquet") and not name.startswith(("_", ".")):
                known.setdefault(int(shard), []).append(name.removesuffix(".parquet"))
        return replace(self, known=known)

    def parts(self, shard: int) -> list[str]:
        """Returns the sorted names of a shard's partitions."""
        if self.known is not None:
            return self.known.get(shard, [])
        names = self.store.names(self._folder(shard))
        return [name.removesuffix(".parquet") for name in names if name.endswith(".parquet")]

    def read(self, shard: int, part: str, columns: list[str] | None = None) -> pa.Table:
        """Returns the rows of one partition, with all or some columns. Raises FileNotFoundError if there is none."""
        with self._open(shard, part) as file:
            rows = file.read(columns=columns)
            for name in columns or []:
                if name not in rows.column_names:
                    raise pa.ArrowInvalid(f"it has no column {name}")
            return rows

    def batches(self, shard: int, part: str, columns: list[str], ids: list[str], rows: int) -> Iterator[pa.Table]:
        """Yields the rows of these ids in one partition, at most ``rows`` at a time, to not load all of its images."""
        id_array = pa.array(ids, pa.string())
        with self._open(shard, part, ahead=False) as file:
            for batch in file.iter_batches(rows, columns=columns):
                selected = pa.Table.from_batches([batch])
                selected = selected.filter(pc.is_in(selected.column("id"), value_set=id_array))
                if len(selected):
                    yield selected

    def rows_in(self, shard: int, part: str) -> int:
        """How many rows a partition has."""
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
        """Yields all rows, partition by partition in a fixed order, so that memory does not grow with the table."""
        for shard in range(self.shards):
            for part in self.parts(shard):
                yield self.read(shard, part, columns)

    def find(self, ids: Sequence[str], columns: list[str] | None = None) -> pa.Table | None:
        """Returns the rows of these ids in their order, without ids that the table lacks. None if it lacks all."""
        chunks = [rows for *_, rows in self.located(ids, columns)]
        if not chunks:
            return None
        rows = pa.concat_tables(chunks)
        position = {identifier: index for index, identifier in enumerate(rows.column("id").to_pylist())}
        rows = rows.take([position[identifier] for identifier in ids if identifier in position])
        return rows.select(columns) if columns else rows

    def located(self, ids: Sequence[str], columns: list[str] | None = None) -> Iterator[tuple[int, str, pa.Table]]:
        """Yields shard, partition and the rows of these ids in it, always with ``id``.

        Yields one row group at a time, so that not all images are in memory. A partition's groups are consecutive.
        """
        wanted: dict[int, list[str]] = {}
        for shard, identifier in zip(shard_of(ids, self.shards).tolist(), ids, strict=True):
            wanted.setdefault(shard, []).append(identifier)
        for shard, shard_ids in wanted.items():
            for part, rows in self._located_in_shard(shard, shard_ids, columns):
                yield shard, part, rows

    def _located_in_shard(
        self, shard: int, ids: list[str], columns: list[str] | None
    ) -> Iterator[tuple[str, pa.Table]]:
        missing, id_array = len(set(ids)), pa.array(ids, pa.string())
        needed = ["id", *(name for name in columns if name != "id")] if columns else None
        for part in self.parts(shard):
            with self._open(shard, part) as file:
                hits = np.flatnonzero(pc.is_in(file.read(columns=["id"]).column("id"), value_set=id_array))
                if not len(hits):
                    continue
                starts = np.cumsum([0, *(file.metadata.row_group(i).num_rows for i in range(file.num_row_groups))])
                groups = np.searchsorted(starts, hits, side="right") - 1
                for group in np.unique(groups):  # images are large: read only row groups with a hit
                    rows = file.read_row_group(int(group), columns=needed)
                    yield part, rows.take(pa.array(hits[groups == group] - starts[group]))
                missing -= len(hits)
            if not missing:
                return

    @contextlib.contextmanager
    def writer(self, shard: int, part: str) -> Iterator[pq.ParquetWriter]:
        """``with table.writer(shard, part) as writer: writer.write(rows)`` replaces the partition at a clean exit."""
        assert self.schema is not None, f"the columns of {self.name} are not known"
        leaves = _leaves(self.schema)
        with (
            self.store.replace(self.path(shard, part)) as draft,
            pq.ParquetWriter(
                draft,
                self.schema,
                compression={name: "NONE" if name in _INCOMPRESSIBLE else "ZSTD" for name in leaves},
                use_dictionary=[path for path in leaves if path.split(".")[0] not in (*_INCOMPRESSIBLE, "id")],
                write_statistics=False,
            ) as writer,
        ):
            yield writer

    def write(self, shard: int, part: str, rows: pa.Table, outcome: dict[str, Any] | None = None) -> None:
        """Replaces a partition with these rows, or changes nothing.

        ``outcome`` holds the result counts and, under the key ``work``, the id of the run. It is committed together
        with the rows, so the counts are not lost if the writer dies before it reports them.
        """
        with self.writer(shard, part) as writer:
            writer.write(rows.select(writer.schema.names).cast(writer.schema), row_group_size=self._row_group(rows))
            if outcome is not None:
                writer.add_key_value_metadata({_OUTCOME: json.dumps(outcome)})

    def outcome(self, shard: int, part: str, work: str) -> dict[str, Any] | None:
        """Returns the ``outcome`` that the run ``work`` stored in a partition; None if that run did not write it."""
        try:
            with self._open(shard, part) as file:
                stored = (file.metadata.metadata or {}).get(_OUTCOME.encode())
        except FileNotFoundError:
            return None
        outcome: dict[str, Any] = json.loads(stored) if stored else {}
        return outcome if outcome.get("work") == work else None

    def append(self, shard: int, part: str, rows: pa.Table) -> None:
        """Adds or replaces a partition and flushes it to disk, because people's work cannot be recomputed."""
        with self.store.replace(self.path(shard, part)) as draft:
            pq.write_table(rows, draft, compression="ZSTD")
            _flush(draft)
        if self.store.is_local:
            for folder in (self._folder(shard), self.name, "."):
                _flush(f"{self.store.root}/{folder}")

    def merge(self, shard: int, part: str, rows: pa.Table, outcome: dict[str, Any] | None = None) -> None:
        """Like ``write``, but replaces only rows with the same ids and keeps the others."""
        with contextlib.suppress(FileNotFoundError):
            old = self.read(shard, part)
            kept = old.filter(pc.invert(pc.is_in(old.column("id"), value_set=rows.column("id").combine_chunks())))
            rows = pa.concat_tables([kept, rows.select(kept.column_names).cast(kept.schema)])
        self.write(shard, part, rows, outcome)

    @contextlib.contextmanager
    def _open(self, shard: int, part: str, *, ahead: bool = True) -> Iterator[pq.ParquetFile]:
        """Opens a partition for reading. Raises ``UserError`` with the file's name if it is damaged.

        ``ahead`` reads everything requested at once; on remote storage, adjacent columns share a request.
        """
        path = self.path(shard, part)
        try:
            source = self.store.open_input(path)
            with pq.ParquetFile(source, pre_buffer=ahead and not self.store.is_local) as file:
                _check_columns(file.schema_arrow, self._expected(file.schema_arrow))
                yield file
        except (pa.ArrowException, OSError) as error:
            if self.store.is_broken_link(path):
                raise UserError(
                    f"{self.store.address(path)}: this partition of {self.name} is damaged: {BROKEN_LINK}, "
                    "then rerun the job that wrote it"
                ) from error
            if not _is_damage(error):
                raise
            raise UserError(
                f"{self.store.address(path)}: this partition of {self.name} is damaged ({_one_line(error)}); "
                "restore it from a copy, or remove it and rerun the job that wrote it"
            ) from error

    def _expected(self, stored: pa.Schema) -> pa.Schema | None:
        """The columns that a partition with these must have; None if the table may have any."""
        if not self.name.startswith("features/"):
            return self.schema
        index = stored.get_field_index("vector")
        kind = stored.field(index).type if index >= 0 else None
        return schemas.features(
            kind.list_size if kind is not None and pa.types.is_fixed_size_list(kind) else 1
        )  # any length

    def _row_group(self, rows: pa.Table) -> int:
        return 32 if "bytes" in rows.column_names else max(len(rows), 1)

    def _folder(self, shard: int) -> str:
        return f"{self.name}/{shard:05d}"

    def path(self, shard: int, part: str) -> str:
        """Returns the path of a partition within the archive."""
        return f"{self._folder(shard)}/{part}.parquet"


def _check_columns(stored: pa.Schema, schema: pa.Schema | None) -> None:
    """Raises ArrowInvalid if a column is missing or has another type."""
    if schema is None or stored.equals(schema):  # most files: much faster than field by field
        return
    for field in schema:
        index = stored.get_field_index(field.name)
        if index < 0:
            raise pa.ArrowInvalid(f"it has no column {field.name}")
        actual, expected = stored.field(index).type, field.type
        if actual != expected:
            raise pa.ArrowInvalid(f"its column {field.name} is of type {actual}, not {expected}")


def _is_damage(error: Exception) -> bool:
    """Whether an error means damaged content, not a file that is missing, not permitted or unreachable."""
    if isinstance(error, FileNotFoundError):
        return False
    return getattr(error, "errno", None) is None and "AWS Error" not in str(error)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:150]


def _flush(path: str) -> None:
    """Waits until a file, or the names in a folder, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _leaves(schema: pa.Schema) -> list[str]:
    """Returns column paths as Parquet names them: the values of a list, and the fields of a struct, are leaves."""
    return [path for field in schema for path in _paths(field.name, field.type)]


def _paths(name: str, kind: pa.DataType) -> list[str]:
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        return _paths(f"{name}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [path for field in kind for path in _paths(f"{name}.{field.name}", field.type)]
    return [name]
