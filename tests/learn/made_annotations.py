"""Annotations without an archive, and catalogs with chosen columns, where a test wants them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import CATALOG, Archive, features
from artsim.learn.annotations import Annotations


def annotations_of(images: Sequence[Sequence[str]]) -> Annotations:
    """These annotations, by one annotator."""
    n = len(images)
    rows = np.empty((n, 9), dtype=object)
    for row, nine in enumerate(images):
        rows[row] = list(nine)
    ids = np.array([f"annotation {row}" for row in range(n)], dtype=object)
    return Annotations(ids, np.full(n, "anna", dtype=object), rows, np.full(n, "random", dtype=object))


def catalog_of(uri: str | Path, rows: Sequence[Mapping[str, Any]], shards: int = 3, parts: int = 2) -> Archive:
    """An archive with a catalog alone, of these rows, in several parts."""
    archive = Archive.create(str(uri), shards)
    of = archive.shard_of([row["id"] for row in rows])
    for shard in range(shards):
        mine = [row for row, home in zip(rows, of, strict=True) if home == shard]
        for part in range(parts):
            table = pa.Table.from_pylist(mine[part::parts], schema=CATALOG)
            archive.table("catalog").write(shard, f"p{part}", table)
    return archive


def features_of(archive: Archive, name: str, vectors: Mapping[str, np.ndarray | None], parts: int = 2) -> None:
    """Writes ``features/<name>`` of some ids, in several parts; a vector of None is a row with an error."""
    schema = features(next(len(vector) for vector in vectors.values() if vector is not None))
    of = archive.shard_of(list(vectors))
    for shard in range(archive.shards):
        mine = [one for one, home in zip(vectors, of, strict=True) if home == shard]
        for part in range(parts):
            rows = [
                {"id": one, "vector": vectors[one], "error": "damaged" if vectors[one] is None else None}
                for one in mine[part::parts]
            ]
            table = pa.Table.from_pylist(rows, schema=schema)
            archive.table(f"features/{name}", schema).write(shard, f"p{part}", table)
