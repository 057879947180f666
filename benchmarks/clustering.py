"""HDBSCAN as jobs.cluster runs it against the hdbscan package and against bare fast_hdbscan; a million artworks.

The vectors are made up: 200 Gaussian clusters of different density, 10% noise. Against the hdbscan package, both get
the same 30 principal components, and both are measured in a process that has compiled its code. Against bare
fast_hdbscan, the whole command is measured: start, reading features, clustering, scores, descriptions and writing. The
bare call gets its vectors in memory. A million artworks have 15 columns, as after UMAP; memory is the process's peak.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pyarrow as pa
from sklearn.decomposition import PCA
from sklearn.metrics import adjusted_rand_score

from artsim.archive import CATALOG, Archive, features
from artsim.clusters.methods import cluster
from benchmarks.claims import Claim, conclude

SIZE = 15  # the smallest cluster
GIB = 1 << 30
SHARDS, PART_ROWS = 32, 4096


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a quarter and less of the rows, and no million")
    quick = parser.parse_args().quick
    claims = [*against_hdbscan(5_000 if quick else 20_000), against_bare(20_000 if quick else 100_000)]
    if not quick:
        claims.append(million(1_000_000))
    conclude("clustering", claims)


def made_up(rows: int, columns: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(200, columns)) * 4
    spread = rng.uniform(0.3, 1.2, size=200)
    group = rng.integers(200, size=rows)
    vectors = centers[group] + spread[group, None] * rng.normal(size=(rows, columns))
    noise = rng.random(rows) < 0.1
    vectors[noise] = rng.normal(size=(int(noise.sum()), columns)) * 5
    return vectors.astype(np.float32)


def against_hdbscan(rows: int) -> list[Claim]:
    from hdbscan import HDBSCAN

    vectors = PCA(30, random_state=0).fit_transform(made_up(rows, 32)).astype(np.float32)
    parameters = {"min_cluster_size": SIZE, "selection": "eom"}
    cluster("hdbscan", parameters, vectors[:500])  # compiles
    started = time.perf_counter()
    ours = cluster("hdbscan", parameters, vectors).labels
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    theirs = HDBSCAN(min_cluster_size=SIZE).fit(vectors).labels_
    peer_seconds = time.perf_counter() - started
    agreement = adjusted_rand_score(theirs, ours)
    print(
        f"{rows:,} x 32, reduced to 30: {seconds:.1f} s, hdbscan {peer_seconds:.1f} s, ARI {agreement:.4f}", flush=True
    )
    peer = f"hdbscan {version('hdbscan')}, min_cluster_size {SIZE}"
    return [
        Claim(f"{rows:,} x 32: times the speed of hdbscan", peer_seconds / seconds, 10, peer),
        Claim(f"{rows:,} x 32: ARI to hdbscan", agreement, 0.98, peer),
    ]


def against_bare(rows: int) -> Claim:
    from fast_hdbscan import HDBSCAN

    vectors = made_up(rows, 30)
    HDBSCAN(min_cluster_size=SIZE).fit(vectors[:500])  # compiles
    started = time.perf_counter()
    HDBSCAN(min_cluster_size=SIZE).fit(vectors)
    bare = time.perf_counter() - started
    seconds, memory, report = run_job(vectors)
    ratio = bare / seconds
    print(
        f"{rows:,} x 30: job {seconds:.1f} s of which {report['seconds']:.1f} s after its start, {memory:.1f} GiB, "
        f"{report['comparison'][0]['clusters']} clusters; bare call {bare:.1f} s",
        flush=True,
    )
    peer = f"fast_hdbscan {version('fast_hdbscan')}, the bare call"
    return Claim(f"{rows:,} x 30: share of the bare call's speed", ratio, 0.9, peer)


def million(rows: int) -> Claim:
    seconds, memory, report = run_job(made_up(rows, 15))
    print(
        f"{rows:,} x 15: {seconds:.0f} s, {memory:.1f} GiB, {report['comparison'][0]['clusters']} clusters", flush=True
    )
    return Claim(
        f"{rows:,} x 15: peak memory, GiB", memory, 16, f"{seconds:.0f} s on {os.cpu_count()} CPUs", at_least=False
    )


def run_job(vectors: np.ndarray) -> tuple[float, float, dict]:
    """Seconds and peak memory in GiB of ``python -m jobs.cluster`` on an archive of these vectors, and its report."""
    with tempfile.TemporaryDirectory() as folder:
        make_archive(folder, vectors)
        command = [sys.executable, "-m", "jobs.cluster", "--archive", folder, "--features", "made"]
        command += ["--metric", "euclidean", "--min-cluster-size", str(SIZE)]
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, out
        assert Archive.open(folder).table("clusters/made-hdbscan").count() == len(vectors)
        return seconds, usage.ru_maxrss * 1024 / GIB, json.loads(out.splitlines()[-1])


def make_archive(folder: str, vectors: np.ndarray) -> None:
    archive = Archive.create(str(Path(folder)), SHARDS)
    ids = np.array([f"made:{row}" for row in range(len(vectors))], object)
    shards = archive.shard_of(ids.tolist())
    schema = features(vectors.shape[1])
    archive.write_json("features/made/_about.json", {"made": "up"})
    for shard in range(SHARDS):
        rows = np.flatnonzero(shards == shard)
        catalog = {
            "id": ids[rows],
            "title": [f"View number {row % 997} of a harbour" for row in rows],
            "artist": [f"Painter {row % 501}" for row in rows],
            "year_from": pa.array(1500 + rows % 450, pa.int32()),
        }
        columns = [catalog.get(name, pa.nulls(len(rows), CATALOG.field(name).type)) for name in CATALOG.names]
        archive.table("catalog").write(shard, "p0", pa.table(dict(zip(CATALOG.names, columns, strict=True))))
        for number, start in enumerate(range(0, len(rows), PART_ROWS)):
            chosen = rows[start:][:PART_ROWS]
            flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors[chosen].ravel()), vectors.shape[1])
            content = {
                "id": ids[chosen],
                "vector": flat,
                "error": pa.nulls(len(chosen), pa.string()),
                "sha256": [f"{row:064d}" for row in chosen],
            }
            archive.table("features/made", schema).write(shard, f"p0-{number:05d}", pa.table(content))


if __name__ == "__main__":
    main()
