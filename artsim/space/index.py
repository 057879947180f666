"""An approximate index (HNSW, by usearch) of one space, stored in the archive and updated with it.

``indexes/<space>/<metric>.json`` says what the index holds and names its two files: the graph with its vectors
(``.usearch``) and the rows (``.parquet``), whose row number is the key of a vector. The JSON file is written last, so
an interrupted build changes nothing. Keys are never used twice: a removed or replaced row keeps its vector in the graph
until the index is rebuilt, but loses its id, so that no search returns it (usearch's own removal is unreliable, see
https://github.com/unum-cloud/USearch/issues/355).
"""

import hashlib
import math
import os
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from artsim import runtime
from artsim.archive import Archive, UserError
from artsim.space.features import Block, Space
from artsim.space.sample import sample
from artsim.space.search import search

METRICS = {"cosine": "cos", "euclidean": "l2sq", "sqeuclidean": "l2sq"}  # ours: usearch's
TARGET_RECALL = 0.98  # recall@10 that a search is widened for
_EXPANSIONS = (64, 128, 256, 512, 1024)  # widths of a search, usearch's expansion_search
_EXPANSION_ADD, _CONNECTIVITY = 128, 16
_SAMPLE = 200  # queries that recall is measured on
_REPEATABLE_ROWS = 10_000  # up to this size one thread adds rows, so that the same rows give the same graph
_MAX_STALE_SHARE = 0.2  # share of removed and replaced rows at which an index is rebuilt
_KEYS = {"file": str, "digests": dict, "rows": int, "expansion": int, "partitions": dict, "made": dict}
_ROWS = pa.schema([("id", pa.string()), ("print", pa.binary()), ("partition", pa.string())])


@dataclass(frozen=True)
class Index:
    """A loaded index: the content of its JSON file, the graph, and the id of each key; None for a removed row."""

    about: dict[str, Any]
    graph: Any  # usearch.index.Index
    ids: np.ndarray
    content: bytes | str = ""  # the bytes that the graph is a view of; must not be freed

    def nearest(self, queries: np.ndarray, count: int, expansion: int | None = None) -> list[np.ndarray]:
        """Returns the keys of about the ``count`` nearest vectors of each query, float32 (q, d), also removed ones."""
        self.graph.expansion_search = max(expansion or self.about["expansion"], count)
        batch = np.concatenate([queries, queries[:1]])  # usearch returns another type for a single query
        matches = self.graph.search(batch, min(count, len(self.ids)), threads=_threads())
        return [keys[: int(valid)].astype(np.int64) for keys, valid in zip(matches.keys, matches.counts, strict=True)][
            :-1
        ]

    def vectors(self, keys: np.ndarray) -> np.ndarray:
        """Returns the vectors of these keys, float32 (n, d)."""
        return np.stack(self.graph.get(keys, "f32"))


def check_metric(metric: str) -> None:
    """Raises ``UserError`` if an index can't search by this metric."""
    if metric not in METRICS:
        raise UserError(f"`metric` {metric}: with `index`, choose one of {', '.join(METRICS)}")


def index_lock(space: Space) -> AbstractContextManager[None]:
    """Locks the indexes of a space against replacement; waits for a run that updates one."""
    return space.archive.lock(_folder(space), wait_seconds=math.inf)


def load_or_update(space: Space, metric: str, *, locked: bool = False) -> tuple[Index, dict[str, Any]]:
    """Returns the index of all rows of a space, built or updated if they changed, and fields for the report.

    Waits for another run that updates it, and then uses its index. ``locked``: this run holds the ``index_lock``.
    Raises ``UserError`` if the index is damaged.
    """
    check_metric(metric)
    space = space.including_all()
    name = _name(space, metric)
    changed = {"added": 0, "removed": 0}
    if not _is_current(space, name):
        with nullcontext() if locked else index_lock(space):
            if not _is_current(space, name):
                space.archive.store.sweep("indexes")
                changed = _update(space, metric, name)
    index = _loaded(space.archive, name)
    shown = {key: index.about[key] for key in ("rows", "recall_at_10", "recall_queries", "expansion")}
    return index, {"file": index.about["file"], **changed, **shown}


def load_current(space: Space, metric: str) -> Index | None:
    """Returns the index of all rows of a space if it is stored and its rows haven't changed since; builds nothing.

    Raises ``UserError`` if the index is damaged.
    """
    space = space.including_all()
    name = _name(space, metric)
    return _loaded(space.archive, name) if _is_current(space, name) else None


def _name(space: Space, metric: str) -> str:
    return f"{_folder(space)}/{'cosine' if metric == 'cosine' else 'euclidean'}"


def _is_current(space: Space, name: str) -> bool:
    about = _about(space.archive, name)
    return about is not None and about["partitions"] == _signatures(space) and about["made"] == _build_settings(space)


def _loaded(archive: Archive, name: str) -> Index:
    """Returns the index of this name; if another run replaces its files at this moment, the new one."""
    while True:
        about = _about(archive, name)
        assert about is not None
        try:
            return load(archive, about)
        except UserError:
            if _about(archive, name) == about:
                raise


