"""The fit of a map: the artworks that made it, their vectors and positions. Other artworks are placed by it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from artsim.archive import Archive
from artsim.layouts.placing import place
from artsim.space.features import Pca, Space
from artsim.space.reduction import Reduction, load_arrays, pca_arrays, pca_from, save_arrays

_FILE = "_fit.npz"


@dataclass(frozen=True)
class FittedMap:
    """What made a map: reduced vectors, float32 (n, c), their positions, float32 (n, 2), and how to get there."""

    specs: Sequence[str]
    pcas: Sequence[Pca | None]  # one for each spec
    reduction: Reduction
    metric: str  # compares reduced vectors
    vectors: np.ndarray
    positions: np.ndarray

    def space(self, archive: Archive, without: frozenset[str] = frozenset()) -> Space:
        """Returns the space whose vectors this fit reduces, except those of the ids ``without``."""
        return Space(archive, self.specs, pcas=self.pcas, without=without)

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Places vectors of the space, float32 (q, d), by their nearest fitted ones: float32 (q, 2)."""
        return place(self.reduction(vectors), self.vectors, self.positions, self.metric)

    def save(self, archive: Archive, table: str) -> None:
        """Writes the fit beside the partitions of a table."""
        about = {"specs": list(self.specs), "unit": self.reduction.unit, "metric": self.metric}
        pcas = {**{str(index): pca for index, pca in enumerate(self.pcas)}, "reduction": self.reduction.pca}
        arrays = {"vectors": self.vectors, "positions": self.positions, "about": np.array(json.dumps(about))}
        save_arrays(archive, f"{table}/{_FILE}", arrays | pca_arrays(pcas))

    @classmethod
    def load(cls, archive: Archive, table: str) -> "FittedMap":
        """Reads the fit of a table. Raises ``UserError`` if its file is missing or damaged."""
        arrays = load_arrays(archive, f"{table}/{_FILE}", "restore it from a copy, or rebuild the map with `refit`")
        about = json.loads(str(arrays["about"]))
        pcas = [pca_from(arrays, str(index)) for index in range(len(about["specs"]))]
        reduction = Reduction(about["unit"], pca_from(arrays, "reduction"))
        return cls(about["specs"], pcas, reduction, about["metric"], arrays["vectors"], arrays["positions"])
