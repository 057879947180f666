"""Pastes thumbnails at given places: read by shard, decoded in threads, a few in memory at a time."""

import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from PIL import Image, ImageDraw

from artsim.archive import Archive
from artsim.pictures.page_jpegs import small_jpegs
from artsim.pictures.small_images import decoded
from artsim.pictures.thumbnails import SIDE, thumbnail_jpegs
from artsim.vision.check import BadImage

_AT_ONCE = 256  # thumbnails in memory at a time, about 20 kB each

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Tile:
    """An artwork's place on a poster, in pixels of its body; the picture fills it inside a frame of this color."""

    id: str
    left: int
    top: int
    width: int
    height: int
    color: Color | None = None


def thumbnail_sizes(archive: Archive, ids: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Width and height of each artwork's thumbnail; leaves out ids without a readable image.

    Makes the thumbnails that are missing.
    """
    hashes, sizes = dict[str, str](), dict[str, tuple[int, int]]()
    for table, columns in (("images", ["id", "sha256"]), ("thumbnails", ["id", "sha256", "width", "height"])):
        rows = archive.table(table).find(ids, columns) if ids else None
        for row in rows.to_pylist() if rows else []:
            if table == "images":
                hashes[row["id"]] = row["sha256"]
            elif hashes.get(row["id"]) == row["sha256"]:
                sizes[row["id"]] = (row["width"], row["height"])
    missing = [identifier for identifier in ids if hashes.get(identifier) and identifier not in sizes]
    for jpegs in _by_shard(archive, missing):
        for identifier, data in jpegs.items():
            with Image.open(io.BytesIO(data)) as image:
                sizes[identifier] = image.size
    return sizes


def paste(archive: Archive, canvas: Image.Image, tiles: Sequence[Tile], left: int, top: int) -> None:
    """Pastes the picture of each tile; ``left`` and ``top`` are the body's place on the canvas.

    A tile larger than a thumbnail is drawn from the original.
    """
    places = {tile.id: tile for tile in tiles}
    draw = ImageDraw.Draw(canvas)
    small = [tile.id for tile in tiles if max(tile.width, tile.height) <= SIDE]
    large = {tile.id: [max(tile.width, tile.height)] for tile in tiles if max(tile.width, tile.height) > SIDE}

    def place(identifier: str, image: Image.Image | None) -> None:
        tile = places[identifier]
        x, y = left + tile.left, top + tile.top
        if tile.color:
            draw.rectangle((x, y, x + tile.width - 1, y + tile.height - 1), fill=tile.color)
        if image is not None:
            canvas.paste(image, (x + (tile.width - image.width) // 2, y + (tile.height - image.height) // 2))

    with ThreadPoolExecutor(_threads()) as threads:
        for jpegs in _by_shard(archive, small):
            images = threads.map(lambda pair: (pair[0], _filling(places[pair[0]], pair[1])), jpegs.items())
            for identifier, image in images:
                place(identifier, image)
        for identifier, stored in small_jpegs(archive, large):
            place(identifier, _filling(places[identifier], stored[0]) if stored else None)


def _filling(tile: Tile, data: bytes) -> Image.Image | None:
    """The picture in the size of the tile without its frame; None if it can't be read."""
    edge = 2 * frame_of(tile.width, tile.height) if tile.color else 0
    size = (max(tile.width - edge, 1), max(tile.height - edge, 1))
    try:
        image = decoded(data, max(size))
    except BadImage:
        return None
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def frame_of(width: int, height: int) -> int:
    """The thickness of a colored frame around a tile of this size, pixels."""
    return max(round(min(width, height) / 14), 2)


def _by_shard(archive: Archive, ids: Sequence[str]) -> Iterator[dict[str, bytes]]:
    """Yields the thumbnails of some ids at a time, sorted by shard so that each partition is opened a few times."""
    shards = archive.shard_of(ids)
    ordered = [ids[place] for place in sorted(range(len(ids)), key=lambda place: int(shards[place]))]
    for start in range(0, len(ordered), _AT_ONCE):
        yield thumbnail_jpegs(archive, ordered[start : start + _AT_ONCE])


def _threads() -> int:
    return max(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, 1)
