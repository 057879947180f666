"""Extraction end to end from the images table, against the bare forward rate, a plain loop and Ray's own pattern.

The bare rate is the better of one process with all threads and one process per CPU with one thread, on pixels decoded
beforehand, with the engine's own settings. Peers are timed from their first batch on; artsim's time is that of the
whole command, from its start to its report, including the start of Ray.
"""

import argparse
import concurrent.futures
import hashlib
import importlib.metadata
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from artsim.archive import CATALOG, IMAGES, PART_ROWS, Archive
from benchmarks.claims import Claim, conclude
from benchmarks.embedding_peers import plain_loop, ray_pattern

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art" / "images"
CPUS = os.cpu_count() or 1
BATCH = 32


def pictures(count: int) -> list[bytes]:
    """Real artworks if they are available, otherwise those of the sample museum."""
    folder = PEOPLE_ART
    if not folder.is_dir():
        from artsim.sample.museum import make

        folder = Path(tempfile.mkdtemp())
        make(folder, works=min(count, 300))
    files = sorted(folder.rglob("*.jpg"))
    return [file.read_bytes() for file in files[:: max(len(files) // count, 1)]][:count]


def archive_of(data: list[bytes], rows: int, uri: str) -> None:
    archive = Archive.create(uri)
    ids = [f"bench:{i}" for i in range(rows)]
    shards = archive.shard_of(ids)
    for shard in range(archive.shards):
        shard_rows = np.flatnonzero(shards == shard)
        for index, start in enumerate(range(0, len(shard_rows), PART_ROWS)):
            part_rows = shard_rows[start : start + PART_ROWS]
            images = [data[i % len(data)] for i in part_rows]
            columns = {
                "id": pa.array([ids[i] for i in part_rows]),
                "status": pa.array(["ok"] * len(part_rows)),
                "bytes": pa.array(images, pa.binary()),
                "sha256": pa.array([hashlib.sha256(image).hexdigest() for image in images]),
            }
            table = [columns.get(field.name, pa.nulls(len(part_rows), field.type)) for field in IMAGES]
            archive.table("images").write(shard, f"p-{index:05d}", pa.table(table, schema=IMAGES))
        catalog = [pa.nulls(0, field.type) for field in CATALOG]
        archive.table("catalog").write(shard, "p", pa.table(catalog, schema=CATALOG))


def _forward(backbone: str, threads: int, seconds: float) -> float:
    import torch

    from artsim.vision import weights
    from artsim.vision.backbones import network_name, parse_feature
    from artsim.vision.inference import Engine

    torch.set_num_threads(threads)
    engine = Engine(network_name(backbone), [parse_feature(backbone)], weights.load(backbone, "random")[0], "auto")
    size = engine.descriptor.input.size
    pixels = np.random.default_rng(0).integers(0, 255, (BATCH, size, size, 3), np.uint8)
    engine(pixels)
    return _rate(lambda: engine(pixels) and BATCH, seconds)


def _decode(data: list[bytes], seconds: float) -> float:
    from artsim.vision.backbones import input_of, network_name
    from artsim.vision.decode import decode

    wanted, turn = [input_of(network_name("efficientnet_lite0"))], iter(range(10**9))
    return _rate(lambda: len(decode(data[next(turn) % len(data)], wanted)), seconds)


def _rate(step, seconds: float) -> float:
    done, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        done += step()
    return done / (time.perf_counter() - started)


def together(function, *arguments) -> float:
    """The sum of the rates of one process per CPU, all at once."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(CPUS, mp_context=context) as pool:
        return sum(future.result() for future in [pool.submit(function, *arguments) for _ in range(CPUS)])


def alone(function, *arguments) -> float:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments).result()


def bare(backbone: str, seconds: float) -> float:
    return max(together(_forward, backbone, 1, seconds), alone(_forward, backbone, CPUS, seconds))


def ours(uri: str, *backbones: str) -> float:
    """Seconds of the whole job."""
    subprocess.run(["rm", "-rf", f"{uri}/features"], check=True)
    command = [sys.executable, "-m", "jobs.extract", "--archive", uri, "--weights", "random", "--backbones", *backbones]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    report = json.loads(process.stdout.readline())
    seconds = time.perf_counter() - started
    assert process.wait() == 0 and report["rows_failed"] == 0, report
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer images; the start of Ray then counts more")
    parser.add_argument("--rows", type=int, help="number of images in the end-to-end runs")
    quick = parser.parse_args().quick
    rows = parser.parse_args().rows or (1_000 if quick else 12_000)
    seconds = 4.0 if quick else 15.0
    data = pictures(600)
    peers = data[:200] if quick else data
    timm_version, ray_version = (importlib.metadata.version(name) for name in ("timm", "ray"))
    with tempfile.TemporaryDirectory() as uri:
        archive_of(data, rows, uri)
        forward = {name: bare(name, seconds) for name in ("resnet50", "efficientnet_lite0")}
        decoding = together(_decode, data, seconds)
        print(f"bare forward: {forward} images/s; decoding: {decoding:.0f} images/s", flush=True)
        loop = alone(plain_loop, peers, "tf_efficientnet_lite0")
        pattern = alone(ray_pattern, peers, "tf_efficientnet_lite0")
        print(f"efficientnet_lite0: plain loop {loop:.1f}, Ray's pattern {pattern:.1f} images/s", flush=True)
        took = {}
        for names in (("resnet50",), ("efficientnet_lite0",), ("resnet50", "efficientnet_lite0")):
            took[names] = ours(uri, *names)
            print(f"artsim {' + '.join(names)}: {rows} images in {took[names]:.1f} s", flush=True)
    resnet, lite, both = took
    parts = sum(rows / rate for rate in forward.values()) + rows / decoding
    end_to_end = {names: rows / taken for names, taken in took.items()}
    where = f"{rows} images, {CPUS} CPUs"
    conclude(
        "extract",
        [
            Claim(
                "resnet50, fraction of bare forward",
                end_to_end[resnet] / forward["resnet50"],
                0.85,
                f"engine alone, {where}",
            ),
            Claim(
                "efficientnet_lite0, speed-up over plain loop",
                end_to_end[lite] / loop,
                3,
                f"timm {timm_version} + DataLoader({CPUS}), float32",
            ),
            Claim(
                "efficientnet_lite0, speed-up over Ray's pattern",
                end_to_end[lite] / pattern,
                5,
                f"Ray Data {ray_version}",
            ),
            Claim(
                "two backbones, time relative to forwards + one decoding",
                took[both] / parts,
                1.05,
                f"rates measured alone, {where}",
                at_least=False,
            ),
        ],
    )


if __name__ == "__main__":
    main()
