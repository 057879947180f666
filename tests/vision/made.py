"""Pictures made for the tests of vision: smooth shapes with detail, in any format and mode."""

import hashlib
import io

import numpy as np
import pyarrow as pa
from PIL import Image

from artsim.archive import CATALOG, IMAGES, Archive


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    """An RGB picture with large shapes and some texture, as photographs of paintings have."""
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
    """An archive as scrape leaves it: ``part_rows`` images a part, so that a small one has many parts."""
    archive = Archive.create(uri, shards=4)
    names = list(images)
    shards = archive.shard_of(names)
    for shard in range(archive.shards):
        mine = [name for name, at in zip(names, shards, strict=True) if at == shard]
        catalog = {"id": mine, "title": mine, "rights": [rights] * len(mine)}
        archive.table("catalog").write(shard, "p", _table(CATALOG, catalog))
        for index, start in enumerate(range(0, len(mine), part_rows)):
            some = mine[start : start + part_rows]
            rows = {
                "id": some,
                "status": ["ok"] * len(some),
                "bytes": [images[name] for name in some],
                "sha256": [hashlib.sha256(images[name]).hexdigest() for name in some],
            }
            archive.table("images").write(shard, f"p-{index:05d}", _table(IMAGES, rows))
    return archive


def _table(schema: pa.Schema, columns: dict[str, list]) -> pa.Table:
    count = len(next(iter(columns.values())))
    return pa.table([pa.array(columns.get(f.name, [None] * count), f.type) for f in schema], schema=schema)
