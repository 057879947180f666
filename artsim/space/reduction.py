"""Vectors scaled to unit length and reduced by PCA, and fitted PCAs in files, so that later artworks fit in."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from artsim.archive import Archive, UserError
from artsim.metrics.vectors import unit_length
from artsim.space.features import Pca, fit_pca


@dataclass(frozen=True)
class Reduction:
    """Scales vectors to length 1 if ``unit``, then projects them by ``pca``.

    Between vectors of length 1, cosine distances order as euclidean ones, which a PCA keeps.
    """

    unit: bool
    pca: Pca | None = None

    def __call__(self, vectors: np.ndarray) -> np.ndarray:
        """Maps vectors (n, d) to float32 (n, c)."""
        vectors = unit_length(vectors) if self.unit else vectors
        return np.ascontiguousarray(vectors if self.pca is None else self.pca(vectors), np.float32)


def fit_reduction(vectors: np.ndarray, components: int, *, unit: bool, seed: int) -> tuple[Reduction, float]:
    """Fits a PCA to vectors (n, d); returns the reduction and the share of the variance that it keeps."""
    scaled = Reduction(unit)(vectors)
    pca = fit_pca(scaled, components, seed)
    share = pca(scaled).var(axis=0, dtype=np.float64).sum() / scaled.var(axis=0, dtype=np.float64).sum()
    return Reduction(unit, pca), float(share)


def pca_arrays(pcas: Mapping[str, Pca | None]) -> dict[str, np.ndarray]:
    """Returns the arrays of fitted PCAs, to store them by name."""
    fitted = {name: pca for name, pca in pcas.items() if pca is not None}
    means = {f"{name}.mean": pca.mean for name, pca in fitted.items()}
    return means | {f"{name}.matrix": pca.matrix for name, pca in fitted.items()}


def pca_from(arrays: Mapping[str, np.ndarray], name: str) -> Pca | None:
    """Returns a PCA of ``pca_arrays``; None if there is none of this name."""
    return Pca(arrays[f"{name}.mean"], arrays[f"{name}.matrix"]) if f"{name}.mean" in arrays else None


def save_arrays(archive: Archive, path: str, arrays: Mapping[str, Any]) -> None:
    """Replaces a file of the archive by one with these arrays (``.npz``)."""
    with archive.store.replace(path) as draft, Path(draft).open("wb") as file:
        np.savez(file, **arrays)


def load_arrays(archive: Archive, path: str, remedy: str) -> dict[str, np.ndarray]:
    """Reads a file of ``save_arrays``. Raises ``UserError``, ending with ``remedy``, if it is missing or damaged."""
    try:
        with archive.store.open_input(path) as source, np.load(io.BytesIO(source.read()), allow_pickle=False) as file:
            return dict(file)
    except (FileNotFoundError, ValueError, EOFError, BadZipFile) as error:
        raise UserError(f"{archive.store.address(path)}: missing or damaged; {remedy}") from error
