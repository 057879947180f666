"""What size costs: cataloguing 10k, 100k and 1M made-up rows, and finding that nothing is pending.

A cost per row is the slope between two sizes, which removes the start of Python; flat means that the slope from 100k to
1M equals that from 10k to 100k. Each job runs five times: the shortest time counts, and the largest peak of resident
memory, including interpreter and libraries.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from artsim.archive import IMAGES, PART_ROWS, Archive, features
from benchmarks.claims import Claim, conclude

_TURNS = 5
_ARTISTS = [f"Painter {i}" for i in range(977)]


def catalog(path: Path, rows: int, site: str = "https://museum.example/images") -> None:
    """Writes a table of made-up artworks, 50,000 rows at a time; their images are at ``site``."""
    writer = None
    for start in range(0, rows, 50_000):
        numbers = np.arange(start, min(start + 50_000, rows))
        text = pa.array(numbers).cast(pa.string())
        piece = pa.table(
            {
                "id": pc.binary_join_element_wise("w", text, ""),
                "image_url": pc.binary_join_element_wise(f"{site}/", text, ".jpg", ""),
                "title": pc.binary_join_element_wise("Study of light number", text, " "),
                "artist": pa.array([_ARTISTS[i % len(_ARTISTS)] for i in numbers]),
                "date": pa.array((1400 + numbers % 600).astype(str)),
                "rights": pa.array(np.where(numbers % 3 == 0, "CC0", "© the estate")),
            }
        )
        writer = writer or pq.ParquetWriter(path, piece.schema)
        writer.write_table(piece)
    assert writer is not None
    writer.close()


def fill(uri: str) -> None:
    """Writes images and features for every row, as scrape and extract would, with tiny bytes and vectors."""
    archive = Archive.open(uri)
    images, vectors = archive.table("images"), archive.table("features/tiny", features(4))
    for shard in range(archive.shards):
        for part in archive.table("catalog").parts(shard):
            ids = archive.table("catalog").read(shard, part, ["id"])["id"].combine_chunks()
            for index, start in enumerate(range(0, len(ids), PART_ROWS)):
                part_ids = ids.slice(start, PART_ROWS)
                count, name = len(part_ids), f"{part}-{index:05d}"
                sha = pa.array(["0" * 64] * count)
                known = {"id": part_ids, "status": pa.array(["ok"] * count), "sha256": sha}
                columns = [known.get(field.name, pa.nulls(count, field.type)) for field in IMAGES]
                images.write(shard, name, pa.table(columns, schema=IMAGES))
                flat = pa.FixedSizeListArray.from_arrays(pa.array(np.ones(4 * count), pa.float32()), 4)
                rows = pa.table([part_ids, flat, pa.nulls(count, pa.string()), sha], schema=vectors.schema)
                vectors.write(shard, name, rows)


def run(*arguments: str) -> tuple[float, float, dict]:
    """Seconds, peak memory in MB and report of a job."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    output = process.stdout.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, arguments
    return time.perf_counter() - started, usage.ru_maxrss / 1024, json.loads(output.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2k, 20k and 200k rows")
    sizes = [2_000, 20_000, 200_000] if parser.parse_args().quick else [10_000, 100_000, 1_000_000]
    seconds: dict[str, list[float]] = {"catalog": [], "scrape": [], "extract": []}
    memory: dict[str, list[float]] = {"catalog": [], "scrape": [], "extract": []}
    print(f"{'rows':>10}  {'job':10} {'seconds':>8} {'peak MB':>8}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            uri, table = f"{folder}/archive", Path(folder, "catalog.parquet")
            catalog(table, rows)
            steps = {
                "catalog": ["jobs.catalog", "--source", "table", "--location", str(table), "--as", "bench"],
                "scrape": ["jobs.scrape"],
                "extract": ["jobs.extract", "--backbones", "tiny"],
            }
            for job, command in steps.items():
                if job == "extract":  # features need the name of a backbone: the table is renamed
                    command[-1] = "efficientnet_lite0"
                new = job == "catalog"  # finding nothing can be repeated; cataloguing needs a new archive
                turns = [run(*command, "--archive", f"{uri}-{turn}" if new else uri) for turn in range(_TURNS)]
                took, peak = min(took for took, *_ in turns), max(peak for _, peak, _ in turns)
                assert all(report["rows_in"] == (rows if new else 0) for *_, report in turns), turns
                if new:
                    Path(f"{uri}-0").rename(uri)
                    fill(uri)
                    Path(uri, "features", "tiny").rename(Path(uri, "features", "efficientnet_lite0"))
                seconds[job].append(took)
                memory[job].append(peak)
                print(f"{rows:10,}  {job:10} {took:8.2f} {peak:8.0f}", flush=True)
    claims = []
    for job in ("scrape", "extract"):
        largest = f"{sizes[-1]:,} rows"
        claims.append(Claim(f"{job}: seconds to find nothing pending", seconds[job][-1], 10, largest, at_least=False))
    for job, taken in seconds.items():
        slopes = [(taken[i + 1] - taken[i]) / (sizes[i + 1] - sizes[i]) for i in (0, 1)]
        claims.append(
            Claim(f"{job}: cost per row, large relative to small", slopes[1] / slopes[0], 1.2, "slopes", at_least=False)
        )
        grown = memory[job][2] / memory[job][1]
        claims.append(Claim(f"{job}: peak memory, large relative to middle", grown, 1.2, "resident", at_least=False))
    conclude("scale", claims)


if __name__ == "__main__":
    main()
