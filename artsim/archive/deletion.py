"""Deletes features, models, sweeps and other derived folders, one annotator's annotations, or a whole collection."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive.archive import Archive
from artsim.archive.inventory import kind_of
from artsim.archive.table import Table
from artsim.errors import UserError

_DELETED_AS_A_WHOLE = (
    *("neighbors", "clusters", "layouts", "duplicates", "identifications", "indexes", "topics", "names"),
    "descriptors",
)


def delete(archive: Archive, name: str, *, really: bool) -> dict[str, Any]:
    """Counts the files or rows of ``name``; deletes them if ``really``. Raises ``UserError`` if nothing has the name.

    The same call finishes an interrupted deletion: derived files are deleted first, the catalog's last.
    """
    kind = kind_of(archive, name)
    if kind == "annotator":
        return _delete_annotator(archive, name, really)
    if kind == "collection":
        return _delete_collection(archive, name, really)
    group, _, entry = name.partition("/")
    with _held(archive, really, f"{group}/{entry.lstrip('_')}"):  # a training of models/eye writes to models/_eye
        files = archive.store.files(name)
        if really:
            archive.remove(name)
    return {"delete": name, "files": len(files)}


def _held(archive: Archive, really: bool, *tables: str) -> AbstractContextManager[None]:
    """Locks the tables to delete. A dry run locks nothing, so that it works on a read-only archive."""
    return archive.lock(*tables) if really else nullcontext()


def _delete_annotator(archive: Archive, name: str, really: bool) -> dict[str, Any]:
    annotator, rows = name.partition(":")[2], 0
    table = archive.table("annotations")
    with _held(archive, really, "annotations"):
        for shard, part in _parts(table):
            content = table.read(shard, part)
            by_annotator = pc.equal(content["annotator"], annotator)
            count = pc.sum(by_annotator).as_py() or 0
            rows += count
            if really and count == len(content):
                archive.store.remove_file(table.path(shard, part))
            elif really and count:
                table.append(shard, part, content.filter(pc.invert(by_annotator)))
    if not rows:
        raise UserError(f"`delete` {name}: there are no annotations by {annotator}")
    return {"delete": name, "rows": rows}


def _delete_collection(archive: Archive, name: str, really: bool) -> dict[str, Any]:
    """Each catalog partition holds one collection, and partitions derived from it start with its name."""
    prefix = f"{name.partition(':')[2]}:"
    catalog = archive.table("catalog")
    features = [f"{group}/{table_name}" for group in ("features", "labels") for table_name in archive.names(group)]
    # Tables of other collections depend on the deleted artworks too (exemplars, positions), so they are removed whole.
    table_names = [f"{group}/{table_name}" for group in _DELETED_AS_A_WHOLE for table_name in archive.names(group)]
    with _held(archive, really, "catalog", "images", "thumbnails", *features, *table_names):
        parts = {(shard, part): rows for shard, part, rows in _of_collection(catalog, prefix)}
        if not parts:
            raise UserError(f"`delete` {name}: the catalog has no artwork of this collection")
        paths = [
            table.path(shard, part)
            for table in map(archive.table, [*features, "thumbnails", "images"])
            for shard, part in _parts(table)
            if (shard, part.partition("-")[0]) in parts
        ]
        if really:
            for table_name in table_names:
                archive.remove(table_name)
            for path in [*paths, *(catalog.path(shard, part) for shard, part in parts)]:
                archive.store.remove_file(path)
    return {
        "delete": name,
        "rows": sum(parts.values()),
        "files": len(paths) + len(parts),
        "tables_removed": table_names,
    }


def _of_collection(catalog: Table, prefix: str) -> Iterator[tuple[int, str, int]]:
    for shard, part in _parts(catalog):
        ids: pa.ChunkedArray = catalog.read(shard, part, ["id"])["id"]
        count = pc.sum(pc.starts_with(ids, prefix)).as_py() or 0
        if count and count != len(ids):
            raise UserError(
                f"`delete` collection:{prefix[:-1]}: {catalog.path(shard, part)} holds other collections too"
            )
        if count:
            yield shard, part, count


def _parts(table: Table) -> list[tuple[int, str]]:
    return [(shard, part) for shard in range(table.shards) for part in table.parts(shard)]
