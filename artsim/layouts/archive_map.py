"""Makes a map of an archive, ``layouts/<name>``, or adds new artworks to it, and exports it."""

import logging
from dataclasses import dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.annotations.known_groups import check_source, known_groups
from artsim.archive import LAYOUT, Archive, UserError, duplicate_ids, public_ids
from artsim.archive.valid_name import check_name
from artsim.encoders.model import about_feature
from artsim.layouts.export import check_exports, export
from artsim.layouts.fit import FittedMap
from artsim.layouts.grid import grid, nearest_free
from artsim.layouts.methods import coordinates
from artsim.layouts.options import GRID, MapOptions
from artsim.metrics.layout import knn_recall, trustworthiness
from artsim.space.exact import BY_PRODUCT
from artsim.space.features import Block, Space, check_learnable
from artsim.space.reduction import Reduction, fit_reduction
from artsim.space.sample import sample
from artsim.space.search import check_query
from artsim.vision.recommended import recommended_features

_PART = "map"  # the one partition of each shard
_SCORED = 3_000  # fitted artworks that the scores are computed on
_K = 10  # neighbors that the scores compare
_PACKAGES = {
    "umap": "umap-learn",
    GRID: "umap-learn",
    "tsne": "openTSNE",
    "pca": "scikit-learn",
    "pacmap": "pacmap",
    "localmap": "pacmap",
}
_SETTINGS = ("method", "pca", "metric", "neighbors", "min_dist", "by", "sample", "seed", "rights", "without_duplicates")

_log = logging.getLogger(__name__)


def map_archive(archive: Archive, options: MapOptions) -> dict[str, Any]:
    """Makes the map, or places new artworks on it and removes deleted ones; returns the report fields.

    Nobody's position changes unless ``refit``. Raises ``UserError`` if a map of this name was made from other features
    or settings, or another run is writing it.
    """
    check_query(1, options.metric)
    check_exports(options.export or ())
    if options.by is not None:
        check_source(options.by, "by")
    name = options.name or _default_name(archive, options)
    check_name(name)
    table = f"layouts/{name}"
    with archive.lock(table):
        about = archive.read_json(f"{table}/_about.json", {"settings": dict, "scores": dict, "fitted": int})
        if about is None or options.refit:
            report = _make(archive, table, options)
        else:
            report = _update(archive, table, about, options)
        files = export(archive, table, FittedMap.load(archive, table), options.export or ())
    return {"table": table, **report, **({"files": files} if files else {})}


def _default_name(archive: Archive, options: MapOptions) -> str:
    name = "recommended" if options.features is None else Space(archive, options.features).plain_name
    return f"{name}-{options.method}{f'-by-{options.by}' if options.by else ''}"


def _reduction(vectors: np.ndarray, options: MapOptions) -> Reduction:
    """Returns a PCA of `pca` components if the vectors are longer and the metric allows it."""
    unit, count = options.metric == "cosine", min(options.pca, len(vectors) - 1)
    if 0 < count < vectors.shape[1] and options.metric in BY_PRODUCT:
        return fit_reduction(vectors, count, unit=unit, seed=options.seed)[0]
    return Reduction(unit)


def _labels(archive: Archive, ids: np.ndarray, by: str | None) -> np.ndarray | None:
    """Returns the known group of each id, int64 (n,), -1 if unknown; None if ``by`` is None.

    Raises ``UserError`` if there are fewer than two groups.
    """
    if by is None:
        return None
    groups = known_groups(archive, ids, by)
    count = int(groups.max(initial=-1)) + 1
    if count < 2:
        raise UserError(f"`by` {by}: the artworks have {count} different values; the map needs two or more")
    return groups


def _settings(archive: Archive, specs: list[str], options: MapOptions) -> dict[str, Any]:
    """Returns what a map depends on, besides the artworks."""
    given = None if options.features is None else list(options.features)
    names = [spec.name for spec in Space(archive, specs, pcas=[None] * len(specs)).specs]
    made = {name: about_feature(archive, name) for name in names}
    return {"features": given, **{name: getattr(options, name) for name in _SETTINGS}, "made": made}


