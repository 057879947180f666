"""Builders of annotations without an archive, and of archives with chosen catalog rows and features."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import Annotations
from artsim.archive import CATALOG, Archive, features


def annotations_of(images: Sequence[Sequence[str]]) -> Annotations:
    """Returns these annotations, all by the annotator anna."""
    n = len(images)
    rows = np.empty((n, 9), dtype=object)
    for row, annotation in enumerate(images):
        rows[row] = list(annotation)
    ids = np.array([f"annotation {row}" for row in range(n)], dtype=object)
    return Annotations(ids, np.full(n, "anna", dtype=object), rows, np.full(n, "random", dtype=object))


def catalog_of(uri: str | Path, rows: Sequence[Mapping[str, Any]], shards: int = 3, parts: int = 2) -> Archive:
    """Creates an archive with only a catalog, which has these rows in several partitions."""
    archive = Archive.create(str(uri), shards)
    shard_numbers = archive.shard_of([row["id"] for row in rows])
    for shard in range(shards):
        shard_rows = [row for row, number in zip(rows, shard_numbers, strict=True) if number == shard]
        for part in range(parts):
            table = pa.Table.from_pylist(shard_rows[part::parts], schema=CATALOG)
            archive.table("catalog").write(shard, f"p{part}", table)
    return archive


def features_of(archive: Archive, name: str, vectors: Mapping[str, np.ndarray | None], parts: int = 2) -> None:
    """Writes ``features/<name>`` in several partitions; a vector of None becomes a row with an error."""
    schema = features(next(len(vector) for vector in vectors.values() if vector is not None))
    shard_numbers = archive.shard_of(list(vectors))
    for shard in range(archive.shards):
        shard_ids = [artwork_id for artwork_id, number in zip(vectors, shard_numbers, strict=True) if number == shard]
        for part in range(parts):
            rows = [
                {
                    "id": artwork_id,
                    "vector": vectors[artwork_id],
                    "error": "damaged" if vectors[artwork_id] is None else None,
                }
                for artwork_id in shard_ids[part::parts]
            ]
            table = pa.Table.from_pylist(rows, schema=schema)
            archive.table(f"features/{name}", schema).write(shard, f"p{part}", table)
