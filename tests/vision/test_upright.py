import io

import numpy as np
import pytest
from PIL import Image

from artsim.vision.upright import to_rgb
from tests.vision.made import encoded, picture


def reopened(image, form, **settings):
    return Image.open(io.BytesIO(encoded(image, form, **settings)))


@pytest.mark.parametrize(
    ("mode", "form"), [("CMYK", "JPEG"), ("L", "JPEG"), ("1", "PNG"), ("P", "PNG"), ("LAB", "TIFF"), ("YCbCr", "JPEG")]
)
def test_every_mode_becomes_rgb_that_looks_the_same(mode, form):
    original = picture(120, 80)
    wanted = original.convert("L").convert("RGB") if mode in ("L", "1") else original
    rgb = to_rgb(reopened(original.convert(mode), form))
    assert rgb.mode == "RGB"
    if mode not in ("1", "LAB"):
        assert np.abs(np.asarray(rgb, int) - np.asarray(wanted, int)).mean() < 16


@pytest.mark.parametrize("dtype", [np.uint16, np.int32])
def test_deep_gray_keeps_its_range(dtype):
    ramp = np.linspace(0, 65535, 256).astype(dtype)[None].repeat(8, 0)
    rgb = np.asarray(to_rgb(reopened(Image.fromarray(ramp), "TIFF")))
    assert np.abs(rgb[0, :, 0].astype(int) - np.arange(256)).max() <= 1


def test_transparency_lies_on_white():
    clear = Image.new("RGBA", (10, 10), (255, 0, 0, 0))
    assert np.asarray(to_rgb(reopened(clear, "PNG"))).min() == 255
    palette = Image.new("P", (10, 10), 0)
    palette.putpalette([0, 0, 0, 255, 0, 0])
    assert np.asarray(to_rgb(reopened(palette, "PNG", transparency=0))).min() == 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation):
    upright = Image.new("RGB", (60, 40), "white")
    upright.paste("red", (0, 0, 20, 20))  # top left
    inverse = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # by EXIF orientation: the Image.Transpose that reverses it
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(inverse[orientation]))
    exif = stored.getexif()
    exif[0x0112] = orientation
    rgb = np.asarray(to_rgb(reopened(stored, "PNG", exif=exif)))
    assert rgb.shape == (40, 60, 3)
    assert tuple(rgb[5, 5]) == (255, 0, 0)
    assert tuple(rgb[35, 55]) == (255, 255, 255)