def _make(archive: Archive, table: str, options: MapOptions) -> dict[str, Any]:
    """Fits the map and replaces the table. ``_about.json``, written last, completes it."""
    specs = list(options.features or recommended_features(archive))
    settings = _settings(archive, specs, options)
    space = Space(
        archive,
        specs,
        options.seed,
        without=duplicate_ids(archive, options.without_duplicates, public_only=options.public_only),
    )
    ids, vectors = _sample(space, options)
    if len(ids) == 0:
        raise UserError(f"`features` {space.title}: there are no vectors to map; run jobs.extract")
    if len(ids) > 1:
        check_learnable(vectors, space.title)
    reduction = _reduction(vectors, options)
    metric = "euclidean" if reduction.unit else options.metric
    reduced = reduction(vectors)
    if len(ids) > 1:
        check_learnable(reduced, space.title)  # vectors of one direction are the same for cosine
    _log.info("fitting %s on %d artworks with %d numbers each", options.method, *reduced.shape)
    positions = coordinates(
        reduced,
        "umap" if options.method == GRID else options.method,
        seed=options.seed,
        metric=metric,
        neighbors=options.neighbors,
        min_dist=options.min_dist,
        labels=_labels(archive, ids, options.by),
    )
    fit = FittedMap(specs, space.pcas, reduction, metric, reduced, positions)
    ids, positions = _place_unfitted(space, fit, ids, options)
    if options.method == GRID:
        positions = grid(positions).astype(np.float32)
        fit = replace(fit, positions=positions[: len(vectors)])
    scores = _scores(vectors, fit.positions, options)
    archive.remove(table)
    fit.save(archive, table)
    shards = archive.shard_of(ids.tolist())
    for shard in range(archive.shards):
        _write(archive, table, shard, ids[shards == shard], positions[shards == shard])
    about = {
        "settings": settings,
        "features": specs,
        "fitted": len(vectors),
        "columns": int(np.ceil(np.sqrt(len(ids)))) if options.method == GRID else None,
        "scores": scores,
        "versions": {package: version(package) for package in ("numpy", _PACKAGES[options.method])},
    }
    archive.write_json(f"{table}/_about.json", about)
    return {"rows_in": len(ids), "rows_out": len(ids), "rows_failed": 0, "fitted": len(vectors), **scores}


def _sample(space: Space, options: MapOptions) -> Block:
    """Returns ids and vectors to fit the map on: a seeded sample of the archive, ordered by id."""
    rng = np.random.default_rng(options.seed)

    def read(shard: int, part: str) -> list[Block]:
        return list(space.blocks(parts=[(shard, part)], public_only=options.public_only))

    parts = sample(space.parts(), read, lambda blocks: sum(len(ids) for ids, _ in blocks), options.sample, rng)
    blocks = [block for blocks in parts for block in blocks]
    if not blocks:
        return np.empty(0, object), np.empty((0, 0), np.float32)
    ids, vectors = (np.concatenate(columns) for columns in zip(*blocks, strict=True))
    chosen = rng.permutation(len(ids))[: options.sample]
    chosen = chosen[np.argsort(ids[chosen])]
    return ids[chosen], vectors[chosen]


