"""Detects a catalog that is added a second time under other ids, before it doubles the archive."""

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive, UserError
from artsim.sources.ingestion.spool import Spool

_SHARE = 0.1  # of the new images; some artworks share one, but a catalog read twice shares nearly all


def check_not_twice(archive: Archive, spool: Spool) -> None:
    """Raise ``UserError`` if the catalog has many images of the new spooled rows under ids that are not spooled."""
    table = archive.table("catalog").listed()
    shards = spool.shards()
    if not shards or not any(table.parts(shard) for shard in range(archive.shards)):
        return
    new = [_new_rows(spool.read(shard), table.ids(shard)) for shard in shards]
    rows = pa.concat_tables(new)
    images = pc.unique(rows["image_url"])
    if not len(images):
        return
    count, example = 0, ""
    spooled = set(shards)
    for shard in range(archive.shards):
        source_ids = spool.read(shard)["id"].combine_chunks() if shard in spooled else pa.array([], pa.string())
        for partition in table.parts(shard):
            duplicates = table.read(shard, partition, ["id", "image_url"])
            duplicates = duplicates.filter(
                pc.and_(
                    pc.is_in(duplicates["image_url"], value_set=images),
                    pc.invert(pc.is_in(duplicates["id"], value_set=source_ids)),
                )
            )
            if len(duplicates):
                count += len(pc.unique(duplicates["image_url"]))
                example = example or _example(duplicates, rows)
    if count > _SHARE * len(images):
        raise UserError(
            f"`as_`, `columns`: {count} of {len(images)} new images are already in the archive under other ids "
            f"({example}), so this catalog would be added twice; pass the same `as_` and the same column for id "
            "as before, or `twice` to add its rows anyway"
        )


def _new_rows(rows: pa.Table, known: pa.ChunkedArray) -> pa.Table:
    rows = rows.select(["id", "image_url"])
    return rows.filter(pc.invert(pc.is_in(rows["id"], value_set=known.combine_chunks())))


def _example(stored_rows: pa.Table, rows: pa.Table) -> str:
    """Describe one image with its old and its new id."""
    old = stored_rows.slice(0, 1).to_pylist()[0]
    new = rows["id"][pc.index(rows["image_url"], old["image_url"]).as_py()].as_py()
    return f"{new[:80]} exists as {old['id'][:80]}"
