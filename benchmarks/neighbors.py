"""Searches for neighbors: the exact one against faiss and scikit-learn, and the index against the exact one.

Exact: the ten nearest others of every vector by euclidean distance, 100,000 x 512 (``--quick``: 20,000 x 512), all in
memory, as fast as each library can. faiss and scikit-learn run in an environment of their own. Turns alternate; the
better of two counts. Index: 1,000,000 x 384 (``--quick``: 50,000 x 384), vectors of a mixture with 24 directions of its
own for each of 500 groups, as features of images vary in few directions; 1,000 queries, one at a time.
"""

import argparse
import importlib.metadata
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from artsim.archive import CATALOG, Archive, features
from artsim.space.approximate import search_index
from artsim.space.features import Space
from artsim.space.graph import knn_graph
from artsim.space.index import load_or_update
from artsim.space.search import search
from benchmarks.claims import Claim, conclude

ROOT = Path(__file__).parents[1]
PEER = ROOT / ".venv-faiss"
PEER_VERSIONS = {"faiss-cpu": "1.15.1", "scikit-learn": "1.9.1"}
K = 10
TURNS = 2

_PEERS = """
import sys, time
import numpy as np
kind, source, k, target = sys.argv[1:]
vectors = np.load(source)
started = time.perf_counter()
if kind == "faiss":
    import faiss
    started = time.perf_counter()
    index = faiss.IndexFlatL2(vectors.shape[1])
    index.add(vectors)
    found = index.search(vectors, int(k) + 1)[1]
else:
    from sklearn.neighbors import NearestNeighbors
    started = time.perf_counter()
    found = NearestNeighbors(algorithm="brute").fit(vectors).kneighbors(vectors, int(k) + 1, return_distance=False)
print(time.perf_counter() - started)
np.save(target, found)
"""


def peer_python() -> Path:
    """Returns the interpreter of the peers' environment, which is made if it is missing."""
    python = Path(os.environ.get("ARTSIM_FAISS_PYTHON", PEER / "bin" / "python"))
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", PEER], check=True)
        wanted = [f"{name}=={version}" for name, version in PEER_VERSIONS.items()]
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    return python


def mixture(count: int, dimension: int, seed: int) -> np.ndarray:
    """Returns vectors around 500 centers, each with 24 directions of its own, float32 (count, dimension)."""
    rng = np.random.default_rng(0)  # the same groups for every seed
    centers = rng.normal(size=(500, dimension)).astype(np.float32)
    directions = rng.normal(size=(500, 24, dimension)).astype(np.float32) * 0.2
    rng = np.random.default_rng([seed, count])
    groups = rng.integers(0, 500, count)
    vectors = centers[groups] + 0.02 * rng.normal(size=(count, dimension)).astype(np.float32)
    weights = rng.normal(size=(count, 24)).astype(np.float32)
    for group in range(500):
        rows = groups == group
        vectors[rows] += weights[rows] @ directions[group]
    return vectors


def exact(count: int, with_sklearn: bool) -> list[Claim]:
    """Measures the ten nearest of every vector by artsim, faiss and scikit-learn."""
    vectors = mixture(count, 512, 1)
    kinds = ["faiss", "sklearn"] if with_sklearn else ["faiss"]
    best = dict.fromkeys(["artsim", *kinds], np.inf)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "vectors.npy"), Path(folder, "found.npy")
        np.save(source, vectors)
        same: dict[str, float] = {}
        for turn in range(TURNS):
            started = time.perf_counter()
            ours, _ = knn_graph(vectors, K, "euclidean")
            best["artsim"] = min(best["artsim"], time.perf_counter() - started)
            for kind in kinds[: 1 if turn else None]:  # scikit-learn once
                command = [str(peer_python()), "-c", _PEERS, kind, str(source), str(K), str(target)]
                seconds = float(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
                best[kind] = min(best[kind], seconds)
                theirs = np.load(target)
                others = [row[row != number][:K] for number, row in enumerate(theirs)]
                same[kind] = float(np.mean([len(set(a) & set(b)) / K for a, b in zip(ours, others, strict=True)]))
    print({name: f"{seconds:.2f} s" for name, seconds in best.items()}, {"same answers": same})
    size = f"{count:,} x 512"
    faiss, sklearn = (f"{name} {version}" for name, version in PEER_VERSIONS.items())
    claims = [
        Claim(f"all pairs, {size}: speed", best["faiss"] / best["artsim"], 1.0, f"{faiss} IndexFlatL2"),
        Claim(f"all pairs, {size}: same answers", same["faiss"], 0.9999, f"{faiss} IndexFlatL2"),
    ]
    if with_sklearn:
        claims.append(Claim(f"all pairs, {size}: speed", best["sklearn"] / best["artsim"], 5.0, f"{sklearn} brute"))
    return claims


def indexed(count: int) -> list[Claim]:
    """Measures recall and the time of single queries of the index, on an archive with this many vectors."""
    import pyarrow as pa

    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.create(folder)
        vectors = mixture(count, 384, 2)
        ids = np.array([f"bench:{number:07d}" for number in range(count)])
        shards, schema = archive.shard_of(ids.tolist()), features(384)
        for shard in range(archive.shards):
            rows = np.flatnonzero(shards == shard)
            catalog = {f.name: pa.array(ids[rows] if f.name == "id" else [None] * len(rows), f.type) for f in CATALOG}
            archive.table("catalog").write(shard, "all", pa.table(catalog))
            flat = pa.array(vectors[rows].ravel())
            described = {
                "id": pa.array(ids[rows]),
                "vector": pa.FixedSizeListArray.from_arrays(flat, 384),
                "error": pa.nulls(len(rows), pa.string()),
                "sha256": pa.nulls(len(rows), pa.string()),
            }
            archive.table("features/bench", schema).write(shard, "all", pa.table(described, schema=schema))
        del vectors
        space = Space(archive, ["bench"])
        started = time.perf_counter()
        index, report = load_or_update(space, "cosine")
        print(f"built in {time.perf_counter() - started:.0f} s: {report}")
        queries = mixture(1000, 384, 3)  # none is in the archive
        nearest = search(space.blocks(), queries, K)
        seconds, hits = [], 0
        for query, expected in zip(queries, nearest.ids, strict=True):
            started = time.perf_counter()
            answer, _ = search_index(index, space, query[None], K, metric="cosine")
            seconds.append(time.perf_counter() - started)
            hits += len(set(answer.ids[0]) & set(expected))
    version = importlib.metadata.version("usearch")
    name, peer = f"usearch, {count:,} x 384", f"the exact answers; usearch {version}"
    late = float(np.quantile(seconds, 0.95)) * 1000
    return [
        Claim(f"{name}: recall@10", hits / nearest.ids.size, 0.98, peer),
        Claim(f"{name}: 95th percentile of a query, ms", late, 20, "", at_least=False),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    claims = exact(20_000 if quick else 100_000, with_sklearn=True)
    conclude("neighbors", claims + indexed(50_000 if quick else 1_000_000))


if __name__ == "__main__":
    main()
