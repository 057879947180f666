"""The texts around artworks: columns of the catalog, fields of its metadata, or a file of ids and texts."""

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import CATALOG, Archive, UserError, public_ids
from artsim.enrich.csv_file import read_csv
from artsim.sources.tables.columns import plain_name

_NOT_TEXTS = ("id", "source", "image_url", "page_url", "year_from", "year_to", "rights", "metadata")
_MAX_CHARACTERS = 2_000_000  # characters of a text that are read
FILES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Artwork:
    """Texts of an artwork by field, without empty ones; artist and years as the catalog has them."""

    id: str
    texts: dict[str, str]
    artist: str
    years: tuple[int | None, int | None]


@dataclass(frozen=True)
class Texts:
    """Reads texts partition by partition. ``from_file`` has those of files by id, with or without the collection."""

    archive: Archive
    sources: tuple[str, ...]
    public_only: bool = False
    from_file: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)

    @classmethod
    def open(cls, archive: Archive, sources: Sequence[str], *, public_only: bool = False) -> "Texts":
        """Reads the files among the sources. Raises ``UserError`` for one that is no column, metadata field or file."""
        from_file: dict[str, dict[str, str]] = {}
        names = []
        for source in dict.fromkeys(sources):
            if source in _NOT_TEXTS:
                columns = ", ".join(name for name in CATALOG.names if name not in _NOT_TEXTS)
                raise UserError(f"`text` {source}: holds no text; choose {columns}, a metadata field, or a CSV file")
            is_file = source not in CATALOG.names and (source.lower().endswith(FILES) or "/" in source)
            names.append(Path(source).stem if is_file else source)
            if is_file:
                from_file[names[-1]] = _read_file(source)
        if len(set(names)) < len(names):
            raise UserError(f"`text` {' '.join(sources)}: two of them have the same name")
        return cls(archive, tuple(names), public_only, from_file)

    def parts(self) -> Iterator[tuple[int, str]]:
        """Yields shard and name of each catalog partition."""
        catalog = self.archive.table("catalog").listed()
        for shard in range(self.archive.shards):
            for part in catalog.parts(shard):
                yield shard, part

    def read(self, shard: int, part: str) -> list[Artwork]:
        """Returns the artworks of a catalog partition, also those without a text."""
        rows = self._read(shard, part)
        if self.public_only:
            allowed = public_ids(self.archive.table("catalog"), shard)
            rows = rows.filter(pc.is_in(rows["id"], value_set=allowed))
        return [self._artwork(row) for row in rows.to_pylist()]

    def check_found(self, fields_with_text: Collection[str], artworks: int) -> None:
        """Raises ``UserError`` if there are artworks but none has one of the metadata fields; ``found`` are fields."""
        unknown = [name for name in self.sources if name not in (*self.from_file, *CATALOG.names, *fields_with_text)]
        if unknown and artworks:
            raise UserError(
                f"`text` {', '.join(unknown)}: no artwork has it, neither as a column of the catalog nor in its "
                "metadata; a file must end in .csv, .tsv or .txt"
            )

    def _read(self, shard: int, part: str) -> pa.Table:
        columns = [name for name in self.sources if name in CATALOG.names]
        metadata = [] if all(name in self.from_file or name in columns for name in self.sources) else ["metadata"]
        needed = dict.fromkeys(["id", "artist", "year_from", "year_to", *columns, *metadata])
        return self.archive.table("catalog").read(shard, part, list(needed))

    def _artwork(self, row: dict[str, Any]) -> Artwork:
        metadata = _parsed(row.get("metadata"))
        texts = {}
        for name in self.sources:
            if name in self.from_file:
                of_file = self.from_file[name]
                text = of_file.get(row["id"]) or of_file.get(row["id"].partition(":")[2])
            else:
                text = row[name] if name in row else metadata.get(name)
            if text:
                texts[name] = str(text)[:_MAX_CHARACTERS]
        return Artwork(row["id"], texts, row["artist"] or "", (row["year_from"], row["year_to"]))


def digest_of(artworks: Sequence[Artwork], *more: Any) -> str:
    """Returns a digest of artworks and their texts, and of what else a result depends on."""
    digest = hashlib.sha256(json.dumps(more, sort_keys=True).encode())
    for artwork in artworks:
        digest.update(json.dumps([artwork.id, artwork.texts, artwork.artist, artwork.years]).encode())
    return digest.hexdigest()


def _parsed(metadata: str | None) -> dict[str, Any]:
    try:
        fields = json.loads(metadata or "{}")
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _read_file(path: str) -> dict[str, str]:
    """Returns the texts of a file by id; several texts of one id are joined by line breaks."""
    texts: dict[str, str] = {}
    for table in read_csv(path, "text"):
        columns = {plain_name(name): name for name in reversed(table.column_names)}
        ids, values = (
            columns.get("id"),
            next((columns[name] for name in ("text", "caption", "description") if name in columns), None),
        )
        if ids is None or values is None:
            raise UserError(
                f"`text` {path}: needs the columns id and text; it has {', '.join(table.column_names)[:300]}"
            )
        for identifier, text in zip(table[ids].to_pylist(), table[values].to_pylist(), strict=True):
            if identifier and text:
                texts[identifier] = f"{texts[identifier]}\n{text}" if identifier in texts else text
    return texts
