"""Trains a backbone on pixels: its steps in micro-batches, its vectors, the tensors that a model keeps of it."""

import contextlib
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from artsim.extract.plan import Plan
from artsim.learn.backbones.network import Backbone, mixed_precision
from artsim.learn.batches import BatchTrainer, rank_and_world_size

_IMAGES_PER_PASS = 32  # images per forward pass outside training


class PixelTrainer(BatchTrainer):
    """Base class of trainers of a backbone; subclasses compute the loss of a micro-batch.

    ``squares`` are pixels, uint8 (s, size, size, 3); ``slots``, int (m,), is the row in ``squares`` of each image.

    If torch.distributed is initialized, every worker builds the same trainer and takes its share of each batch. After
    each step all workers hold the same backbone, as if one worker had processed the whole batch. Randomness depends
    only on seed and epoch.
    """

    optimizer: torch.optim.Optimizer

    def __init__(self, plan: Plan, squares: np.ndarray, slots: np.ndarray, micro_batch: int, precision: str) -> None:
        self.plan, self.squares, self.slots = plan, squares, slots
        self.micro_batch, self.precision, self._synchronizing = micro_batch, precision, False
        self.rank, self.world = rank_and_world_size()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.backbone = Backbone(plan).to(self.device)

    def network_tensors(self) -> dict[str, torch.Tensor]:
        """Returns the network's state dict on the CPU, in its library's names, with the original classifier."""
        trained = self.backbone.descriptor.model.state_dict()
        return {
            name: trained.get(name, tensor).detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
            for name, tensor in self.plan.state.items()
        }

    def _terms(self, batch: np.ndarray) -> Any:
        """Returns the number of terms that the loss of a whole batch is divided by."""
        raise NotImplementedError("subclasses implement _terms")

    def _loss(self, items: np.ndarray, terms: Any) -> torch.Tensor:
        """Returns what some items add to the loss of a batch with ``terms``."""
        raise NotImplementedError("subclasses implement _loss")

    def _step(self, items: np.ndarray) -> torch.Tensor:
        """Runs one step on this worker's share of a batch, in micro-batches; returns its share of the loss.

        If a micro-batch does not fit into the device's memory, the step is repeated with half the size, which also
        applies to later steps.
        """
        share = items[self.rank :: self.world]
        while True:
            try:
                total = self._accumulate_gradients(share, self._terms(items))
                break
            except torch.OutOfMemoryError:
                if self.micro_batch == 1 or self._synchronizing:  # a retry would deadlock other workers
                    raise
            self.micro_batch = max(min(self.micro_batch, len(share)) // 2, 1)
            torch.cuda.empty_cache()
        self.optimizer.step()
        return total

    def _accumulate_gradients(self, share: np.ndarray, terms: Any) -> torch.Tensor:
        """Adds up the gradients of this worker's share, averages them over all workers; returns its share of the loss.

        ``terms`` are those of the whole batch.
        """
        micro_batches = [
            share[start : start + self.micro_batch] for start in range(0, max(len(share), 1), self.micro_batch)
        ]
        total = torch.zeros((), device=self.device)
        self.optimizer.zero_grad()
        for micro_batch in micro_batches:
            context: Any = contextlib.nullcontext()
            if isinstance(self.model, DistributedDataParallel):
                self._synchronizing = micro_batch is micro_batches[-1]  # only once per step
                if not self._synchronizing:
                    context = self.model.no_sync()
            with context:
                loss = self._loss(micro_batch, terms)
                loss.backward()
            total += loss.detach()
        return total

    @torch.no_grad()
    def _vectors(self, images: np.ndarray) -> np.ndarray:
        """Returns the backbone's vectors of images, float32 (i, d); the workers share the computation."""
        self.backbone.eval()
        vectors = torch.zeros(len(images), self.plan.dimensions[0], device=self.device)
        with mixed_precision(self.device, self.precision):
            for start in range(self.rank * _IMAGES_PER_PASS, len(images), self.world * _IMAGES_PER_PASS):
                vectors[start : start + _IMAGES_PER_PASS] = self.backbone(
                    self._pixels(images[start : start + _IMAGES_PER_PASS])
                )
        if self.world > 1:
            distributed.all_reduce(vectors)
        return vectors.cpu().numpy()

    def _pixels(self, images: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(self.squares[self.slots[images]]).to(self.device)