def _place_unfitted(
    space: Space, fit: FittedMap, ids: np.ndarray, options: MapOptions
) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids and positions of the fitted artworks and, after them, of all others, which are placed here."""
    fitted, all_ids, all_positions = set(ids), [ids], [fit.positions]
    for names, vectors in space.blocks(public_only=options.public_only):
        new = np.array([identifier not in fitted for identifier in names])
        if new.any():
            all_ids.append(names[new])
            all_positions.append(fit.place(vectors[new]))
    return np.concatenate(all_ids), np.concatenate(all_positions)


def _scores(vectors: np.ndarray, positions: np.ndarray, options: MapOptions) -> dict[str, float]:
    """Computes trustworthiness and recall on a sample of the fitted artworks; empty if there are too few."""
    rows = np.random.default_rng(options.seed).permutation(len(vectors))[:_SCORED]
    if len(rows) <= 2 * _K:
        return {}
    known = (vectors[rows], positions[rows], _K, options.metric)
    return {"trustworthiness": round(trustworthiness(*known), 4), "knn_recall_at_10": round(knn_recall(*known), 4)}


def _update(archive: Archive, table: str, about: dict[str, Any], options: MapOptions) -> dict[str, Any]:
    """Places artworks that the map lacks, and removes those that the archive no longer has."""
    _check_same(about["settings"], _settings(archive, about["features"], options), table)
    fit = FittedMap.load(archive, table)
    space = fit.space(archive, duplicate_ids(archive, options.without_duplicates, public_only=options.public_only))
    parts: list[list[str]] = [[] for _ in range(archive.shards)]
    for number, part in space.parts():
        parts[number].append(part)
    shards = [_changes(archive, table, fit, space, shard, parts[shard], options) for shard in range(archive.shards)]
    new = dict(sorted((pair for shard in shards for pair in shard.new.items()), key=lambda pair: pair[0]))
    removed = sum(shard.removed for shard in shards)
    if new and options.method == GRID:
        taken = np.concatenate([shard.positions for shard in shards]).astype(np.int64)
        cells = nearest_free(np.array(list(new.values())), taken, about["columns"]).astype(np.float32)
        new = dict(zip(new, cells, strict=True))
    for number, change in enumerate(shards):
        if change.new or change.removed:
            ids = np.array([*change.ids, *change.new], object)
            positions = np.array([*change.positions, *(new[identifier] for identifier in change.new)], np.float32)
            _write(archive, table, number, ids, positions.reshape(-1, 2))
    report = {"rows_in": len(new), "rows_out": len(new), "rows_failed": 0, "fitted": about["fitted"]}
    return {**report, **({"removed": removed} if removed else {}), **about["scores"]}


@dataclass(frozen=True)
class _Shard:
    """A shard of a map without the rows that the archive no longer has, and where to place those that it lacks."""

    ids: np.ndarray
    positions: np.ndarray
    removed: int
    new: dict[str, np.ndarray]


def _changes(
    archive: Archive, table: str, fit: FittedMap, space: Space, shard: int, parts: list[str], options: MapOptions
) -> _Shard:
    """Compares a shard of the map with the archive; reads the vectors of partitions with new artworks only."""
    rows = archive.table(table)
    known = rows.read(shard, _PART) if _PART in rows.parts(shard) else LAYOUT.empty_table()
    public = public_ids(archive.table("catalog"), shard) if options.public_only else None
    current, pending = [pa.array([], pa.string())], []
    for part in parts:
        ids = _described(space, shard, part)
        if public is not None:
            ids = ids.filter(pc.is_in(ids, value_set=public))
        current.append(ids)
        if not pc.all(pc.is_in(ids, value_set=known["id"].combine_chunks())).as_py():
            pending.append((shard, part))
    kept = known.filter(pc.is_in(known["id"], value_set=pa.concat_arrays(current)))
    shown, new = set(known["id"].to_pylist()), dict[str, np.ndarray]()
    for names, vectors in space.blocks(parts=pending, public_only=options.public_only):
        lacking = np.array([identifier not in shown for identifier in names])
        if lacking.any():
            new |= dict(zip(names[lacking].tolist(), fit.place(vectors[lacking]), strict=True))
    positions = np.column_stack([kept["x"], kept["y"]]).astype(np.float32)
    return _Shard(np.array(kept["id"].to_pylist(), object), positions, len(known) - len(kept), new)


def _described(space: Space, shard: int, part: str) -> pa.Array:
    """Returns the ids of a partition that every feature has described."""
    columns = []
    for table in space.tables:
        rows = table.read(shard, part, ["id", "error"])
        columns.append(rows.filter(pc.is_null(rows["error"]))["id"].combine_chunks())
    ids = columns[0]
    for other in columns[1:]:
        ids = ids.filter(pc.is_in(ids, value_set=other))
    return ids.filter(pc.invert(pc.is_in(ids, value_set=pa.array(list(space.without), pa.string()))))


def _check_same(before: dict[str, Any], now: dict[str, Any], table: str) -> None:
    """Raises ``UserError`` if a map was made from other features or settings than this run's."""
    differing = [key for key in now if before.get(key) != now[key]]
    if not differing:
        return
    words = ["other weights or models of its features" if key == "made" else f"{key} {_text(before.get(key))}"
             for key in differing]  # fmt: skip
    raise UserError(
        f"`name` {table.removeprefix('layouts/')}: this map was made with {', '.join(words)}; "
        "use the same options, choose another `name`, or make the map anew with `refit`"
    )


def _text(value: Any) -> str:
    if value is None:
        return "left out"
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _write(archive: Archive, table: str, shard: int, ids: np.ndarray, positions: np.ndarray) -> None:
    columns = [pa.array(ids.tolist(), pa.string()), pa.array(positions[:, 0]), pa.array(positions[:, 1])]
    archive.table(table).write(shard, _PART, pa.table(columns, schema=LAYOUT))
