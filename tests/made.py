"""Makes small archives for tests: a catalog, small real JPEGs, features with given vectors."""

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from artsim.archive import CATALOG, IMAGES, Archive, features

OPEN = "https://creativecommons.org/publicdomain/zero/1.0/"
CLOSED = "© 2020 the artist's estate"


def named(count: int) -> list[str]:
    """Returns ``count`` ids."""
    return [f"made:{number:04d}" for number in range(count)]


def jpeg(color: Any = None, size: tuple[int, int] = (48, 36), seed: int = 0, **how: Any) -> bytes:
    """Returns a real JPEG of one color or of coarse random blocks; ``how`` goes to Pillow's ``save``."""
    if color is None:
        blocks = np.random.default_rng(seed).integers(0, 255, (3, 4, 3), np.uint8)
        image = Image.fromarray(blocks).resize(size, Image.Resampling.NEAREST)
    else:
        image = Image.new("RGB", size, color)
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=95, **how)
    return sink.getvalue()


def make_archive(
    uri: str | Path,
    ids: Sequence[str],
    *,
    shards: int = 3,
    part_rows: int = 8,
    rights: Mapping[str, str | None] | None = None,
    titles: Mapping[str, str] | None = None,
    pictures: Mapping[str, bytes | None] | None = None,
) -> Archive:
    """Creates an archive with a catalog and images of these ids, ``part_rows`` to an images partition.

    By default, rights are open and pictures are random blocks; a picture of None is a row with status ``corrupt``.
    """
    archive = Archive.create(str(uri), shards)
    shard_numbers = archive.shard_of(ids)
    for shard in range(shards):
        shard_ids = [identifier for identifier, number in zip(ids, shard_numbers, strict=True) if number == shard]
        if not shard_ids:
            continue
        catalog_rows = [
            {
                "id": image_id,
                "title": (titles or {}).get(image_id, f"Title of {image_id}"),
                "artist": "Made Up",
                "year_from": 1900,
                "rights": (rights or {}).get(image_id, OPEN),
            }
            for image_id in shard_ids
        ]
        archive.table("catalog").write(shard, "p0", pa.Table.from_pylist(catalog_rows, schema=CATALOG))
        for start in range(0, len(shard_ids), part_rows):
            image_rows = [
                _image_row(image_id, (pictures or {}).get(image_id, jpeg(seed=hash_of(image_id))))
                for image_id in shard_ids[start:][:part_rows]
            ]
            partition = f"p0-{start // part_rows:05d}"
            archive.table("images").write(shard, partition, pa.Table.from_pylist(image_rows, schema=IMAGES))
    return archive


def add_features(
    archive: Archive, name: str, vectors: Mapping[str, Sequence[float] | np.ndarray | None], shuffled: int | None = None
) -> None:
    """Writes ``features/<name>`` with the partitions of the images table; a vector of None is a row with an error.

    ``shuffled`` is the seed by which the rows of each partition are shuffled; None keeps the order of the images.
    """
    dimension = next(len(vector) for vector in vectors.values() if vector is not None)
    images, schema = archive.table("images"), features(dimension)
    for shard in range(archive.shards):
        for partition in images.parts(shard):
            rows = [
                {
                    "id": row["id"],
                    "vector": None if vectors[row["id"]] is None else [float(x) for x in vectors[row["id"]]],
                    "error": "damaged JPEG" if vectors[row["id"]] is None else None,
                    "sha256": row["sha256"],
                }
                for row in images.read(shard, partition, ["id", "sha256"]).to_pylist()
                if row["id"] in vectors
            ]
            if shuffled is not None:
                order = np.random.default_rng([shuffled, shard]).permutation(len(rows))
                rows = [rows[index] for index in order]
            if rows:
                archive.table(f"features/{name}", schema).write(
                    shard, partition, pa.Table.from_pylist(rows, schema=schema)
                )


def vectors_of(archive: Archive, name: str) -> dict[str, np.ndarray]:
    """Returns every vector of a feature by id, read row by row."""
    vectors: dict[str, np.ndarray] = {}
    for rows in archive.table(f"features/{name}").scan(["id", "vector"]):
        for row in rows.to_pylist():
            if row["vector"] is not None:
                assert row["id"] not in vectors, "a row is doubled"
                vectors[row["id"]] = np.array(row["vector"], np.float32)
    return vectors


def hash_of(text: str) -> int:
    """Returns a number that is always the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _image_row(identifier: str, data: bytes | None) -> dict[str, Any]:
    if data is None:
        return {"id": identifier, "status": "corrupt", "detail": "damaged JPEG"}
    digest = hashlib.sha256(data).hexdigest()
    return {"id": identifier, "status": "ok", "content_type": "image/jpeg", "bytes": data, "sha256": digest}