def load(archive: Archive, about: dict[str, Any]) -> Index:
    """Returns the index that a JSON file describes, mapped into memory. Raises ``UserError`` if it is damaged."""
    index = _mapped(archive.uri, about["file"], *about["digests"].values())
    return Index(about, index.graph, index.ids, index.content)


@lru_cache(maxsize=1)
def _mapped(uri: str, file: str, *digests: str) -> Index:
    about = {"file": file, "digests": dict(zip(_ENDINGS, digests, strict=True))}
    return _read(Archive.open(uri), about, writable=False)[0]


_ENDINGS = ("parquet", "usearch")


def _read(archive: Archive, about: dict[str, Any], *, writable: bool) -> tuple[Index, pa.Table]:
    """Returns an index and the table of its rows, after comparing both files with their digests."""
    from usearch.index import Index as Graph

    remote = not archive.store.is_local
    sources = {ending: _verified(archive, f"{about['file']}.{ending}", about["digests"][ending]) for ending in _ENDINGS}
    rows = pq.read_table(pa.BufferReader(sources["parquet"]) if remote else sources["parquet"])
    graph: Any = Graph.restore(sources["usearch"], view=not writable)
    return Index(about, graph, np.array(rows["id"].to_pylist(), dtype=object), sources["usearch"]), rows


def _verified(archive: Archive, path: str, digest: str) -> Any:
    """Returns the path of a local file, or the content of a remote one. usearch can crash on a damaged file."""
    store = archive.store
    place, problem = f"{store.root}/{path}", "is missing"
    try:
        if store.is_local:
            with Path(place).open("rb") as file:
                source, actual = place, hashlib.file_digest(file, "sha256").hexdigest()
        else:
            with store.filesystem.open_input_stream(place, compression=None) as stream:
                source = stream.read()
            actual = hashlib.sha256(source).hexdigest()
        if actual == digest:
            return source
        problem = "is damaged"
    except FileNotFoundError:
        pass
    raise UserError(f"{store.address(path)}: this file of an index {problem}; {_remedy(path)}")


def _remedy(path: str) -> str:
    return f"delete {path.rpartition('/')[0]} with jobs.status, then run this again to build it anew"


def _about(archive: Archive, name: str) -> dict[str, Any] | None:
    try:
        about: dict[str, Any] | None = archive.read_json(f"{name}.json", _KEYS)
    except UserError as error:
        raise UserError(f"{str(error).rpartition(';')[0]}; {_remedy(name)}") from error
    return about


def _folder(space: Space) -> str:
    return f"indexes/{space.name}"


def _threads() -> int:
    """Returns the number of threads for usearch: that of a Ray task, or 0 for all cores."""
    return int(os.environ.get("OMP_NUM_THREADS") or 0)


def _signatures(space: Space) -> dict[str, str]:
    """Returns a text for each partition, which changes when one of its files is replaced."""
    signatures = {f"{shard:05d}/{part}": "" for shard, part in space.parts()}
    store = space.archive.store
    for table in space.tables:
        top = f"{store.root}/{table.name}"
        for info in store.filesystem.get_file_info(pafs.FileSelector(top, recursive=True, allow_not_found=True)):
            partition = info.path[len(top) + 1 :].removesuffix(".parquet")
            if partition in signatures:
                signatures[partition] += f"{info.size} {info.mtime_ns} "
    return signatures


def _build_settings(space: Space) -> dict[str, Any]:
    """Returns what the whole index depends on, besides its rows."""
    return {
        "features": [[spec.name, spec.pca] for spec in space.specs],
        "seed": space.seed,
        "about": [space.archive.read_json(f"{table.name}/_about.json") for table in space.tables],
        "usearch": version("usearch").partition(".")[0],
    }


