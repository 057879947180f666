"""Clusters an archive by one or several combinations of method and parameters, and compares them."""

import hashlib
import json
import logging
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from artsim.annotations.known_groups import check_source
from artsim.annotations.links import NEGATIVE, POSITIVE, read_links
from artsim.archive import Archive, duplicate_ids, public_ids
from artsim.clusters import table
from artsim.clusters.assign import assign
from artsim.clusters.combinations import Combination, combinations
from artsim.clusters.comparison import against_known, cliff_lines, comparison_row
from artsim.clusters.constraints import constraint_report, constraints_of, contradictions, linked_pairs
from artsim.clusters.describe import describe, exemplars
from artsim.clusters.execution import results
from artsim.clusters.methods import Clustering, check_rows
from artsim.clusters.options import ClusterOptions
from artsim.clusters.vectors import Vectors, load, read, restore, save
from artsim.metrics.clusters import NOISE
from artsim.space.features import Space
from artsim.vision.recommended import are_recommended, recommended_features

_log = logging.getLogger(__name__)

_MAX_LISTED = 20  # clusters in the report
_MUCH_NOISE = 0.6  # share of the artworks
_RESAMPLES = 5
_RESAMPLED_ROWS = 50_000  # above, the stability is computed only on request
_PACKAGES = ("fast_hdbscan", "scikit-learn", "scipy", "umap-learn", "evoc")


@dataclass(frozen=True)
class _Run:
    """What all combinations of a run share. ``rows`` is a digest of the ids and images that the features describe."""

    archive: Archive
    options: ClusterOptions
    space: Space
    inputs: dict[str, Any]
    rows: str
    only: set[str] | None

    def configuration(self, combination: Combination) -> dict[str, Any]:
        """Returns what decides the clusters, apart from the artworks themselves; as JSON stores it."""
        configuration = {**self.inputs, "method": combination.method, "parameters": combination.parameters}
        return dict(json.loads(json.dumps(configuration)))


def cluster_archive(archive: Archive, options: ClusterOptions) -> dict[str, Any]:
    """Writes ``clusters/<name>`` for each combination; returns the report fields.

    A clustering that exists is kept: artworks that came later are assigned to its clusters, its own rows don't change.
    It is made again if its options, links or features' settings have changed, or with ``again``.
    """
    if options.against is not None:
        check_source(options.against, "against")
    specs = list(options.features or recommended_features(archive))
    only, parent = table.members(archive, options.within) if options.within else (None, None)
    without = duplicate_ids(archive, options.without_duplicates, public_only=options.public_only)
    space = Space(archive, specs, options.seed, without=without)
    is_recommended = options.features is None or are_recommended(specs)
    chosen = combinations(options, "recommended" if is_recommended else space.plain_name)
    with archive.lock(*(table.folder(combination.name) for combination in chosen)):
        run = _Run(archive, options, space, _inputs(archive, options, specs, parent), _rows(space, options, only), only)
        return _cluster(run, chosen)


def _cluster(run: _Run, chosen: list[Combination]) -> dict[str, Any]:
    archive, options = run.archive, run.options
    abouts = {combination.name: table.read_about(archive, combination.name) for combination in chosen}
    pending, later = [], []
    for combination in chosen:
        about = abouts[combination.name]
        is_same = about is not None and about["query"] == run.configuration(combination)
        if not is_same or options.again:
            if about is not None:
                why = "`again` is given" if is_same else "its inputs or options have changed"
                _log.info("clusters/%s: %s; all artworks are clustered again", combination.name, why)
            pending.append(combination)
        elif about["rows"] == run.rows:
            _log.info("clusters/%s: nothing has changed", combination.name)
        elif options.public_only and not _public(archive).issuperset(table.read_rows(archive, combination.name)[0]):
            _log.info("clusters/%s: some of its artworks are protected now; clustering again", combination.name)
            pending.append(combination)
        else:
            later.append(combination)
    report: dict[str, Any] = {"rows_in": 0, "rows_out": 0, "rows_failed": 0, "rows_there": 0}
    for combination in later:
        _assign_new(run, combination.name, abouts[combination.name], report)
    linked: dict[str, Any] = {}
    if pending:
        vectors = load(
            run.space,
            unit=options.metric == "cosine",
            pca=options.pca,
            umap=options.umap,
            public_only=options.public_only,
            only=run.only,
            keep_raw=any(combination.method == "evoc" for combination in pending),
        )
        for combination in pending:
            check_rows(combination.method, len(vectors.ids), combination.parameters)
        constraints, missing = None, 0
        if options.constraints:
            accepted, rejected, missing = linked_pairs(archive, vectors.ids)
            constraints = constraints_of(accepted, rejected, len(vectors.ids))
            linked["contradictions"] = contradictions(constraints, vectors.ids)
            if linked["contradictions"]:
                _log.warning("%d rejected links contradict accepted ones", int(constraints.contradictory.sum()))
        resamples = options.resamples
        if resamples is None:
            resamples = _RESAMPLES if len(chosen) > 1 and len(vectors.ids) <= _RESAMPLED_ROWS else 0
        for combination, (clustering, scores) in results(pending, vectors, constraints, options.seed, resamples):
            if constraints is not None:
                scores["constraints"] = constraint_report(clustering.labels, constraints, missing)
            abouts[combination.name] = _write(run, combination, vectors, clustering, scores)
            report["rows_in"] += len(vectors.ids)
            report["rows_out"] += len(vectors.ids)
    else:
        report["rows_there"] = sum(abouts[combination.name]["artworks"] for combination in chosen)
    return {**report, **_results_of(run, chosen, abouts), **linked}


