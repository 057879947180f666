"""The cost model of an archive: predictions follow from its formulas, and docs/scale.md shows the same ones."""

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.scale_model import Archive, Cluster, Prices, Rates, predict, requests, stored
from benchmarks.scale_tables import tables

MILLION = Archive(1_000_000, largest_host=0.2, shards=32)
FOUR, EIGHT = Cluster(4, 2), Cluster(8, 4)


def test_the_document_shows_what_the_model_says() -> None:
    text = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
    assert [table for table in tables() if table not in text] == []


def test_the_largest_host_takes_as_long_whatever_the_cluster() -> None:
    naive = 0.0
    for _ in range(200_000 // 2):  # two concurrent requests
        naive += 0.3
    for cluster in (FOUR, EIGHT):
        scrape = predict(MILLION, cluster)["scrape"]
        assert scrape.bound == "largest host"
        assert scrape.seconds - scrape.start == pytest.approx(naive)


def test_of_many_small_hosts_twice_the_machines_take_half_the_time() -> None:
    spread = replace(MILLION, largest_host=1e-4)
    four, eight = (predict(spread, cluster)["scrape"] for cluster in (FOUR, EIGHT))
    assert four.seconds - four.start == pytest.approx(2 * (eight.seconds - eight.start))


def test_a_part_is_not_divided_among_gpus() -> None:
    small = replace(MILLION, images=32 * 256)  # one partition per shard
    times = {gpus: predict(small, Cluster(100, gpus))["extract"].bounds["GPUs"] for gpus in (16, 31, 32, 64)}
    assert times[16] == times[31] == 2 * 256 / Rates().forward
    assert times[32] == times[64] == 256 / Rates().forward


def test_ten_times_the_images_are_a_hundred_times_the_pairs() -> None:
    larger = replace(MILLION, images=10_000_000)
    million, ten_million = (predict(archive, FOUR)["neighbors --all"] for archive in (MILLION, larger))
    assert ten_million.bounds["comparing vectors"] == pytest.approx(100 * million.bounds["comparing vectors"])
    assert ten_million.bounds["network"] == pytest.approx(100 * million.bounds["network"], rel=0.01)


def test_a_job_costs_the_hours_of_the_machines_that_it_needs() -> None:
    prices = Prices(machine=1, gpu=10)
    jobs = predict(MILLION, FOUR, prices=prices)
    assert jobs["scrape"].dollars == pytest.approx(jobs["scrape"].seconds / 3600 * 4)
    assert jobs["extract"].dollars == pytest.approx(jobs["extract"].seconds / 3600 * (4 + 2 * 10))


def test_lists_grow_with_the_square_of_the_parts_unless_shards_grow_with_them() -> None:
    million, billion = MILLION, replace(MILLION, images=1_000_000_000, shards=4096)
    assert requests(million, 32).listed == 2 * million.parts
    assert requests(billion, 4096).listed == 2 * billion.parts
    assert requests(billion, 32).listed > 100 * requests(billion, 4096).listed


def test_a_feature_takes_four_bytes_a_dimension_and_a_little() -> None:
    assert 4 * 1280 * 1_000_000 < stored(MILLION)["one feature"] < 1.05 * 4 * 1280 * 1_000_000


def test_without_gpus_the_cpus_compute() -> None:
    """Two million images on eight CPUs, at 62 images per second per two CPUs, take 2.2 hours."""
    extract = predict(Archive(2_000_000, 0.01, 32), Cluster(1, 0))["extract"]
    assert extract.bound == "computing"
    assert extract.seconds == pytest.approx(2_000_000 / (62 / 2 * 8) + 12)
