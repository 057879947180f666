"""Compares artworks with candidates of the reference: as whole images, then by the parts that match."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import numpy as np

from artsim.archive import Archive
from artsim.duplicates.checking import agreements
from artsim.duplicates.squares import Squares
from artsim.identify.regions import region_agreement
from artsim.matching.archive_matches import ArchiveMatcher, need_describer
from artsim.pictures.small_images import decoded
from artsim.pictures.thumbnails import SIDE, thumbnail_jpegs
from artsim.vision.patches import DEFAULT, PatchDescriber


@dataclass(frozen=True)
class Evidence:
    """What the comparisons of n artworks with c candidates measured, each of shape (n, c).

    ``scores``, float64, are the agreements: correlations of details, 0 to 1; NaN where there is no candidate.
    ``patches``, int64, are the numbers of matching patches; -1 where the whole images were compared only.
    ``by_parts``, bool, is true where the parts agree better than the whole images. ``readable``, bool (n,), says which
    artworks have an image that can be read.
    """

    scores: np.ndarray
    patches: np.ndarray
    by_parts: np.ndarray
    readable: np.ndarray


def need_network(backbone: str | None) -> PatchDescriber:
    """Returns the network for ``Comparer``, on the CPU: many workers would not fit on a GPU.

    Raises ``UserError`` if there is no such backbone, or its weights are missing.
    """
    return need_describer(backbone or DEFAULT, "cpu")


class Comparer:
    """Compares artworks of ``archive`` with artworks of ``reference``, whose ids are ``reference_ids``, object (m,).

    ``enough`` is the agreement of whole images from which on an artwork's parts are not compared. ``network``
    describes patches; None compares whole images only. ``file`` keeps small copies of the reference.
    """

    def __init__(
        self,
        archive: Archive,
        reference: Archive,
        reference_ids: np.ndarray,
        file: IO[bytes],
        *,
        enough: float,
        network: PatchDescriber | None,
    ) -> None:
        self._archive, self._reference = archive, reference
        self._reference_ids = reference_ids
        self._squares = Squares(reference, reference_ids, file)
        self._enough = enough
        self._matchers = [ArchiveMatcher(source, network) for source in (archive, reference)] if network else None

    def __call__(self, ids: np.ndarray, candidates: np.ndarray) -> Evidence:
        """Compares artworks, object (n,), with rows of the reference, int64 (n, c); -1 stands for no candidate."""
        rows, columns = np.nonzero(candidates >= 0)
        pairs = np.column_stack([candidates[rows, columns], rows])
        scores = np.where(candidates >= 0, 0.0, np.nan)
        patches = np.full(candidates.shape, -1)
        by_parts = np.zeros(candidates.shape, bool)
        with tempfile.TemporaryFile() as file:
            own = Squares(self._archive, ids, file)
            own.load(np.arange(len(ids)))
            self._squares.load(pairs[:, 0])
            scores[rows, columns] = agreements(self._squares, own, pairs)
        readable = own.aspect > 0
        has_candidates = (candidates >= 0).any(axis=1)
        best = np.fmax.reduce(scores, axis=1, initial=0.0)
        unsure = np.flatnonzero(readable & has_candidates & (best < self._enough))
        for row in unsure.tolist() if self._matchers else ():
            places = np.flatnonzero(candidates[row] >= 0)
            by_place = self._parts(str(ids[row]), self._reference_ids[candidates[row, places]].tolist())
            for place, (count, score) in zip(places.tolist(), by_place, strict=True):
                patches[row, place] = count
                by_parts[row, place] = score > scores[row, place]
                scores[row, place] = max(score, scores[row, place])
        return Evidence(scores, patches, by_parts, readable)

    def _parts(self, identifier: str, ids: Sequence[str]) -> list[tuple[int, float]]:
        """Returns the number of matching patches and the agreement of the matching parts for each candidate."""
        assert self._matchers is not None
        query = self._matchers[0].of_readable(identifier)
        if query is None:  # its thumbnail can be read, but its image was replaced since
            return [(-1, 0.0)] * len(ids)
        matches = self._matchers[1].matches(query, ids)
        image = decoded(thumbnail_jpegs(self._archive, [identifier])[identifier], SIDE)
        jpegs = thumbnail_jpegs(self._reference, [other for other, match in zip(ids, matches, strict=True) if match])
        out = []
        for other, match in zip(ids, matches, strict=True):
            if match is None or other not in jpegs or not len(match.similarity):
                out.append((0 if match else -1, 0.0))
                continue
            score = region_agreement(image, decoded(jpegs[other], SIDE), match)
            out.append((len(match.similarity), score))
        return out
