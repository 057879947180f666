"""A head in training, without the archive: trains an epoch, validates, saves and restores its state."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import nn

from artsim.encoders.discriminant import Covariance
from artsim.encoders.heads import Head, embed
from artsim.learn.batches import BatchTrainer, count_terms, fill_missing_negatives, rank_and_world_size, with_mined
from artsim.learn.epochs import MEANRANK
from artsim.learn.heads.pair_distances import pair_distances
from artsim.learn.losses import make_loss
from artsim.learn.mining import mine
from artsim.learn.recipe import Recipe
from artsim.metrics.meanrank import ranks


class HeadTrainer(BatchTrainer):
    """A head that learns from annotations on stored vectors.

    ``vectors`` is float32 (m, d). ``training``, int (n, 9), and ``validation``, int (v, 9), are rows of ``vectors``:
    anchor, positive, negatives; -1 where a negative is missing. For mining: ``groups``, int (m,), are known groups, -1
    for none; ``pool`` are the rows that may be drawn, all but the validation's if None. For a discriminant head:
    ``total`` is the mean and covariance of all images, annotated or not; None takes those of the training. ``fitted``
    are the buffers of a head that was fitted to the same training; then fitting is skipped.

    If torch.distributed is initialized, every worker builds the same learner and takes its share of each batch. After
    each step all workers hold the same head, as if one worker had processed the whole batch (except for dropout, which
    each worker draws itself). Randomness depends only on seed and epoch, so a resumed training repeats the same epochs.
    """

    measure = MEANRANK

    def __init__(
        self,
        vectors: np.ndarray,
        training: np.ndarray,
        validation: np.ndarray,
        recipe: Recipe,
        seed: int = 0,
        groups: np.ndarray | None = None,
        pool: np.ndarray | None = None,
        total: Covariance | None = None,
        fitted: Mapping[str, torch.Tensor] | None = None,
    ) -> None:
        self.recipe, self.seed, self.batch = recipe, seed, recipe.batch
        self.training = training
        self.groups = np.full(len(vectors), -1) if groups is None else groups
        self.pool = np.setdiff1d(np.arange(len(vectors)), validation) if pool is None else pool
        self.rank, self.world = rank_and_world_size()
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
        self._validation_images, places = np.unique(fill_missing_negatives(validation)[0], return_inverse=True)
        self._validation = np.where(validation < 0, -1, places.reshape(validation.shape))

    def validate(self) -> np.ndarray:
        """The rank of the positive in each validation annotation, float64 (v,)."""
        embedding = embed(self.head.transform, self.inputs[self._validation_images])
        return ranks(embedding, self._validation, self.recipe.distance)

    def state(self) -> dict[str, Any]:
        """Returns what ``restore`` needs to resume the training."""
        return {"head": self.head.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Resumes from the ``state`` of a learner built with the same arguments."""
        self.head.load_state_dict(state["head"])
        self.inputs = self.head.prepared(self.vectors)
        self.optimizer.load_state_dict(state["optimizer"])

    def tensors(self) -> dict[str, torch.Tensor]:
        """Returns the tensors that a model of this head stores, on the CPU."""
        return {name: tensor.detach().cpu().clone() for name, tensor in self.head.state_dict().items()}

    def _prepare(self, items: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return with_mined(items, self.recipe, self._mine_negatives, rng)

    def _mine_negatives(self, judged: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Mines negatives for each annotation by the current embedding, int (n, mined)."""
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
        """Runs one step on this worker's share of a batch, int (b, 1 + 1 + k); returns its share of the loss."""
        rank_share = judged[self.rank :: self.world]
        share, present = fill_missing_negatives(rank_share)
        images, places = np.unique(share, return_inverse=True)
        embedding = self.model(self.inputs[images])
        # a small batch may leave this worker no annotations; their sum is 0, and it must still take part
        loss = self._loss_of(embedding, places.reshape(share.shape), present) if len(share) else embedding.sum()
        # Workers' gradients are averaged. This weight turns the average into the gradient of the whole batch.
        weight = 1.0
        if self.recipe.reduction != "sum":
            weight = count_terms(rank_share, self.recipe) / max(count_terms(judged, self.recipe), 1)
        loss = loss * (weight * self.world)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _loss_of(self, embedding: torch.Tensor, judged: np.ndarray, present: np.ndarray) -> torch.Tensor:
        """Returns the loss of annotations, int (b, 1 + 1 + k): rows of ``embedding``.

        ``present``, bool (b, k), says which negatives are not missing.
        """
        distances = self._distances(embedding, judged)
        to_positive, to_negatives = distances[:, :1], distances[:, 1:]
        if self.recipe.swap:
            to_negatives = torch.minimum(to_negatives, self._distances(embedding, judged[:, 1:]))
        # The loss takes embeddings, so distances become points on a line with the anchor at 0.
        mask = None if present.all() else torch.from_numpy(present).to(to_negatives.device)
        return self.loss(torch.zeros_like(to_positive), to_positive, to_negatives.unsqueeze(2), present=mask)

    def _distances(self, embedding: torch.Tensor, judged: np.ndarray) -> torch.Tensor:
        """Returns the distances from the first of each row to the others, (b, c)."""
        anchors = np.repeat(judged[:, 0], judged.shape[1] - 1)
        pairs = np.stack([anchors, judged[:, 1:].ravel()], axis=1)
        return pair_distances(embedding, pairs, self.recipe.distance).view(len(judged), -1)
