"""The table ``clusters/<name>``: one row per artwork, partitioned like the features it was made from.

``_about.json`` is written last, so that a table without one is unfinished and is made again. Artworks that were
assigned later are in partitions of their own, and rules of assignment refer to the first ones only.
"""

import contextlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import CLUSTERS, Archive, UserError

_ASSIGNED_SUFFIX = "-assigned"  # ends the names of partitions of artworks that came later


def folder(name: str) -> str:
    """Returns the folder of a clustering in the archive."""
    return f"clusters/{name}"


def read_about(archive: Archive, name: str) -> Any:
    """Returns how a clustering was made; None if there is none, or it is unfinished."""
    return archive.read_json(f"{folder(name)}/_about.json", {"query": dict, "rows": str, "scores": dict})


def read_rows(archive: Archive, name: str, *, later: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids, object (n,), and clusters, int32 (n,); ``later`` also those of artworks assigned later."""
    table = archive.table(folder(name), CLUSTERS)
    parts = [
        table.read(shard, part, ["id", "cluster"])
        for shard in range(archive.shards)
        for part in table.parts(shard)
        if later or not part.endswith(_ASSIGNED_SUFFIX)
    ]
    rows = pa.concat_tables(parts) if parts else CLUSTERS.empty_table()
    return np.array(rows["id"].to_pylist(), object), rows["cluster"].to_numpy()


def members(archive: Archive, within: str) -> tuple[set[str], dict[str, Any]]:
    """Returns the ids of ``NAME:CLUSTER`` and what they were read from. Raises ``UserError`` if there are none."""
    name, _, cluster = within.rpartition(":")
    about = read_about(archive, name) if name in archive.names("clusters") else None
    if about is None:
        known = ", ".join(archive.names("clusters")) or "none yet"
        raise UserError(f"`within` {within}: the archive has no clustering {name}; it has {known}")
    ids, labels = read_rows(archive, name)
    inside = set(ids[labels == int(cluster)].tolist())
    if not inside:
        raise UserError(f"`within` {within}: {name} has the clusters 0 to {labels.max(initial=-1)}")
    return inside, {"name": name, "cluster": int(cluster), "query": about["query"], "clusters": about.get("clusters")}


def write(archive: Archive, name: str, parts: Sequence[tuple[int, str, int]], rows: pa.Table) -> None:
    """Replaces the rows of a clustering; the caller writes ``_about.json`` afterwards."""
    discard(archive, name)
    _write(archive, name, parts, rows, "")


def add(archive: Archive, name: str, parts: Sequence[tuple[int, str, int]], rows: pa.Table) -> None:
    """Adds rows of artworks that came later to their partitions."""
    _write(archive, name, parts, rows, _ASSIGNED_SUFFIX)


def discard(archive: Archive, name: str) -> None:
    """Removes a clustering, first the file that says it is complete."""
    with contextlib.suppress(FileNotFoundError):
        archive.store.remove_file(f"{folder(name)}/_about.json")
    archive.remove(folder(name))


def _write(archive: Archive, name: str, parts: Sequence[tuple[int, str, int]], rows: pa.Table, end: str) -> None:
    table, start = archive.table(folder(name), CLUSTERS), 0
    for shard, part, count in parts:
        chunk = rows.slice(start, count)
        table.merge(shard, f"{part}{end}", chunk) if end else table.write(shard, part, chunk)
        start += count


def as_rows(
    ids: np.ndarray,
    labels: np.ndarray,
    probability: np.ndarray | None = None,
    distance: np.ndarray | None = None,
    exemplars: np.ndarray | None = None,
) -> pa.Table:
    """Returns rows of the table; ``distance`` may be NaN, ``exemplars`` are row numbers."""
    is_exemplar = np.zeros(len(ids), bool)
    if exemplars is not None:
        is_exemplar[exemplars] = True
    nothing = pa.nulls(len(ids), pa.float32())
    columns = [
        pa.array(ids, pa.string()),
        pa.array(labels, pa.int32()),
        nothing if probability is None else pa.array(probability, pa.float32()),
        nothing if distance is None else pa.array(distance, pa.float32(), from_pandas=True),
        pa.array(is_exemplar),
    ]
    return pa.table(dict(zip(CLUSTERS.names, columns, strict=True)))
