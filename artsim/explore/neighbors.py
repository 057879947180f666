"""The ``neighbors`` table: the nearest or farthest artworks of every artwork, computed on Ray."""

import hashlib
import json
from contextlib import nullcontext
from typing import Any

import numpy as np
import pyarrow as pa

from artsim import runtime
from artsim.archive import NEIGHBORS, public_ids
from artsim.space.approximate import search_index
from artsim.space.features import Space
from artsim.space.index import index_lock, load, load_or_update
from artsim.space.search import check_query, search

_QUERIES = 4096  # rows per task: enough to amortise reading the archive, few enough for a worker's memory


def all_neighbors(
    space: Space, k: int, *, metric: str, farthest: bool, public_only: bool, indexed: bool = False
) -> dict[str, Any]:
    """Writes ``neighbors/<space>``: the k nearest (or farthest) artworks of each id. Returns the report fields.

    Partitions that were written for the same query and vectors are kept; otherwise the table is rebuilt. ``indexed``
    searches approximately, by an index that is built or updated first and that no other run replaces meanwhile. Raises
    ``UserError`` if another run is writing this table.
    """
    check_query(k, metric)
    with space.archive.lock(f"neighbors/{space.name}"), index_lock(space) if indexed else nullcontext():
        index, state = load_or_update(space, metric, locked=True) if indexed else (None, {})
        about = None if index is None else index.about
        report = _all_neighbors(space, k, metric=metric, farthest=farthest, public_only=public_only, index=about)
        return {**report, **({"index": state} if indexed else {})}


def _all_neighbors(
    space: Space, k: int, *, metric: str, farthest: bool, public_only: bool, index: dict[str, Any] | None
) -> dict[str, Any]:
    archive, name = space.archive, f"neighbors/{space.name}"
    table = archive.table(name)
    parts = space.parts()
    counts, vectors = _survey(space, parts)
    query = {
        "k": k,
        "metric": metric,
        "farthest": farthest,
        "public_only": public_only,
        "seed": space.seed,
        "vectors": vectors,
        **({} if index is None else {"index": index["file"]}),
    }
    if space.without:
        query["without"] = _digest(sorted(space.without))
    if public_only:  # a changed right in the catalog changes the table
        catalog = archive.table("catalog")
        query["public"] = _digest([public_ids(catalog, shard).to_pylist() for shard in range(archive.shards)])
    if archive.read_json(f"{name}/_about.json") != query:
        archive.remove(name)
        archive.write_json(f"{name}/_about.json", query)
    written = {(shard, part) for shard in range(archive.shards) for part in table.parts(shard)}
    pending = [part for part in parts if part not in written]
    total = sum(counts[part] for part in pending)
    report: dict[str, Any] = {"table": name, "rows_in": total, "rows_out": 0, "rows_failed": 0}
    if not pending:
        return report
    runtime.connect(data=True)
    runtime.wait_for({"CPU": 1})

    def work(row: dict[str, Any]) -> dict[str, int]:
        done = 0
        task_parts = [(int(shard), str(part)) for shard, part in zip(row["shards"], row["parts"], strict=True)]
        blocks_of = [list(space.blocks(public_only=public_only, parts=[key])) for key in task_parts]
        ids = np.concatenate([block[0] for blocks in blocks_of for block in blocks] or [np.empty(0, object)])
        if len(ids):
            queries = np.concatenate([block[1] for blocks in blocks_of for block in blocks])
            if index is None:
                everything = space.blocks(public_only=public_only)
                nearest = search(everything, queries, k, metric=metric, farthest=farthest, but_not=ids)
            else:
                loaded = load(space.archive, index)
                how: dict[str, Any] = {"metric": metric, "public_only": public_only, "but_not": ids}
                nearest, _ = search_index(loaded, space, queries, k, **how)
        start = 0
        for (shard, part), blocks in zip(task_parts, blocks_of, strict=True):
            stop = start + sum(len(block[0]) for block in blocks)
            rows = NEIGHBORS.empty_table()  # a partition without vectors gets an empty file: it is done
            if stop > start:
                rows = _rows(ids[start:stop], nearest.ids[start:stop], nearest.distances[start:stop])
            table.write(shard, part, rows)
            done += stop - start
            start = stop
        return {"rows": done, "seen": sum(counts[key] for key in task_parts)}

    tasks = _grouped(pending, counts)
    dataset = runtime.dataset_of(tasks, len(tasks)).map(work, num_cpus=1)
    for row in runtime.progress(runtime.rows_of(dataset), total, "artworks", "seen"):
        report["rows_out"] += row["rows"]
    if not public_only and not space.without:
        report["without_vector"] = total - report["rows_out"]
    return report


def _survey(space: Space, parts: list[tuple[int, str]]) -> tuple[dict[tuple[int, str], int], str]:
    """Counts the rows of each partition, and hashes the features' settings, ids and image hashes.

    The digest changes when the vectors do.
    """
    counts, digest = {}, hashlib.sha256()
    for table in space.tables:
        digest.update(json.dumps(space.archive.read_json(f"{table.name}/_about.json")).encode())
        for shard, part in parts:
            rows = table.read(shard, part, ["id", "sha256"])
            counts[shard, part] = len(rows)
            digest.update(json.dumps([part, *rows.to_pydict().values()]).encode())
    return counts, digest.hexdigest()


def _rows(ids: np.ndarray, neighbors: np.ndarray, distances: np.ndarray) -> pa.Table:
    k = neighbors.shape[1]
    return pa.table(
        {
            "id": pa.array(np.repeat(ids, k)),
            "rank": pa.array(np.tile(np.arange(1, k + 1, dtype=np.int32), len(ids))),
            "neighbor": pa.array(neighbors.ravel()),
            "distance": pa.array(distances.ravel(), pa.float32()),
        }
    )


def _grouped(parts: list[tuple[int, str]], counts: dict[tuple[int, str], int]) -> list[dict[str, Any]]:
    """Groups partitions into tasks of up to ``_QUERIES`` rows; a larger partition is a separate task."""
    tasks: list[dict[str, Any]] = []
    size = 0
    for shard, part in parts:
        size += counts[shard, part]
        if not tasks or size > _QUERIES:
            tasks.append({"shards": [], "parts": []})
            size = counts[shard, part]
        tasks[-1]["shards"].append(shard)
        tasks[-1]["parts"].append(part)
    return tasks


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
