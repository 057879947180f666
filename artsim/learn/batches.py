"""Trains one epoch in batches, for heads and backbones, on one worker or several."""

import numpy as np
import torch
from torch import distributed, nn

from artsim.learn.recipe import Recipe


class BatchTrainer:
    """Base class of learners that step through annotations, int (n, 9); subclasses implement steps and mining.

    -1 in place of a negative means that the annotation lacks it.
    """

    training: np.ndarray
    recipe: Recipe
    seed: int
    rank: int
    world: int
    device: str
    model: nn.Module

    def train_epoch(self, epoch: int) -> dict[str, float]:
        """Runs one pass over the annotations in an order drawn for the epoch; returns the mean loss of its batches."""
        rng = np.random.default_rng([self.seed, epoch])
        judged = self.training[rng.permutation(len(self.training))]
        if self.recipe.negatives != "own":
            judged = np.hstack([judged, self._mine_negatives(fill_missing_negatives(judged)[0], rng)])
        self.model.train()
        total = torch.zeros((), device=self.device)
        batches = range(0, len(judged), self.recipe.batch)
        with torch.random.fork_rng():
            torch.manual_seed(int(np.random.SeedSequence([self.seed, epoch, self.rank]).generate_state(1)[0]))
            for start in batches:
                total += self._step(judged[start : start + self.recipe.batch])
        if self.world > 1:
            distributed.all_reduce(total)
            total /= self.world
        return {"loss": float(total) / len(batches)}

    def _mine_negatives(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Returns mined negatives for each annotation, int (n, mined)."""
        raise NotImplementedError("subclasses implement _mined")

    def _step(self, judged: np.ndarray) -> torch.Tensor:
        """Runs one step on this worker's share of a batch; returns its share of the loss."""
        raise NotImplementedError("subclasses implement _step")


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
