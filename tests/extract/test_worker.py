"""Workers of the extraction: if one is lost between commit and report, the next one reports its counts."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import ray

from artsim.archive import Archive, Table
from artsim.extract.networks import Extraction
from artsim.extract.pending_images import ImagesPartition, PendingImages
from artsim.extract.plan import make_plans
from artsim.extract.worker import Extractor, pixels_of
from artsim.failures import from_counts
from artsim.vision.backbones import parse_feature
from tests.made import jpeg, make_archive, named

NAMES = ("resnet18+32", "resnet18@1+32")


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path, named(9), shards=1, part_rows=9, pictures={"made:0003": jpeg()[:200]})


def worker(archive: Archive, run: str, monkeypatch: pytest.MonkeyPatch) -> Extractor:
    monkeypatch.setattr(ray, "get", lambda state: state)
    plans = make_plans([parse_feature(name) for name in NAMES], "random")
    find = PendingImages(archive, NAMES, False)
    return Extractor(Extraction(find, archive, plans, "float32", False, False, run), 1)


def counts(done: dict[str, float]) -> tuple[float, ...]:
    return done["rows"], done["pending"], done["failed"]


def test_a_part_that_a_lost_worker_committed_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    partition = ImagesPartition(0, "p0-00000", 9)
    assert counts(worker(archive, "run", monkeypatch).process(partition, 0)) == (9, 9, 1)
    report = worker(archive, "run", monkeypatch).process(partition, 1)
    assert counts(report) == (9, 9, 1)
    assert from_counts(report) == {"damaged header": 1}
    assert counts(worker(archive, "another run", monkeypatch).process(partition, 1)) == (0, 9, 0)


def test_a_part_that_a_lost_worker_committed_by_half_is_told(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    partition, merge = ImagesPartition(0, "p0-00000", 9), Table.merge

    def full(table: Table, shard: int, name: str, rows: pa.Table, outcome: dict[str, Any] | None = None) -> None:
        if "@" in table.name:
            raise OSError("disk full")
        merge(table, shard, name, rows, outcome)

    worker(archive, "an earlier run", monkeypatch).process(partition, 0)
    second = archive.table(f"features/{NAMES[1]}")
    rows = second.read(0, partition.name)
    second = archive.table(f"features/{NAMES[1]}", rows.schema)
    first = archive.table(f"features/{NAMES[0]}", archive.table(f"features/{NAMES[0]}").read(0, partition.name).schema)
    first.write(0, partition.name, first.read(0, partition.name).slice(2))
    second.write(0, partition.name, rows.slice(0, 5))
    with monkeypatch.context() as broken:
        broken.setattr(Table, "merge", full)
        with pytest.raises(OSError, match="disk full"):
            worker(archive, "run", broken).process(partition, 0)
    assert counts(worker(archive, "run", monkeypatch).process(partition, 1)) == (6, 9, 0)
    assert second.count() == 9


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_vector_that_is_no_number_is_a_row_with_an_error(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, value: float
) -> None:
    broken = worker(archive, "run", monkeypatch)
    vectors_of = broken._networks.vectors

    def spoiled(pixels: list[np.ndarray]) -> list[np.ndarray]:
        vectors = vectors_of(pixels)
        vectors[1][0, 0] = value
        return vectors

    monkeypatch.setattr(broken._networks, "vectors", spoiled)
    assert (
        broken.process(ImagesPartition(0, "p0-00000", 9), 0)["failed"] == 3
    )  # the first of each batch, and a damaged image
    failed = []
    for name in NAMES:
        rows = archive.table(f"features/{name}").read(0, "p0-00000").to_pylist()
        failed.append(sum("NaN" in (row["error"] or "") and row["vector"] is None for row in rows))
    assert failed == [0, 2]  # the other feature of the same images is unaffected


def test_pixels_are_in_the_order_of_the_inputs() -> None:
    row = {"work": np.array(["{}"]), **{f"pixels_{number}": np.full((1, 2, 3, 3, 3), number) for number in range(12)}}
    assert [int(pixels[0, 0, 0, 0]) for pixels in pixels_of(row)] == list(range(12))
