"""A backbone in training: trains an epoch, validates, saves and restores its state; on one worker or several."""

import contextlib
from typing import Any

import numpy as np
import torch
from torch import distributed, nn
from torch.nn.parallel import DistributedDataParallel

from artsim.extract.plan import Plan
from artsim.learn.backbones.network import Backbone, mixed_precision, parameter_groups
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.batches import BatchTrainer, count_terms, fill_missing_negatives, rank_and_world_size
from artsim.learn.losses import make_loss
from artsim.learn.mining import mine
from artsim.metrics.meanrank import ranks

_IMAGES_PER_PASS = 32  # images per forward pass outside training


class BackboneTrainer(BatchTrainer):
    """A backbone that learns from annotations on the pixels of their images.

    ``squares`` are pixels, uint8 (s, size, size, 3); ``slots``, int (m,), is the row in ``squares`` of each image.
    ``training``, int (n, 9), and ``validation``, int (v, 9), are image numbers: anchor, positive, negatives; -1 where a
    training negative is missing. For mining: ``groups``, int (m,), are known groups, -1 for none; ``pool`` are the
    images that may be drawn.

    If torch.distributed is initialized, every worker builds the same learner and takes its share of each batch. After
    each step all workers hold the same backbone, as if one worker had processed the whole batch. Randomness depends
    only on seed and epoch.
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
        self.rank, self.world = rank_and_world_size()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.backbone = Backbone(plan).to(self.device)
        self.model: nn.Module = self.backbone
        if self.world > 1:
            self.model = DistributedDataParallel(self.backbone, broadcast_buffers=False)
        self.optimizer = torch.optim.AdamW(parameter_groups(self.backbone, recipe), fused=True)
        self.loss = make_loss(recipe)
        self.at_once, self._synchronizing = recipe.at_once, False

    def validate(self) -> np.ndarray:
        """The rank of the positive in each validation annotation, float64 (v,)."""
        images, places = np.unique(self.validation, return_inverse=True)
        return ranks(self._descriptors(images), places.reshape(self.validation.shape), self.recipe.distance)

    def state(self) -> dict[str, Any]:
        """Returns what ``restore`` needs to resume the training."""
        return {"backbone": self.backbone.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from the ``state`` of a learner built with the same arguments."""
        self.backbone.load_state_dict(state["backbone"])
        self.optimizer.load_state_dict(state["optimizer"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns the network's state dict on the CPU, in its library's names, with the original classifier."""
        trained = self.backbone.descriptor.model.state_dict()
        return {
            name: trained.get(name, tensor).detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, tensor in self.plan.state.items()
        }

    def _mine_negatives(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Mines negatives for each annotation by the current descriptors, int (n, mined)."""
        images = np.union1d(judged, self.pool)
        return images[
            mine(
                self._descriptors(images),
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
        """Runs one step on this worker's share of a batch, in micro-batches; returns its share of the loss.

        The batch is int (b, 1 + k). Each image of a micro-batch goes through the network once. If a micro-batch does
        not fit into the device's memory, the step is repeated with half the size, which also applies to later steps.
        """
        share = judged[self.rank :: self.world]
        while True:
            try:
                total = self._accumulate_gradients(share, count_terms(judged, self.recipe))
                break
            except torch.OutOfMemoryError:
                if self.at_once == 1 or self._synchronizing:  # can't be halved, or a retry would deadlock other workers
                    raise
            self.at_once = max(min(self.at_once, len(share)) // 2, 1)
            torch.cuda.empty_cache()
        self.optimizer.step()
        return total

    def _accumulate_gradients(self, share: np.ndarray, batch: int) -> torch.Tensor:
        """Adds up the gradients of this worker's share, averages them over all workers; returns its share of the loss.

        ``batch`` is the number of loss terms in the whole batch.
        """
        micro_batches = [share[start : start + self.at_once] for start in range(0, max(len(share), 1), self.at_once)]
        total = torch.zeros((), device=self.device)
        self.optimizer.zero_grad()
        for micro_batch in micro_batches:
            context: Any = contextlib.nullcontext()
            if isinstance(self.model, DistributedDataParallel):
                self._synchronizing = micro_batch is micro_batches[-1]  # only once per step
                if not self._synchronizing:
                    context = self.model.no_sync()
            with context:
                loss = self._loss(micro_batch, batch)
                loss.backward()
            total += loss.detach()
        return total

    def _loss(self, judged: np.ndarray, batch: int) -> torch.Tensor:
        """Returns what some annotations add to the loss of a batch that has ``batch`` terms."""
        own_terms = count_terms(judged, self.recipe)
        judged, present = fill_missing_negatives(judged)
        images, places = np.unique(judged, return_inverse=True)
        with mixed_precision(self.device, self.recipe.precision):
            descriptors = self.model(self._pixels(images if len(images) else self.training[0, :1]))
        if not len(judged):  # the last batch may be too small for all workers, but every worker must take part
            return descriptors.sum() * 0
        # The gradient of index_select is much faster than that of plain indexing.
        embeddings = descriptors.index_select(0, torch.as_tensor(places.ravel(), device=self.device))
        embeddings = embeddings.view(*judged.shape, -1)
        # Workers' gradients are averaged. This weight turns the average into the gradient of the whole batch.
        weight = 1.0 if self.recipe.reduction == "sum" else own_terms / max(batch, 1)
        mask = None if present.all() else torch.from_numpy(present).to(self.device)
        return self.loss(embeddings[:, 0], embeddings[:, 1], embeddings[:, 2:], present=mask) * (weight * self.world)

    @torch.no_grad()
    def _descriptors(self, images: np.ndarray) -> np.ndarray:
        """Returns descriptors of images, float32 (i, d); the workers share the computation."""
        self.model.eval()
        descriptors = torch.zeros(len(images), self.plan.dimensions[0], device=self.device)
        with mixed_precision(self.device, self.recipe.precision):
            for start in range(self.rank * _IMAGES_PER_PASS, len(images), self.world * _IMAGES_PER_PASS):
                descriptors[start : start + _IMAGES_PER_PASS] = self.backbone(
                    self._pixels(images[start : start + _IMAGES_PER_PASS])
                )
        if self.world > 1:
            distributed.all_reduce(descriptors)
        return descriptors.cpu().numpy()

    def _pixels(self, images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.squares[self.slots[images]]).to(self.device)
