"""The page's server on synthetic archives: search by id and by words, memory, first bytes, 50 people at once.

python -m benchmarks.page
python -m benchmarks.page --works 1000000 --folder /tmp/page --seconds 60 --index
"""

import argparse
import asyncio
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import requests

from artsim.archive import CATALOG, CLUSTERS, IMAGES, LAYOUT, THUMBNAILS, Archive, features
from artsim.space.features import Space
from artsim.space.index import load_or_update
from artsim.web.atlas import Atlas
from artsim.web.collection import Collection
from benchmarks.claims import Claim, conclude
from tests.made import OPEN, jpeg

DIMENSION = 384
_SHARDS = 32
_QUERIES = 200
MOST_DRAWN = 200_000  # works whose atlas is drawn
_GOALS = {"id": 150.0, "words": 100.0, "many": 500.0, "first": 100.0, "memory": 2.0}
_WORDS = re.findall(
    "[a-z]+",
    """portrait landscape harbour bridge forest river garden mountain winter summer evening morning saint virgin child
    still life flowers fruit fish bread table window street church tower castle horse dog cat woman man girl boy dancer
    reader painter model self view storm sea coast boats market village mill road tree meadow cloud moonlight""",
)


def make(folder: Path, works: int) -> Archive:
    """Makes an archive with catalog, thumbnails, features, a layout and clusters; vectors are in 1,000 groups."""
    archive = Archive.create(str(folder), _SHARDS)
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(1000, DIMENSION)).astype(np.float32)
    pictures = [jpeg(seed=number, size=(160, 120)) for number in range(200)]
    names = [f"{a.capitalize()} {b}sson" for a in _WORDS[:50] for b in _WORDS[:40]]
    ids = np.array([f"made:{number:07d}" for number in range(works)], object)
    shards = archive.shard_of(ids)
    for shard in range(_SHARDS):
        chosen = ids[shards == shard]
        count = len(chosen)
        years = rng.integers(1400, 1950, count)
        title = rng.choice(_WORDS, (count, 5))
        groups = rng.integers(0, len(centers), count)
        vectors = centers[groups] + rng.normal(size=(count, DIMENSION)).astype(np.float32)
        numbers = rng.integers(0, len(pictures), count)
        places = rng.normal(size=(count, 2)).astype(np.float32) + centers[groups, :2] * 3
        catalog = {
            "id": chosen,
            "title": [" ".join(words) for words in title],
            "artist": rng.choice(names, count),
            "style": rng.choice(_WORDS[:40], count),
            "year_from": years,
            "year_to": years + 5,
            "rights": [OPEN] * count,
        }
        _write(archive, "catalog", CATALOG, shard, catalog)
        images = {"id": chosen, "status": ["ok"] * count, "sha256": ["0"] * count}
        _write(archive, "images", IMAGES, shard, images)
        thumbnails = {
            "id": chosen,
            "sha256": ["0"] * count,
            "bytes": [pictures[number] for number in numbers],
            "width": [160] * count,
            "height": [120] * count,
            "color": rng.integers(0, 255, (count, 3), np.uint8).tolist(),
        }
        _write(archive, "thumbnails", THUMBNAILS, shard, thumbnails)
        flat = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), DIMENSION)
        _write(archive, "features/made", features(DIMENSION), shard, {"id": chosen, "vector": flat})
        _write(archive, "layouts/map", LAYOUT, shard, {"id": chosen, "x": places[:, 0], "y": places[:, 1]})
        _write(archive, "clusters/groups", CLUSTERS, shard, {"id": chosen, "cluster": groups.astype(np.int32)})
    archive.write_json("layouts/map/_about.json", {"settings": {"method": "umap"}})
    archive.write_json("clusters/groups/_about.json", {"query": {"method": "kmeans"}})
    return archive


def _write(archive: Archive, name: str, schema: pa.Schema, shard: int, columns: dict[str, Any]) -> None:
    count = len(columns["id"])
    full = [columns[field.name] if field.name in columns else pa.nulls(count, field.type) for field in schema]
    arrays = [
        column if isinstance(column, pa.Array) else pa.array(column, field.type)
        for column, field in zip(full, schema, strict=True)
    ]
    rows = pa.table(arrays, schema=schema)
    archive.table(name, schema).write(shard, "p0", rows)


