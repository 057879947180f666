"""Reads from the catalog the artworks that annotations may show, one partition at a time."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.annotations.annotations import Annotations
from artsim.archive import Archive, is_public_domain


def artwork_rows(
    archive: Archive, columns: list[str], collection: str | None = None, public_only: bool = False
) -> Iterator[pa.Table]:
    """Yields ``id`` and ``columns`` of the catalog; optionally of one collection, or only what is open to everyone."""
    for rows in archive.table("catalog").scan(["id", *columns, *(["rights"] if public_only else [])]):
        if collection is not None:
            rows = rows.filter(pc.starts_with(rows["id"], f"{collection}:"))
        if public_only:
            rows = rows.filter(pa.array(map(is_public_domain, rows["rights"].to_pylist()), pa.bool_()))
        yield rows


def with_images(archive: Archive) -> pa.Array | None:
    """The ids of all artworks whose image was fetched; None if no image has been requested yet."""
    tables = [
        rows["id"].filter(pc.equal(rows["status"], "ok")) for rows in archive.table("images").scan(["id", "status"])
    ]
    return pa.chunked_array(tables).combine_chunks() if tables else None


def open_to_everyone(archive: Archive, annotations: Annotations) -> Annotations:
    """The annotations whose images are all open to everyone."""
    annotated, public = pa.array(annotations.ids(), pa.string()), set()
    for rows in artwork_rows(archive, [], public_only=True):
        public.update(rows["id"].filter(pc.is_in(rows["id"], value_set=annotated)).to_pylist())
    return annotations.take(np.array([public.issuperset(image_ids) for image_ids in annotations.images], bool))
