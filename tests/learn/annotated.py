"""A small archive with learnable annotations: artworks of six kinds, which the features show only faintly."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from artsim.annotations.annotations import add_annotations
from artsim.archive import CATALOG, Archive
from tests.made import add_features, make_archive, named

KINDS = 6
IDS = named(150)


def kind_of(image_id: str) -> int:
    return int(image_id[-4:]) * 7 % KINDS


def pool_of(image_id: str) -> int:
    """The pool of an image; annotations stay within one pool, so splits between pools lose none."""
    return int(image_id[-4:]) // 30


def annotated(uri: Path, count: int = 250, annotator: str = "anna") -> Archive:
    """Creates the archive with features ``dots`` (20 dimensions) and ``more`` (5); an artist is a pool and kind."""
    archive = make_archive(uri, IDS)
    for shard in range(archive.shards):
        for part in archive.table("catalog").parts(shard):
            rows = archive.table("catalog").read(shard, part).to_pylist()
            rows = [{**row, "artist": f"{pool_of(row['id'])}-{kind_of(row['id'])}"} for row in rows]
            archive.table("catalog").write(shard, part, pa.Table.from_pylist(rows, schema=CATALOG))
    rng = np.random.default_rng(21)
    dots = rng.normal(size=(len(IDS), 20)) * ([0.5] * KINDS + [2.0] * (20 - KINDS))
    dots[np.arange(len(IDS)), [kind_of(artwork_id) for artwork_id in IDS]] += 1.5
    add_features(archive, "dots", dict(zip(IDS, dots, strict=True)))
    add_features(archive, "more", {artwork_id: rng.normal(size=5) for artwork_id in IDS})
    annotate(archive, count, annotator)
    return archive


def annotate(archive: Archive, count: int, annotator: str = "anna", seed: int = 1) -> None:
    rng, rows = np.random.default_rng(seed), []
    while len(rows) < count:
        pool = rng.integers(5)
        annotation = rng.choice(
            [artwork_id for artwork_id in IDS if pool_of(artwork_id) == pool], 9, replace=False
        ).tolist()
        anchor, positive, *others = (kind_of(image) for image in annotation)
        if anchor == positive and anchor not in others:
            rows.append(annotation)
    add_annotations(archive, annotator, rows, "random")
