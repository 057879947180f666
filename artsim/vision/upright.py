"""Any colour mode to upright 8-bit RGB: 16-bit, palette, transparency, CMYK, EXIF orientation."""

import numpy as np
from PIL import Image, ImageOps


def to_rgb(image: Image.Image) -> Image.Image:
    """The image as 8-bit RGB, turned as its EXIF says, transparency laid on white. Decodes it if need be."""
    image = ImageOps.exif_transpose(image)
    if image.mode == "RGB":
        return image
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return _from_wide(image)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", layer.size, "white")
        paper.paste(layer, mask=layer.getchannel("A"))
        return paper
    return image.convert("RGB")


def _from_wide(image: Image.Image) -> Image.Image:
    """16- and 32-bit gray: 16-bit values keep their range, anything else is stretched to what is there."""
    values = np.asarray(image, dtype=np.float32)
    low, high = (0.0, 65535.0) if values.min() >= 0 and 255 < values.max() <= 65535 else (values.min(), values.max())
    gray = (values - low) * (255.0 / max(high - low, 1e-6))
    return Image.fromarray(np.clip(gray + 0.5, 0, 255).astype(np.uint8)).convert("RGB")
