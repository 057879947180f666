"""A backbone in training: pixels to unit vectors, batch norms frozen, a learning rate for each group of layers."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from artsim.learn.depthwise import DepthwiseGradients
from artsim.learn.finetune_recipe import FinetuneRecipe
from artsim.vision.engine import _best
from artsim.vision.network import Descriptor
from artsim.vision.plan import Plan


class Backbone(nn.Module):
    """uint8 pixels (n, size, size, 3) to descriptors of length 1, float32 (n, d): the plan's first feature.

    Batch norms keep their statistics and their affine parameters, also in training: a batch here is what curators put
    side by side, and no sample of anything.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.descriptor = Descriptor(plan.network, plan.features, plan.state)
        self.descriptor.model.to(memory_format=torch.channels_last)
        self.train()
        self._freeze(plan.input.size)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """See the class."""
        return F.normalize(self.descriptor(pixels)[0])

    def train(self, mode: bool = True) -> "Backbone":
        """Batch norms never train."""
        super().train(mode)
        for norm in self._batch_norms():
            norm.eval()
        return self

    def _batch_norms(self) -> Iterator[nn.Module]:
        return (module for module in self.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm))

    def _freeze(self, size: int) -> None:
        """Batch norms, and the layers behind the feature's level, of which it gets no gradient."""
        for norm in self._batch_norms():
            norm.requires_grad_(False)
        self(torch.zeros(1, size, size, 3, dtype=torch.uint8)).sum().backward()
        for parameter in self.parameters():
            parameter.requires_grad_(parameter.grad is not None)
            parameter.grad = None


def parameter_groups(backbone: Backbone, recipe: FinetuneRecipe) -> list[dict[str, Any]]:
    """What an optimizer takes: timm's groups of layers from the stem to the last, each with a learning rate of its own.

    It falls by ``layer_decay`` from group to group towards the stem (Clark et al., ELECTRA, 2020, section 3.1). Vectors
    and biases, and what the network names, don't decay.
    """
    from timm.optim import param_groups_layer_decay

    model = backbone.descriptor.model
    spared = model.no_weight_decay() if hasattr(model, "no_weight_decay") else ()
    groups = param_groups_layer_decay(model, recipe.weight_decay, spared, layer_decay=recipe.layer_decay)
    return [
        {"params": one["params"], "weight_decay": one["weight_decay"], "lr": recipe.learning_rate * one["lr_scale"]}
        for one in groups
    ]


@contextlib.contextmanager
def mixed_precision(device: str, precision: str) -> Iterator[None]:
    """Passes in bfloat16 where ``precision`` says so, or is ``auto`` and the hardware multiplies it."""
    low = precision == "bfloat16" or (precision == "auto" and _best(device) == "bfloat16")
    with torch.autocast(device, torch.bfloat16, enabled=low), contextlib.ExitStack() as stack:
        if low and device == "cpu":
            stack.enter_context(DepthwiseGradients())
        yield
