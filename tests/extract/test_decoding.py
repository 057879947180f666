"""Batches of pixels are the same whether decoded in this process, in a subprocess or in a Ray task."""

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import ray

from artsim import runtime
from artsim.archive import Archive
from artsim.extract.decoding import Batch, Decoding, call_in_process, decode_partition
from artsim.extract.pending_images import ImagesPartition, PendingImages
from artsim.vision.backbones import input_of
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess
from tests.made import jpeg, make_archive, named


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return make_archive(tmp_path, named(21), shards=1, part_rows=21, pictures={"made:0003": jpeg()[:200]})


def _decoding(archive: Archive) -> Decoding:
    return Decoding(archive.table("images"), [input_of("resnet18", 64), input_of("resnet18", 96)], False, 8)


def _alike(first: list[Batch], second: list[Batch]) -> bool:
    pixels = all(
        np.array_equal(*pair)
        for batch, other in zip(first, second, strict=True)
        for pair in zip(batch.pixels, other.pixels, strict=True)
    )
    return pixels and [batch.rows for batch in first] == [other.rows for other in second]


def test_batches_of_a_part(archive: Archive) -> None:
    with ThreadPoolExecutor(2) as threads:
        batches = list(_decoding(archive).batches(0, "p0-00000", named(21)[:20], threads.map, call_in_process))
    assert [len(batch.rows) for batch in batches] == [8, 8, 4]
    assert [identifier for batch in batches for identifier, *_ in batch.rows] == named(21)[:20]
    assert [pixels.shape for pixels in batches[2].pixels] == [(4, 64, 64, 3), (4, 96, 96, 3)]
    (error,) = (error for batch in batches for *_, error in batch.rows if error)
    assert "damaged" in error


@pytest.mark.slow
def test_from_another_process_they_are_the_same(archive: Archive) -> None:
    decoding, isolated = _decoding(archive), IsolatedProcess()
    expected = list(decoding.batches(0, "p0-00000", named(21), map, call_in_process))
    with ThreadPoolExecutor(2) as threads:
        assert _alike(list(decoding.batches(0, "p0-00000", named(21), threads.map, call_in_process)), expected)
        assert _alike(list(decoding.batches(0, "p0-00000", named(21), threads.map, isolated)), expected)


@pytest.mark.slow
@pytest.mark.parametrize("attempt", [0, 1])
def test_a_task_decodes_a_whole_partition(archive: Archive, attempt: int) -> None:
    runtime.connect(data=True)  # it stays connected for other tests in this process
    decoding, partition = _decoding(archive), ImagesPartition(0, "p0-00000", 21)
    expected = list(decoding.batches(0, "p0-00000", named(21), map, call_in_process))
    attempts, pending = runtime.start_attempts(), PendingImages(archive, ("resnet18",), False)
    if attempt:  # a worker was lost before
        ray.get(attempts.record_start.remote(f"run {partition} (decoding)", "a node"))
    dataset = runtime.dataset_of([asdict(partition)]).map_batches(
        decode_partition,  # type: ignore[arg-type]
        fn_args=(decoding, pending, attempts, "run"),
        batch_size=None,
        batch_format="pyarrow",
    )
    (block,) = dataset.iter_batches(batch_size=None, batch_format="numpy")
    work = json.loads(block["work"][0])
    assert ImagesPartition(**work["partition"]) == partition
    assert [tuple(row) for row in work["rows"]] == [row for batch in expected for row in batch.rows]
    for number in range(2):
        together = np.concatenate([batch.pixels[number] for batch in expected])
        np.testing.assert_array_equal(block[f"pixels_{number}"][0], together)


@pytest.mark.slow
def test_a_process_that_dies_of_an_image_is_that_images_fault_alone() -> None:
    isolated = IsolatedProcess()
    with pytest.raises(BadImage, match="crashed"):
        isolated(os.abort)
    assert isolated(abs, -3) == 3
    with pytest.raises(ZeroDivisionError):
        isolated(divmod, 1, 0)
