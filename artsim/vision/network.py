"""Computes several features (last layer, levels, poolings) in one forward pass of one network."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from artsim.archive import UserError
from artsim.vision import backbones
from artsim.vision.backbones import Feature, Input

_GEM_POWER = 3.0  # Radenović, Tolias, Chum: Fine-tuning CNN image retrieval with no human annotation, 2018, section 3.2


class Descriptor(nn.Module):
    """Maps uint8 pixels of shape (n, size, size, 3) to a tuple of float32 descriptors (n, d), one for each feature.

    All features have the same input size. One with the pooling ``map`` has a descriptor for each position of a square
    map, row by row: (n, positions, channels).
    """

    mean: torch.Tensor
    scale: torch.Tensor

    def __init__(self, network: str, features: Sequence[Feature], state: dict[str, Any]) -> None:
        super().__init__()
        model = backbones.create(network)
        model.load_state_dict(state)
        self.input: Input = backbones.input_of(network, features[0].size)
        self.model: Any = _headless(model, network)
        self._unit = backbones.is_image_text(network)
        self.features = tuple(features)
        self.register_buffer("mean", torch.tensor(self.input.mean) * 255)
        self.register_buffer("scale", 1 / (torch.tensor(self.input.std) * 255))
        self._maps: dict[str, torch.Tensor] = {}
        self._levels = {feature.level: self._listen(feature, network) for feature in features if feature.level}
        if any(not f.level and f.pooling != "avg" for f in features) and not hasattr(self.model, "forward_head"):
            raise UserError(
                f"`backbones` {network}: the feature map before pooling has no name; use {network}@MODULE+max"
            )

    def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """See the class. Permuting NHWC to NCHW gives the channels_last layout without a copy."""
        images = ((pixels.float() - self.mean) * self.scale).permute(0, 3, 1, 2)
        images = images.to(next(self.model.parameters()).dtype)
        if hasattr(self.model, "forward_head"):
            last = self.model.forward_features(images)
            pooled = self.model.forward_head(last, pre_logits=True)
        else:
            last = pooled = self.model(images)
            if self._unit:
                last = pooled = F.normalize(pooled.float(), dim=1)
        return tuple(self._describe(feature, last, pooled) for feature in self.features)

    def _describe(self, feature: Feature, last: torch.Tensor, pooled: torch.Tensor) -> torch.Tensor:
        if feature.level is None:
            return pooled.float() if feature.pooling == "avg" else self._pool(last, feature.pooling, pooled.shape[1])
        module, channels = self._levels[feature.level]
        return self._pool(self._maps[module], feature.pooling, channels)

    def _pool(self, values: torch.Tensor, pooling: str, channels: int | None) -> torch.Tensor:
        if values.dim() == 3:  # tokens: (n, positions, channels), class and register tokens first
            flat = values[:, getattr(self.model, "num_prefix_tokens", 0) :].transpose(1, 2)
        elif values.dim() == 4 and values.shape[1] != channels and values.shape[3] == channels:  # some return NHWC
            flat = values.permute(0, 3, 1, 2).flatten(2)
        else:
            flat = values.flatten(2)
        flat = flat.float()
        if pooling == "map":
            return flat.transpose(1, 2)
        if pooling == "max":
            return flat.amax(2)
        if pooling == "gem":
            return flat.clamp(min=1e-6).pow(_GEM_POWER).mean(2).pow(1 / _GEM_POWER)
        if pooling == "std":
            return torch.cat([flat.mean(2), flat.std(2, unbiased=False)], 1)
        if pooling == "cov":
            return _root_covariance(flat)
        return flat.mean(2)

    def _listen(self, feature: Feature, network: str) -> tuple[str, int | None]:
        """Keeps the output of the level's module at every pass; returns its name and its channels, if known."""
        module, channels = _module_of(self.model, feature, network)

        def keep(_module: nn.Module, _inputs: Any, output: torch.Tensor) -> None:
            self._maps[module] = output

        self.model.get_submodule(module).register_forward_hook(keep)
        return module, channels


def _root_covariance(values: torch.Tensor) -> torch.Tensor:
    """Signed square roots of the channels' covariance, upper triangle: (n, c, positions) to (n, c (c + 1) / 2).

    The root keeps a few strong channels from dominating (Lin, RoyChowdhury, Maji: Bilinear CNN models, 2015).
    Entries off the diagonal are multiplied by sqrt(2), so distances equal those between the whole matrices.
    """
    centered = values - values.mean(2, keepdim=True)
    covariance = centered @ centered.transpose(1, 2) / values.shape[2]
    rows, columns = torch.triu_indices(*covariance.shape[1:], device=values.device)
    upper = covariance[:, rows, columns]
    roots = upper.sign() * upper.abs().sqrt()
    return torch.where(rows == columns, roots, roots * 2**0.5)


def _module_of(model: nn.Module, feature: Feature, network: str) -> tuple[str, int | None]:
    assert feature.level is not None
    info = getattr(model, "feature_info", [])
    levels = [(level["module"], level["num_chs"]) for level in getattr(info, "info", info)]
    if feature.level.lstrip("-").isdigit():
        try:
            return levels[int(feature.level)]
        except IndexError:
            count = f"levels 0 to {len(levels) - 1}" if levels else "no numbered levels; name a module instead"
            raise UserError(f"`backbones` {feature.name}: {network} has {count}") from None
    if feature.level not in dict(model.named_modules()):
        top = ", ".join(name for name, _ in model.named_children())
        raise UserError(
            f"`backbones` {feature.name}: {network} has no module {feature.level!r}; its top-level modules are {top}"
        )
    return feature.level, dict(levels).get(feature.level)


def _headless(model: nn.Module, network: str) -> nn.Module:
    """Returns the network without its classifier, so that it outputs the vector before it."""
    if backbones.is_image_text(network):
        return model
    if not backbones.is_torchvision(network):
        model.reset_classifier(0)  # type: ignore[operator]  # every timm model has it
        return model
    linear = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    if not linear:
        raise UserError(f"`backbones` {network}: no linear classifier to remove; use one of its modules")
    parent, _, last = linear[-1].rpartition(".")
    setattr(model.get_submodule(parent), last, nn.Identity())
    return model


def dimensions(descriptor: Descriptor) -> list[int]:
    """The length of each feature's vector, from one pass over one black image."""
    size = descriptor.input.size
    with torch.inference_mode():
        return [vector.shape[1] for vector in descriptor(torch.zeros(1, size, size, 3, dtype=torch.uint8))]
