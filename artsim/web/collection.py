"""The artworks that a server shows, as an immutable snapshot: sorted by id and numbered from 0."""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.fs as pafs

from artsim.archive import Archive, Table, UserError, is_public_domain

_FOLDERS = ("catalog", "images", "thumbnails", "features", "layouts", "clusters", "duplicates", "labels", "topics")
_PLAIN = ("id", "title", "date_text", "page_url", "year_from", "year_to")  # columns with few repeated values
_REPEATED = ("artist", "style", "type", "technique", "location", "school", "rights")
_MAX_CHARACTERS = 2_000  # characters of a text in a short record


class Collection:
    """The artworks of a catalog that may be shown. An artwork is known by its number, its row in ``rows``.

    With ``public_only``, protected artworks have no number, so nothing that goes by numbers can show them.
    """

    def __init__(self, archive: Archive, *, public_only: bool = False) -> None:
        """Reads the catalog. Raises ``UserError`` if there is no artwork to show."""
        self.archive, self.public_only = archive, public_only
        self.rows, shards = _rows(archive, public_only)
        if not len(self.rows):
            problem = (
                "no artwork of the catalog is in the public domain or under a Creative Commons license; "
                "`rights` all shows every artwork"
                if public_only
                else "the catalog is empty; run jobs.catalog"
            )
            raise UserError(f"`archive` {archive.uri}: {problem}")
        self.ids: pa.Array = self.rows["id"].combine_chunks()
        order = np.argsort(shards, kind="stable").astype(np.int32)
        self._in_shard = np.split(order, np.searchsorted(shards[order], np.arange(1, archive.shards)))
        self.version = self.version_of(*_FOLDERS)

    def __len__(self) -> int:
        return len(self.rows)

    def version_of(self, *tables: str) -> str:
        """Returns a text that changes when a file of these tables does, or the rights that are shown."""
        return _digest([self.archive.uri, self.public_only, *_files(self.archive, tables)])

    @cached_property
    def name(self) -> str:
        """The last part of the archive's address."""
        return self.archive.uri.rstrip("/").rpartition("/")[2] or "archive"

    def id(self, number: int) -> str:
        """The id of an artwork."""
        identifier: str = self.ids[number].as_py()
        return identifier

    def number(self, identifier: str) -> int | None:
        """The number of an id; None if no artwork that may be shown has it."""
        place = bisect_left(range(len(self)), identifier.encode(), key=lambda n: self.ids[n].as_py().encode())
        return place if place < len(self) and self.id(place) == identifier else None

    def numbers(self, ids: pa.Array | pa.ChunkedArray | Sequence[str], shard: int | None = None) -> np.ndarray:
        """The number of each id, int32 of shape (n,); -1 for ids that are not shown.

        It is faster if the ``shard`` that all ids are in is given.
        """
        if not isinstance(ids, pa.Array | pa.ChunkedArray):
            ids = pa.array(list(ids), pa.string())
        if len(ids) < 100:  # a hash table of all ids takes longer
            numbers = (self.number(identifier) for identifier in ids.to_pylist())
            return np.array([-1 if number is None else number for number in numbers], np.int32)
        if shard is None:
            return np.asarray(pc.fill_null(pc.index_in(ids, value_set=self.ids), -1)).astype(np.int32)
        known = self._in_shard[shard]
        places = np.asarray(pc.fill_null(pc.index_in(ids, value_set=self.ids.take(pa.array(known))), -1))
        return np.append(known, np.int32(-1))[places]

    def placed(self, table: Table, columns: Sequence[str]) -> Iterator[tuple[np.ndarray, pa.Table]]:
        """Yields numbers and rows of each partition of a table, without rows of artworks that are not shown."""
        table = table.listed()
        for shard in range(table.shards):
            for part in table.parts(shard):
                rows = table.read(shard, part, ["id", *columns])
                numbers = self.numbers(rows["id"], shard)
                if not (numbers >= 0).all():
                    rows, numbers = rows.filter(pa.array(numbers >= 0)), numbers[numbers >= 0]
                yield numbers, rows.drop_columns("id")

    def records(self, numbers: Sequence[int] | np.ndarray) -> list[dict[str, Any]]:
        """Short records: number, id, date, year, and the columns that have values; long texts are cut."""
        rows = self.rows.take(pa.array(numbers, pa.int64())).to_pylist()
        return [_short(int(number), row) for number, row in zip(numbers, rows, strict=True)]


def _rows(archive: Archive, public_only: bool) -> tuple[pa.Table, np.ndarray]:
    """Returns the rows that may be shown, sorted by id, and the shard of each, int32 (n,)."""
    kinds = {"year_from": pa.int32(), "year_to": pa.int32()}
    schema = pa.schema(
        [(name, kinds.get(name, pa.string())) for name in _PLAIN]
        + [(name, pa.dictionary(pa.int32(), pa.string())) for name in _REPEATED]
    )
    parts, counts, catalog = [schema.empty_table()], list[int](), archive.table("catalog").listed()
    for shard in range(archive.shards):
        for part in catalog.parts(shard):
            rows = catalog.read(shard, part, schema.names)
            if public_only:
                rights = rows["rights"].unique().to_pylist()
                allowed = pa.array([text for text in rights if is_public_domain(text)], pa.string())
                rows = rows.filter(pc.is_in(rows["rights"], value_set=allowed))
            parts.append(pa.table([_encoded(rows[field.name], field.type) for field in schema], schema=schema))
        counts.append(sum(map(len, parts)) - sum(counts))
    table = pa.concat_tables(parts).unify_dictionaries()
    order = pc.sort_indices(table["id"])
    shards = np.repeat(np.arange(archive.shards, dtype=np.int32), counts)
    return table.take(order).combine_chunks(), shards[np.asarray(order)]


def _encoded(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    return column.dictionary_encode() if pa.types.is_dictionary(kind) else column


def _short(number: int, row: dict[str, Any]) -> dict[str, Any]:
    known = {key: _cut(value) for key, value in row.items() if value is not None}
    year = known.get("year_from", known.get("year_to"))
    date = known.pop("date_text", None) or (None if year is None else str(year))
    return {
        "n": number,
        **known,
        **({} if date is None else {"date": date}),
        **({} if year is None else {"year": year}),
    }


def _cut(value: Any) -> Any:
    return value[:_MAX_CHARACTERS] if isinstance(value, str) else value


def _files(archive: Archive, folders: Sequence[str]) -> list[list[Any]]:
    """Returns path, size and time of every file below these folders, which change when a table does."""
    store, files = archive.store, []
    for folder in folders:
        selector = pafs.FileSelector(f"{store.root}/{folder}", recursive=True, allow_not_found=True)
        files += [[i.path, i.size, i.mtime_ns] for i in store.filesystem.get_file_info(selector) if i.is_file]
    return sorted(files)


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
