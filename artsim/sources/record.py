"""What every source yields: chunks of catalog rows, and what it had to reject. Nothing here reads or writes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pyarrow as pa

from artsim.archive import CATALOG, Mistake

CHUNK_ROWS = 32_768  # rows in memory at a time; enough that the work per chunk does not show

ROWS = CATALOG.append(pa.field("where", pa.string()))  # a catalog row on its way, with its place in the source

_TEXT = 500  # characters of a rejected row that are worth keeping


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that does not get into the catalog.

    ``line`` is its place in the source (a line number, a file, an address), ``reason`` is one of few so that they can
    be counted, ``text`` is what stood there.
    """

    line: str
    reason: str
    text: str

    @classmethod
    def of(cls, line: object, reason: str, text: object) -> "Reject":
        """A reject with its text cut to a length for people."""
        return cls(clean(str(line)), reason, clean(str(text))[:_TEXT])


@dataclass(frozen=True, slots=True)
class Records:
    """Some rows of a table as they were read: all columns text, ``nested`` ones JSON, ``where`` the place of each.

    ``inner`` are texts out of nested columns by dotted name, under the name of a whole column what its values are
    called. They are meant for people; the nested columns stay as they are. ``embedded`` are columns left out because
    they hold images themselves.
    """

    table: pa.Table
    where: pa.Array
    rejects: list[Reject]
    nested: frozenset[str] = frozenset()
    inner: Mapping[str, pa.Array] = field(default_factory=dict)
    embedded: tuple[str, ...] = ()

    def columns(self) -> dict[str, pa.ChunkedArray | pa.Array]:
        """Every column by name as text for people, the nested values last."""
        return {name: self.table[name] for name in self.table.column_names} | dict(self.inner)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a source. ``rows`` has the columns of ROWS, with the local id in ``id`` and no ``source`` yet.

    ``cursors`` say what part of a slow source this was, so that a run after a kill need not ask for it again.
    """

    rows: pa.Table
    rejects: list[Reject]
    cursors: tuple[str, ...] = ()


@dataclass(slots=True)
class Columns:
    """What became of a table's columns: which fills which of the catalog, and which are left in the metadata."""

    filled: dict[str, str] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)

    def note(self, mapping: Mapping[str, tuple[str, ...]], left: Iterable[str]) -> None:
        """Adds those of some more rows."""
        self.filled = {**{name: "|".join(some) for name, some in mapping.items()}, **self.filled}
        self.left = list(dict.fromkeys([*self.left, *left]))


@dataclass(frozen=True, slots=True)
class Source:
    """A catalogue that was opened.

    ``chunks`` reads it, less what the cursors given say was read before. ``name`` is the collection's name if nobody
    gives another; ``root`` is the folder, as an address that ends in a slash, below which its rows may name files.
    ``slow`` means that reading it again costs others something: what was read is put away as it comes. ``own_ids``
    means that its ids are the museum's and mean the same work wherever they are read; a file's are its own affair.
    ``columns`` says, while it is read, what became of a table's columns.
    """

    name: str
    location: str
    chunks: Callable[[list[str]], Iterator[Chunk]]
    root: str | None = None
    slow: bool = False
    own_ids: bool = False
    columns: Columns = field(default_factory=Columns)


def nothing_in(source: Source) -> Mistake:
    """What to say of a source without a row."""
    return Mistake(f"--location {source.location}: there is nothing in it: no row, no image")


def chunk_of(rows: list[dict[str, Any]], rejects: list[Reject], cursors: tuple[str, ...] = ()) -> Chunk:
    """A chunk of rows given as dicts by column; what a row lacks is null."""
    columns = {field.name: [row.get(field.name) for row in rows] for field in ROWS}
    try:
        table = pa.table(columns, schema=ROWS)
    except UnicodeEncodeError:  # JSON can spell halves of characters that no file can hold
        whole = {name: [_whole(value) for value in values] for name, values in columns.items()}
        table = pa.table(whole, schema=ROWS)
    return Chunk(table, rejects, cursors)


def packed(items: Iterable[dict[str, Any] | Reject], size: int = CHUNK_ROWS) -> Iterator[Chunk]:
    """Rows and rejects one by one, as chunks of ``size`` of them."""
    stream = iter(items)
    while some := list(islice(stream, size)):
        rejects = [item for item in some if isinstance(item, Reject)]
        yield chunk_of([item for item in some if not isinstance(item, Reject)], rejects)


def _whole(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def clean(text: str) -> str:
    """A text on one line without what no file can hold: spaces collapsed, lone surrogates replaced."""
    return " ".join(text.encode("utf-8", "replace").decode().split())
