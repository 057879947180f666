"""A backbone with a linear head per task, in training: learns labels from pixels; on one worker or several."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from artsim.encoders.backbone import LABEL_HEADS
from artsim.extract.plan import Plan
from artsim.learn.backbones.augmentation import augmentation, mix
from artsim.learn.backbones.label_recipe import LabelRecipe
from artsim.learn.backbones.network import Backbone, mixed_precision, parameter_groups
from artsim.learn.backbones.pixels import PixelTrainer

_SMALL = 1e-6  # least standard deviation of a component


class Heads(nn.Module):
    """Maps unit vectors (n, d) to the logits of each task, (n, classes). Standardizes the vectors first."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, mean: torch.Tensor, std: torch.Tensor, classes: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.dropout = nn.Dropout(dropout)
        linears = [nn.Linear(len(mean), count) for count in classes]
        for linear in linears:
            nn.init.zeros_(linear.weight)
            nn.init.zeros_(linear.bias)
        self.tasks = nn.ModuleList(linears)

    def forward(self, vectors: torch.Tensor) -> list[torch.Tensor]:
        """See the class."""
        inputs = self.dropout((vectors - self.mean) / self.std)
        return [linear(inputs) for linear in self.tasks]


class _Network(nn.Module):
    def __init__(self, backbone: Backbone, heads: Heads) -> None:
        super().__init__()
        self.backbone, self.heads = backbone, heads
        self.is_frozen = False

    def forward(self, pixels: torch.Tensor) -> list[torch.Tensor]:
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.is_frozen):
            vectors = self.backbone(pixels)
        return list(self.heads(vectors))


