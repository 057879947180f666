from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import CATALOG, Archive
from artsim.labels.labeler import Labeler
from jobs.labels import job
from tests.made import add_features, make_archive, named

_CONFIG = Path(__file__).parents[2] / "examples" / "reproduction.toml"
_CLASSES = ("reproduction", "photograph", "object", "architecture or decoration", "sculpture", "plan", "ornament")
_COUNTS = (48, 24, 16, 12, 12, 12, 12)  # of labeled artworks, as unequal as those of books
_FEW = 2  # artworks of another label, too few to learn


def _archive(folder: Path) -> Archive:
    kinds = [*np.repeat(_CLASSES, _COUNTS).tolist(), *["map"] * _FEW]
    ids = named(len(kinds))
    archive = make_archive(folder / "archive", ids, pictures=dict.fromkeys(ids))
    kind_of = dict(zip(ids, kinds, strict=True))
    for shard in range(archive.shards):
        table = archive.table("catalog")
        rows: list[dict[str, Any]] = table.read(shard, "p0").to_pylist()
        for row in rows:
            row |= {"type": kind_of[row["id"]], "location": f"Book {ids.index(row['id']) % 8}"}
        table.write(shard, "p0", pa.Table.from_pylist(rows, schema=CATALOG))
    rng = np.random.default_rng(0)
    places = {kind: 4 * np.eye(7)[number] for number, kind in enumerate(_CLASSES)} | {"map": np.zeros(7)}
    add_features(archive, "dots", {one: places[kind] + 1.5 * rng.normal(size=7) for one, kind in kind_of.items()})
    return archive


@pytest.mark.slow
def test_the_configuration_learns_the_seven_classes(tmp_path: Path) -> None:
    archive = _archive(tmp_path)
    job.run(["train", "--archive", archive.uri, "--config", str(_CONFIG), "--features", "dots"])
    card = archive.read_json("labels/reproduction/_card.json")
    (task,) = card["tasks"]
    assert (task["name"], sorted(task["labels"])) == ("type", sorted(_CLASSES))
    assert task["left_out"] == {"map": _FEW}
    labeler = Labeler(archive, "reproduction")
    for number, kind in enumerate(_CLASSES):
        (label,) = labeler.label({"dots": 6 * np.eye(7, dtype=np.float32)[number]})
        assert (label.label, label.abstained) == (kind, False)
    (unclear,) = labeler.label({"dots": 2.5 * np.eye(7, dtype=np.float32)[1:3].sum(axis=0)})
    assert unclear.abstained
    assert {*unclear.candidates} >= {"photograph", "object"}
