"""The learner for heads: the space of stored features, its vectors, and the entries of the model's card."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from artsim.archive import Archive, Table
from artsim.encoders.discriminant import Covariance, mean_and_covariance
from artsim.encoders.model import about_feature, pca_tensors, pcas_of
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.recipe import Recipe
from artsim.space.features import Space

_SAMPLE = 20_000  # vectors sampled for the archive's covariance, as for a PCA


class HeadLearner:
    """A head on one feature or several stacked; ``kept`` holds the tensors of a resumed run, else None."""

    def __init__(
        self, archive: Archive, specs: Sequence[str], whiten: bool, seed: int, kept: dict[str, torch.Tensor] | None
    ) -> None:
        pcas = None if kept is None else pcas_of(kept, len(specs))
        self.space = Space(archive, specs, seed, whiten=whiten, pcas=pcas)
        self.specs = list(specs)

    def kept_tensors(self) -> dict[str, torch.Tensor]:
        """Returns the PCAs, which a model keeps besides its head."""
        return pca_tensors(self.space)

    def usable(self, ids: Iterable[str]) -> set[str]:
        """Returns the ids for which every feature has a finite vector."""
        usable_ids = set(ids)
        for table in self.space.tables:
            rows = table.find(sorted(usable_ids), ["id", "vector"])
            if rows is None:
                return set()
            rows = rows.filter(rows["vector"].is_valid())
            vectors = rows["vector"].combine_chunks()
            finite = np.isfinite(vectors.flatten().to_numpy().reshape(len(vectors), -1)).all(1)
            usable_ids = {
                image_id for image_id, is_finite in zip(rows["id"].to_pylist(), finite, strict=True) if is_finite
            }
        return usable_ids

    def untrained_vectors(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the vectors before training, float32 (n, d)."""
        return self.space.find(ids)

    def shared_data(self, ids: Sequence[str], recipe: Recipe, seed: int) -> list[Any]:
        """Returns a reference to the vectors of ``ids`` and, for a discriminant, the covariance of all vectors.

        They go to the workers once, through the object store. Passed as an argument, they would stay in Ray 2.60 after
        a driver is killed, until there is room for nothing else.
        """
        import ray

        total = covariance_of(self.space, seed) if recipe.head == "discriminant" else None
        return [ray.put((self.space.find(ids), total))]

    def trainer(
        self,
        shared: list[Any],
        training: np.ndarray,
        validation: np.ndarray,
        recipe: Recipe,
        seed: int,
        groups: np.ndarray,
        pool: np.ndarray,
    ) -> Callable[[], HeadTrainer]:
        """Returns a function that makes the ``Trainer`` on each worker."""
        arguments = {"recipe": recipe, "seed": seed, "groups": groups, "pool": pool}
        return partial(_make, shared, training=training, validation=validation, **arguments)

    def card(self) -> dict[str, Any]:
        """Returns the model's kind and inputs for its card."""
        inputs, space = [], self.space
        for feature, spec, table, pca in zip(self.specs, space.specs, space.tables, space.pcas, strict=True):
            length = _length(table) if pca is None else pca.matrix.shape[1]
            inputs.append({"features": feature, "dimension": length, "about": about_feature(space.archive, spec.name)})
        return {"kind": "head", "inputs": inputs}


def _make(shared: list[Any], **arguments: Any) -> HeadTrainer:
    import ray

    torch.set_num_threads(1)  # steps are so short that threads would mostly wait for each other
    vectors, total = ray.get(shared[0])
    return HeadTrainer(vectors, total=total, **arguments)


def covariance_of(space: Space, seed: int) -> Covariance:
    """Returns the mean and covariance of a seeded sample of the archive's vectors."""
    return mean_and_covariance(space.sample(_SAMPLE, seed)[1])


def _length(table: Table) -> int:
    shard, partition = next((shard, partition) for shard in range(table.shards) for partition in table.parts(shard))
    return table.read(shard, partition, ["vector"]).schema.field("vector").type.list_size
