"""The types that sources yield: chunks of catalog rows. Nothing here reads or writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from artsim.archive import CATALOG, UserError
from artsim.archive.rejects import Reject

CHUNK_ROWS = 32_768  # rows in memory at a time; enough to make the cost per chunk negligible

ROWS = CATALOG.append(pa.field("where", pa.string()))  # a catalog row and its place in the source


@dataclass(frozen=True, slots=True)
class Records:
    """Rows of a table as they were read: all columns are text, and ``where`` has the place of each row.

    ``nested`` columns are JSON. ``inner`` has texts for people from the nested columns: by dotted name the texts at
    that path, by the name of a whole column the names of its values. ``embedded`` are columns that were left out
    because they hold image data.
    """

    table: pa.Table
    where: pa.Array
    rejects: list[Reject]
    nested: frozenset[str] = frozenset()
    inner: Mapping[str, pa.Array] = field(default_factory=dict)
    embedded: tuple[str, ...] = ()

    def columns(self) -> dict[str, pa.ChunkedArray | pa.Array]:
        """Return every column by name as text for people; those from nested values come last."""
        return {name: self.table[name] for name in self.table.column_names} | dict(self.inner)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of a source. ``rows`` has the columns of ``ROWS``, with the local id in ``id`` and no ``source`` yet.

    ``cursors`` identify this part of a slow source, so that the next run after a crash does not request it again.
    """

    rows: pa.Table
    rejects: list[Reject]
    cursors: tuple[str, ...] = ()


@dataclass(slots=True)
class Columns:
    """How a table's columns are used: those that fill each catalog column, and those left in the metadata."""

    filled: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def note(self, mapping: Mapping[str, tuple[str, ...]], left: Iterable[str]) -> None:
        """Add the columns of further rows."""
        self.filled = {**{name: "|".join(columns) for name, columns in mapping.items()}, **self.filled}
        self.left = list(dict.fromkeys([*self.left, *left]))


@dataclass(frozen=True, slots=True)
class Source:
    """An opened catalog.

    ``chunks`` reads it, except what the given cursors say was read before. ``name`` is the default name of the
    collection. ``root`` is the folder below which its rows may name files, as a URL that ends in a slash. ``slow``
    means that reading it again burdens someone else's server, so rows are kept in the resume cache as they arrive.
    ``own_ids`` means that its ids are the museum's and identify the same artwork everywhere; ids of a file are valid
    only for that file. ``columns`` records, while a table is read, how its columns are used.
    """

    name: str
    location: str
    chunks: Callable[[list[str]], Iterator[Chunk]]
    root: str | None = None
    slow: bool = False
    own_ids: bool = False
    columns: Columns = field(default_factory=Columns)


def nothing_in(source: Source) -> UserError:
    """Return the error for a source without a row."""
    return UserError(f"`location` {source.location}: it has no rows and no images")


def chunk_of(rows: list[dict[str, Any]], rejects: list[Reject], cursors: tuple[str, ...] = ()) -> Chunk:
    """Build a chunk from rows given as dicts by column; missing columns are null."""
    columns = {field.name: [row.get(field.name) for row in rows] for field in ROWS}
    try:
        table = pa.table(columns, schema=ROWS)
    except UnicodeEncodeError:  # JSON can contain lone surrogates, which UTF-8 cannot encode
        whole = {name: [_whole(value) for value in values] for name, values in columns.items()}
        table = pa.table(whole, schema=ROWS)
    return Chunk(table, rejects, cursors)


def packed(items: Iterable[dict[str, Any] | Reject], size: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Group a stream of rows and rejects into chunks of ``size`` items."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        rejects = [item for item in batch if isinstance(item, Reject)]
        yield chunk_of([item for item in batch if not isinstance(item, Reject)], rejects)


def _whole(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
