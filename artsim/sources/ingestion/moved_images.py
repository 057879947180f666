"""Marks rows of the images table to be fetched again after the URL of an image changed."""

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import IMAGES, NEW_ADDRESS, PART_ROWS, Archive

# columns that describe the last fetch, which was from the old URL
_FETCH_COLUMNS = ("fetched_at", "etag", "last_modified")


def fetch_again(archive: Archive, shard: int, partition: str, rows: list[int]) -> None:
    """Mark the images of these rows of a catalog partition as not yet fetched.

    A stored image stays until the new one is fetched. Raises ``UserError`` if another run is using the images table.
    """
    images = archive.table("images")
    rows_of_partition = defaultdict(list)
    for row in rows:
        rows_of_partition[f"{partition}-{row // PART_ROWS:05d}"].append(row)
    existing = set(images.parts(shard)) if rows else set()
    if not existing.intersection(rows_of_partition):
        return
    ids = archive.table("catalog").read(shard, partition, ["id"])["id"]
    with archive.lock("images"):
        for name in sorted(existing.intersection(rows_of_partition)):
            old = images.read(shard, name)
            marked = pc.is_in(old["id"], value_set=ids.take(pa.array(rows_of_partition[name])).combine_chunks())
            for column in _FETCH_COLUMNS:
                field = IMAGES.field(column)
                values = pc.if_else(marked, pa.scalar(None, field.type), old[column])
                old = old.set_column(old.column_names.index(column), field, values)
            # the scraper checks for the prefix NEW_ADDRESS
            detail = pc.if_else(marked, f"{NEW_ADDRESS} has not been requested yet", old["detail"])
            images.write(shard, name, old.set_column(old.column_names.index("detail"), IMAGES.field("detail"), detail))
