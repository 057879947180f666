"""A backbone in training: trains an epoch, validates, saves and restores its state; on one worker or several."""

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from artsim.extract.plan import Plan
from artsim.learn.backbones.network import mixed_precision, parameter_groups
from artsim.learn.backbones.pixels import PixelTrainer
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.batches import count_terms, fill_missing_negatives, with_mined
from artsim.learn.epochs import MEANRANK
from artsim.learn.losses import make_loss
from artsim.learn.mining import mine
from artsim.metrics.meanrank import ranks


class BackboneTrainer(PixelTrainer):
    """A backbone that learns from annotations on the pixels of their images.

    ``training``, int (n, 9), and ``validation``, int (v, 9), are image numbers: anchor, positive, negatives; -1 where a
    training negative is missing. For mining: ``groups``, int (m,), are known groups, -1 for none; ``pool`` are the
    images that may be drawn. See PixelTrainer for the rest.
    """

    measure = MEANRANK

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
        super().__init__(plan, squares, slots, recipe.micro_batch, recipe.precision)
        self.training, self.validation, self.recipe, self.seed = training, validation, recipe, seed
        self.batch = recipe.batch
        self.groups = np.full(len(slots), -1) if groups is None else groups
        self.pool = np.setdiff1d(np.arange(len(slots)), validation) if pool is None else pool
        self.model: nn.Module = self.backbone
        if self.world > 1:
            self.model = DistributedDataParallel(self.backbone, broadcast_buffers=False)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.backbone, recipe), fused=True)
        self.loss = make_loss(recipe)

    def validate(self) -> np.ndarray:
        """The rank of the positive in each validation annotation, float64 (v,)."""
        images, places = np.unique(self.validation, return_inverse=True)
        return ranks(self._vectors(images), places.reshape(self.validation.shape), self.recipe.distance)

    def state(self) -> dict[str, Any]:
        """Returns what ``restore`` needs to resume the training."""
        return {"backbone": self.backbone.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from the ``state`` of a trainer built with the same arguments."""
        self.backbone.load_state_dict(state["backbone"])
        self.optimizer.load_state_dict(state["optimizer"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns the network's state dict on the CPU, in its library's names, with the original classifier."""
        return self.network_tensors()

    def _prepare(self, items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return with_mined(items, self.recipe, self._mine_negatives, rng)

    def _mine_negatives(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Mines negatives for each annotation by the current descriptors, int (n, mined)."""
        images = np.union1d(judged, self.pool)
        return images[
            mine(
                self._vectors(images),
                np.searchsorted(images, judged),
                self.groups[images],
                self.recipe.negatives,
                self.recipe.mined,
                rng,
                distance=self.recipe.distance,
                candidates=np.searchsorted(images, self.pool),
            )
        ]

    def _terms(self, batch: np.ndarray) -> int:
        return count_terms(batch, self.recipe)

    def _loss(self, items: np.ndarray, terms: int) -> torch.Tensor:
        """Returns what some annotations add to the loss of a batch. Each image goes through the network once."""
        own_terms = count_terms(items, self.recipe)
        judged, present = fill_missing_negatives(items)
        images, places = np.unique(judged, return_inverse=True)
        with mixed_precision(self.device, self.precision):
            descriptors = self.model(self._pixels(images if len(images) else self.training[0, :1]))
        if not len(judged):  # the last batch may be too small for all workers, but every worker must take part
            return descriptors.sum() * 0
        # The gradient of index_select is much faster than that of plain indexing.
        embeddings = descriptors.index_select(0, torch.as_tensor(places.ravel(), device=self.device))
        embeddings = embeddings.view(*judged.shape, -1)
        # Workers' gradients are averaged. This weight turns the average into the gradient of the whole batch.
        weight = 1.0 if self.recipe.reduction == "sum" else own_terms / max(terms, 1)
        mask = None if present.all() else torch.from_numpy(present).to(self.device)
        return self.loss(embeddings[:, 0], embeddings[:, 1], embeddings[:, 2:], present=mask) * (weight * self.world)
