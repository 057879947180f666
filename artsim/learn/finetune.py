"""A backbone in training, end to end: one epoch, one validation, its state; alone or as one worker of several."""

import contextlib
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from artsim.learn.finetune_network import Backbone, mixed_precision, parameter_groups
from artsim.learn.finetune_recipe import FinetuneRecipe
from artsim.learn.in_batches import InBatches, filled, place, terms
from artsim.learn.losses import make_loss
from artsim.learn.mining import mine
from artsim.measure.ranks import ranks
from artsim.vision.plan import Plan

_DESCRIBED = 32  # images in one pass where nothing is learned


class BackboneTrainee(InBatches):
    """A backbone that learns from annotations on the pixels of their images.

    ``squares`` are pixels, uint8 (s, size, size, 3), and ``slots``, int (m,), the row there of each image;
    ``training``, int (n, 9), and ``validation``, int (v, 9), are images: anchor, positive, negatives; -1 where a
    training negative is missing. For mining:
    ``groups``, int (m,), known groups, -1 for none; ``pool``, the images that may be drawn. Where torch.distributed
    runs, every worker makes the same trainee and takes its share of the annotations of each batch; all hold the same
    backbone after each step, that of one worker with the whole batch. What is random goes by seed and epoch alone.
    """

    recipe: FinetuneRecipe

    def __init__(
        self,
        plan: Plan,
        squares: np.ndarray,
        slots: np.ndarray,
        training: np.ndarray,
        validation: np.ndarray,
        recipe: FinetuneRecipe,
        seed: int = 0,
        groups: np.ndarray | None = None,
        pool: np.ndarray | None = None,
    ) -> None:
        self.plan, self.squares, self.slots = plan, squares, slots
        self.training, self.validation, self.recipe, self.seed = training, validation, recipe, seed
        self.groups = np.full(len(slots), -1) if groups is None else groups
        self.pool = np.setdiff1d(np.arange(len(slots)), validation) if pool is None else pool
        self.rank, self.world = place()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.backbone = Backbone(plan).to(self.device)
        self.model: nn.Module = self.backbone
        if self.world > 1:
            self.model = DistributedDataParallel(self.backbone, broadcast_buffers=False)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.backbone, recipe), fused=True)
        self.loss = make_loss(recipe)
        self.at_once, self._exchanging = recipe.at_once, False

    def validate(self) -> np.ndarray:
        """The rank of the positive in each validation annotation, float64 (v,)."""
        images, places = np.unique(self.validation, return_inverse=True)
        return ranks(self._described(images), places.reshape(self.validation.shape), self.recipe.distance)

    def state(self) -> dict[str, Any]:
        """All that a training needs to go on."""
        return {"backbone": self.backbone.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a ``state``, of a trainee made alike."""
        self.backbone.load_state_dict(state["backbone"])
        self.optimizer.load_state_dict(state["optimizer"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """The network's whole state dict, in its library's own names, on the CPU; the classifier as it was."""
        trained = self.backbone.descriptor.model.state_dict()
        return {
            name: trained.get(name, tensor).detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, tensor in self.plan.state.items()
        }

    def _mined(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Negatives for each annotation by the descriptors of this moment, int (n, mined)."""
        images = np.union1d(judged, self.pool)
        return images[
            mine(
                self._described(images),
                np.searchsorted(images, judged),
                self.groups[images],
                self.recipe.negatives,
                self.recipe.mined,
                rng,
                distance=self.recipe.distance,
                candidates=np.searchsorted(images, self.pool),
            )
        ]

    def _step(self, judged: np.ndarray) -> torch.Tensor:
        """One step on this worker's share of a batch, int (b, 1 + k), a few annotations at once; its share of the loss.

        Each image of those few goes through the network once, in however many annotations it is. Where they are too
        much for the device's memory, half as many do, from then on.
        """
        share = judged[self.rank :: self.world]
        while True:
            try:
                total = self._add_up(share, terms(judged, self.recipe))
                break
            except torch.OutOfMemoryError:
                if self.at_once == 1 or self._exchanging:  # the others would wait for what never comes
                    raise
            self.at_once = max(min(self.at_once, len(share)) // 2, 1)
            torch.cuda.empty_cache()
        self.optimizer.step()
        return total

    def _add_up(self, share: np.ndarray, batch: int) -> torch.Tensor:
        """The gradients of this worker's share of a batch of so many terms, and of the others'; its share of it."""
        pieces = [share[start : start + self.at_once] for start in range(0, max(len(share), 1), self.at_once)]
        total = torch.zeros((), device=self.device)
        self.optimizer.zero_grad()
        for piece in pieces:
            alone: Any = contextlib.nullcontext()
            if isinstance(self.model, DistributedDataParallel):
                self._exchanging = piece is pieces[-1]  # once a step
                if not self._exchanging:
                    alone = self.model.no_sync()
            with alone:
                loss = self._loss(piece, batch)
                loss.backward()
            total += loss.detach()
        return total

    def _loss(self, judged: np.ndarray, batch: int) -> torch.Tensor:
        """What some annotations add to the loss of a batch of so many terms."""
        own = terms(judged, self.recipe)
        judged, present = filled(judged)
        images, places = np.unique(judged, return_inverse=True)
        with mixed_precision(self.device, self.recipe.precision):
            descriptors = self.model(self._pixels(images if len(images) else self.training[0, :1]))
        if not len(judged):  # of the last, small batch there is none for this worker; the others wait for it
            return descriptors.sum() * 0
        # index_select, since its gradient adds up far faster than that of plain indexing
        every = descriptors.index_select(0, torch.as_tensor(places.ravel(), device=self.device))
        every = every.view(*judged.shape, -1)
        # Workers' gradients are averaged: weighted so that this gives the gradient of the whole batch.
        part = 1.0 if self.recipe.reduction == "sum" else own / max(batch, 1)
        there = None if present.all() else torch.from_numpy(present).to(self.device)
        return self.loss(every[:, 0], every[:, 1], every[:, 2:], present=there) * (part * self.world)

    @torch.no_grad()
    def _described(self, images: np.ndarray) -> np.ndarray:
        """Descriptors of images, float32 (i, d), the work shared by all workers."""
        self.model.eval()
        found = torch.zeros(len(images), self.plan.dimensions[0], device=self.device)
        with mixed_precision(self.device, self.recipe.precision):
            for start in range(self.rank * _DESCRIBED, len(images), self.world * _DESCRIBED):
                found[start : start + _DESCRIBED] = self.backbone(self._pixels(images[start : start + _DESCRIBED]))
        if self.world > 1:
            distributed.all_reduce(found)
        return found.cpu().numpy()

    def _pixels(self, images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.squares[self.slots[images]]).to(self.device)
