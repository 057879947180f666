"""Pictures of a walk: a strip of its artworks, a map with arrows, a tunnel of the artworks around it."""

import itertools
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from artsim.pictures.captioned_pictures import CaptionedPicture
from artsim.pictures.lettering import ACCENT, FAINT, INK, PAPER, caption, fitted, font

_GAP = 20
_NIGHT = (24, 22, 20)


def strip(steps: Sequence[CaptionedPicture], height: int = 240) -> Image.Image:
    """Draws the artworks of a walk side by side at the same height, with captions; RGB."""
    images = [_as_high(step.image, height) for step in steps]
    width = sum(image.width + _GAP for image in images) + _GAP
    sheet = Image.new("RGB", (width, height + 2 * _GAP + 80), PAPER)
    x = _GAP
    for index, (step, image) in enumerate(zip(steps, images, strict=True)):
        sheet.paste(image, (x, _GAP))
        if index in (0, len(steps) - 1):
            ImageDraw.Draw(sheet).rectangle(
                (x - 4, _GAP - 4, x + image.width + 3, _GAP + height + 3), outline=ACCENT, width=3
            )
        caption(sheet, [step.title, step.artist, step.year], x, _GAP + height + 10, image.width)
        x += image.width + _GAP
    return sheet


def scatter(
    steps: Sequence[CaptionedPicture],
    places: np.ndarray,
    cloud: Sequence[CaptionedPicture],
    cloud_places: np.ndarray,
    size: int = 1400,
) -> Image.Image:
    """Draws a map: ``cloud`` as small pale pictures, the walk's artworks large with arrows between them; RGB.

    ``places`` and ``cloud_places`` are float arrays of shape (n, 2) in one plane.
    """
    all_places = np.concatenate([places, cloud_places])
    low, span = all_places.min(0), np.maximum(np.ptp(all_places, axis=0), 1e-9)
    margin = 110
    pixels = (
        (margin + (all_places - low) / span * (np.array([size, size * 3 // 4]) - 2 * margin))
        .round()
        .astype(int)
        .tolist()
    )
    points, cloud_points = pixels[: len(places)], pixels[len(places) :]
    sheet = Image.new("RGB", (size, size * 3 // 4), PAPER)
    for thumbnail, point in zip(cloud, cloud_points, strict=True):
        small = thumbnail.image.copy()
        small.thumbnail((44, 44))
        _center(sheet, Image.blend(small, Image.new("RGB", small.size, PAPER), 0.45), point)
    points = _apart(points, 100)
    draw = ImageDraw.Draw(sheet)
    for start, end in itertools.pairwise(points):
        _arrow(draw, start, end)
    for index, (step, point) in enumerate(zip(steps, points, strict=True)):
        small = step.image.copy()
        small.thumbnail((104, 104) if index in (0, len(steps) - 1) else (84, 84), Image.Resampling.LANCZOS)
        framed = Image.new("RGB", (small.width + 6, small.height + 6), ACCENT if index in (0, len(steps) - 1) else INK)
        framed.paste(small, (3, 3))
        _center(sheet, framed, point)
        corner = (point[0] - framed.width // 2 + 5, point[1] - framed.height // 2 + 4)
        draw.text(corner, str(index), "white", font=font(13, bold=True), stroke_width=2, stroke_fill=INK)
    face = font(18)
    words = fitted(f"from {steps[0].title} to {steps[-1].title}", size - 48, face)
    draw.text((24, sheet.height - 40), words, INK, font=face)
    return sheet


def _apart(points: list[list[int]], least: int) -> list[list[int]]:
    """Moves points away from one another until they are about ``least`` pixels apart."""
    places = np.array(points, float) + np.arange(len(points))[:, None] * 1e-3  # separates equal points
    for _ in range(50):
        away = places[:, None] - places[None, :]
        distance = np.maximum(np.linalg.norm(away, axis=2), 1e-9)
        push = np.clip(least - distance, 0, None) / 4
        np.fill_diagonal(push, 0)
        places += (away / distance[:, :, None] * push[:, :, None]).sum(1)
    return places.round().astype(int).tolist()


def tube(
    steps: Sequence[CaptionedPicture], around: Sequence[Sequence[CaptionedPicture]], size: int = 1200
) -> Image.Image:
    """Draws the view along the walk: one ring per step, of its artwork (framed) and those around it; RGB.

    The walk begins at the rim and ends in the middle. Each ring is turned slightly against the one before.
    """
    sheet = Image.new("RGB", (size, size), _NIGHT)
    for index in reversed(range(len(steps) - 1)):
        depth = index / (len(steps) - 1)
        scale = 1 / (1 + 3.0 * depth)
        side = max(int(size * 0.2 * scale), 8)
        for place, thumbnail in enumerate(around[index], start=1):
            point = _on_ring(size, scale, place / (len(around[index]) + 1), index)
            _center(sheet, _lit(thumbnail, side, 0.25 + 0.5 * depth, framed=False), point)
    for index in reversed(range(len(steps) - 1)):  # on top of the surrounding artworks
        depth = index / (len(steps) - 1)
        scale = 1 / (1 + 3.0 * depth)
        side = max(int(size * 0.2 * scale), 8)
        _center(sheet, _lit(steps[index], side, 0.3 * depth, framed=True), _on_ring(size, scale, 0, index))
    _center(sheet, _lit(steps[-1], size // 8, 0.0, framed=True), (size // 2, size // 2))
    face = font(18)
    words = f"from {steps[0].title} to {steps[-1].title}"
    ImageDraw.Draw(sheet).text((24, size - 40), fitted(words, size - 48, face), (220, 214, 204), font=face)
    return sheet


def _on_ring(size: int, scale: float, share: float, index: int) -> list[int]:
    """A point on a ring of the tube: ``share`` of the way round from the top; each ring is turned slightly."""
    angle = 2 * math.pi * share + 0.35 * index - math.pi / 2
    return [round(size / 2 + size * 0.38 * scale * turn(angle)) for turn in (math.cos, math.sin)]


def _as_high(image: Image.Image, height: int) -> Image.Image:
    """Scales a picture to this height. One more than four times as wide is padded to that width, to limit the strip."""
    width = max(round(image.width * height / image.height), 1)
    if width > 4 * height:
        return ImageOps.pad(image, (4 * height, height), color=PAPER)
    return image.resize((width, height))


def _lit(thumbnail: CaptionedPicture, side: int, faded: float, *, framed: bool) -> Image.Image:
    """A picture of at most ``side`` pixels, darkened by ``faded`` (0 to 1), with a frame if ``framed``."""
    small = thumbnail.image.copy()
    small.thumbnail((side, side), Image.Resampling.LANCZOS)
    small = Image.blend(small, Image.new("RGB", small.size, _NIGHT), faded)
    if not framed:
        return small
    frame = Image.new("RGB", (small.width + 6, small.height + 6), ACCENT)
    frame.paste(small, (3, 3))
    return frame


def _center(sheet: Image.Image, image: Image.Image, point: Sequence[int]) -> None:
    sheet.paste(image, (int(point[0]) - image.width // 2, int(point[1]) - image.height // 2))


def _arrow(draw: ImageDraw.ImageDraw, start: Sequence[int], end: Sequence[int]) -> None:
    """Draws a line with its head past the middle, where no thumbnail covers it."""
    draw.line((*start, *end), FAINT, width=3)
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    x, y = (start[0] + 1.4 * end[0]) / 2.4, (start[1] + 1.4 * end[1]) / 2.4
    wings = [(x - 16 * math.cos(angle + turn), y - 16 * math.sin(angle + turn)) for turn in (-0.45, 0.45)]
    draw.polygon([(x, y), *wings], fill=INK)
