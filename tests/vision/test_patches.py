import numpy as np
import torch
from PIL import Image

from artsim.vision import weights
from artsim.vision.backbones import Feature, network_name
from artsim.vision.network import Descriptor
from artsim.vision.patches import DEFAULT, PatchDescriber


def test_the_mean_of_a_map_is_the_pooled_vector() -> None:
    name = "mobilenetv3_small_100"
    features = [Feature("pooled", name, "2", "avg", 64), Feature("map", name, "2", "map", 64)]
    descriptor = Descriptor(network_name(name), features, weights.load(name, "random")[0]).eval()
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8))
    with torch.inference_mode():
        pooled, positions = descriptor(pixels)
    assert positions.shape == (2, 64, pooled.shape[1])  # a stride of 8
    torch.testing.assert_close(positions.mean(1), pooled)


def test_patches_are_where_they_show() -> None:
    """A red square on gray: only patches on it differ from the others. Those at the border are left out."""
    image = Image.new("RGB", (448, 224), (128, 128, 128))
    image.paste((255, 0, 0), (256, 64, 320, 128))
    patches = PatchDescriber(DEFAULT)(image)
    assert len(patches.centers) == 26 * 12
    assert patches.side == 16 / 448
    plain = patches.descriptors @ np.median(patches.descriptors, axis=0)
    unusual = patches.centers[np.argsort(plain)[:9]] * 448
    assert (np.abs(unusual - (288, 96)) < 64).all()
