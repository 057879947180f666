"""Synthetic images for the vision tests: smooth shapes with detail, in any format and mode."""

import hashlib
import io

import numpy as np
import pyarrow as pa
from PIL import Image

from artsim.archive import CATALOG, IMAGES, Archive


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """Returns an RGB image with large shapes and some texture, like a photograph of a painting."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = Image.fromarray(rng.integers(0, 255, (height // 6 + 1, width // 6 + 1), np.uint8))
    texture = grain.resize((width, height), Image.Resampling.BICUBIC).convert("RGB")
    return Image.blend(coarse, texture, 0.25)


def encoded(image: Image.Image, form: str = "JPEG", **settings: object) -> bytes:
    sink = io.BytesIO()
    image.save(sink, form, **settings)
    return sink.getvalue()


def image_archive(uri: str, images: dict[str, bytes], *, part_rows: int = 16, rights: str | None = None) -> Archive:
    """Returns an archive as scrape leaves it; few rows per partition (``part_rows``) give it many partitions."""
    archive = Archive.create(uri, shards=4)
    names = list(images)
    shards = archive.shard_of(names)
    for shard in range(archive.shards):
        shard_ids = [name for name, at in zip(names, shards, strict=True) if at == shard]
        catalog = {"id": shard_ids, "title": shard_ids, "rights": [rights] * len(shard_ids)}
        archive.table("catalog").write(shard, "p", _table(CATALOG, catalog))
        for index, start in enumerate(range(0, len(shard_ids), part_rows)):
            ids = shard_ids[start : start + part_rows]
            rows = {
                "id": ids,
                "status": ["ok"] * len(ids),
                "bytes": [images[name] for name in ids],
                "sha256": [hashlib.sha256(images[name]).hexdigest() for name in ids],
            }
            archive.table("images").write(shard, f"p-{index:05d}", _table(IMAGES, rows))
    return archive


def _table(schema: pa.Schema, columns: dict[str, list]) -> pa.Table:
    count = len(next(iter(columns.values())))
    return pa.table([pa.array(columns.get(f.name, [None] * count), f.type) for f in schema], schema=schema)