def _update(space: Space, metric: str, name: str, *, rebuild: bool = False) -> dict[str, int]:
    """Builds or updates the index and writes it; returns the numbers of added and removed rows.

    Reads only changed partitions, unless a PCA depends on all of them.
    """
    archive, about = space.archive, _about(space.archive, name)
    signatures, build_settings = _signatures(space), _build_settings(space)
    if about is None or rebuild or about["made"] != build_settings or any(spec.pca is not None for spec in space.specs):
        graph, ids, fingerprints, partitions, before = None, [], [], [], {}
    else:
        index, rows = _read(archive, about, writable=True)
        graph, before = index.graph, about["partitions"]
        ids, fingerprints, partitions = (rows[column].to_pylist() for column in _ROWS.names)
    changed = {partition for partition in signatures if before.get(partition) != signatures[partition]}
    live = [key for key, identifier in enumerate(ids) if identifier is not None]
    removed_keys = {key for key in live if partitions[key] not in signatures}
    known = {ids[key]: key for key in live if partitions[key] in changed}
    added = 0
    for partition, names, vectors in _blocks(space, sorted(changed)):
        new = (
            np.asarray(vectors.any(axis=1)) if metric == "cosine" else np.ones(len(names), bool)
        )  # zero has no direction
        for row in np.flatnonzero(new):
            fingerprint = hashlib.blake2b(vectors[row].tobytes(), digest_size=8).digest()
            key = known.get(names[row])
            if key is not None and fingerprints[key] == fingerprint:
                new[row] = False
                partitions[known.pop(names[row])] = partition
            else:
                ids.append(names[row])
                fingerprints.append(fingerprint)
                partitions.append(partition)
        count = int(new.sum())
        if count:
            graph = _new_graph(vectors.shape[1], metric) if graph is None else graph
            keys = np.arange(len(ids) - count, len(ids))
            threads = 1 if len(ids) <= _REPEATABLE_ROWS else _threads()
            graph.add(keys, np.ascontiguousarray(vectors[new]), threads=threads)
            added += count
    removed_keys |= set(known.values())  # replaced, or no longer in their partition
    for key in removed_keys:
        ids[key] = None
    if graph is None or all(identifier is None for identifier in ids):
        raise UserError(f"`features` {space.title}: there are no vectors to index; run jobs.extract")
    if sum(identifier is None for identifier in ids) > _MAX_STALE_SHARE * len(ids):
        return {**_update(space, metric, name, rebuild=True), "removed": len(removed_keys)}
    measured = _measure(space, Index({}, graph, np.array(ids, dtype=object)), metric)
    table = pa.table(dict(zip(_ROWS.names, (ids, fingerprints, partitions), strict=True)), schema=_ROWS)
    _write(archive, name, graph, table, {"partitions": signatures, "made": build_settings, **measured})
    return {"added": added, "removed": len(removed_keys)}


def _new_graph(dimension: int, metric: str) -> Any:
    from usearch.index import Index as Graph

    return Graph(
        ndim=dimension,
        metric=METRICS[metric],
        dtype="f32",
        connectivity=_CONNECTIVITY,
        expansion_add=_EXPANSION_ADD,
    )


def _blocks(space: Space, partitions: list[str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Yields partition, ids and vectors of these partitions, and shows the progress."""
    parts = [(int(shard), part) for shard, _, part in (partition.partition("/") for partition in partitions)]

    def blocks() -> Iterator[dict[str, Any]]:
        for partition, part in zip(partitions, parts, strict=True):
            for names, vectors in space.blocks(parts=[part]):
                yield {"block": (partition, names, vectors), "rows": len(names)}

    total = sum(space.tables[0].rows_in(*part) for part in parts)
    for row in runtime.progress(blocks(), total, "artworks"):
        yield row["block"]


def _measure(space: Space, index: Index, metric: str) -> dict[str, Any]:
    """Chooses the narrowest search whose recall@10 on a seeded sample reaches ``TARGET_RECALL``, or the widest.

    Recall@10 is the share of the ten exactly nearest other artworks that are among the ten which the index returns.
    """
    rng = np.random.default_rng(space.seed)

    def read(shard: int, part: str) -> list[Block]:
        return list(space.blocks(parts=[(shard, part)]))

    parts = sample(space.parts(), read, lambda blocks: sum(len(names) for names, _ in blocks), _SAMPLE, rng)
    ids, vectors = (np.concatenate(columns) for columns in zip(*(b for blocks in parts for b in blocks), strict=True))
    usable = np.flatnonzero(vectors.any(axis=1) | (metric != "cosine"))
    chosen = rng.permutation(usable)[:_SAMPLE]
    ids, vectors = ids[chosen], vectors[chosen]
    exact = search(space.blocks(), vectors, 10, metric=metric, but_not=ids)
    recall, expansion = 0.0, 0
    for expansion in _EXPANSIONS:
        hits = 0
        for own, nearest, keys in zip(ids, exact.ids, index.nearest(vectors, 2 * 10, expansion), strict=True):
            names = [name for name in index.ids[keys] if name is not None and name != own]
            hits += len(set(names[:10]) & set(nearest))
        recall = hits / max(exact.ids.size, 1)
        if recall >= TARGET_RECALL:
            break
    return {"recall_at_10": round(recall, 4), "recall_queries": len(ids), "expansion": expansion}


def _write(archive: Archive, name: str, graph: Any, rows: pa.Table, about: dict[str, Any]) -> None:
    """Writes both files of an index, then the JSON file that names them, and removes the previous files."""
    store, digests = archive.store, {}
    file = f"{name}-{uuid.uuid4().hex[:12]}"
    for ending in _ENDINGS:
        with store.replace(f"{file}.{ending}") as draft:
            if ending == "parquet":
                pq.write_table(rows, draft, compression="ZSTD")
            else:
                graph.save(draft)
            with Path(draft).open("rb") as written:
                digests[ending] = hashlib.file_digest(written, "sha256").hexdigest()
    live = len(rows) - rows["id"].null_count
    versions = {package: version(package) for package in ("numpy", "usearch")}
    archive.write_json(f"{name}.json", {"file": file, "digests": digests, "rows": live, **about, "versions": versions})
    folder, _, metric = name.rpartition("/")
    for other in store.files(folder):
        path = f"{folder}/{other}"
        if other.startswith(f"{metric}-") and not path.startswith(file):
            store.remove_file(path)
