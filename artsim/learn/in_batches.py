"""An epoch of training, batch by batch, the same for heads and backbones; alone or as one worker of several."""

import numpy as np
import torch
from torch import distributed, nn

from artsim.learn.recipe import Recipe


class InBatches:
    """What a trainee is that steps through annotations, int (n, 9); who inherits says how it steps and mines.

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
        """One pass over the annotations in an order of its own; the mean loss of its batches."""
        rng = np.random.default_rng([self.seed, epoch])
        judged = self.training[rng.permutation(len(self.training))]
        if self.recipe.negatives != "own":
            judged = np.hstack([judged, self._mined(filled(judged)[0], rng)])
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

    def _mined(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Negatives for each annotation, int (n, mined)."""
        raise NotImplementedError("who inherits mines")

    def _step(self, judged: np.ndarray) -> torch.Tensor:
        """One step on this worker's share of a batch; its share of the loss."""
        raise NotImplementedError("who inherits steps")


def terms(judged: np.ndarray, recipe: Recipe) -> int:
    """Of how many terms the mean loss of some annotations, int (b, 1 + 1 + k), is: triplets, pairs or lists."""
    present = int((judged[:, 2:] >= 0).sum())
    return {"triplet": present, "contrastive": present + len(judged)}.get(recipe.loss, len(judged))


def filled(judged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Annotations with the anchor in place of each missing negative; which negatives are there, bool (n, k)."""
    return np.where(judged < 0, judged[:, :1], judged), judged[:, 2:] >= 0


def place() -> tuple[int, int]:
    """This worker's number and how many there are."""
    if not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()