def empty_atlas(archive: Path, cache: Path) -> None:
    """Writes empty pages of an atlas, whose drawing takes minutes and is measured for fewer works."""
    os.environ["XDG_CACHE_HOME"] = str(cache)
    atlas = Atlas(Collection(Archive.open(str(archive))))
    for page in range(atlas.grid.pages):
        (atlas.folder / f"{atlas.grid.tile}-{page}.jpg").write_bytes(jpeg((255, 255, 255), (4096, 4096)))


@contextmanager
def served(archive: str, cache: Path) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Starts the server; yields its address, its process id, and the seconds until it answered and had loaded."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jobs.serve", "--archive", archive, "--port", str(port)]
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    started, times, address = time.perf_counter(), dict[str, float](), f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            while "answers" not in times:
                try:
                    requests.get(f"{address}/static/index.html", timeout=60)
                    times["answers"] = time.perf_counter() - started
                except requests.ConnectionError:
                    time.sleep(0.02)
            requests.get(f"{address}/api/archive", timeout=600)
            times["loaded"] = time.perf_counter() - started
            yield address, process.pid, times
        finally:
            process.terminate()


def milliseconds(call: Callable[[int], Any], count: int = _QUERIES) -> np.ndarray:
    """Times calls one after another."""
    times = []
    for number in range(count):
        start = time.perf_counter()
        call(number)
        times.append(1e3 * (time.perf_counter() - start))
    return np.array(times)


