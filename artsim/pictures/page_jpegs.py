"""Artworks as small JPEGs for a web page, decoded a few at a time in a separate process."""

import io
from collections.abc import Iterator, Sequence

from PIL import Image

from artsim.archive import Archive
from artsim.pictures.thumbnails import decoded
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess

_AT_ONCE = 32  # images in memory at a time
_QUALITY = 82


def small_jpegs(archive: Archive, sides: dict[str, list[int]]) -> Iterator[tuple[str, list[bytes]]]:
    """Yields each id, in any order, with a JPEG for each of its ``sides``, in pixels; with none if it can't be read."""
    apart, ids = IsolatedProcess(), list(sides)
    shards = archive.shard_of(ids)
    # Sorted by shard, so that each partition is read once.
    ids = [ids[place] for place in sorted(range(len(ids)), key=lambda place: shards[place])]
    for start in range(0, len(ids), _AT_ONCE):
        batch = ids[start : start + _AT_ONCE]
        rows = archive.table("images").find(batch, ["id", "bytes"])
        data = {} if rows is None else {row["id"]: row["bytes"] for row in rows.to_pylist()}
        for identifier in batch:
            try:
                yield identifier, apart(jpegs, data.get(identifier) or b"", sides[identifier])
            except BadImage:
                yield identifier, []


def jpegs(data: bytes, sides: Sequence[int]) -> list[bytes]:
    """Encodes an image as upright sRGB JPEGs without metadata, one for each maximum side in pixels.

    Raises ``BadImage`` if the image can't be read.
    """
    image = decoded(data, max(sides))
    out = []
    for side in sides:
        small = image.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        small.info.clear()
        sink = io.BytesIO()
        small.save(sink, "JPEG", quality=_QUALITY, optimize=True)
        out.append(sink.getvalue())
    return out
