"""A small archive with a curator whose eye can be learned: works of six kinds, which the features show but faintly."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from artsim.archive import CATALOG, Archive
from artsim.learn.annotations import add_annotations
from tests.made import add_features, make_archive, named

KINDS = 6
IDS = named(150)


def kind_of(one: str) -> int:
    return int(one[-4:]) * 7 % KINDS


def pool_of(one: str) -> int:
    """Annotations are about images of one pool, so that splits between pools lose none."""
    return int(one[-4:]) // 30


def annotated(uri: Path, count: int = 250, annotator: str = "anna") -> Archive:
    """The artist of a work is its pool and kind; features are ``dots``, of 20 dimensions, and ``more``, of 5."""
    archive = make_archive(uri, IDS)
    for shard in range(archive.shards):
        for part in archive.table("catalog").parts(shard):
            rows = archive.table("catalog").read(shard, part).to_pylist()
            rows = [{**row, "artist": f"{pool_of(row['id'])}-{kind_of(row['id'])}"} for row in rows]
            archive.table("catalog").write(shard, part, pa.Table.from_pylist(rows, schema=CATALOG))
    rng = np.random.default_rng(21)
    dots = rng.normal(size=(len(IDS), 20)) * ([0.5] * KINDS + [2.0] * (20 - KINDS))
    dots[np.arange(len(IDS)), [kind_of(one) for one in IDS]] += 1.5
    add_features(archive, "dots", dict(zip(IDS, dots, strict=True)))
    add_features(archive, "more", {one: rng.normal(size=5) for one in IDS})
    annotate(archive, count, annotator)
    return archive


def annotate(archive: Archive, count: int, annotator: str = "anna", seed: int = 1) -> None:
    rng, rows = np.random.default_rng(seed), []
    while len(rows) < count:
        pool = rng.integers(5)
        nine = rng.choice([one for one in IDS if pool_of(one) == pool], 9, replace=False).tolist()
        anchor, positive, *others = (kind_of(one) for one in nine)
        if anchor == positive and anchor not in others:
            rows.append(nine)
    add_annotations(archive, annotator, rows, "random")
