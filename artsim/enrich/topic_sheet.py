"""The picture of the topics: a row for each, with its words and typical artworks."""

from typing import Any

from PIL import Image, ImageDraw, ImageFont

from artsim.archive import Archive
from artsim.pictures.captioned_pictures import captioned_pictures
from artsim.pictures.lettering import FAINT, INK, PAPER, caption, fitted, font

_ROWS, _COLUMNS = 24, 6  # the most topics, and artworks of each, that a picture shows
_RULE = (222, 216, 205)
_WORDS = 300  # pixels of the column of words
_SIDE, _GAP, _CAPTION, _HEAD = 170, 16, 58, 68


def topic_sheet(archive: Archive, table: str, topics: list[dict[str, Any]]) -> Image.Image:
    """Draws the topics, the largest first, each with its words on the left."""
    shown = topics[:_ROWS]
    pictures = captioned_pictures(archive, [key for topic in shown for key in topic["typical"][:_COLUMNS]], 2 * _SIDE)
    width = _WORDS + _COLUMNS * (_SIDE + _GAP) + 3 * _GAP
    sheet = Image.new("RGB", (width, _HEAD + len(shown) * (_SIDE + _CAPTION + 2 * _GAP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    face = font(22, bold=True)
    count = f"{len(shown)} of {len(topics)} topics" if len(shown) < len(topics) else f"{len(topics)} topics"
    draw.text(
        (2 * _GAP, _GAP),
        fitted(f"{table}: {count}, each with typical artworks", width - 4 * _GAP, face),
        INK,
        font=face,
    )
    for row, topic in enumerate(shown):
        top = _HEAD + row * (_SIDE + _CAPTION + 2 * _GAP)
        draw.line((2 * _GAP, top - _GAP, width - 2 * _GAP, top - _GAP), _RULE)
        _describe(draw, topic, 2 * _GAP, top)
        for column, key in enumerate(topic["typical"][:_COLUMNS]):
            left = _WORDS + 2 * _GAP + column * (_SIDE + _GAP)
            picture = pictures[key]
            image = picture.image.copy()
            image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
            sheet.paste(image, (left + (_SIDE - image.width) // 2, top + _SIDE - image.height))
            caption(sheet, [picture.title, picture.artist], left, top + _SIDE + 6, _SIDE)
    return sheet


def _describe(draw: ImageDraw.ImageDraw, topic: dict[str, Any], left: int, top: int) -> None:
    """Writes the size of a topic, its first three words, and the others below."""
    width = _WORDS - _GAP
    draw.text((left, top), f"{topic['artworks']:,} artworks, {topic['share']:.0%}", FAINT, font=font(13))
    top += 24
    for size, is_bold, text in ((18, True, topic["words"][:3]), (14, False, topic["words"][3:])):
        for line in _lines(text, width, font(size, bold=is_bold)):
            draw.text((left, top), line, INK, font=font(size, bold=is_bold))
            top += round(size * 1.45)
        top += 4


def _lines(listed: list[str], width: int, face: ImageFont.FreeTypeFont) -> list[str]:
    """Returns words, separated by commas, in lines of at most ``width`` pixels."""
    lines: list[str] = []
    for place, word in enumerate(listed):
        text = word if place == len(listed) - 1 else f"{word},"
        longer = f"{lines[-1]} {text}" if lines else text
        if lines and face.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fitted(text, width, face))
    return lines
