"""Artworks as small JPEGs for a web page, made from thumbnails; originals are decoded in a separate process."""

from collections.abc import Iterator, Sequence

from PIL import Image

from artsim.archive import Archive
from artsim.pictures.small_images import as_jpeg, decoded
from artsim.pictures.thumbnails import SIDE, thumbnail_jpegs
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess

_AT_ONCE = 32  # images in memory at a time
_QUALITY = 82


def small_jpegs(archive: Archive, sides: dict[str, list[int]]) -> Iterator[tuple[str, list[bytes]]]:
    """Yields each id, in any order, with a JPEG for each of its ``sides``, in pixels; with none if it can't be read.

    Decodes the original only for a side larger than a thumbnail's.
    """
    apart, ids = IsolatedProcess(), list(sides)
    shards = archive.shard_of(ids)
    # Sorted by shard, so that each partition is read once.
    ids = [ids[place] for place in sorted(range(len(ids)), key=lambda place: shards[place])]
    for start in range(0, len(ids), _AT_ONCE):
        batch = ids[start : start + _AT_ONCE]
        large = [identifier for identifier in batch if max(sides[identifier]) > SIDE]
        rows = archive.table("images").find(large, ["id", "bytes"])
        data = {} if rows is None else {row["id"]: row["bytes"] for row in rows.to_pylist()}
        data |= thumbnail_jpegs(archive, [identifier for identifier in batch if identifier not in large], apart)
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
        out.append(as_jpeg(small, _QUALITY))
    return out
