"""Which artworks a picture draws: of the archive or of one cluster, by their rights, with or without vectors."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc

from artsim.archive import Archive, UserError, public_ids
from artsim.space.features import Space
from artsim.vision.recommended import recommended_features

SAMPLE = 20_000  # the most artworks that a picture considers


@dataclass(frozen=True)
class Clustering:
    """A table of clusters: the number of each id, -1 for noise, and what ``_clusters.json`` says of each cluster."""

    name: str
    numbers: dict[str, int]
    chosen: int | None
    about: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def members(self) -> set[str] | None:
        """The ids of the chosen cluster; None if no cluster was chosen."""
        if self.chosen is None:
            return None
        return {identifier for identifier, number in self.numbers.items() if number == self.chosen}

    def title_of(self, number: int) -> str:
        """``cluster 7 (harbour, boats, evening)``."""
        terms = ", ".join(str(term) for term in self.about.get(number, {}).get("terms", [])[:3])
        name = "noise" if number < 0 else f"cluster {number}"
        return f"{name} ({terms})" if terms else name


def read_clustering(archive: Archive, text: str, *, public_only: bool) -> Clustering:
    """Reads ``NAME`` or ``NAME:NUMBER``. Raises ``UserError``, naming what exists, if there is none.

    With ``public_only``, the descriptions are left out if they are also made from titles of protected artworks.
    """
    known = archive.names("clusters")
    name, _, number = (text, "", "") if text in known else text.rpartition(":")
    if not number:
        name = text
    if name not in known:
        raise UserError(f"`cluster` {text[:100]}: {_no_such('clusters', 'jobs.cluster', known)}")
    made = _about(archive, f"clusters/{name}", "jobs.cluster")
    numbers: dict[str, int] = {}
    for rows in archive.table(f"clusters/{name}").scan(["id", "cluster"]):
        numbers.update(zip(rows["id"].to_pylist(), rows["cluster"].to_pylist(), strict=True))
    existing = sorted(set(numbers.values()))
    selected = None
    if number:
        try:
            selected = int(number)
        except ValueError:
            selected = existing[0] - 1 if existing else 0
        if selected not in existing:
            examples = ", ".join(map(str, existing[:12])) + (f", ... {existing[-1]}" if len(existing) > 12 else "")
            raise UserError(f"`cluster` {text[:100]}: {name} has no such cluster; it has {examples or 'none'}")
    described = archive.store.read_json(f"clusters/{name}/_clusters.json")
    hidden = public_only and not made.get("query", {}).get("public_only")
    entries = described if isinstance(described, list) and not hidden else []
    about = {entry["cluster"]: entry for entry in entries if isinstance(entry, dict) and "cluster" in entry}
    return Clustering(name, numbers, selected, about)


def read_layout(archive: Archive, name: str) -> dict[str, tuple[float, float]]:
    """The place (x, y) of each artwork, with y growing upwards.

    Raises ``UserError``, naming what exists, if there is no such layout, or if it is not finished.
    """
    known = archive.names("layouts")
    if name not in known:
        raise UserError(f"`layout` {name[:100]}: {_no_such('layouts', 'jobs.map', known)}")
    _about(archive, f"layouts/{name}", "jobs.map")
    rows_grow_down = layout_method(archive, name) == "grid"
    places: dict[str, tuple[float, float]] = {}
    for rows in archive.table(f"layouts/{name}").scan(["id", "x", "y"]):
        x, y = rows["x"].to_pylist(), rows["y"].to_numpy() * (-1 if rows_grow_down else 1)
        pairs = zip(rows["id"].to_pylist(), zip(x, y.tolist(), strict=True), strict=True)
        places.update((identifier, pair) for identifier, pair in pairs if np.isfinite(pair).all())
    return places


def _about(archive: Archive, table: str, job: str) -> dict[str, Any]:
    """Returns how a table was made. Raises ``UserError`` if it is not finished."""
    about: dict[str, Any] | None = archive.read_json(f"{table}/_about.json")
    if about is None:
        raise UserError(f"{table}: this table is not finished; run {job} again")
    return about


def layout_method(archive: Archive, name: str) -> str | None:
    """The method of a layout, such as umap or grid; None if it is not known."""
    about = archive.read_json(f"layouts/{name}/_about.json") or {}
    return about.get("settings", {}).get("method")


def grid_layout(archive: Archive) -> str | None:
    """The name of the first layout of the method grid; None if there is none."""
    return next((name for name in archive.names("layouts") if layout_method(archive, name) == "grid"), None)


def drawable_ids(archive: Archive, members: set[str] | None, *, public_only: bool) -> list[str]:
    """The ids that have an image, and are in ``members`` unless it is None. Raises ``UserError`` if there are none."""
    ids: list[str] = []
    images = archive.table("images")
    for shard in range(archive.shards):
        allowed = set(public_ids(archive.table("catalog"), shard).to_pylist()) if public_only else None
        for part in images.parts(shard):
            rows = images.read(shard, part, ["id", "status"])
            for identifier in rows.filter(pc.equal(rows["status"], "ok"))["id"].to_pylist():
                if (members is None or identifier in members) and (allowed is None or identifier in allowed):
                    ids.append(identifier)
    if not ids:
        if not any(images.parts(shard) for shard in range(archive.shards)):
            raise UserError(f"`archive` {archive.uri}: it has no images yet; run jobs.scrape")
        raise no_artwork(members, public_only=public_only)
    return ids


def no_artwork(members: set[str] | None, *, public_only: bool) -> UserError:
    """The error for a picture without an artwork."""
    of = "the archive" if members is None else "this cluster"
    if public_only:
        return UserError(f"`rights` public: no artwork of {of} with a readable image is public")
    return UserError(f"no artwork of {of} has a readable image; jobs.status shows why, jobs.scrape fetches images")


def vectors_of(
    space: Space, members: set[str] | None, *, include_non_members: bool, public_only: bool, seed: int
) -> tuple[list[str], np.ndarray]:
    """Ids and vectors (n, d) of at most ``SAMPLE`` artworks, a seeded sample if there are more.

    Of the members alone, or with ``include_non_members`` also of others. Members are sampled before others.
    """
    rng = np.random.default_rng(seed)
    blocks = space.blocks(public_only=public_only)
    if members is not None and not include_non_members:
        blocks = _within(blocks, members)
    ids, vectors = np.empty(0, object), np.empty((0, 0), np.float32)
    ranks = np.empty(0)
    for names, matrix in blocks:  # a reservoir: the artworks with the lowest random ranks
        rank = rng.random(len(names))
        if members is not None:
            rank += [identifier not in members for identifier in names]
        ids, ranks = np.concatenate([ids, names]), np.concatenate([ranks, rank])
        vectors = np.concatenate([vectors, matrix]) if vectors.size else matrix
        if len(ids) > SAMPLE:
            kept = np.sort(np.argpartition(ranks, SAMPLE)[:SAMPLE])
            ids, ranks, vectors = ids[kept], ranks[kept], vectors[kept]
    return [str(identifier) for identifier in ids], vectors


def _within(blocks: Iterable[tuple[np.ndarray, np.ndarray]], members: set[str]) -> Iterator[Any]:
    for ids, matrix in blocks:
        kept = np.fromiter((identifier in members for identifier in ids), bool, len(ids))
        if kept.any():
            yield ids[kept], matrix[kept]


def space_of(archive: Archive, features: tuple[str, ...] | None, seed: int) -> Space:
    """The space of these features; by default of the recommended ones, or of the only ones that the archive has.

    Raises ``UserError`` if there are several others, or none.
    """
    known = archive.names("features")
    if features is None and len(known) == 1:
        features = (known[0],)
    elif features is None:
        try:
            features = tuple(recommended_features(archive))
        except UserError as error:
            if not known:
                raise UserError("`features`: the archive has none yet; create them with jobs.extract") from error
            raise UserError(f"`features`: choose from {', '.join(known)}") from error
    return Space(archive, features, seed)


def _no_such(noun: str, job: str, known: list[str]) -> str:
    return f"the archive has no such {noun}; it has {', '.join(known) or f'none yet; create them with {job}'}"
