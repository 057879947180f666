"""Finds the images of an archive that lack a vector of their bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive, Work, pending, public_ids


@dataclass(frozen=True)
class ImagesPartition:
    """A partition of the images table with pending rows."""

    shard: int
    name: str
    pending: int


@dataclass(frozen=True)
class PendingImages:
    """Finds images of a shard, or of one partition, that lack a vector of their bytes in at least one feature."""

    archive: Archive
    names: tuple[str, ...]
    public_only: bool

    def __call__(self, shard: int, part: str | None = None) -> Iterator[Work]:
        """Returns one ``Work`` for each partition of the images table with pending rows."""
        allowed = public_ids(self.archive.table("catalog"), shard) if self.public_only else None

        def image_key(rows: pa.Table) -> pa.ChunkedArray:
            usable = pc.equal(rows["status"], "ok")
            if allowed is not None:
                usable = pc.and_(usable, pc.is_in(rows["id"], value_set=allowed))
            return pc.if_else(usable, _key(rows), None)

        by_part: dict[str, Work] = {}
        for name in self.names:
            for work in pending(
                self.archive.table("images"),
                self.archive.table(f"features/{name}"),
                shard,
                source_key=image_key,
                source_columns=["status", "sha256"],
                target_key=_key,
                target_columns=["sha256"],
                only=part,
            ):
                ids = by_part.setdefault(work.part, work).ids
                ids += sorted(set(work.ids).difference(ids))
        return iter(by_part.values())

    def ids(self, partition: ImagesPartition) -> list[str]:
        """Returns the pending ids of a partition."""
        return [image_id for work in self(partition.shard, partition.name) for image_id in work.ids]


def _key(rows: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(rows["id"], pc.coalesce(rows["sha256"], ""), "\n")
