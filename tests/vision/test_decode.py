import io

import numpy as np
import pytest
from PIL import Image

from artsim.vision.backbones import Input, input_of
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from tests.vision.made import encoded, picture

SIZES = [(500, 333), (333, 500), (224, 224), (2000, 1500), (300, 4000), (40, 30), (257, 256)]


def plain(size: int, crop: float = 0.875, squash: bool = False) -> Input:
    return Input(size, crop, squash, True, (0.5,) * 3, (0.5,) * 3)


def timm_pixels(image: Image.Image, wanted: Input) -> np.ndarray:
    """timm's own evaluation transform, without the normalization."""
    import timm

    transform = timm.data.create_transform(
        (3, wanted.size, wanted.size),
        interpolation="bicubic",
        crop_pct=wanted.crop,
        crop_mode="squash" if wanted.squash else "center",
        normalize=False,
    )
    return np.asarray(transform(image)).transpose(1, 2, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("squash", [False, True])
def test_exact_pixels_are_those_of_timm(size, squash):
    wanted = plain(224, squash=squash)
    data = encoded(picture(*size))
    ours = decode(data, [wanted], exact=True)[0]
    assert ours.shape == (224, 224, 3)
    reference = timm_pixels(Image.open(io.BytesIO(data)), wanted)
    assert np.abs(ours.astype(int) - reference.astype(int)).mean() < 0.5


@pytest.mark.parametrize("size", SIZES)
def test_scaling_in_the_decoder_changes_little(size):
    data = encoded(picture(*size), quality=92)
    exact, fast = (decode(data, [plain(224)], exact=in_full)[0].astype(int) for in_full in (True, False))
    assert np.abs(exact - fast).mean() < 4


def test_one_decoding_serves_several_inputs_and_the_largest_decides():
    data = encoded(picture(2400, 1800))
    small, large = decode(data, [plain(160), plain(448, crop=1.0)])
    assert (small.shape[0], large.shape[0]) == (160, 448)
    alone = decode(data, [plain(448, crop=1.0)])[0]
    assert np.array_equal(large, alone)


def test_every_color_mode_and_orientation_is_read():
    square = picture(400, 300)
    exif = square.getexif()
    exif[0x0112] = 3
    turned = decode(encoded(square, exif=exif, quality=95), [plain(224)])[0]
    straight = decode(encoded(square.rotate(180), quality=95), [plain(224)])[0]
    assert np.abs(turned.astype(int) - straight.astype(int)).mean() < 3
    for mode, form in (("CMYK", "JPEG"), ("L", "JPEG"), ("RGBA", "PNG"), ("P", "GIF"), ("I;16", "PNG")):
        data = encoded(square.convert("L").convert(mode) if mode == "I;16" else square.convert(mode), form)
        assert decode(data, [plain(224)])[0].shape == (224, 224, 3)


@pytest.mark.parametrize("data", [b"", b"nothing", encoded(picture(600, 400))[:9000]])
def test_what_cannot_be_read_says_so(data):
    with pytest.raises(BadImage):
        decode(data, [plain(224)])


@pytest.mark.parametrize(
    ("network", "size", "squash"),
    [
        ("resnet50.a1_in1k", 224, False),
        ("vit_base_patch14_dinov2.lvd142m", 518, False),
        ("vit_base_patch16_siglip_224.v2_webli", 224, False),
        ("torchvision.shufflenet_v2_x1_0", 224, False),
        ("eva02_base_patch14_448.mim_in22k_ft_in22k_in1k", 448, True),
    ],
)
def test_inputs_are_those_the_network_was_trained_with(network, size, squash):
    wanted = input_of(network)
    assert (wanted.size, wanted.squash) == (size, squash)


def test_a_strip_costs_no_more_memory_than_a_picture():
    data = encoded(Image.new("RGB", (1, 30_000), "red"), "PNG")
    ours = decode(data, [plain(224)])[0]  # scaled in full, it would have 256 x 7,680,000 pixels
    assert ours.shape == (224, 224, 3)
    assert (ours == (255, 0, 0)).all()
