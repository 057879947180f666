"""Networks of open_clip with an image tower and a text tower that map to one space, such as CLIP and SigLIP.

Their names are ``open_clip.NAME[.WEIGHTS]``, for example ``open_clip.ViT-B-32.laion2b_s34b_b79k``.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from artsim.errors import UserError
from artsim.vision import hub
from artsim.vision.backbones import OPEN_CLIP, Input

MAX_LENGTH = 300  # characters of a text; a network reads its first 77 tokens or fewer
_SHOWN = 8  # weights that an error message lists


def split(network: str) -> tuple[str, str | None]:
    """Returns open_clip's names of the architecture and of its weights.

    The weights are None if the name has none and the architecture has none, or several to choose from. Raises
    ``UserError`` if the architecture has no weights of this name.
    """
    import open_clip

    architecture, _, tag = network.removeprefix(OPEN_CLIP).partition(".")
    fitting = _weights(architecture)
    if not tag:
        return architecture, fitting[0] if len(fitting) == 1 else None
    if tag not in open_clip.list_pretrained_tags_by_model(architecture):
        raise UserError(f"`backbones` {network}: no such weights; {_choice(architecture)}")
    if tag not in fitting:
        other = f"{architecture}-quickgelu"
        hint = f"; use {OPEN_CLIP}{other}.{tag}" if tag in open_clip.list_pretrained_tags_by_model(other) else ""
        raise UserError(f"`backbones` {network}: these weights need another activation function{hint}")
    return architecture, tag


def _weights(architecture: str) -> list[str]:
    """Returns the weights that were trained with the activation function of the architecture."""
    import open_clip

    quick = open_clip.get_model_config(architecture).get("quick_gelu", False)
    tags = open_clip.list_pretrained_tags_by_model(architecture)
    return [tag for tag in tags if open_clip.get_pretrained_cfg(architecture, tag).get("quick_gelu", False) == quick]


def _choice(architecture: str) -> str:
    """Tells which weights an architecture has."""
    known = _weights(architecture)
    if not known:
        return f"open_clip has none for {architecture}; pass `weights` FOLDER"
    more = f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else ""
    return f"name one as {OPEN_CLIP}{architecture}.{known[0]}: {', '.join(known[:_SHOWN])}{more}"


def create(network: str) -> Any:
    """Returns both towers with untrained weights, an ``open_clip.CLIP`` or ``CustomTextCLIP`` in eval mode."""
    import open_clip

    with quiet():
        return open_clip.create_model(split(network)[0], pretrained_text=False).eval()


def from_file(network: str, path: Path) -> Any:
    """Returns both towers with the weights of a file. Raises exceptions of any type if they do not fit."""
    import open_clip

    model = create(network)
    with quiet():
        open_clip.load_checkpoint(model, str(path))
    return model


def from_hub(network: str) -> Any:
    """Returns both towers with weights from the hub or its cache. Raises exceptions of any type without them."""
    import open_clip

    architecture, tag = split(network)
    with quiet():
        return open_clip.create_model(architecture, pretrained=tag, require_pretrained=True).eval()


def is_cached(network: str) -> bool:
    """Whether ``from_hub`` finds the weights on this machine. Raises ``UserError`` if there is a choice of weights."""
    import open_clip
    from open_clip.constants import HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME

    name_on_hub(network)
    known = open_clip.get_pretrained_cfg(*split(network))
    repository, _, file = known.get("hf_hub", "").rpartition("/")
    if not repository:  # open_clip downloads from an address only what is not on the hub
        return Path("~/.cache/clip", known["url"].rpartition("/")[2]).expanduser().is_file()
    files = [str(Path(file).with_suffix(".safetensors")), file] if file else [HF_SAFE_WEIGHTS_NAME, HF_WEIGHTS_NAME]
    return hub.cached(repository, files)


@contextmanager
def quiet() -> Iterator[None]:
    """Hides what open_clip logs: a dozen lines for each network, by the root logger."""
    root = logging.getLogger()
    root.addFilter(_is_ours)
    try:
        yield
    finally:
        root.removeFilter(_is_ours)


def _is_ours(record: logging.LogRecord) -> bool:
    return "open_clip" not in Path(record.pathname).parts


def name_on_hub(network: str) -> str:
    """Returns the name of the weights' repository without its owner. Raises ``UserError`` if there is a choice."""
    import open_clip

    architecture, tag = split(network)
    if tag is None:
        raise UserError(f"`backbones` {network}: which weights? {_choice(architecture)}")
    return open_clip.get_pretrained_cfg(architecture, tag)["hf_hub"].strip("/").rpartition("/")[2] or architecture


def input_of(network: str) -> Input:
    """Returns how open_clip scales, crops and normalizes images for these weights.

    Without weights in the name, it is that of all weights of the architecture. Raises ``UserError`` if they differ.
    """
    import open_clip
    from open_clip.transform import PreprocessCfg, merge_preprocess_dict

    architecture, tag = split(network)
    known = [open_clip.get_pretrained_cfg(architecture, each) for each in ([tag] if tag else _weights(architecture))]
    configs = [PreprocessCfg(**merge_preprocess_dict(PreprocessCfg(), each)) for each in known or [{}]]
    if len({(tuple(each.mean), tuple(each.std), each.interpolation, each.resize_mode) for each in configs}) > 1:
        raise UserError(f"`backbones` {network}: its weights need different input; {_choice(architecture)}")
    config = configs[0]
    size = open_clip.get_model_config(architecture)["vision_cfg"].get("image_size", 224)
    if not isinstance(size, int) or config.resize_mode not in ("shortest", "squash"):
        raise UserError(f"`backbones` {network}: its input ({size} pixels, {config.resize_mode}) is not supported")
    return Input(
        size=size,
        crop=1.0,
        squash=config.resize_mode == "squash",
        bicubic=config.interpolation == "bicubic",
        mean=tuple(config.mean),
        std=tuple(config.std),
    )
