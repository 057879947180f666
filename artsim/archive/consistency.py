"""Detects an archive whose ``archive.json`` is missing or wrong, and infers the file's content from the tables."""

import contextlib
import json
from collections.abc import Iterator

import pyarrow as pa

from artsim.archive.store import Store
from artsim.archive.table import Table, shard_of
from artsim.errors import UserError

FORMAT = 1  # the archive format of this version

_UNSHARDED = ("annotations", "links")  # all partitions of these tables are in shard 0
_SAMPLED_IDS = 2000  # number of ids that is enough to distinguish the number of shards from its multiples
_MAX_SHARDS = 100_000  # highest number of shards to try


def check_not_lost(store: Store, uri: str) -> None:
    """Raises ``UserError`` if a folder without ``archive.json`` has tables, and says what to write into the file.

    A new ``archive.json`` with another number of shards would hide most rows of these tables.
    """
    tables = list(_tables(store))
    if not tables:
        return
    names = ", ".join(sorted({name for name, _, _ in tables})[:5])
    shards = _shards(store, tables)
    content = json.dumps({"format": FORMAT, "shards": shards}) if shards else None
    remedy = f"write {content} to it" if content else "restore it from a copy"
    raise UserError(
        f"`archive` {uri}: its archive.json is missing, but it has tables ({names}); {remedy}, "
        "and run the same command again"
    )


def check_shards(store: Store, uri: str, shards: int) -> None:
    """Raises ``UserError`` if the catalog was written with another number of shards, which would hide most of its rows.

    Reads only one partition.
    """
    folders = sorted(name for name in store.names("catalog") if name.isdigit())
    if not folders:
        return
    table, first = Table(store, "catalog", shards, None), int(folders[0])
    ids = pa.nulls(0, pa.string())  # pa.array would import pandas and add half a second to every job
    with contextlib.suppress(OSError, ValueError, UserError):  # the job that reads a damaged partition reports it
        ids = pa.concat_arrays(
            [ids, *(table.read(first, part, ["id"])["id"].combine_chunks() for part in table.parts(first)[:1])]
        )
    if int(folders[-1]) < shards and (shard_of(ids, shards) == first).all():
        return
    inferred = _shards(store, list(_tables(store)))
    if inferred == shards:  # an unrelated folder with a number as its name
        return
    remedy = f'"shards" must be {inferred}' if inferred else "restore it from a copy"
    raise UserError(
        f"`archive` {uri}: its archive.json says {shards} shards, but its catalog has another number; {remedy}"
    )


def _tables(store: Store) -> Iterator[tuple[str, int, str]]:
    """Yields table name, shard and partition name of every partition in an archive."""
    for top in ("catalog", "images", "features", "neighbors", "annotations", "links", "layouts", "clusters", "labels"):
        for path in store.files(top):
            *folders, shard, file = f"{top}/{path}".split("/")
            is_part = file.endswith(".parquet") and not file.startswith(("_", "."))
            if is_part and len(folders) in (1, 2) and len(shard) >= 5 and shard.isdigit():
                yield "/".join(folders), int(shard), file.removesuffix(".parquet")


def _shards(store: Store, tables: list[tuple[str, int, str]]) -> int | None:
    """Infers the lowest number of shards that fits every id's shard; None if none fits or no partition is readable."""
    highest = max(shard for _, shard, _ in tables)
    ids: list[str] = []
    homes: list[int] = []
    for name, shard, part in tables:
        if len(ids) >= _SAMPLED_IDS:
            break
        if name in _UNSHARDED:
            continue
        part_ids = _ids(store, name, shard, part)
        ids += part_ids
        homes += [shard] * len(part_ids)
    if not ids:
        return None
    hashes = shard_of(ids, 1 << 32)
    return next((n for n in range(highest + 1, _MAX_SHARDS) if (hashes % n == homes).all()), None)


def _ids(store: Store, name: str, shard: int, part: str) -> list[str]:
    table = Table(store, name, 1, None)
    try:
        rows = table.read(shard, part)
    except (OSError, ValueError, UserError):
        return []
    return rows.column("id").to_pylist()[: _SAMPLED_IDS // 4] if "id" in rows.column_names else []