def memory(process: int) -> dict[str, float]:
    """Memory of a process in GB: all, and without pages of files, which the system can drop at any time."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    values = dict(line.split(":", 1) for line in lines)
    sizes = {name: int(values[name].split()[0]) / 1e6 for name in ("VmHWM", "RssAnon", "RssFile")}
    return {"peak": sizes["VmHWM"], "own": sizes["RssAnon"], "files": sizes["RssFile"]}


async def many(address: str, works: int, version: str, seconds: float, people: int = 50) -> tuple[np.ndarray, int, int]:
    """Times requests of people who search, open works and pan, with pauses; returns milliseconds, errors, requests."""
    import aiohttp

    times, errors = list[float](), 0
    end = time.perf_counter() + seconds

    async def person(session: aiohttp.ClientSession, seed: int) -> None:
        nonlocal errors
        rng = random.Random(seed)
        while time.perf_counter() < end:
            n = rng.randrange(works)
            paths = [
                f"/api/search?q={_mistyped(rng)}&limit=40",
                f"/api/artworks/{n}",
                f"/api/similar?n={n}&k=30",
                f"/api/search?filter=style:{rng.choice(_WORDS[:40])}&ids=1",
                *(f"/api/thumbnails/{rng.randrange(works)}.jpg?v={version}" for _ in range(6)),
                f"/api/artworks?n={','.join(str(rng.randrange(works)) for _ in range(30))}",
            ]
            for path in paths:
                start = time.perf_counter()
                try:
                    async with session.get(address + path) as answer:
                        await answer.read()
                        errors += answer.status != 200
                except aiohttp.ClientError:
                    errors += 1
                times.append(1e3 * (time.perf_counter() - start))
            await asyncio.sleep(rng.uniform(0.5, 3.5))

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(person(session, seed) for seed in range(people)))
    return np.array(times), errors, len(times)


def _mistyped(rng: random.Random) -> str:
    word = rng.choice(_WORDS)
    place = rng.randrange(len(word))
    return f"{word[:place]}{word[place + 1 :]} {rng.choice(_WORDS)}" if len(word) > 5 else word


def recall(address: str, archive: Archive, count: int = 20) -> float:
    """Share of the ten nearest, by a naive search in float64, that the server finds."""
    blocks = [
        (rows["id"].to_pylist(), rows["vector"].combine_chunks().flatten().to_numpy().reshape(-1, DIMENSION))
        for rows in archive.table("features/made").scan(["id", "vector"])
    ]
    ids, vectors = (
        np.array([image_id for names, _ in blocks for image_id in names]),
        np.concatenate([part for _, part in blocks]),
    )
    lengths = np.linalg.norm(vectors, axis=1)
    order, hits = np.argsort(ids), 0
    for n in np.random.default_rng(1).integers(0, len(ids), count).tolist():
        own = order[n]
        distances = 1 - (vectors @ vectors[own]) / lengths / lengths[own]
        distances[own] = np.inf
        found = [hit["n"] for hit in requests.get(f"{address}/api/similar?n={n}&k=10", timeout=60).json()]
        hits += len(set(ids[np.argpartition(distances, 10)[:10]]) & set(ids[order[found]]))
    return hits / (10 * count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, default=100_000)
    parser.add_argument("--folder", help="keeps the archive and the cache here")
    parser.add_argument("--seconds", type=float, default=60.0, help="of 50 people at once")
    parser.add_argument("--index", action="store_true", help="first builds an approximate index of the vectors")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    works, seconds = (5_000, 5.0) if options.quick else (options.works, options.seconds)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(options.folder or temporary)
        uri, cache = folder / f"archive-{works}", folder / "cache"
        start = time.perf_counter()
        if not (uri / "clusters" / "groups" / "_about.json").exists():
            make(uri, works)
        print(f"{works:,} works; the archive took {time.perf_counter() - start:.0f} s")
        if options.index:
            start = time.perf_counter()
            _, built = load_or_update(Space(Archive.open(str(uri)), ["made"]), "cosine")
            print(f"index, {time.perf_counter() - start:.0f} s: {built}")
        if works > MOST_DRAWN:
            empty_atlas(uri, cache)
        with served(str(uri), cache) as (address, process, first):
            requests.get(f"{address}/api/search?q=portrait", timeout=600)
            start = time.perf_counter()
            requests.get(f"{address}/api/similar?n=1", timeout=600)
            times = f"answers {first['answers']:.1f} s, loaded {first['loaded']:.1f} s"
            print(f"first start: {times}, vectors {time.perf_counter() - start:.1f} s")
            start = time.perf_counter()
            requests.get(f"{address}/api/atlas/0.jpg", timeout=600)
            print(f"atlas: {time.perf_counter() - start:.1f} s")
        with served(str(uri), cache) as (address, process, second):
            print(f"second start: answers {second['answers']:.1f} s, loaded {second['loaded']:.1f} s")
            report(address, process, Archive.open(str(uri)), works, seconds)


def report(address: str, process: int, archive: Archive, works: int, seconds: float) -> None:
    """Measures the server, prints a table and the line of claims."""
    rng = random.Random(0)
    session = requests.Session()
    about = session.get(f"{address}/api/archive").json()
    session.get(f"{address}/api/similar?n=1")
    similar = milliseconds(lambda _: session.get(f"{address}/api/similar?n={rng.randrange(works)}&k=30").json())
    words = milliseconds(lambda _: session.get(f"{address}/api/search?q={_mistyped(rng)}&limit=40&facets=0").json())
    faceted = milliseconds(lambda _: session.get(f"{address}/api/search?q={_mistyped(rng)}&limit=40").json())
    arrays = ("colors", "layouts/map", "columns/style")
    bytes_first = milliseconds(lambda n: _first_bytes(session, f"{address}/api/{arrays[n % 3]}"), 30)
    exact = recall(address, archive)
    times, errors, count = asyncio.run(many(address, works, about["version"], seconds))
    used = memory(process)
    at = f"{works:,} works"
    rows = [
        Claim("search by id, 95th percentile, ms", _p95(similar), _GOALS["id"], at, False),
        Claim("search by words, 95th percentile, ms", _p95(words), _GOALS["words"], at, False),
        Claim("search by words with facets, 95th percentile, ms", _p95(faceted), _GOALS["words"], at, False),
        Claim("first bytes of an array, 95th percentile, ms", _p95(bytes_first), _GOALS["first"], at, False),
        Claim("recall@10 of search by id", exact, 0.98, "search in float64"),
        Claim("50 people, 95th percentile, ms", _p95(times), _GOALS["many"], at, False),
        Claim("50 people, errors", errors, 0, f"{count} requests in {seconds:.0f} s", False),
        Claim("memory without files, GB", used["own"], _GOALS["memory"], at, False),
        Claim("memory with mapped files, peak, GB", used["peak"], _GOALS["memory"], at, False),
    ]
    conclude("page", rows)


def _p95(times: np.ndarray) -> float:
    return float(np.percentile(times, 95))


def _first_bytes(session: requests.Session, address: str) -> None:
    with session.get(address, stream=True) as answer:
        next(answer.iter_content(1))


if __name__ == "__main__":
    main()
