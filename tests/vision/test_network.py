import io

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from artsim.archive import UserError
from artsim.vision import weights
from artsim.vision.backbones import network_name, parse_feature
from artsim.vision.batch_norm_folding import fold_batch_norms
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from artsim.vision.network import Descriptor, dimensions
from tests.vision.made import encoded, picture


def descriptor(*names):
    features = [parse_feature(name) for name in names]
    network = network_name(features[0].backbone)
    return Descriptor(network, features, weights.load(features[0].backbone, "random")[0]).eval()


def pixels(size, count=2):
    return torch.from_numpy(np.random.default_rng(0).integers(0, 255, (count, size, size, 3), np.uint8))


@pytest.mark.parametrize(
    "name", ["resnet18", "tf_efficientnet_lite0", "vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"]
)
@torch.inference_mode()
def test_every_pooling_is_what_plain_torch_computes(name):
    ours = descriptor(name, f"{name}+max", f"{name}+gem", f"{name}@1", f"{name}@1+std")
    model = timm.create_model(name, num_classes=0).eval()
    model.load_state_dict({k: v for k, v in weights.load(name, "random")[0].items() if k in model.state_dict()})
    batch = pixels(224)
    config = timm.data.resolve_model_data_config(model)
    mean, std = (torch.tensor(config[key])[:, None, None] for key in ("mean", "std"))
    images = (batch.permute(0, 3, 1, 2) / 255 - mean) / std
    avg, largest, gem, level, both = ours(batch)
    torch.testing.assert_close(avg, model(images), rtol=1e-3, atol=1e-4)
    last = model.forward_features(images)
    if last.dim() == 3:
        flat = last[:, model.num_prefix_tokens :].transpose(1, 2)
    elif last.shape[-1] == model.num_features:
        flat = last.flatten(1, 2).transpose(1, 2)
    else:
        flat = last.flatten(2)
    torch.testing.assert_close(largest, flat.max(2).values, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(gem, (flat.clamp(min=1e-6) ** 3).mean(2) ** (1 / 3), rtol=1e-3, atol=1e-4)
    channels = level.shape[1]
    assert both.shape[1] == 2 * channels
    torch.testing.assert_close(both[:, :channels], level)
    assert (both[:, channels:] >= 0).all()


@torch.inference_mode()
def test_the_pooling_cov_keeps_the_distances_of_signed_roots_of_numpys_covariance():
    ours = descriptor("tf_efficientnet_lite0@3+cov", "tf_efficientnet_lite0@3")
    vectors, _ = ours(pixels(224))
    maps = next(iter(ours._maps.values())).flatten(2).numpy()
    covariances = [np.cov(image.astype(np.float64), bias=True) for image in maps]
    roots = [np.sign(covariance) * np.sqrt(np.abs(covariance)) for covariance in covariances]
    for vector, root in zip(vectors.numpy(), roots, strict=True):
        naive = [root[i, j] * (1 if i == j else 2**0.5) for i in range(len(root)) for j in range(i, len(root))]
        np.testing.assert_allclose(vector, naive, rtol=1e-3, atol=5e-3 * np.abs(root).max())
    distance = float(torch.linalg.norm(vectors[0] - vectors[1]))
    assert distance == pytest.approx(np.linalg.norm(roots[0] - roots[1]), rel=1e-3)
    assert (vectors < 0).any()


@torch.inference_mode()
def test_levels_are_the_outputs_of_timms_levels():
    ours = descriptor("tf_efficientnet_lite0@4", "tf_efficientnet_lite0@blocks.6", "tf_efficientnet_lite0@-1")
    by_number, by_name, by_end = ours(pixels(224))
    assert by_number.shape == (2, 320)
    assert torch.equal(by_number, by_name)
    assert torch.equal(by_number, by_end)


@torch.inference_mode()
def test_torchvision_gives_the_vector_before_its_classifier():
    import torchvision

    state = weights.load("torchvision.resnet18", "random")[0]
    model = torchvision.models.resnet18()
    model.load_state_dict(state)
    model.fc = torch.nn.Identity()
    ours, level = descriptor("torchvision.resnet18", "torchvision.resnet18@layer3")(pixels(224))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    images = ((pixels(224) / 255 - mean) / std).permute(0, 3, 1, 2)
    torch.testing.assert_close(ours, model.eval()(images), rtol=1e-3, atol=1e-4)
    assert level.shape == (2, 256)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("resnet18@9", "levels 0 to 4"),
        ("resnet18@nowhere", "no module"),
        ("torchvision.resnet18@2", "no numbered levels"),
        ("torchvision.resnet18+max", "MODULE"),
        ("torchvision.squeezenet1_0", "no linear classifier"),
    ],
)
def test_what_a_network_does_not_have_is_named(name, reason):
    with pytest.raises(UserError, match=reason):
        descriptor(name)


@pytest.mark.parametrize("name", ["resnet18", "tf_efficientnet_lite0", "mobilenetv3_small_100", "densenet121"])
@torch.inference_mode()
def test_folding_batch_norms_changes_nothing(name):
    ours = descriptor(name)
    for module in ours.modules():  # random statistics, as if trained, so that folding has an effect
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2)
    before = ours(pixels(224))[0]
    assert fold_batch_norms(ours, pixels(224, 1)) > 10
    torch.testing.assert_close(ours(pixels(224))[0], before, rtol=2e-3, atol=1e-3)


def test_dimensions_are_known_without_an_image():
    names = ("tf_efficientnet_lite0", "tf_efficientnet_lite0@3+std", "tf_efficientnet_lite0@3+cov")
    assert dimensions(descriptor(*names)) == [1280, 224, 112 * 113 // 2]


def cosines(data, *, exact):
    """Returns similarities of the engine's vectors to those of timm's model and transform on fully decoded images."""
    name = "efficientnet_lite0"
    state, network = weights.load(name, None)[0], network_name(name)
    model = timm.create_model(network).eval()
    model.load_state_dict(state)
    model.reset_classifier(0)
    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
    engine = Engine(network, [parse_feature(name)], state, "float32" if exact else "auto")
    squares = np.stack([decode(image, [engine.descriptor.input], exact)[0] for image in data])
    with torch.inference_mode():
        reference = model(torch.stack([transform(Image.open(io.BytesIO(image)).convert("RGB")) for image in data]))
    return torch.nn.functional.cosine_similarity(torch.from_numpy(engine(squares)[0]), reference).numpy()


def made_pictures():
    return [
        encoded(picture(*size, seed=i), quality=92)
        for i, size in enumerate([(500, 400), (1600, 1200), (900, 3000)] * 4)
    ]


def test_vectors_are_true_to_timm():
    assert cosines(made_pictures(), exact=False).mean() >= 0.995
    assert cosines(made_pictures(), exact=True).mean() >= 0.9999


def test_vectors_of_real_paintings_are_true_to_timm(shared_data):
    files = sorted((shared_data / "people-art" / "images").rglob("*.jpg"))[::60]
    large = sorted((shared_data / "mcv-museum" / "images").glob("*.jpg"))[::20]
    data = [file.read_bytes() for file in files[:48] + large]
    fast, exact = cosines(data, exact=False), cosines(data, exact=True)
    print(
        f"fast: mean {fast.mean():.5f}, worst {fast.min():.5f}; exact: mean {exact.mean():.6f}, worst {exact.min():.6f}"
    )
    assert fast.mean() >= 0.995
    assert exact.mean() >= 0.9999
