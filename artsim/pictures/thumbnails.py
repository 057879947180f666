"""The ``thumbnails`` table: a small JPEG of each image, made when it is first needed.

Pictures and pages read thumbnails, so each original is decoded only once.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import THUMBNAILS, Archive, UserError
from artsim.errors import ServiceUnavailable
from artsim.pictures.small_images import as_jpeg, decoded
from artsim.vision.check import BadImage

SIDE = 320  # pixels of the longer side; about 22 kB
_QUALITY = 85
_LOCK_WAIT_SECONDS = 5.0  # seconds to wait for another run to store its thumbnails

_log = logging.getLogger(__name__)

Row = dict[str, Any]


def thumbnail(data: bytes) -> Row:
    """Returns the columns of an image's thumbnail except ``id`` and ``sha256``.

    It is upright, at most ``SIDE`` pixels a side, and never enlarged. Raises ``BadImage`` if the image can't be read.
    """
    image = decoded(data, SIDE)
    color = np.asarray(image).mean(axis=(0, 1)).round().astype(np.uint8)
    return {
        "bytes": as_jpeg(image, _QUALITY),
        "width": image.width,
        "height": image.height,
        "color": color.tolist(),
    }


def thumbnail_jpegs(archive: Archive, ids: Sequence[str], call: Callable[..., Any] | None = None) -> dict[str, bytes]:
    """Returns the thumbnails of these ids as JPEGs; leaves out ids without a readable image.

    Makes the missing ones, and those of replaced images, and stores them if the archive can be written. ``call`` calls
    the decoder, for example in another process; None calls it in this one.
    """
    hashes = _by_id(archive.table("images").find(ids, ["id", "sha256"]), "sha256")
    rows = archive.table("thumbnails").find(list(hashes), ["id", "sha256", "bytes"]) if hashes else None
    stored = [] if rows is None else rows.to_pylist()
    jpegs = {row["id"]: row["bytes"] for row in stored if row["sha256"] == hashes[row["id"]]}
    missing = [image_id for image_id, sha256 in hashes.items() if sha256 is not None and image_id not in jpegs]
    if missing:
        made = _made(archive, missing, call or _here)
        jpegs |= {row["id"]: row["bytes"] for rows_of_part in made.values() for row in rows_of_part}
        _store(archive, made)
    return jpegs


def drop_outdated(archive: Archive) -> int:
    """Deletes the thumbnails of images that were replaced or deleted; returns how many.

    Raises ``UserError`` if another run is storing thumbnails.
    """
    thumbnails, images, dropped = archive.table("thumbnails"), archive.table("images"), 0
    if not archive.has_table("thumbnails"):
        return 0
    with archive.lock("thumbnails", wait_seconds=_LOCK_WAIT_SECONDS):
        for shard in range(archive.shards):
            existing = set(images.parts(shard))
            for part in thumbnails.parts(shard):
                current = _by_id(images.read(shard, part, ["id", "sha256"]) if part in existing else None, "sha256")
                rows = thumbnails.read(shard, part)
                keys = zip(rows["id"].to_pylist(), rows["sha256"].to_pylist(), strict=True)
                kept = pa.array([current.get(image_id) == sha256 for image_id, sha256 in keys], pa.bool_())
                if not pc.all(kept).as_py():
                    thumbnails.write(shard, part, rows.filter(kept))
                    dropped += len(rows) - (pc.sum(kept).as_py() or 0)
    return dropped


def _made(archive: Archive, ids: Sequence[str], call: Callable[..., Any]) -> dict[tuple[int, str], list[Row]]:
    """Decodes the images of these ids; returns the rows of their thumbnails, by shard and partition."""
    made: dict[tuple[int, str], list[Row]] = {}
    for shard, part, images in archive.table("images").located(ids, ["id", "sha256", "bytes"]):
        for image in images.to_pylist():
            try:
                row = call(thumbnail, image["bytes"] or b"")
            except BadImage:
                continue
            made.setdefault((shard, part), []).append({"id": image["id"], "sha256": image["sha256"], **row})
    return made


def _store(archive: Archive, made: dict[tuple[int, str], list[Row]]) -> None:
    """Adds rows to the table. The archive may be read-only, full or locked: thumbnails can be made again."""
    try:
        with archive.lock("thumbnails", wait_seconds=_LOCK_WAIT_SECONDS):
            for (shard, part), rows in made.items():
                archive.table("thumbnails").merge(shard, part, pa.Table.from_pylist(rows, THUMBNAILS))
    except (OSError, UserError, ServiceUnavailable) as error:
        _log.info("thumbnails are not stored: %s", error)


def _by_id(rows: pa.Table | None, column: str) -> dict[str, Any]:
    return {} if rows is None else dict(zip(rows["id"].to_pylist(), rows[column].to_pylist(), strict=True))


def _here(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*arguments)
