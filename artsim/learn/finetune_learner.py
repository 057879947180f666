"""What a training needs to know of a backbone: its weights, its images' pixels, and what the model's card says."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import torch

from artsim.archive import Archive, Mistake
from artsim.features import Space
from artsim.learn.finetune import BackboneTrainee
from artsim.learn.finetune_encoder import BackboneEncoder, card_of
from artsim.learn.finetune_recipe import FinetuneRecipe
from artsim.learn.pixels import pixels_of
from artsim.vision.backbones import parse_feature
from artsim.vision.plan import Plan, make_plans


class BackboneLearner:
    """A backbone, or one of its levels, to be fine-tuned.

    ``weights`` is the folder that they are to be taken from, None for where they are by themselves; ``resolution``, in
    pixels, the side of its images, None for its own. ``kept`` is of no use here: nothing is fitted before the training.
    Mistake if the network can't be had, or does not see images of this size.
    """

    def __init__(
        self,
        archive: Archive,
        backbone: str,
        weights: str | None,
        resolution: int | None,
        kept: dict[str, torch.Tensor] | None,
    ) -> None:
        self.archive = archive
        self.plan = _plan(backbone, weights, resolution)

    def kept(self) -> dict[str, torch.Tensor]:
        """What a model keeps beside the network: nothing."""
        return {}

    def usable(self, ids: Iterable[str]) -> set[str]:
        """Those of the ids that have an image that can be read."""
        wanted = list(ids)
        slots = pixels_of(self.archive, wanted, self.plan.input)[1]
        return {one for one, slot in zip(wanted, slots.tolist(), strict=True) if slot >= 0}

    def before(self, ids: Sequence[str]) -> np.ndarray:
        """The untrained backbone's vectors, float32 (n, d): those of the archive if they are of the same network."""
        name = self.plan.features[0].name
        about = self.archive.read_json(f"features/{name}/_about.json") or {}
        size = dict(about.get("input") or {}).get("size")
        same = about.get("weights_hash") == self.plan.weights_hash and size == self.plan.input.size
        if same:
            with suppress(Mistake):  # not all of them are there
                return Space(self.archive, [name]).find(ids)
        return BackboneEncoder(self.plan, self.archive).find(ids)

    def share(self, ids: Sequence[str], recipe: Any, seed: int) -> Any:
        """The weights, which go to the workers once, through the object store; and whose pixels they need."""
        import ray

        return [ray.put(self.plan)], self.archive, ids

    def trainee(
        self,
        shared: Any,
        training: np.ndarray,
        validation: np.ndarray,
        recipe: FinetuneRecipe,
        seed: int,
        groups: np.ndarray,
        pool: np.ndarray,
    ) -> Callable[[], BackboneTrainee]:
        """What makes the trainee on each worker."""
        return partial(_make, *shared, training, validation, recipe, seed, groups, pool)

    def card(self) -> dict[str, Any]:
        """The model's kind and inputs, and what its network is."""
        return card_of(self.plan)


def _plan(backbone: str, weights: str | None, resolution: int | None) -> Plan:
    try:
        return make_plans([parse_feature(f"{backbone}+{resolution}" if resolution else backbone)], weights)[0]
    except Mistake as mistake:
        raise Mistake(str(mistake).replace("--backbones", "--finetune")) from mistake


def _make(plan: list[Any], archive: Archive, ids: Sequence[str], *rest: Any) -> BackboneTrainee:
    import ray

    fetched = ray.get(plan[0])
    squares, slots = pixels_of(archive, ids, fetched.input)
    if (slots < 0).any():
        raise Mistake(f"{ids[int(np.argmin(slots))]}: its image was there at the start and can't be read any more")
    return BackboneTrainee(fetched, squares, slots, *rest)
