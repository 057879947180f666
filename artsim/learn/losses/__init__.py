"""The training losses on embeddings, one per file."""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor

from artsim.learn.losses.contrastive import contrastive, contrastive_candidates
from artsim.learn.losses.listwise import listwise_softmax
from artsim.learn.losses.triplet import compound_triplet
from artsim.learn.recipe import Recipe

__all__ = ["Loss", "compound_triplet", "contrastive", "contrastive_candidates", "listwise_softmax", "make_loss"]

# anchor (b, d), positive (b, d), negatives (b, k, d), present=None or bool (b, k) -> scalar
Loss = Callable[..., Tensor]


def make_loss(recipe: Recipe) -> Loss:
    """Returns the loss that a recipe specifies. It can be pickled."""
    settings: dict[str, Any] = {"distance": recipe.distance, "reduction": recipe.reduction}
    if recipe.loss == "listwise":
        return partial(listwise_softmax, temperature=recipe.temperature, **settings)
    settings |= {"margin": recipe.margin, "intra_margin": recipe.intra_margin}
    if recipe.loss == "contrastive":
        return partial(contrastive_candidates, **settings)
    return partial(compound_triplet, swap=recipe.swap, **settings)
