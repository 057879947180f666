"""Artworks of an archive as small pictures with what a caption needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from artsim.archive import Archive
from artsim.pictures.lettering import FAINT
from artsim.vision.check import BadImage, open_image, unread
from artsim.vision.upright import to_rgb

_MAX_PIXELS = 500_000_000  # as many as may be described


@dataclass(frozen=True)
class Thumbnail:
    """An artwork small enough to lay many on one sheet."""

    id: str
    image: Image.Image
    title: str
    artist: str
    year: str


def thumbnails(archive: Archive, ids: Sequence[str], side: int) -> dict[str, Thumbnail]:
    """A picture of at most ``side`` pixels for each id; one that can't be shown becomes an empty frame."""
    catalog = archive.table("catalog").find(ids, ["id", "title", "artist", "date_text", "year_from"])
    known = {} if catalog is None else {row["id"]: row for row in catalog.to_pylist()}
    images = archive.table("images").find(ids, ["id", "bytes"]) if archive.has_table("images") else None
    data = {} if images is None else {row["id"]: row["bytes"] for row in images.to_pylist()}
    out = {}
    for identifier in ids:
        about = known.get(identifier, {})
        year = about.get("date_text") or str(about.get("year_from") or "")
        title, artist = about.get("title") or identifier, about.get("artist") or ""
        out[identifier] = Thumbnail(identifier, shrink(data.get(identifier), side), title, artist, year)
    return out


def shrink(data: bytes | None, side: int) -> Image.Image:
    """Image bytes as an RGB picture of at most ``side`` pixels; an empty frame for what can't be read."""
    try:
        return decoded(data or b"", side)
    except BadImage:
        frame = Image.new("RGB", (side, side * 3 // 4), (233, 229, 220))
        ImageDraw.Draw(frame).line((0, 0, side, side * 3 // 4), FAINT)
        return frame


def decoded(data: bytes, side: int) -> Image.Image:
    """Image bytes as an RGB picture of at most ``side`` pixels. BadImage if they can't be read."""
    image = open_image(data, _MAX_PIXELS)
    try:
        image.draft("RGB", (side, side))
        image = to_rgb(image)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise what they like on damaged files
        raise unread(error, image) from error
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image
