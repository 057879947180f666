"""Backbones by name: networks of timm, torchvision and open_clip, and short names for those most used with archives."""

import re
from dataclasses import dataclass, replace
from typing import Any

from artsim.errors import UserError
from artsim.vision import names

# Short name -> timm's name, or torchvision's name with the prefix "torchvision.". The first ones are the backbones of
# the projects that preceded artsim; ResNet152V2 has no weights in timm, so the most similar network replaces it.
ALIASES = {
    "bit_m_152x4": "resnetv2_152x4_bit.goog_in21k",
    "inception_v3": "inception_v3.tf_in1k",
    "xception": "legacy_xception.tf_in1k",
    "resnet152v2": "resnetv2_152x2_bit.goog_in21k_ft_in1k",
    "inception_resnet_v2": "inception_resnet_v2.tf_in1k",
    "efficientnet_b7": "tf_efficientnet_b7.ns_jft_in1k",
    "resnet": "resnet50.a1_in1k",
    "resnext101": "resnext101_32x8d.tv2_in1k",
    "regnet": "regnety_032.ra_in1k",
    "densenet": "densenet121.ra_in1k",
    "convnext": "convnext_base.fb_in22k",
    "vit": "vit_base_patch16_224.augreg_in21k",
    "mobilenet_v3_small": "mobilenetv3_small_100.lamb_in1k",
    "shufflenet_v2": "torchvision.shufflenet_v2_x1_0",
    "efficientnet_lite0": "tf_efficientnet_lite0.in1k",
    "efficientnet_lite1": "tf_efficientnet_lite1.in1k",
    "efficientnet_lite2": "tf_efficientnet_lite2.in1k",
    "dinov2": "vit_base_patch14_dinov2.lvd142m",
    "dinov3": "vit_base_patch16_dinov3.lvd1689m",
    "siglip2": "vit_base_patch16_siglip_224.v2_webli",
    "clip": "vit_base_patch16_clip_224.openai",
}
POOLINGS = ("avg", "max", "gem", "std", "cov")
_FEATURE = re.compile(
    r"(?P<backbone>[\w.\-]+?)(@(?P<level>-?\w[\w.]*))?(\+(?P<pooling>[a-z]\w*))?(\+(?P<size>\d{1,5}))?"
)
_TORCHVISION = "torchvision."
OPEN_CLIP = "open_clip."  # prefix of networks with an image and a text tower
_SIZES = (32, 2048)  # pixels


@dataclass(frozen=True)
class Feature:
    """How a vector is computed: ``BACKBONE[@LEVEL][+POOLING][+SIZE]``.

    ``level`` is one of timm's feature levels (0 the finest, -1 the last) or a module's name; None is the last layer.
    ``pooling`` over positions: ``avg`` (without a level: the network's own pooled vector), ``max``, ``gem``
    (generalized mean, p = 3), ``std`` (mean and standard deviation, twice as long), ``cov`` (signed roots of the
    channels' covariance: n (n + 1) / 2 numbers for n channels). ``size`` is the side of the network's square input, in
    pixels; None is its default. An image-text network gives only its joint embedding, of length 1: it has neither.
    """

    name: str
    backbone: str
    level: str | None
    pooling: str
    size: int | None = None


@dataclass(frozen=True)
class Input:
    """The input of a network: a square of ``size`` pixels, the center ``crop`` of the scaled image, normalized."""

    size: int
    crop: float  # the square's side as a share of the scaled image's short side
    squash: bool  # scale both sides to the square, whatever the aspect ratio
    bicubic: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]


def parse_feature(text: str, pooling: str = "avg") -> Feature:
    """Parses ``BACKBONE[@LEVEL][+POOLING][+SIZE]``; ``pooling`` is the default. Raises ``UserError`` if invalid."""
    match = _FEATURE.fullmatch(text)
    if not match:
        raise UserError(f"`backbones` {text}: must have the form NAME[@LEVEL][+POOLING][+SIZE]")
    method, size = match["pooling"] or pooling, int(match["size"]) if match["size"] else None
    if method not in POOLINGS:
        raise UserError(f"`backbones` {text}: unknown pooling {method!r}; choose one of {', '.join(POOLINGS)}")
    if size is not None and not _SIZES[0] <= size <= _SIZES[1]:
        raise UserError(f"`backbones` {text}: size {size} is out of range ({_SIZES[0]} to {_SIZES[1]})")
    if is_image_text(match["backbone"]) and (match["level"] or method != "avg" or size):
        raise UserError(f"`backbones` {text}: this network has only one output; write {match['backbone']}")
    bare = text.partition("+")[0]
    name = "+".join([bare, *([method] if method != "avg" else []), *([str(size)] if size else [])])
    return Feature(name, match["backbone"], match["level"], method, size)