def _results_of(run: _Run, chosen: list[Combination], abouts: dict[str, Any]) -> dict[str, Any]:
    """Returns the part of the report that describes the clusterings, whether they were just made or before."""
    archive, options = run.archive, run.options
    rows = []
    for combination in chosen:
        known = (
            against_known(archive, *table.read_rows(archive, combination.name), options.against)
            if options.against
            else {}
        )
        rows.append(comparison_row(combination, abouts[combination.name], known))
    report: dict[str, Any] = {"tables": [table.folder(combination.name) for combination in chosen]}
    report["notes"] = list(dict.fromkeys(note for combination in chosen for note in abouts[combination.name]["notes"]))
    defined = {key for row in rows for key, value in row.items() if value is not None}
    report["comparison"] = [{key: value for key, value in row.items() if key in defined} for row in rows]
    report["cliffs"] = cliff_lines(chosen, [row["clusters"] for row in rows])
    for line in report["cliffs"]:
        _log.warning("%s", line)
    if len(chosen) == 1:
        scores = abouts[chosen[0].name]["scores"]
        if "constraints" in scores:
            report["constraints"] = scores["constraints"]
        stored = archive.store.read_json(f"{table.folder(chosen[0].name)}/_clusters.json") or []
        report["clusters"] = [_short(entry) for entry in stored[:_MAX_LISTED]]
    return {key: value for key, value in report.items() if value != []}


def _write(
    run: _Run, combination: Combination, vectors: Vectors, clustering: Clustering, scores: dict[str, Any]
) -> dict[str, Any]:
    """Writes one clustering and returns its ``_about.json``."""
    archive, name, labels = run.archive, combination.name, clustering.labels
    noise = float((labels == NOISE).mean())
    if noise > _MUCH_NOISE and combination.method == "hdbscan":
        _log.warning(
            "clusters/%s: %.0f%% of the artworks are noise; `umap` 15 with `min_samples` 5 leaves less of it",
            *(name, 100 * noise),
        )
    typical = exemplars(vectors.values, labels)
    described = describe(archive, vectors.ids, labels, typical)
    exemplar_rows = np.concatenate(typical.all) if typical.all else np.empty(0, np.int64)
    rows = table.as_rows(vectors.ids, labels, clustering.probability, typical.distance, exemplar_rows)
    table.write(archive, name, vectors.parts, rows)
    archive.write_json(f"{table.folder(name)}/_clusters.json", described)
    save(archive, f"{table.folder(name)}/_space.npz", run.space, vectors.reduction)
    about = {
        "query": run.configuration(combination),
        "rows": run.rows,
        "clusters": _digest([vectors.ids.tolist(), labels.tolist()]),
        "artworks": len(vectors.ids),
        "assigned": 0,
        "scores": scores,
        "notes": [*vectors.notes, *clustering.notes],
        "versions": {package: version(package) for package in _PACKAGES},
    }
    archive.write_json(f"{table.folder(name)}/_about.json", about)
    return about


