"""Trains one epoch in batches, for heads and backbones, on one worker or several."""

from collections.abc import Callable

import numpy as np
import torch
from torch import distributed, nn

from artsim.learn.recipe import Recipe


class BatchTrainer:
    """Base class of trainers that step through items in batches; subclasses implement steps.

    ``training``, int (n, ...), has a row for each item; ``batch`` is the number of items per step, over all workers.
    """

    training: np.ndarray
    batch: int
    seed: int
    rank: int
    world: int
    device: str
    model: nn.Module

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Runs one pass over the items in an order drawn for the epoch; returns the mean loss of its batches."""
        rng = np.random.default_rng([self.seed, epoch])
        items = self._prepare(self.training[rng.permutation(len(self.training))], rng)
        self.model.train()
        total = torch.zeros((), device=self.device)
        batches = range(0, len(items), self.batch)
        with torch.random.fork_rng():
            torch.manual_seed(int(np.random.SeedSequence([self.seed, epoch, self.rank]).generate_state(1)[0]))
            for start in batches:
                total += self._step(items[start : start + self.batch])
        if self.world > 1:
            distributed.all_reduce(total)
            total /= self.world
        return {"loss": float(total) / len(batches)}

    def _prepare(self, items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns the items of an epoch as its steps take them."""
        return items

    def _step(self, items: np.ndarray) -> torch.Tensor:
        """Runs one step on this worker's share of a batch; returns its share of the loss."""
        raise NotImplementedError("subclasses implement _step")


def with_mined(
    judged: np.ndarray,
    recipe: Recipe,
    mine: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    """Returns annotations, int (n, 9), with mined negatives as further columns if the recipe wants them.

    -1 in place of a negative means that the annotation lacks it.
    """
    if recipe.negatives == "own":
        return judged
    return np.hstack([judged, mine(fill_missing_negatives(judged)[0], rng)])


def count_terms(judged: np.ndarray, recipe: Recipe) -> int:
    """Returns how many terms (triplets, pairs or lists) the mean loss of annotations, int (b, 1 + 1 + k), has."""
    present = int((judged[:, 2:] >= 0).sum())
    return {"triplet": present, "contrastive": present + len(judged)}.get(recipe.loss, len(judged))


def fill_missing_negatives(judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns annotations with the anchor in place of missing negatives, and which are not missing, bool (n, k)."""
    return np.where(judged < 0, judged[:, :1], judged), judged[:, 2:] >= 0


def rank_and_world_size() -> tuple[int, int]:
    """Returns this worker's rank and the number of workers."""
    if not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()
