"""The vectors that are clustered: features of an archive, scaled, reduced, and streamed partition by partition."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from artsim.archive import Archive, UserError
from artsim.space.features import Space, check_learnable
from artsim.space.reduction import Reduction, fit_reduction, load_arrays, pca_arrays, pca_from, save_arrays

_log = logging.getLogger(__name__)

COLUMNS = 30  # above this number of columns, fast_hdbscan's tree is approximate
_FIT_ROWS = 20_000  # vectors that a PCA is fitted on
_UMAP_ROWS = 50_000  # vectors that UMAP is fitted on; the others are placed among them


@dataclass(frozen=True)
class Vectors:
    """Ids, object (n,), and the vectors that are clustered, float32 (n, c).

    ``parts`` are shard, partition and number of rows of each partition, in the order of the rows. ``raw`` are the
    vectors before the reduction, if they were asked for. ``notes`` say what was reduced.
    """

    ids: np.ndarray
    parts: list[tuple[int, str, int]]
    values: np.ndarray
    raw: np.ndarray | None
    reduction: Reduction
    notes: list[str]


def load(
    space: Space,
    *,
    unit: bool,
    pca: int | None,
    umap: int | None,
    public_only: bool,
    only: set[str] | None,
    keep_raw: bool,
) -> Vectors:
    """Returns the vectors of an archive, or of the ids in ``only``, reduced by PCA or UMAP.

    ``pca`` None reduces to 30 components if there are more columns and no ``umap``; 0 does not reduce. Raises
    ``UserError`` if fewer than three artworks have a vector or all vectors are the same.
    """
    scale = Reduction(unit)
    if only is None:
        sample = scale(space.sample(_FIT_ROWS, space.seed)[1])
    else:
        blocks = [rows for *_, rows in read(space, scale, public_only=public_only, only=only)]
        sample = np.concatenate(blocks)[:_FIT_ROWS] if blocks else np.empty((0, 0), np.float32)
    if len(sample) < 3:
        raise UserError(f"`features` {space.title}: {len(sample)} vectors are too few to cluster")
    check_learnable(sample, space.title)
    components = pca if pca is not None else (COLUMNS if umap is None else 0)
    notes, reduction = [], scale
    if components and sample.shape[1] > components:
        reduction, share = fit_reduction(sample, min(components, *sample.shape), unit=unit, seed=space.seed)
        notes.append(f"PCA from {sample.shape[1]} to {components} columns keeps {share:.0%} of the variance")
    ids, parts, values, raw = [], [], [], []
    for shard, part, names, rows in read(space, scale, public_only=public_only, only=only):
        ids.append(names)
        parts.append((shard, part, len(names)))
        values.append(rows if reduction.pca is None else np.ascontiguousarray(reduction.pca(rows), np.float32))
        if keep_raw:
            raw.append(rows)
    if sum(map(len, ids)) < 3:
        raise UserError(f"`features` {space.title}: {sum(map(len, ids))} vectors are too few to cluster")
    matrix = np.concatenate(values)
    if umap:
        matrix, note = _umap(matrix, umap, space.seed)
        notes.append(note)
    for note in notes:
        _log.info("%s", note)
    return Vectors(np.concatenate(ids), parts, matrix, np.concatenate(raw) if keep_raw else None, reduction, notes)


def read(
    space: Space, reduction: Reduction, *, public_only: bool, only: set[str] | None = None
) -> Iterator[tuple[int, str, np.ndarray, np.ndarray]]:
    """Yields shard, partition, ids and prepared vectors of each partition that has any."""
    for shard, part in space.parts():
        for ids, rows in space.blocks(public_only=public_only, parts=[(shard, part)]):
            keep = np.ones(len(ids), bool) if only is None else np.array([image_id in only for image_id in ids], bool)
            if keep.any():
                yield shard, part, ids[keep], reduction(rows[keep])


def _umap(vectors: np.ndarray, dimensions: int, seed: int) -> tuple[np.ndarray, str]:
    from umap import UMAP

    if dimensions >= min(vectors.shape):
        raise UserError(f"`umap` {dimensions}: must be less than the {min(vectors.shape)} columns or rows")
    rows = np.random.default_rng(seed).permutation(len(vectors))[:_UMAP_ROWS]
    model = UMAP(n_components=dimensions, n_neighbors=min(30, len(rows) - 1), min_dist=0.0, random_state=seed, n_jobs=1)
    note = f"UMAP from {vectors.shape[1]} to {dimensions} columns; with a seed it uses one core"
    if len(rows) == len(vectors):
        return np.ascontiguousarray(model.fit_transform(vectors), np.float32), note
    model.fit(vectors[rows])
    placed = np.concatenate(
        [model.transform(vectors[start:][:_UMAP_ROWS]) for start in range(0, len(vectors), _UMAP_ROWS)]
    )
    return np.ascontiguousarray(placed, np.float32), f"{note}; fitted on {len(rows):,} artworks"


def save(archive: Archive, path: str, space: Space, reduction: Reduction) -> None:
    """Stores the fitted PCAs, so that later artworks get into the same space."""
    pcas = {**{str(index): pca for index, pca in enumerate(space.pcas)}, "all": reduction.pca}
    save_arrays(archive, path, {"unit": np.array(reduction.unit), **pca_arrays(pcas)})


def restore(
    archive: Archive, path: str, specs: list[str], seed: int, without: frozenset[str] = frozenset()
) -> tuple[Space, Reduction]:
    """Returns the space, without some ids, and the reduction that ``save`` stored.

    Raises ``UserError`` if the file is missing or damaged.
    """
    arrays = load_arrays(archive, path, "run the same command with `again`")
    pcas = [pca_from(arrays, str(index)) for index in range(len(specs))]
    reduction = Reduction(bool(arrays["unit"]), pca_from(arrays, "all"))
    return Space(archive, specs, seed, pcas=pcas, without=without), reduction
