"""Writes a map for other programs: embedding-atlas, VIKUS Viewer, and the projector of TensorBoard."""

import contextlib
import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from artsim.archive import Archive, UserError
from artsim.archive.local_file import replacing
from artsim.archive.rejects import clean, safe_cell
from artsim.layouts.fit import FittedMap
from artsim.layouts.sprite import write_sprite

_SHOWN = ("title", "artist", "date_text", "year_from", "year_to", "style", "type", "technique", "location", "school")
_COLUMNS = ["id", *_SHOWN, "page_url", "image_url", "rights"]
_KEYWORDS = ("style", "type", "technique", "school")

Row = dict[str, Any]  # a row of the catalog with x and y
Write = Callable[[Sequence[Any]], None]


def check_exports(files: Sequence[str]) -> None:
    """Raises ``UserError`` for a file that is not local or whose ending is none of ``_WRITERS``."""
    for file in files:
        if "://" in file:
            raise UserError(f"`export` {file}: must be a local path, not an address")
        if Path(file).suffix.lower() not in _WRITERS:
            raise UserError(
                f"`export` {file}: must end in .parquet (embedding-atlas), .csv (VIKUS Viewer) or .pbtxt (TensorBoard)"
            )


def export(archive: Archive, table: str, fit: FittedMap, files: Sequence[str]) -> list[str]:
    """Writes the map to each file, in the format of its ending; returns the paths of all files written.

    Raises ``UserError`` if a file can't be written.
    """
    written: list[Path] = []
    for file in files:
        path = Path(file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            written += _WRITERS[path.suffix.lower()](archive, table, fit, path)
        except OSError as error:
            raise UserError(f"`export` {file}: {error.strerror or error}") from error
    return [str(path.resolve()) for path in written]


def _rows(archive: Archive, table: str) -> Iterator[list[Row]]:
    """Yields the artworks of a map, shard by shard, ordered by id."""
    for shown in archive.table(table).scan():
        position_by_id = {row["id"]: row for row in shown.to_pylist()}
        ids = sorted(position_by_id)
        catalog_rows = archive.table("catalog").find(ids, _COLUMNS)
        known = {row["id"]: row for row in catalog_rows.to_pylist()} if catalog_rows else {}
        empty_row = dict.fromkeys(_COLUMNS)
        yield [{**empty_row, **known.get(identifier, {}), **position_by_id[identifier]} for identifier in ids]


def _atlas(archive: Archive, table: str, _: FittedMap, path: Path) -> list[Path]:
    """One row per artwork, with the columns x and y that embedding-atlas plots."""
    kinds = {"x": pa.float32(), "y": pa.float32(), "year_from": pa.int32(), "year_to": pa.int32()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in ("id", "x", "y", *_COLUMNS[1:])])
    with replacing(path) as draft, pq.ParquetWriter(draft, schema) as writer:
        for rows in _rows(archive, table):
            writer.write_table(pa.Table.from_pylist(rows, schema))
    return [path]


def _vikus(archive: Archive, table: str, _: FittedMap, path: Path) -> list[Path]:
    """The ``data.csv`` of VIKUS Viewer, and beside it its layout (id, x, y) and its timeline, by year."""
    layout, timeline = (path.with_name(f"{path.stem}-{what}.csv") for what in ("layout", "timeline"))
    artists: dict[str, list[str]] = {}
    custom = [name for name in _COLUMNS[1:] if name not in ("year_from", "year_to", "image_url")]
    with _csv(path, ["id", "keywords", "year", *(f"_{name}" for name in custom)]) as items, _csv(
        layout, ["id", "x", "y"]
    ) as places:  # fmt: skip
        for row in (row for rows in _rows(archive, table) for row in rows):
            year = "undated" if row["year_from"] is None else str(row["year_from"])
            words = [str(row[name]).replace(",", ";") for name in _KEYWORDS if row[name]]
            items([row["id"], ",".join(words), year, *(row[name] for name in custom)])
            places([row["id"], row["x"], row["y"]])
            artists.setdefault(year, []).append(row["artist"] or "")
    with _csv(timeline, ["year", "title", "text", "extra"]) as entries:
        for year in sorted(artists, key=lambda year: (year == "undated", len(year), year)):
            names = sorted({name for name in artists[year] if name})
            count = len(artists[year])
            entries([year, year, f"{count:,} artwork{'s' * (count != 1)}", "; ".join(names[:5])])
    return [path, layout, timeline]


def _projector(archive: Archive, table: str, fit: FittedMap, path: Path) -> list[Path]:
    """TensorBoard's projector: its configuration, the vectors, the map, metadata, and a sprite of thumbnails."""
    names = {what: path.with_name(f"{path.stem}-{what}") for what in ("vectors.tsv", "map.tsv", "metadata.tsv")}
    sprite, ids, space = path.with_name(f"{path.stem}-sprite.png"), list[str](), fit.space(archive)
    with (
        _tsv(names["vectors.tsv"]) as vectors,
        _tsv(names["map.tsv"]) as places,
        _tsv(names["metadata.tsv"]) as metadata,
    ):
        metadata(["id", *_SHOWN])
        for rows in (rows for rows in _rows(archive, table) if rows):
            reduced = fit.reduction(space.find([row["id"] for row in rows]))
            for row, vector in zip(rows, reduced.tolist(), strict=True):
                vectors(vector)
                places([row["x"], row["y"]])
                metadata([row[name] for name in ("id", *_SHOWN)])
                ids.append(row["id"])
    with replacing(sprite) as draft:
        side = write_sprite(archive, ids, str(draft))
    written = [path, *names.values()]
    image = ""
    if side:
        written.append(sprite)
        image = (
            f'  sprite {{\n    image_path: "{sprite.name}"\n'
            f"    single_image_dim: {side}\n    single_image_dim: {side}\n  }}\n"
        )
    with replacing(path) as draft:
        draft.write_text(
            "".join(
                f'embeddings {{\n  tensor_name: "{title}"\n  tensor_path: "{names[what].name}"\n'
                f'  metadata_path: "{names["metadata.tsv"].name}"\n{image}}}\n'
                for title, what in (("features", "vectors.tsv"), (table.removeprefix("layouts/"), "map.tsv"))
            ),
            encoding="utf-8",
        )
    return written


_WRITERS: dict[str, Callable[[Archive, str, FittedMap, Path], list[Path]]] = {
    ".parquet": _atlas,
    ".csv": _vikus,
    ".pbtxt": _projector,
}


@contextlib.contextmanager
def _csv(path: Path, columns: list[str]) -> Iterator[Write]:
    """Yields a function that writes a row of a CSV file; no text is read as a formula by a spreadsheet."""
    with replacing(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)

        def write(cells: Sequence[Any]) -> None:
            writer.writerow([_safe(cell) for cell in cells])

        yield write


@contextlib.contextmanager
def _tsv(path: Path) -> Iterator[Write]:
    """Yields a function that writes a row of a TSV file as TensorBoard reads it, without quotes."""
    with replacing(path) as draft, draft.open("w", encoding="utf-8") as file:

        def write(cells: Sequence[Any]) -> None:
            file.write(
                "\t".join(f"{cell:.6g}" if isinstance(cell, float) else str(_safe(cell)) for cell in cells) + "\n"
            )

        yield write


def _safe(cell: Any) -> Any:
    """Returns text on one line and escaped, and None as an empty cell."""
    if cell is None:
        return ""
    return safe_cell(clean(cell)) if isinstance(cell, str) else cell
