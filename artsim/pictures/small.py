"""Artworks as small JPEGs, for a page: decoded in a process of its own, a few at a time."""

import io
from collections.abc import Iterator, Sequence

from PIL import Image

from artsim.archive import Archive
from artsim.pictures.thumbnails import decoded
from artsim.vision.apart import Apart
from artsim.vision.check import BadImage

_AT_ONCE = 32  # images whose bytes are in memory
_QUALITY = 82


def small_jpegs(archive: Archive, sides: dict[str, list[int]]) -> Iterator[tuple[str, list[bytes]]]:
    """For each id, JPEGs of at most so many pixels a side; none if its image can't be read. In no order."""
    apart, ids = Apart(), list(sides)
    shards = archive.shard_of(ids)
    ids = [ids[place] for place in sorted(range(len(ids)), key=lambda place: shards[place])]  # each part is read once
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        rows = archive.table("images").find(some, ["id", "bytes"])
        data = {} if rows is None else {row["id"]: row["bytes"] for row in rows.to_pylist()}
        for one in some:
            try:
                yield one, apart(jpegs, data.get(one) or b"", sides[one])
            except BadImage:
                yield one, []


def jpegs(data: bytes, sides: Sequence[int]) -> list[bytes]:
    """An image as upright sRGB JPEGs without metadata, of at most so many pixels a side. BadImage if it is none."""
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
