"""A backbone as a learner: its weights, the pixels of its images, and its fields of the model's card."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import torch

from artsim.archive import Archive, UserError
from artsim.encoders.backbone import BackboneEncoder, card_of
from artsim.extract.pixel_cache import pixels_of
from artsim.extract.plan import Plan, make_plans
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.backbones.trainer import BackboneTrainer
from artsim.space.features import Space
from artsim.vision.backbones import parse_feature


class BackboneLearner:
    """A backbone, or one of its levels, to fine-tune.

    ``weights`` is the folder to load weights from, None for their default source. ``resolution`` is the side of the
    images in pixels, None for the network's own. ``kept`` is ignored, because nothing is fitted before the training.
    Raises a user error if the network can't be loaded or does not accept images of this size.
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
        self.plan = plan_for(backbone, weights, resolution)

    def kept_tensors(self) -> dict[str, torch.Tensor]:
        """Returns the tensors that a model stores beside the network: none."""
        return {}

    def usable(self, ids: Iterable[str]) -> set[str]:
        """Returns the ids that have a readable image."""
        image_ids = list(ids)
        slots = pixels_of(self.archive, image_ids, self.plan.input)[1]
        return {image_id for image_id, slot in zip(image_ids, slots.tolist(), strict=True) if slot >= 0}

    def untrained_vectors(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the untrained network's vectors, float32 (n, d), from the archive if the same network wrote them."""
        name = self.plan.features[0].name
        description = self.archive.read_json(f"features/{name}/_about.json") or {}
        size = dict(description.get("input") or {}).get("size")
        is_same_network = description.get("weights_hash") == self.plan.weights_hash and size == self.plan.input.size
        if is_same_network:
            with suppress(UserError):  # some of them are missing
                return Space(self.archive, [name]).find(ids)
        return BackboneEncoder(self.plan, self.archive).find(ids)

    def shared_data(self, ids: Sequence[str], recipe: Any, seed: int) -> Any:
        """Puts the weights into the object store once for all workers; returns them with the archive and the ids."""
        import ray

        return [ray.put(self.plan)], self.archive, ids

    def trainer(
        self,
        shared: Any,
        training: np.ndarray,
        validation: np.ndarray,
        recipe: FinetuneRecipe,
        seed: int,
        groups: np.ndarray,
        pool: np.ndarray,
    ) -> Callable[[], BackboneTrainer]:
        """Returns a function that builds the ``BackboneTrainer`` on a worker."""
        return partial(_make, *shared, training, validation, recipe, seed, groups, pool)

    def card(self) -> dict[str, Any]:
        """Returns the model's kind, its inputs and the description of its network."""
        return card_of(self.plan)


def plan_for(backbone: str, weights: str | None, resolution: int | None) -> Plan:
    """Returns the extraction plan of a backbone, or of one of its levels. See BackboneLearner for the arguments."""
    try:
        return make_plans([parse_feature(f"{backbone}+{resolution}" if resolution else backbone)], weights)[0]
    except UserError as error:
        raise UserError(str(error).replace("`backbones`", "`finetune`")) from error


def _make(plan: list[Any], archive: Archive, ids: Sequence[str], *arguments: Any) -> BackboneTrainer:
    import ray

    extraction_plan = ray.get(plan[0])
    squares, slots = pixels_of(archive, ids, extraction_plan.input)
    if (slots < 0).any():
        raise UserError(
            f"{ids[int(np.argmin(slots))]}: its image can no longer be read; it was readable when the training started"
        )
    return BackboneTrainer(extraction_plan, squares, slots, *arguments)
