"""Smooth random fields, blurs, displacements and stroke directions, from which painters make brushwork and washes."""

import numpy as np
from PIL import Image, ImageFilter
from scipy import ndimage

from .outlines import Rng


def noise(rng: Rng, size: tuple[int, int], scale: float, octaves: int = 3) -> np.ndarray:
    """A smooth field of about -1..1, float32 (h, w); ``scale`` is the width in pixels of its largest features."""
    # summed on a grid just fine enough for the smallest features, then enlarged once
    factor = max(1, int(scale / 2 ** (octaves - 1) / 3))
    width, height = size[0] // factor + 2, size[1] // factor + 2
    total = np.zeros((height, width), np.float32)
    weight = 0.0
    for octave in range(octaves):
        cell = max(scale / 2**octave, 2.0) / factor
        coarse = rng.standard_normal((int(height / cell) + 4, int(width / cell) + 4), dtype=np.float32)
        box = (1.0, 1.0, 1.0 + width / cell, 1.0 + height / cell)
        finer = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC, box=box)
        total += np.asarray(finer) / 2**octave
        weight += 0.25**octave
    total /= np.float32(1.7 * weight**0.5)
    if factor == 1:
        return total[: size[1], : size[0]]
    box = (0.0, 0.0, size[0] / factor, size[1] / factor)
    return np.asarray(Image.fromarray(total).resize(size, Image.Resampling.BILINEAR, box=box))


def grain(rng: Rng, size: tuple[int, int]) -> np.ndarray:
    """Independent values of mean 0 and deviation about 1, float32 (h, w); uniform, because that is cheap."""
    return (rng.random((size[1], size[0]), dtype=np.float32) - 0.5) * np.float32(3.4)


def edges(tones: np.ndarray) -> np.ndarray:
    """How much the tone changes to the pixel above and to the left: (h, w)."""
    change = np.zeros_like(tones)
    change[1:] = np.abs(tones[1:] - tones[:-1])
    change[:, 1:] += np.abs(tones[:, 1:] - tones[:, :-1])
    return change


def blurred(values: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur of (h, w) or (h, w, 3), done at a lower resolution where sigma allows: float32, same shape."""
    height, width = values.shape[:2]
    factor = max(1, int(sigma / 1.25))
    planes = [values] if values.ndim == 2 else [values[..., k] for k in range(values.shape[2])]
    done = []
    for plane in planes:
        image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
        small = np.asarray(image.reduce(factor)) if factor > 1 else np.asarray(image)
        soft = ndimage.gaussian_filter(small, sigma / factor, mode="nearest", truncate=2.5)
        back = Image.fromarray(soft).resize((width, height), Image.Resampling.BILINEAR) if factor > 1 else soft
        done.append(np.asarray(back, dtype=np.float32))
    return done[0] if values.ndim == 2 else np.stack(done, -1)


def smoothstep(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below ``low``, 1 above ``high``, a smooth step between."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def displaced(values: np.ndarray, dx: np.ndarray, dy: np.ndarray) -> np.ndarray:
    """Read ``values`` (h, w, ...) at an offset of ``dx``, ``dy`` pixels from each position, clamped at the edges."""
    height, width = values.shape[:2]
    column = np.clip(np.arange(width, dtype=np.float32) + dx, 0, width - 1).astype(np.intp)
    row = np.clip(np.arange(height, dtype=np.float32)[:, None] + dy, 0, height - 1).astype(np.intp)
    return np.take(values.reshape(height * width, *values.shape[2:]), row * width + column, axis=0)


def directions(rng: Rng, tones: np.ndarray, swirl: float, step: int = 4) -> np.ndarray:
    """The direction of a stroke at each pixel, in radians, float32 (h, w): along the nearest edges of ``tones``.

    This is the minor direction of the smoothed structure tensor (edge tangent flow, Kang et al. 2007), bent by a random
    field of strength ``swirl`` radians. It is computed on a grid of every ``step``-th pixel.
    """
    height, width = tones.shape
    small = np.asarray(Image.fromarray(tones.astype(np.float32)).reduce(step))
    soft = ndimage.gaussian_filter(small, 1.0)
    gy, gx = np.gradient(soft)
    e, f, g = (ndimage.gaussian_filter(v, 5.0) for v in (gx * gx, gx * gy, gy * gy))
    calm = 2e-5  # where there are no edges, strokes are horizontal
    double = np.arctan2(2 * f, e - g - calm)
    size = (small.shape[1], small.shape[0])
    double = double + 2 * swirl * noise(rng, size, size[0] * 0.35, 2)
    c, s = (
        np.asarray(Image.fromarray(v.astype(np.float32)).resize((width, height), Image.Resampling.BILINEAR))
        for v in (np.cos(double), np.sin(double))
    )
    return np.asarray(np.arctan2(s, c) / 2 + np.pi / 2, np.float32)


def combed(rng: Rng, angle: np.ndarray, reach: int, size: tuple[int, int]) -> np.ndarray:
    """Noise smeared along a direction field, like bristle marks: (h, w) float32, mean 0, deviation about 1.

    Line integral convolution (Cabral and Leedom 1993), ``reach`` steps either way on the grid of ``angle``, which may
    be coarser than ``size`` (width, height).
    """
    height, width = angle.shape
    source = grain(rng, (width, height))
    x0, y0 = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    c, s = np.cos(angle), np.sin(angle)
    total = source.copy()
    for step in [k for k in range(-reach, reach + 1) if k]:
        x = np.clip(x0 + step * c, 0, width - 1).astype(np.intp)
        y = np.clip(y0 + step * s, 0, height - 1).astype(np.intp)
        total += np.take(source, y * width + x)
    total /= np.float32((2 * reach + 1) ** 0.5)
    return enlarged(total, size)


def enlarged(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Enlarge (h, w) or (h, w, 3), painted small because it is soft, to ``size`` (width, height): float32."""
    planes = [values] if values.ndim == 2 else [values[..., k] for k in range(values.shape[2])]
    done = [Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32)) for plane in planes]
    grown = [np.asarray(plane.resize(size, Image.Resampling.BICUBIC)) for plane in done]
    return grown[0] if values.ndim == 2 else np.stack(grown, -1)


def photo(rgb: np.ndarray) -> Image.Image:
    """Convert float colors (h, w, 3) in 0..255 to a picture."""
    return Image.fromarray(np.clip(rgb + 0.5, 0, 255).astype(np.uint8))


def softened(image: Image.Image, radius: float) -> Image.Image:
    """A cheap blur of a picture."""
    return image.filter(ImageFilter.BoxBlur(radius))
