"""Rows whose image has another address now: their row in the images table waits to be fetched again."""

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import IMAGES, NEW_ADDRESS, PART_ROWS, Archive

# what tells of the last fetch, which was from the old address
_OF_THE_FETCH = ("fetched_at", "etag", "last_modified")


def fetch_again(archive: Archive, shard: int, part: str, rows: list[int]) -> None:
    """Marks the images of these rows of a catalog part as not yet fetched; a stored image stays until a new one came.

    Mistake if another run is at work on the images.
    """
    images = archive.table("images")
    parts = defaultdict(list)
    for row in rows:
        parts[f"{part}-{row // PART_ROWS:05d}"].append(row)
    there = set(images.parts(shard)) if rows else set()
    if not there.intersection(parts):
        return
    ids = archive.table("catalog").read(shard, part, ["id"])["id"]
    with archive.alone("images"):
        for name in sorted(there.intersection(parts)):
            old = images.read(shard, name)
            marked = pc.is_in(old["id"], value_set=ids.take(pa.array(parts[name])).combine_chunks())
            for column in _OF_THE_FETCH:
                field = IMAGES.field(column)
                values = pc.if_else(marked, pa.scalar(None, field.type), old[column])
                old = old.set_column(old.column_names.index(column), field, values)
            detail = pc.if_else(marked, f"{NEW_ADDRESS} was not asked yet", old["detail"])  # what the scraper goes by
            images.write(shard, name, old.set_column(old.column_names.index("detail"), IMAGES.field("detail"), detail))
