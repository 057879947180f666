"""Artworks as small pictures, with what a caption needs."""

from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

from artsim.archive import Archive
from artsim.pictures.lettering import FAINT
from artsim.pictures.small_images import decoded
from artsim.pictures.thumbnails import thumbnail_jpegs
from artsim.vision.check import BadImage


@dataclass(frozen=True)
class CaptionedPicture:
    """An artwork's small picture and the text of its caption."""

    id: str
    image: Image.Image
    title: str
    artist: str
    year: str


def captioned_pictures(archive: Archive, ids: Sequence[str], side: int) -> dict[str, CaptionedPicture]:
    """A picture of at most ``side`` pixels, up to those of a thumbnail, for each id.

    It is an empty frame if the artwork has no image that can be read.
    """
    catalog = archive.table("catalog").find(ids, ["id", "title", "artist", "date_text", "year_from"])
    known = {} if catalog is None else {row["id"]: row for row in catalog.to_pylist()}
    jpegs = thumbnail_jpegs(archive, ids)
    out = {}
    for identifier in ids:
        about = known.get(identifier, {})
        year = about.get("date_text") or str(about.get("year_from") or "")
        title, artist = about.get("title") or identifier, about.get("artist") or ""
        out[identifier] = CaptionedPicture(identifier, shrink(jpegs.get(identifier), side), title, artist, year)
    return out


def shrink(data: bytes | None, side: int) -> Image.Image:
    """Decodes image bytes to RGB, at most ``side`` pixels a side; returns an empty frame if they can't be read."""
    try:
        return decoded(data or b"", side)
    except BadImage:
        frame = Image.new("RGB", (side, side * 3 // 4), (233, 229, 220))
        ImageDraw.Draw(frame).line((0, 0, side, side * 3 // 4), FAINT)
        return frame
