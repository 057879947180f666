"""A head in training: one epoch, one validation, its state; alone or as one worker of several. Knows no archive."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from artsim.learn.discriminant import Spread
from artsim.learn.heads import Head, embed
from artsim.learn.in_batches import InBatches, filled, place, terms
from artsim.learn.losses import make_loss
from artsim.learn.mining import mine
from artsim.learn.recipe import Recipe
from artsim.learn.train_distances import pair_distances
from artsim.measure.ranks import ranks


class HeadTrainee(InBatches):
    """A head that learns from annotations on stored vectors.

    ``vectors``, float32 (m, d); ``training``, int (n, 9), and ``validation``, int (v, 9): rows of vectors, of anchor,
    positive and negatives, -1 where a negative is missing. For mining: ``groups``, int (m,), known groups, -1 for none;
    ``pool``, the rows that may be drawn, all but the validation's if None. For a discriminant head: ``total``, how all
    images lie, judged or not; those of the training if None. ``fitted``: the buffers of a head that was fitted to the
    same training, so that it need not be done again.

    Where torch.distributed runs, every worker makes the same trainee, takes its share of each batch, and all hold the
    same head after each step: that of one worker with the whole batch (but for dropout, which each draws by itself).
    What is random goes by seed and epoch alone, so that an epoch is the same wherever the training went on from.
    """

    def __init__(
        self,
        vectors: np.ndarray,
        training: np.ndarray,
        validation: np.ndarray,
        recipe: Recipe,
        seed: int = 0,
        groups: np.ndarray | None = None,
        pool: np.ndarray | None = None,
        total: Spread | None = None,
        fitted: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        self.recipe, self.seed = recipe, seed
        self.training = training
        self.groups = np.full(len(vectors), -1) if groups is None else groups
        self.pool = np.setdiff1d(np.arange(len(vectors)), validation) if pool is None else pool
        self.rank, self.world = place()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.vectors = torch.tensor(vectors, device=self.device)
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.head = Head(vectors.shape[1], recipe)
        self.head.to(self.device)
        if fitted is None:
            self.head.fit(self.vectors, training, total, recipe)
        else:
            self.head.load_state_dict(fitted, strict=False)
        self.inputs = self.head.prepared(self.vectors)
        self.model: nn.Module = self.head.transform
        if self.world > 1:
            self.model = nn.parallel.DistributedDataParallel(self.model)
        self.optimizer = torch.optim.AdamW(
            self.model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        self.loss = make_loss(replace(recipe, distance="euclidean", swap=False))  # see _loss_of
        self._validation_images, places = np.unique(filled(validation)[0], return_inverse=True)
        self._validation = np.where(validation < 0, -1, places.reshape(validation.shape))

    def validate(self) -> np.ndarray:
        """The rank of the positive in each validation annotation, float64 (v,)."""
        embedding = embed(self.head.transform, self.inputs[self._validation_images])
        return ranks(embedding, self._validation, self.recipe.distance)

    def state(self) -> dict[str, Any]:
        """All that a training needs to go on."""
        return {"head": self.head.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from a ``state``, of a trainee made alike."""
        self.head.load_state_dict(state["head"])
        self.inputs = self.head.prepared(self.vectors)
        self.optimizer.load_state_dict(state["optimizer"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """What a model of this head keeps, on the CPU."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self.head.state_dict().items()}

    def _mined(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Negatives for each annotation by the embedding of this moment, int (n, mined)."""
        return mine(
            embed(self.head.transform, self.inputs),
            judged,
            self.groups,
            self.recipe.negatives,
            self.recipe.mined,
            rng,
            distance=self.recipe.distance,
            candidates=self.pool,
        )

    def _step(self, judged: np.ndarray) -> torch.Tensor:
        """One step on this worker's share of a batch, int (b, 1 + 1 + k); its share of the loss."""
        mine = judged[self.rank :: self.world]
        share, present = filled(mine)
        images, places = np.unique(share, return_inverse=True)
        embedding = self.model(self.inputs[images])
        # of no annotations, the rest of a small batch, the sum is 0: workers must go together
        loss = self._loss_of(embedding, places.reshape(share.shape), present) if len(share) else embedding.sum()
        # Workers' gradients are averaged: weighted so that this gives the gradient of the whole batch.
        part = 1.0
        if self.recipe.reduction != "sum":
            part = terms(mine, self.recipe) / max(terms(judged, self.recipe), 1)
        loss = loss * (part * self.world)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _loss_of(self, embedding: torch.Tensor, judged: np.ndarray, present: np.ndarray) -> torch.Tensor:
        """The loss of annotations, int (b, 1 + 1 + k), rows of ``embedding``, by the distances that it is made of.

        ``present``, bool (b, k): which negatives are there.
        """
        away = self._distances(embedding, judged)
        near, far = away[:, :1], away[:, 1:]
        if self.recipe.swap:
            far = torch.minimum(far, self._distances(embedding, judged[:, 1:]))
        # On a line: the anchor at 0, every other at its distance from it.
        there = None if present.all() else torch.from_numpy(present).to(far.device)
        return self.loss(torch.zeros_like(near), near, far.unsqueeze(2), present=there)

    def _distances(self, embedding: torch.Tensor, judged: np.ndarray) -> torch.Tensor:
        """From the first of each row to the others, (b, c)."""
        firsts = np.repeat(judged[:, 0], judged.shape[1] - 1)
        pairs = np.stack([firsts, judged[:, 1:].ravel()], axis=1)
        return pair_distances(embedding, pairs, self.recipe.distance).view(len(judged), -1)
