"""Descriptors of the patches of an image: the spatial map of a backbone, before it is pooled."""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from artsim.metrics.vectors import unit_length
from artsim.vision import backbones, weights
from artsim.vision.inference import Engine

DEFAULT = "efficientnet_lite0@3+448"


@dataclass(frozen=True)
class Patches:
    """Descriptors of length 1, float32 (n, d), and the centers of their patches, float32 (n, 2).

    ``centers`` are x and y as shares of the image's longer side, as is ``side``, that of a square patch.
    """

    descriptors: np.ndarray
    centers: np.ndarray
    side: float


class PatchDescriber:
    """Describes the patches of images by a feature such as ``efficientnet_lite0@3+448``; its pooling is ignored.

    The whole image is scaled into the network's square input, unlike for features, which see its center. Patches at the
    image's border are left out. ``device`` is cuda or cpu; None takes a GPU if there is one. Can be pickled.
    """

    def __init__(self, feature: str = DEFAULT, device: str | None = None) -> None:
        """Raises ``UserError`` if there is no such network, level or weights."""
        parsed = replace(backbones.parse_feature(feature), pooling="map")
        state, _ = weights.load(parsed.backbone, None)
        self._engine = Engine(backbones.network_name(parsed.backbone), [parsed], state, "auto", device)
        self.size: int = self._engine.descriptor.input.size

    def __call__(self, image: Image.Image) -> Patches:
        """Returns the patches of an RGB image of any size."""
        pixels, width, height = self._fitted(image)
        values = self._engine(pixels[np.newaxis])[0][0]  # positions, channels
        side = self.size / round(len(values) ** 0.5)
        rows, columns = np.divmod(np.arange(len(values)), round(self.size / side))
        centers = (np.stack([columns, rows], axis=1) + 0.5) * side
        inside = np.logical_and(
            *(_inner(centers[:, axis], length, side) for axis, length in enumerate((width, height)))
        )
        return Patches(unit_length(values[inside]), (centers[inside] / self.size).astype(np.float32), side / self.size)

    def _fitted(self, image: Image.Image) -> tuple[np.ndarray, int, int]:
        """Scales an image to the square, at its left and top; returns the pixels, and the image's width and height."""
        scale = self.size / max(image.size)
        width, height = (max(round(length * scale), 1) for length in image.size)
        ground = tuple(round(255 * mean) for mean in self._engine.descriptor.input.mean)
        canvas = Image.new("RGB", (self.size, self.size), ground)
        canvas.paste(image.resize((width, height), Image.Resampling.BICUBIC), (0, 0))
        return np.array(canvas), width, height


def _inner(centers: np.ndarray, length: int, side: float) -> np.ndarray:
    """Which patches lie in an image of this width or height, without the outermost: those resemble all other borders.

    Keeps the outermost of an image that is less than five patches wide.
    """
    border = side if length >= 5 * side else 0
    return (centers > border) & (centers < max(length - border, side))
