"""Which artworks a curator can be asked about, and which were judged as anchors before."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.annotations.annotations import IMAGES, read_annotations
from artsim.annotations.artworks import artwork_rows
from artsim.archive import CATALOG, Archive, UserError

_COLUMNS = [name for name in CATALOG.names if name not in ("id", "metadata")]


def drawable(
    archive: Archive, among: pa.Array | None, pool_by: str | None, public_only: bool
) -> tuple[pa.Array, list[str]]:
    """Returns the artworks with an image, one for each file: their ids, and a key: the id or the group's value.

    Artworks with the same key stay together. ``among`` holds the ids that have everything else needed; None for all.
    Raises a user error if there are fewer than nine artworks, or no such column.
    """
    if pool_by is not None and pool_by not in _COLUMNS:
        raise UserError(f"`pool_by` {pool_by}: unknown column; choose one of {', '.join(_COLUMNS)}")
    images = _images(archive)
    if among is not None:
        images = images.filter(pc.is_in(images["id"], value_set=among))
    wanted = images["id"].combine_chunks()
    group: dict[str, str] = {}
    for rows in artwork_rows(archive, [pool_by] if pool_by else [], public_only=public_only):
        rows = rows.filter(pc.is_in(rows["id"], value_set=wanted))
        ids = rows["id"].to_pylist()
        values = rows[pool_by].cast(pa.string()).to_pylist() if pool_by else [None] * len(ids)
        group.update(
            (artwork_id, f"{pool_by}={value}" if value else artwork_id)
            for artwork_id, value in zip(ids, values, strict=True)
        )
    of_file: dict[str, str] = {}
    for artwork_id, sha256 in zip(wanted.to_pylist(), images["sha256"].to_pylist(), strict=True):
        if artwork_id in group:
            of_file.setdefault(sha256 or artwork_id, artwork_id)
    if len(of_file) < IMAGES:
        needs = "an image" + " that is open to everyone" * public_only + " and a vector" * (among is not None)
        raise UserError(f"`archive` {archive.uri}: {len(of_file)} artworks have {needs}; an annotation needs {IMAGES}")
    return pa.array(of_file.values(), pa.string()), [group[artwork_id] for artwork_id in of_file.values()]


def anchors_before(archive: Archive, ids: pa.Array, annotator: str | None) -> np.ndarray:
    """Returns the artworks, as indices into ``ids``, that an annotator (or anybody) already judged as anchors."""
    before = read_annotations(archive)
    anchors = before.images[before.annotator == annotator, 0] if annotator else before.images[:, 0]
    return np.flatnonzero(pc.is_in(ids, value_set=pa.array(anchors.tolist(), pa.string())))


def _images(archive: Archive) -> pa.Table:
    """Returns ``id`` and ``sha256`` of every image in the archive."""
    files = [
        rows.filter(pc.equal(rows["status"], "ok")).select(["id", "sha256"])
        for rows in archive.table("images").scan(["id", "status", "sha256"])
    ]
    if not any(map(len, files)):
        raise UserError(f"`archive` {archive.uri}: no artwork has an image yet; run jobs.scrape first")
    return pa.concat_tables(files)