def _assign_new(run: _Run, name: str, about: dict[str, Any], report: dict[str, Any]) -> None:
    """Assigns artworks that came after a clustering was made; changes no row of it."""
    archive, options = run.archive, run.options
    if options.umap:
        _log.warning("clusters/%s: new artworks can't be placed by UMAP; `again` clusters all of them", name)
        return
    stored = f"{table.folder(name)}/_space.npz"
    space, reduction = restore(archive, stored, run.inputs["features"], options.seed, run.space.without)
    known, labels = table.read_rows(archive, name, later=False)
    stored_ids = set(table.read_rows(archive, name)[0].tolist())
    row_of = {identifier: row for row, identifier in enumerate(known)}
    clustered_vectors = np.full((len(known), 0), 0, np.float32)
    still_present = np.zeros(len(known), bool)
    ids, parts, new = list[np.ndarray](), [], list[np.ndarray]()
    for shard, part, block_ids, vectors in read(space, reduction, public_only=options.public_only, only=run.only):
        if not clustered_vectors.shape[1]:
            clustered_vectors = np.zeros((len(known), vectors.shape[1]), np.float32)
        rows = np.array([row_of.get(identifier, -1) for identifier in block_ids])
        clustered_vectors[rows[rows >= 0]] = vectors[rows >= 0]
        still_present[rows[rows >= 0]] = True
        is_new = np.array([identifier not in stored_ids for identifier in block_ids], bool)
        if is_new.any():
            ids.append(block_ids[is_new])
            new.append(vectors[is_new])
            parts.append((shard, part, int(is_new.sum())))
    if not ids:
        _log.warning(
            "clusters/%s: no artwork is new, but images have changed or are gone since; kept as it is; `again` "
            "clusters again",
            name,
        )
    else:
        new_ids = np.concatenate(ids)
        new_labels = assign(np.concatenate(new), clustered_vectors[still_present], labels[still_present], options.seed)
        table.add(archive, name, parts, table.as_rows(new_ids, new_labels))
        outside = int((new_labels == NOISE).sum())
        _log.info(
            "clusters/%s: %d new artworks were assigned to its clusters, %d are noise; nothing else has changed; "
            "`again` clusters all artworks again",
            *(name, len(new_ids) - outside, outside),
        )
        report["rows_in"] += len(new_ids)
        report["rows_out"] += len(new_ids)
        report.setdefault("assigned", []).append(
            {"table": table.folder(name), "to_clusters": len(new_ids) - outside, "noise": outside}
        )
        about["assigned"] += len(new_ids)
    about["rows"] = run.rows
    archive.write_json(f"{table.folder(name)}/_about.json", about)


def _inputs(archive: Archive, options: ClusterOptions, specs: list[str], parent: Any) -> dict[str, Any]:
    """Returns what all combinations depend on, apart from the artworks: a change of it clusters everything again."""
    names = [spec.partition(":")[0] for spec in specs]
    links = None
    if options.constraints:
        links = _digest(sorted(read_links(archive, verdicts)[0].tolist()) for verdicts in (POSITIVE, NEGATIVE))
    return {
        "features": specs,
        "made_by": _digest(archive.read_json(f"features/{name}/_about.json") for name in names),
        "metric": options.metric,
        "pca": options.pca,
        "umap": options.umap,
        "within": options.within,
        "parent": None if parent is None else _digest([parent["query"], parent["clusters"]]),
        "public_only": options.public_only,
        "constraints": links,
        "without_duplicates": options.without_duplicates,
        "seed": options.seed,
    }


def _public(archive: Archive) -> set[str]:
    catalog = archive.table("catalog")
    return {identifier for shard in range(archive.shards) for identifier in public_ids(catalog, shard).to_pylist()}


def _rows(space: Space, options: ClusterOptions, only: set[str] | None) -> str:
    """Returns a digest of the artworks: ids and images of the features, who is public, who is in the parent cluster."""
    content: list[Any] = [sorted(ids) for ids in (only, space.without) if ids]
    for shard, part in space.parts():
        content += [features.read(shard, part, ["id", "sha256"]).to_pydict() for features in space.tables]
    if options.public_only:
        catalog = space.archive.table("catalog")
        content += [public_ids(catalog, shard).to_pylist() for shard in range(space.archive.shards)]
    return _digest(content)


def _digest(content: Any) -> str:
    digest = hashlib.sha256()
    for item in content:
        digest.update(json.dumps(item, sort_keys=True).encode())
    return digest.hexdigest()


def _short(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns a row of the report's table of clusters."""

    def first(name: str) -> str | None:
        return f"{entry[name][0]['value']} ({entry[name][0]['count']})" if entry[name] else None

    return {
        "cluster": entry["cluster"],
        "size": entry["size"],
        "exemplar": entry["exemplars"][0],
        "artist": first("artists"),
        "style": first("styles"),
        "period": first("periods"),
        "terms": ", ".join(entry["terms"]),
    }
