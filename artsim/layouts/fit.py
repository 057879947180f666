"""The fit of a map: the artworks that made it, their vectors and positions. Other artworks are placed by it."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from artsim.archive import Archive, UserError
from artsim.layouts.placing import place
from artsim.metrics.vectors import unit_length
from artsim.space.features import Pca, Space

_FILE = "_fit.npz"


@dataclass(frozen=True)
class Reduction:
    """Maps vectors of a space to those that a map is made from; ``metric`` compares these.

    Cosine distances become euclidean ones between vectors of length 1, so that a PCA keeps them.
    """

    unit: bool
    pca: Pca | None
    metric: str

    @classmethod
    def fit(cls, vectors: np.ndarray, components: int, metric: str, seed: int) -> "Reduction":
        """Fits a PCA to float32 (n, d) if d is more than ``components`` and the metric allows it."""
        from sklearn.decomposition import PCA

        unit, pca = metric == "cosine", None
        count = min(components, len(vectors) - 1)
        if 0 < count < vectors.shape[1] and metric in ("cosine", "euclidean", "sqeuclidean"):
            fitted = PCA(count, random_state=seed).fit(unit_length(vectors) if unit else vectors)
            pca = Pca(fitted.mean_.astype(np.float32), np.ascontiguousarray(fitted.components_.T, np.float32))
        return cls(unit, pca, "euclidean" if unit else metric)

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Maps float32 (n, d) to float32 (n, c)."""
        vectors = unit_length(vectors) if self.unit else vectors
        return vectors if self.pca is None else self.pca(vectors)


@dataclass(frozen=True)
class FittedMap:
    """What made a map: reduced vectors, float32 (n, c), their positions, float32 (n, 2), and how to get there."""

    specs: Sequence[str]
    pcas: Sequence[Pca | None]  # one for each spec
    reduction: Reduction
    vectors: np.ndarray
    positions: np.ndarray

    def space(self, archive: Archive, without: frozenset[str] = frozenset()) -> Space:
        """Returns the space whose vectors this fit reduces, except those of the ids ``without``."""
        return Space(archive, self.specs, pcas=self.pcas, without=without)

    def place(self, vectors: np.ndarray) -> np.ndarray:
        """Places vectors of the space, float32 (q, d), by their nearest fitted ones: float32 (q, 2)."""
        return place(self.reduction(vectors), self.vectors, self.positions, self.reduction.metric)

    def save(self, archive: Archive, table: str) -> None:
        """Writes the fit beside the partitions of a table."""
        about = {"specs": list(self.specs), "unit": self.reduction.unit, "metric": self.reduction.metric}
        arrays: dict[str, Any] = {
            "vectors": self.vectors,
            "positions": self.positions,
            "about": np.array(json.dumps(about)),
        }
        for name, pca in [*enumerate(self.pcas), ("reduction", self.reduction.pca)]:
            if pca is not None:
                arrays |= {f"{name}.mean": pca.mean, f"{name}.matrix": pca.matrix}
        with archive.store.replace(f"{table}/{_FILE}") as draft, Path(draft).open("wb") as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, archive: Archive, table: str) -> "FittedMap":
        """Reads the fit of a table. Raises ``UserError`` if its file is missing or damaged."""
        path = f"{table}/{_FILE}"
        try:
            with archive.store.open_input(path) as source:
                arrays = dict(np.load(io.BytesIO(source.read()), allow_pickle=False))
            about = json.loads(str(arrays["about"]))
            pcas = [_pca(arrays, str(index)) for index in range(len(about["specs"]))]
            reduction = Reduction(about["unit"], _pca(arrays, "reduction"), about["metric"])
            return cls(about["specs"], pcas, reduction, arrays["vectors"], arrays["positions"])
        except (FileNotFoundError, KeyError, TypeError, ValueError, EOFError, BadZipFile) as error:
            raise UserError(
                f"{archive.store.address(path)}: missing or damaged; restore it from a copy, "
                "or make the map anew with `refit`"
            ) from error


def _pca(arrays: Mapping[str, Any], name: str) -> Pca | None:
    return Pca(arrays[f"{name}.mean"], arrays[f"{name}.matrix"]) if f"{name}.mean" in arrays else None