class ClassifierTrainer(PixelTrainer):
    """A backbone that learns labels. The losses of the tasks are added up; a missing label adds nothing.

    ``labels``, int (m, t), is the class of each image in each task, -1 if it is missing; ``classes`` is the number of
    classes of each task. ``training`` and ``validation``, int, are image numbers, each with at least one label.
    With ``balanced``, the classes of a task are equally important. See PixelTrainer for the rest.
    """

    measure = "cross_entropy"

    def __init__(
        self,
        plan: Plan,
        squares: np.ndarray,
        slots: np.ndarray,
        labels: np.ndarray,
        classes: Sequence[int],
        training: np.ndarray,
        validation: np.ndarray,
        recipe: LabelRecipe,
        seed: int = 0,
        balanced: bool = True,
    ) -> None:
        super().__init__(plan, squares, slots, recipe.micro_batch, recipe.precision)
        self.labels, self.training, self.validation = labels, training, validation
        self.recipe, self.seed, self.batch = recipe, seed, recipe.batch
        self.weights = [_class_weights(labels[training, task], count, balanced) for task, count in enumerate(classes)]
        vectors = torch.from_numpy(self._vectors(training))
        std = vectors.std(0, unbiased=False).clamp(min=_SMALL)
        self.network = _Network(self.backbone, Heads(vectors.mean(0), std, classes, recipe.dropout)).to(self.device)
        self.augment = augmentation(plan.input.size, recipe.randaugment)
        self.model: nn.Module = self.network
        if self.world > 1:
            unused = recipe.frozen_epochs > 0
            self.model = DistributedDataParallel(self.network, broadcast_buffers=False, find_unused_parameters=unused)
        heads = {"params": self.network.heads.parameters(), "lr": recipe.head_learning_rate}
        groups = [*parameter_groups(self.backbone, recipe), {**heads, "weight_decay": recipe.weight_decay}]
        self.optimizer = torch.optim.AdamW(groups, fused=True)
        self._rates = [group["lr"] for group in self.optimizer.param_groups]

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Runs one pass over the artworks. The rates follow half a cosine once the backbone is trained too."""
        frozen = self.recipe.frozen_epochs
        self.network.is_frozen = epoch < frozen
        progress = max(epoch - frozen, 0) / max(self.recipe.epochs - frozen, 1)
        for group, rate in zip(self.optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * (1 + math.cos(math.pi * progress)) / 2
        return super().train_epoch(epoch)

    def validate(self) -> np.ndarray:
        """The weighted cross-entropy of each validation image, float64 (v,): the mean over its labels."""
        losses = np.full((len(self.validation), len(self.weights)), np.nan)
        for task, logits in enumerate(self.logits(self.validation)):
            labels = torch.from_numpy(self.labels[self.validation, task])
            known = (labels >= 0).numpy()
            weights = self.weights[task]
            losses[known, task] = F.cross_entropy(logits[known], labels[known], weights, reduction="none").numpy()
        return np.nanmean(losses, axis=1) if len(losses) else np.empty(0)

    @torch.no_grad()
    def logits(self, images: np.ndarray) -> list[torch.Tensor]:
        """Returns the logits of images in each task, float32 (i, classes), on the CPU."""
        self.network.heads.eval()
        vectors = torch.from_numpy(self._vectors(images)).to(self.device)
        return [logits.cpu() for logits in self.network.heads(vectors)]

    def state(self) -> dict[str, Any]:
        """Returns what ``restore`` needs to resume the training."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from the ``state`` of a trainer built with the same arguments."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns the network's tensors, and those of the heads with a prefix, on the CPU."""
        heads = self.network.heads.state_dict()
        return self.network_tensors() | {f"{LABEL_HEADS}{name}": heads[name].detach().cpu().clone() for name in heads}

    def _terms(self, batch: np.ndarray) -> list[float]:
        """Returns the sum of the weights of a batch's labels, for each task."""
        return [
            float(weights[self.labels[batch, task][self.labels[batch, task] >= 0]].sum())
            for task, weights in enumerate(self.weights)
        ]

    def _loss(self, items: np.ndarray, terms: list[float]) -> torch.Tensor:
        """Returns what some images add to a batch's loss: the sum over tasks of the weighted mean cross-entropy."""
        images = items if len(items) else self.training[:1]  # every worker must take part in every step
        pictures = self.augment(self._pixels(images))
        targets = [self._targets(images, task) for task in range(len(self.weights))]
        if self.recipe.mixup and len(items) > 1:
            pictures, others, share = mix(pictures, self.recipe.mixup)
            targets = [share * target + (1 - share) * target[others] for target in targets]
        with mixed_precision(self.device, self.precision):
            outputs = self.model(pictures)
        total = torch.zeros((), device=self.device)
        for logits, target, sum_of_weights in zip(outputs, targets, terms, strict=True):
            cross_entropy = -(target * F.log_softmax(logits.float(), dim=1)).sum()
            # Workers' gradients are averaged; the factor turns the average into the gradient of the whole batch.
            total = total + cross_entropy * (self.world * (len(items) > 0) / max(sum_of_weights, _SMALL))
        return total

    def _targets(self, images: np.ndarray, task: int) -> torch.Tensor:
        """Returns the smoothed targets of images times their class weights, (n, classes); 0 if a label is missing."""
        labels = torch.from_numpy(self.labels[images, task])
        weights, smoothing = self.weights[task], self.recipe.label_smoothing
        targets = F.one_hot(labels.clamp(min=0), len(weights)) * (1 - smoothing) + smoothing / len(weights)
        own = torch.where(labels >= 0, weights[labels.clamp(min=0)], torch.zeros(()))
        return (targets * own[:, None]).to(self.device)


def _class_weights(labels: np.ndarray, classes: int, balanced: bool) -> torch.Tensor:
    """Returns the weight of each class, float32 (classes,).

    The mean of balanced weights over the labels is 1. A class without labels has weight 0.
    """
    if not balanced:
        return torch.ones(classes)
    counts = np.bincount(labels[labels >= 0], minlength=classes)
    present = max(int(np.count_nonzero(counts)), 1)
    with np.errstate(divide="ignore"):
        weights = np.where(counts > 0, counts.sum() / (present * counts), 0.0)
    return torch.from_numpy(weights.astype(np.float32))
