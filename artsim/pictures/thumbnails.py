"""Thumbnails of artworks, with what a caption needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from artsim.archive import Archive
from artsim.pictures.lettering import FAINT
from artsim.vision.check import BadImage, open_image, unread
from artsim.vision.upright import to_rgb

_MAX_PIXELS = 500_000_000  # the same limit as for feature extraction


@dataclass(frozen=True)
class Thumbnail:
    """An artwork's small picture and the text of its caption."""

    id: str
    image: Image.Image
    title: str
    artist: str
    year: str


def thumbnails(archive: Archive, ids: Sequence[str], side: int) -> dict[str, Thumbnail]:
    """A picture of at most ``side`` pixels for each id; an empty frame for an image that can't be read."""
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
    """Decodes image bytes to RGB, at most ``side`` pixels a side; returns an empty frame if they can't be read."""
    try:
        return decoded(data or b"", side)
    except BadImage:
        frame = Image.new("RGB", (side, side * 3 // 4), (233, 229, 220))
        ImageDraw.Draw(frame).line((0, 0, side, side * 3 // 4), FAINT)
        return frame


def decoded(data: bytes, side: int) -> Image.Image:
    """Decodes image bytes to RGB, at most ``side`` pixels a side. Raises ``BadImage`` if they can't be read."""
    image = open_image(data, _MAX_PIXELS)
    try:
        image.draft("RGB", (side, side))
        image = to_rgb(image)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise any exception on damaged files
        raise unread(error, image) from error
    image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return image
