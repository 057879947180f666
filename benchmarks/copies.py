"""Copies of pictures as archives hold them: cropped, in gray, small and compressed, framed, with a color cast."""

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

_WOOD = (92, 62, 38)


def crop(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Cuts off a tenth of the width and of the height, at random sides."""
    width, height = (round(0.9 * side) for side in image.size)
    left, top = (int(rng.integers(0, side - kept + 1)) for side, kept in zip(image.size, (width, height), strict=True))
    return image.crop((left, top, left + width, top + height))


def grayscale(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    return image.convert("L").convert("RGB")


def compressed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Halves the size and saves at JPEG quality 40."""
    sink = io.BytesIO()
    image.resize((max(image.width // 2, 1), max(image.height // 2, 1))).save(sink, "JPEG", quality=40)
    return Image.open(sink).convert("RGB")


def framed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Adds a frame of wood, 8% of the longer side, with a light edge."""
    width = round(0.08 * max(image.size))
    frame = ImageOps.expand(ImageOps.expand(image, width // 5, (214, 190, 130)), width - width // 5, _WOOD)
    pixels = np.asarray(frame).astype(np.float32)
    inside = np.zeros(pixels.shape[:2], bool)
    inside[width:-width, width:-width] = True
    pixels[~inside] += rng.normal(0, 6, pixels.shape)[~inside]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def cast(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Gives the yellow of old varnish and a lower contrast."""
    pixels = np.asarray(image).astype(np.float32) / 255
    pixels = (0.1 + 0.8 * pixels**0.8) * np.array([1.1, 0.95, 0.65], np.float32)
    return Image.fromarray((255 * pixels.clip(0, 1)).astype(np.uint8))


KINDS: dict[str, Callable[[Image.Image, np.random.Generator], Image.Image]] = {
    "crop": crop,
    "grayscale": grayscale,
    "compressed": compressed,
    "framed": framed,
    "cast": cast,
}


def write_copies(originals: Iterable[tuple[str, Path]], folder: Path, seed: int = 0) -> Path:
    """Writes a copy of each kind of each original; returns the path of their table (id ``<original>~<kind>``, file)."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "file"])
        for identifier, path in originals:
            image = Image.open(path).convert("RGB")
            for kind, change in KINDS.items():
                name = f"{identifier}~{kind}.jpg"
                change(image, rng).save(folder / name, quality=90)
                writer.writerow([f"{identifier}~{kind}", name])
    return folder / "labels.csv"