def network_name(backbone: str) -> str:
    """Returns the library's name of a backbone. Raises ``UserError``, with similar names, if no library has it.

    Imports none of the libraries, so a mistyped name is reported before they are loaded.
    """
    name = ALIASES.get(backbone, backbone)
    if is_image_text(name):
        return _image_text_name(name)
    bare = name.removeprefix(_TORCHVISION)
    if names.in_torchvision(bare) if is_torchvision(name) else names.in_timm(name):
        return name
    if is_torchvision(name):
        close = [_TORCHVISION + candidate for candidate in names.near_in_torchvision(bare)]
    else:
        close = names.near(name, list(ALIASES))
    hint = f"did you mean {', '.join(close)}?" if close else "jobs.extract `list` shows common ones"
    raise UserError(f"`backbones` {backbone}: timm and torchvision have no network with this name; {hint}")


def _image_text_name(name: str) -> str:
    architecture = name.removeprefix(OPEN_CLIP).partition(".")[0]
    if names.in_open_clip(architecture):
        return name
    close = [OPEN_CLIP + candidate for candidate in names.near_in_open_clip(architecture)]
    hint = f"did you mean {', '.join(close)}?" if close else f"one of them is {OPEN_CLIP}ViT-B-32"
    raise UserError(f"`backbones` {name}: open_clip has no image-text network with this name; {hint}")


def is_image_text(network: str) -> bool:
    """Whether a network is one of open_clip, with an image tower and a text tower."""
    return network.startswith(OPEN_CLIP)


def is_torchvision(network: str) -> bool:
    """Whether a network comes from torchvision rather than timm."""
    return network.startswith(_TORCHVISION)


def torchvision_weights(network: str) -> Any:
    """torchvision's default weights of a network (an enum member with url, transforms and meta)."""
    from artsim.vision.torch_libraries import torchvision

    return torchvision.models.get_model_weights(network.removeprefix(_TORCHVISION)).DEFAULT


def create(network: str) -> Any:
    """The network with untrained weights, a ``torch.nn.Module`` in eval mode, on torch's default device.

    Of an image-text network, this is the image tower.
    """
    if is_image_text(network):
        from artsim.vision import image_text

        return image_text.create(network).visual
    if is_torchvision(network):
        from artsim.vision.torch_libraries import torchvision

        extra = {"init_weights": False} if network.endswith(("googlenet", "inception_v3")) else {}
        return torchvision.models.get_model(network.removeprefix(_TORCHVISION), weights=None, **extra).eval()
    from artsim.vision.torch_libraries import timm

    return timm.create_model(network, pretrained=False).eval()


def input_of(network: str, size: int | None = None) -> Input:
    """Returns how the network's training scaled, cropped and normalized its images.

    At another ``size`` the crop spans the whole short side, as in timm beyond the size of training. Raises
    ``UserError`` if the network accepts no other size.
    """
    own = _own_input(network)
    if size is None or size == own.size:
        return own
    if _is_fixed(network):
        raise UserError(f"`backbones` {network}: the input size is fixed at {own.size} pixels and cannot be {size}")
    return replace(own, size=size, crop=1.0)


def _is_fixed(network: str) -> bool:
    if is_image_text(network):
        return True
    from artsim.vision.torch_libraries import timm

    known = None if is_torchvision(network) else timm.get_pretrained_cfg(network)
    return known.fixed_input_size if known else network.removeprefix(_TORCHVISION).startswith("vit")


def _own_input(network: str) -> Input:
    if is_image_text(network):
        from artsim.vision import image_text

        return image_text.input_of(network)
    if is_torchvision(network):
        preset = torchvision_weights(network).transforms()
        size = preset.crop_size[0]
        bicubic = preset.interpolation.value == "bicubic"
        return Input(size, size / preset.resize_size[0], False, bicubic, tuple(preset.mean), tuple(preset.std))
    from artsim.vision.torch_libraries import timm

    known = timm.get_pretrained_cfg(network)
    config = timm.data.resolve_data_config(pretrained_cfg=known.to_dict() if known else {})
    return Input(
        size=config["input_size"][-1],
        crop=config["crop_pct"],
        squash=config["crop_mode"] == "squash",
        bicubic=config["interpolation"] == "bicubic",
        mean=tuple(config["mean"]),
        std=tuple(config["std"]),
    )
