"""Full disks and memories, images that crash the decoder, concurrent runs, clocks that jump."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from artsim.vision import weights
from artsim.vision.backbones import parse_feature
from artsim.vision.inference import Engine
from tests.faults.machines import ended, machines, report_of, start, until
from tests.faults.rows import every_row_once
from tests.made import jpeg, make_archive, named
from tests.scrape.in_process import images_of
from tests.scrape.in_process import make_archive as make_catalog
from tests.scrape.site import Site, answer, page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(560)]

FAULTS = Path(__file__).parent


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 3 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk(small_disk: Path) -> None:
    with Site() as site:
        site.default = page(answer(200, jpeg(size=(600, 400)) + bytes(50_000)))
        archive = make_catalog(small_disk, {"image_url": [f"{site.url}/{i}" for i in range(100)]}, shards=8)
        command = ["scrape", "--archive", archive.uri, "--allow-host", site.netloc, "--per-host", "8", "--delay", "0"]
        job = start(*command)
        _, stderr = ended(job)
        assert job.returncode == 1
        assert "Traceback" not in stderr
        assert "the disk is full" in stderr.splitlines()[-1]
        for shard in range(8):
            for part in archive.table("images").parts(shard):
                archive.table("images").read(shard, part)  # raises if it is incomplete
        assert not list(Path(archive.uri).glob("images/*/_*"))
        subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
        assert report_of(start(*command))["rows_failed"] == 0
        every_row_once(archive, "images", set(images_of(archive)))
        assert len(images_of(archive)) == 100


def test_a_full_object_store(tmp_path: Path) -> None:
    """Two networks do not fit into the object store together: Ray spills to disk, and the report says so."""
    archive = make_archive(tmp_path, named(40), shards=4)
    with machines(2, object_store_memory=150_000_000) as cluster:
        names = ["resnet50", "resnet34"]
        report = cluster.run("extract", "--archive", archive.uri, "--backbones", *names, "--weights", "random")
        assert (report["rows_out"], report["rows_failed"]) == (40, 0)
        assert report["spilled_bytes"] > 50_000_000
        for name in names:
            every_row_once(archive, f"features/{name}", set(named(40)))


def test_a_gpu_that_runs_out_of_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The batch is halved until it fits and stays that small. If one image does not fit, the error is raised."""
    feature = parse_feature("mobilenetv3_small_100")
    engine = Engine("mobilenetv3_small_100", [feature], weights.load(feature.backbone, "random")[0], "float32")
    size = engine.descriptor.input.size
    pixels = np.random.default_rng(0).integers(0, 255, (20, size, size, 3), np.uint8)
    expected, passes, real_pass, limit = engine(pixels)[0], list[int](), engine._pass, 3

    def small(images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        passes.append(len(images))
        if len(images) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real_pass(images)

    monkeypatch.setattr(engine, "_pass", small)
    np.testing.assert_allclose(engine(pixels)[0], expected, rtol=1e-4, atol=1e-4)
    assert passes == [8, 4, *[2] * 10]
    assert engine(pixels[:2])[0].shape == expected[:2].shape
    limit = 0
    with pytest.raises(torch.OutOfMemoryError):
        engine(pixels)


def test_an_image_that_crashes_its_decoder(tmp_path: Path) -> None:
    """Only the row of that image fails, in a scrape and in an extraction of the stored image."""
    poison = {"PYTHONPATH": str(FAULTS / "poison")}
    with Site() as site:
        site.default = page(answer(200, jpeg()))
        site.pages["/7"] = page(answer(200, jpeg() + b"POISON"))
        archive = make_catalog(tmp_path, {"image_url": [f"{site.url}/{i}" for i in range(40)]}, shards=4)
        command = ["scrape", "--archive", archive.uri, "--allow-host", site.netloc, "--per-host", "8", "--delay", "0"]
        report = report_of(start(*command, **poison))
        assert report["statuses"] == {"ok": 39, "corrupt": 1}
        (bad,) = (row for row in images_of(archive).values() if row["status"] == "corrupt")
        assert "crashed" in bad["detail"]
        assert report_of(start(*command, "--retry", "corrupt"))["statuses"] == {"ok": 1}
    arguments = ["extract", "--archive", archive.uri, "--backbones", "mobilenetv3_small_100", "--weights", "random"]
    report = report_of(start(*arguments, **poison))
    assert (report["rows_out"], report["rows_failed"]) == (39, 1)
    every_row_once(archive, "features/mobilenetv3_small_100", set(images_of(archive)))


def test_two_runs_at_once(tmp_path: Path) -> None:
    with Site() as site:
        site.default = page(answer(200, jpeg()), latency=0.02)
        archive = make_catalog(tmp_path, {"image_url": [f"{site.url}/{i}" for i in range(200)]}, shards=8)
        command = ["scrape", "--archive", archive.uri, "--allow-host", site.netloc, "--per-host", "2"]
        first = start(*command)
        until(lambda: site.visits, first)
        second = start(*command)
        _, stderr = ended(second)
        assert second.returncode == 2
        assert f"process {first.pid}" in stderr
        assert len(stderr.splitlines()) == 1
        assert report_of(first)["rows_out"] == 200
        assert len(site.images()) == 200


def test_a_clock_that_jumps(tmp_path: Path) -> None:
    clock = {"PYTHONPATH": str(FAULTS / "clock")}
    with Site() as site:
        site.default = page(answer(200, jpeg()), latency=0.02)
        archive = make_catalog(tmp_path, {"image_url": [f"{site.url}/{i}" for i in range(300)]}, shards=8)
        command = ["scrape", "--archive", archive.uri, "--allow-host", site.netloc, "--per-host", "2"]
        report = report_of(start(*command, **clock))
        assert report["rows_out"] == len(site.images()) == 300
        assert 0 < report["seconds"] < 120
    command = ["extract", "--archive", archive.uri, "--backbones", "mobilenetv3_small_100", "--weights", "random"]
    report = report_of(start(*command, **clock))
    assert report["rows_out"] == 300
    assert 0 < report["seconds"] < 120
    every_row_once(archive, "features/mobilenetv3_small_100", set(images_of(archive)))
