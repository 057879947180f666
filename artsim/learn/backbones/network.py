"""The network of a fine-tuning: pixels to unit vectors, frozen batch norms, a learning rate per layer group."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from artsim.extract.plan import Plan
from artsim.learn.backbones.depthwise import DepthwiseGradients
from artsim.learn.backbones.label_recipe import LabelRecipe
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.vision.inference import _best
from artsim.vision.network import Descriptor


class Backbone(nn.Module):
    """Maps uint8 pixels (n, size, size, 3) to unit vectors, float32 (n, d): the plan's first feature.

    Batch norms keep their statistics and affine parameters in training too. A batch holds images that curators
    compared, so its statistics do not represent the data.
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
        """Sets the training mode of all modules except batch norms, which always stay in evaluation mode."""
        super().train(mode)
        for norm in self._batch_norms():
            norm.eval()
        return self

    def _batch_norms(self) -> Iterator[nn.Module]:
        return (module for module in self.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm))

    def _freeze(self, size: int) -> None:
        """Freezes batch norms and the layers after the feature's level, which get no gradient."""
        for norm in self._batch_norms():
            norm.requires_grad_(False)
        self(torch.zeros(1, size, size, 3, dtype=torch.uint8)).sum().backward()
        for parameter in self.parameters():
            parameter.requires_grad_(parameter.grad is not None)
            parameter.grad = None


def parameter_groups(backbone: Backbone, recipe: FinetuneRecipe | LabelRecipe) -> list[dict[str, Any]]:
    """Returns the optimizer's parameter groups: timm's layer groups, each with its own learning rate.

    The rate is multiplied by ``layer_decay`` from group to group toward the stem (Clark et al., ELECTRA, 2020, section
    3.1). Weight decay skips vectors, biases and what the network lists in ``no_weight_decay``.
    """
    from timm.optim import param_groups_layer_decay

    model = backbone.descriptor.model
    no_decay = model.no_weight_decay() if hasattr(model, "no_weight_decay") else ()
    groups = param_groups_layer_decay(model, recipe.weight_decay, no_decay, layer_decay=recipe.layer_decay)
    return [
        {
            "params": group["params"],
            "weight_decay": group["weight_decay"],
            "lr": recipe.learning_rate * group["lr_scale"],
        }
        for group in groups
    ]


@contextlib.contextmanager
def mixed_precision(device: str, precision: str) -> Iterator[None]:
    """Runs passes in bfloat16 if ``precision`` is ``bfloat16``, or is ``auto`` and the hardware supports it."""
    use_bfloat16 = precision == "bfloat16" or (precision == "auto" and _best(device) == "bfloat16")
    with torch.autocast(device, torch.bfloat16, enabled=use_bfloat16), contextlib.ExitStack() as stack:
        if use_bfloat16 and device == "cpu":
            stack.enter_context(DepthwiseGradients())
        yield
