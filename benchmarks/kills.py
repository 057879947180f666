"""Whether the pipeline on people-art, killed at random moments, writes the same tables as an undisturbed run.

The cluster is a head and two machines, each a raylet on this machine. A kill takes the driver, and the same command
runs again; or it takes one of the two machines, and another one joins. Rows are compared by id: all columns except
times and numbers of attempts; vectors to 1e-3, because batches differ after a kill, and so do vectors slightly.
"""

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from artsim.archive import Archive
from benchmarks.claims import Claim, conclude
from tests.faults.machines import Machines, ended, machines

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art"
PIPELINE = """
[catalog]
source = "table"
location = "{location}"
as = "pa"
[scrape]
contact = "benchmark@museum.example"
[extract]
backbones = ["efficientnet_lite0", "efficientnet_lite0@4"]
[annotations]
action = "simulate"
annotator = "sim"
by = "style"
n = 1000
[train]
features = ["efficientnet_lite0", "efficientnet_lite0@4"]
name = "eye"
workers = "1"
embed = true
[neighbors]
features = ["eye"]
all = true
"""
LONGEST = 400  # seconds for a run after its last kill
TABLES = ["catalog", "images", "features/efficientnet_lite0", "features/efficientnet_lite0@4", "annotations"]
TABLES += ["features/eye"]
_OF_THE_RUN = {"created_at", "fetched_at", "attempts"}


def run(cluster: Machines, archive: Path, config: Path, kills: int, seed: int) -> list[str]:
    """Runs the pipeline to its end with so many kills; returns what was killed."""
    rng, done, spare = random.Random(seed), list[str](), 1
    while True:
        job = cluster.start("pipeline", "--archive", str(archive), "--config", str(config))
        killed = False
        while len(done) < kills:
            try:
                job.wait(timeout=rng.uniform(2, 14))
                break
            except subprocess.TimeoutExpired:
                pass
            if rng.random() < 0.5:
                os.killpg(job.pid, signal.SIGKILL)
                done.append("driver")
                killed = True
                break
            cluster.lose(spare)
            cluster.join(1)
            spare += 1  # the oldest remaining machine
            done.append("machine")
        with contextlib.suppress(subprocess.TimeoutExpired):
            job.wait(timeout=LONGEST)
        out, errors = ended(job)
        if job.returncode == 0:
            return done
        if not killed:
            sys.exit(f"after {done}:\n{errors[-3000:]}{out}")


def rows_of(archive: Archive, table: str) -> dict[str, dict[str, Any]]:
    """All rows by key, without the columns that may differ; exits if a row occurs twice."""
    rows = pa.concat_tables(list(archive.table(table).scan())).to_pylist()
    key = "annotation_id" if table == "annotations" else "id"
    by_key = {row[key]: {name: value for name, value in row.items() if name not in _OF_THE_RUN} for row in rows}
    if len(by_key) != len(rows):
        sys.exit(f"{table}: {len(rows) - len(by_key)} duplicate rows")
    return by_key


def differing(row: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    if row is None or other is None:
        return True
    vector, other_vector = row.pop("vector", None), other.pop("vector", None)
    if (vector is None) != (other_vector is None):
        return True
    return row != other or (vector is not None and not np.allclose(vector, other_vector, rtol=1e-3, atol=1e-3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 kills instead of 20")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if not PEOPLE_ART.is_dir():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "pipeline.toml")
        config.write_text(PIPELINE.format(location=PEOPLE_ART / "labels.csv"), encoding="utf-8")
        killed: list[str] = []
        for name, kills in (("alone", 0), ("killed", 5 if options.quick else 20)):
            started = time.monotonic()
            with machines(1, 1, 1) as cluster:
                killed = run(cluster, Path(folder, name), config, kills, options.seed)
            print(f"{name}: {time.monotonic() - started:.0f} s; killed: {', '.join(killed) or 'nothing'}", flush=True)
        worst = 0
        for table in TABLES:
            alone, other = (rows_of(Archive.open(f"{folder}/{name}"), table) for name in ("alone", "killed"))
            bad = sum(differing(alone.get(key), other.get(key)) for key in alone.keys() | other.keys())
            print(f"{table:40} {len(alone):6} rows, {bad} differ")
            worst += bad
    peer = (
        f"the same pipeline undisturbed; {killed.count('driver')} drivers and {killed.count('machine')} machines killed"
    )
    conclude("kills", [Claim(f"rows that differ after {len(killed)} kills", worst, 0, peer, at_least=False)])


if __name__ == "__main__":
    main()
