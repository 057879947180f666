"""Machines that are lost in the middle of a job, and drivers and heads that are killed."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from artsim.archive import Archive
from tests.faults.machines import ended, machines, report_of, until
from tests.faults.rows import every_row_once, parts_of
from tests.learn.annotated import IDS, annotated
from tests.made import jpeg, make_archive, named
from tests.scrape.in_process import make_archive as make_catalog
from tests.scrape.site import Site, answer, max_concurrent, page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(560)]


def test_a_machine_lost_while_scraping(tmp_path: Path) -> None:
    with Site() as site, machines(1, 1, 1) as cluster:
        site.default = page(answer(200, jpeg()), latency=0.02)
        archive = make_catalog(tmp_path, {"image_url": [f"{site.url}/{i}" for i in range(600)]}, shards=24)
        job = cluster.start("scrape", "--archive", archive.uri, "--allow-host", site.netloc, "--per-host", "3")
        until(lambda: parts_of(archive, "images") >= 2, job)
        cluster.lose(2)
        report = report_of(job)
        assert report["statuses"] == {"ok": 600}
        every_row_once(archive, "images", _ids(archive))
        assert max_concurrent(site.visits) <= 3


def test_a_machine_lost_while_extracting(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, named(900), shards=12, part_rows=25)
    with machines(1, 1, 1) as cluster:
        job = cluster.start("extract", "--archive", archive.uri, "--backbones", "resnet18", "--weights", "random")
        until(lambda: parts_of(archive, "features/resnet18") >= 2, job)
        cluster.lose(1)
        report = report_of(job)
        assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (900, 900, 0)
        every_row_once(archive, "features/resnet18", set(named(900)))


def test_decoding_machines_are_lost_while_extracting_on_gpus(tmp_path: Path) -> None:
    """The GPU is nominal: Ray uses it for placement, and the network runs on the CPU."""
    archive = make_archive(tmp_path, named(600), shards=8, part_rows=25, pictures={"made:0003": jpeg()[:300]})
    with machines(1, 1, 1) as cluster:
        cluster.join(1, num_gpus=1)
        job = cluster.start("extract", "--archive", archive.uri, "--backbones", "resnet18", "--weights", "random")
        until(lambda: parts_of(archive, "features/resnet18") >= 2, job)
        cluster.lose(1)
        report = report_of(job)
        assert (report["rows_out"], report["rows_failed"]) == (599, 1)
        every_row_once(archive, "features/resnet18", set(named(600)))


def test_a_cluster_that_grows_from_zero(tmp_path: Path) -> None:
    """The head has no CPU. A machine that decodes joins first, then one with a GPU, which is nominal."""
    archive = make_archive(tmp_path, named(60), shards=4, part_rows=25)
    nodes = {"ARTSIM_NODES": '[[1, {"CPU": 1}], [1, {"CPU": 1, "GPU": 1}]]'}
    with machines(0) as cluster:
        options = ["--archive", archive.uri, "--backbones", "resnet18", "--weights", "random"]
        job = cluster.start("extract", *options, **nodes)
        until(lambda: "waiting for" in _stderr(job), job)
        cluster.join(1)
        cluster.join(1, num_gpus=1)
        report = report_of(job)
        assert (report["rows_out"], report["rows_failed"]) == (60, 0)
        assert [operator["name"] for operator in report["operators"]][1:] == [
            "MapBatches(decode_partition)",
            "MapBatches(GpuExtractor)",
        ]
        every_row_once(archive, "features/resnet18", set(named(60)))


def test_training_continues_with_fewer_workers_after_a_lost_machine(tmp_path: Path) -> None:
    """The model then embeds the whole archive, although another machine is lost meanwhile."""
    archive = annotated(tmp_path / "archive")
    options = ["--archive", archive.uri, "--features", "dots", "--epochs", "40", "--patience", "40", "--hidden", "8"]
    with machines(1, 1) as cluster:
        job = cluster.start("train", "--name", "eye", "--workers", "1:2", "--split", "image-disjoint", *options)
        checkpoints = Path(archive.uri, "models/_eye")
        until(lambda: len(list(checkpoints.glob("epoch-*"))) > 0 and _last(checkpoints) >= 3, job)
        cluster.lose(1)
        report = report_of(job)
        assert report["epochs"] == 40
        cluster.join(1)
        job = cluster.start("embed", "--archive", archive.uri, "--model", str(Path(archive.uri, "models/eye")))
        until(lambda: parts_of(archive, "features/eye") > 0 or job.poll() is not None)
        cluster.lose(2)
        assert report_of(job)["rows_out"] == len(IDS)
        every_row_once(archive, "features/eye", set(IDS))


def test_a_machine_lost_in_a_sweep(tmp_path: Path) -> None:
    archive = annotated(tmp_path / "archive")
    options = ["--archive", archive.uri, "--features", "dots", "--trials", "8", "--epochs", "16", "--hidden", "8"]
    with machines(1, 1, 1) as cluster:
        job = cluster.start("tune", "--name", "margins", *options)
        trials = Path(archive.uri, "sweeps/margins/trials")
        until(lambda: len(list(trials.glob("*.json"))) >= 2, job)
        cluster.lose(2)
        report = report_of(job)
        assert (report["rows_out"], report["rows_failed"]) == (8, 0), report
        assert [path.name for path in sorted(trials.glob("*"))] == [f"{number:06d}.json" for number in range(1, 9)]


def test_the_driver_killed_on_a_cluster_that_stays(tmp_path: Path) -> None:
    archive = make_archive(tmp_path, named(400), shards=8, part_rows=25)
    options = ["--archive", archive.uri, "--backbones", "resnet18", "--weights", "random"]
    with machines(1, 1) as cluster:
        job = cluster.start("extract", *options)
        until(lambda: parts_of(archive, "features/resnet18") >= 2, job)
        os.killpg(job.pid, signal.SIGKILL)
        job.wait()
        done = parts_of(archive, "features/resnet18")
        assert cluster.run("extract", *options)["rows_in"] <= 400 - 25 * min(done, 2)
        every_row_once(archive, "features/resnet18", set(named(400)))


def test_the_head_killed_and_started_again(tmp_path: Path) -> None:
    with Site() as site:
        site.default = page(answer(200, jpeg()), latency=0.02)
        archive = make_catalog(tmp_path, {"image_url": [f"{site.url}/{i}" for i in range(300)]}, shards=12)
        options = ["--archive", archive.uri, "--allow-host", site.netloc, "--per-host", "4"]
        with machines(1, 1) as cluster:
            job = cluster.start("scrape", *options)
            until(lambda: parts_of(archive, "images") >= 2, job)
            cluster.lose(0)
            ended(job)
            assert job.returncode == 1
        with machines(1, 1) as cluster:
            report = cluster.run("scrape", *options)
        assert 0 < report["rows_in"] < 300
        every_row_once(archive, "images", _ids(archive))
        assert len(site.images()) <= 300 + 128


def _ids(archive: Archive) -> set[str]:
    return {row_id for rows in archive.table("catalog").scan(["id"]) for row_id in rows["id"].to_pylist()}


def _stderr(job: subprocess.Popen[str]) -> str:
    return os.pread(job.kept.fileno(), 100_000, 0).decode()  # type: ignore[attr-defined]


def _last(checkpoints: Path) -> int:
    return max(int(path.name[6:]) for path in checkpoints.glob("epoch-*"))
