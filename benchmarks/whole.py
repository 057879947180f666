"""A whole archive: 100,000 images of a local museum, from its catalog to a map, by one pipeline command.

An undisturbed run of a fifth of the images comes first. The large run is killed twice with kill -9, all processes at
once: while it scrapes and while it extracts. The same command finishes it, and every row is there once. Images are
small JPEGs, each different, made by the server. The map is fitted on the same number of artworks in both runs and
places the others.

Images per second of scrape and extract are those of the flow: from the first partition that a run wrote to its last.
Those of catalog and map are rows by the seconds of the job. Memory is the largest sampled of each kind of process, with
libraries, without pages that processes share.
"""

import argparse
import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from artsim.archive import Archive
from benchmarks.claims import Claim, conclude
from benchmarks.image_server import ROOT, response, serve, server
from benchmarks.scale import catalog
from tests.faults.rows import every_row_once, parts_of

_MARK = "ARTSIM_BENCHMARK"  # in the environment of each process of a run, also of Ray's
_SAMPLED = 0.3  # seconds between two looks at the memory
_KILLED_AT = 0.3  # share of a table's partitions that are written when a run is killed

PIPELINE = """
[catalog]
source = "table"
location = "{table}"
as = "bench"
[scrape]
allow_host = ["{host}"]
per_host = 64
contact = "benchmark@museum.example"
[extract]
backbones = ["{backbone}"]
[map]
features = ["{backbone}"]
name = "whole"
method = "{method}"
sample = {sample}
"""
STEPS = ("catalog", "scrape", "extract", "map")
FULL = {"backbone": "efficientnet_lite0", "method": "umap", "sample": 10_000}
QUICK = {"backbone": "efficientnet_lite0+64", "method": "pca", "sample": 500}


def picture(path: bytes) -> bytes:
    """The response with the image of this path: 8 x 6 random colors, smoothly enlarged."""
    number = path.strip(b"/").removesuffix(b".jpg")
    if not number.isdigit():
        return response(b"", "404 Not Found")
    colors = np.random.default_rng(int(number)).integers(0, 256, (6, 8, 3), np.uint8)
    sink = io.BytesIO()
    Image.fromarray(colors).resize((160, 120), Image.Resampling.BILINEAR).save(sink, "JPEG", quality=80)
    return response(sink.getvalue())


class Run:
    """A pipeline command and the memory of its processes, in MB by kind."""

    def __init__(self, archive: Path, config: Path, peaks: dict[str, float]) -> None:
        self.mark, self.peaks = uuid.uuid4().hex, peaks
        command = [sys.executable, "-m", "jobs.pipeline", "--archive", str(archive), "--config", str(config)]
        environment = {**os.environ, "RAY_ADDRESS": "local", _MARK: self.mark}
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  (a pipe that nobody reads would stop it)
        self.job = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=self.errors, start_new_session=True
        )
        self.started, self.ended = time.time(), float("inf")
        self._others: set[int] = set()
        threading.Thread(target=self._sample, daemon=True).start()

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def report(self) -> dict:
        """Waits for the end of a run that has to succeed; returns the report of the pipeline."""
        assert self.job.stdout is not None
        out = self.job.stdout.read().decode()
        if self.job.wait():
            self.errors.seek(0)
            sys.exit(self.errors.read().decode(errors="replace")[-3000:])
        self.ended = time.time()
        return json.loads(out.splitlines()[-1])

    def kill(self, condition: Callable[[], bool]) -> None:
        """Kills all processes of the run at once when ``condition`` is true."""
        while not condition():
            if self.job.poll() is not None:
                sys.exit("the run ended before it was killed")
            time.sleep(0.05)
        self.stop()

    def stop(self) -> None:
        """Kills all processes that are left."""
        while left := list(self._processes()):  # Ray starts sessions of its own
            for process in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            time.sleep(0.05)
        self.job.wait()
        self.ended = min(self.ended, time.time())

    def _processes(self) -> Iterator[int]:
        for folder in Path("/proc").glob("[0-9]*"):
            process = int(folder.name)
            if process in self._others:
                continue
            with contextlib.suppress(OSError):
                if f"{_MARK}={self.mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                    if "State:\tZ" not in (folder / "status").read_text():
                        yield process
                elif (folder / "environ").read_bytes():
                    self._others.add(process)

    def _sample(self) -> None:
        while self.ended == float("inf"):
            for process in self._processes():
                with contextlib.suppress(OSError, IndexError, KeyError):
                    status = Path(f"/proc/{process}/status").read_text().splitlines()
                    sizes = dict(line.split(":\t", 1) for line in status if line.startswith(("VmRSS", "RssShmem")))
                    own = sum(sign * int(sizes[name].split()[0]) for name, sign in (("VmRSS", 1), ("RssShmem", -1)))
                    kind = _kind(Path(f"/proc/{process}/cmdline").read_bytes())
                    self.peaks[kind] = max(self.peaks[kind], own / 1024)
            time.sleep(_SAMPLED)


def _kind(command: bytes) -> str:
    """``pipeline`` for the driver, the class of an actor or the task of a worker, otherwise the program."""
    words = [word.decode(errors="replace") for word in command.split(b"\0") if word]
    if "jobs.pipeline" in words:
        return "pipeline"
    if words[0].startswith("ray::"):
        return "worker " + words[0][5:].partition(".")[0].partition("(")[0].removeprefix("_MapWorker").strip()
    program = next((word for word in words[1:] if word.endswith(".py")), words[0])
    return Path(program).stem


def flow(archive: Path, table: str, runs: list[Run]) -> float:
    """Rows per second between the first and the last partition that each run wrote."""
    rows, seconds = 0, 0.0
    opened = Archive.open(str(archive)).table(table)
    for run in runs:
        written = []
        for path in archive.glob(f"{table}/*/[!_]*.parquet"):
            if run.started <= path.stat().st_mtime <= run.ended:
                written.append((path.stat().st_mtime, opened.rows_in(int(path.parent.name), path.stem)))
        written.sort()
        rows += sum(count for _, count in written[1:])
        seconds += written[-1][0] - written[0][0] if written else 0
    return rows / seconds if seconds else float("nan")


def whole(folder: Path, images: int, port: int, settings: dict, kills: bool) -> tuple[dict[str, float], dict]:
    """Builds an archive by the pipeline; returns rows per second of each step and the peak memory by kind."""
    archive, table, config = folder / f"archive-{images}", folder / f"{images}.parquet", folder / f"{images}.toml"
    host = f"127.0.0.1:{port}"
    catalog(table, images, f"http://{host}")
    config.write_text(PIPELINE.format(table=table, host=host, **settings))
    opened, features = Archive.create(str(archive)), f"features/{settings['backbone']}"
    peaks: dict[str, float] = defaultdict(float)
    expected = sum(-(-count // 256) for count in np.bincount(opened.shard_of([f"bench:w{n}" for n in range(images)])))
    runs = []
    for name in ("images", features) if kills else ():
        with Run(archive, config, peaks) as run:
            run.kill(lambda name=name: parts_of(opened, name) >= _KILLED_AT * expected)
        runs.append(run)
        print(f"  killed with {parts_of(opened, name)} of {expected} partitions of {name}", flush=True)
    with Run(archive, config, peaks) as run:
        steps = dict(zip(STEPS, run.report()["steps"], strict=True))
    runs.append(run)
    for name in ("catalog", "images", features, "layouts/whole"):
        every_row_once(opened, name, {f"bench:w{number}" for number in range(images)})
    rates = {name: images / steps[name]["seconds"] for name in ("catalog", "map")}
    rates |= {name: flow(archive, table, runs) for name, table in (("scrape", "images"), ("extract", features))}
    taken = sum(run.ended - run.started for run in runs)
    print(f"{images:9,}  {taken:8.0f} s " + "".join(f"{rates[name]:9.0f}" for name in steps), flush=True)
    return rates, peaks


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="1,000 and 3,000 images of 64 pixels, a map by PCA")
    parser.add_argument("--images", type=int, nargs=2, default=(20_000, 100_000), metavar="N")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(picture, 0.0)
        return
    sizes = (1_000, 3_000) if options.quick else options.images
    settings = QUICK if options.quick else FULL
    print(
        f"{'images':>9}  {'seconds':>10} " + "".join(f"{name:>9}" for name in ("catalog", "scrape", "extract", "map"))
    )
    with tempfile.TemporaryDirectory() as folder, server("benchmarks.whole") as (port,):
        results = [whole(Path(folder), sizes[kills], port, settings, bool(kills)) for kills in (0, 1)]
    (_, small), (rates, large) = results
    print(f"\n{'process':40} {'MB at most':>10} {'then':>6}")
    for kind in sorted(large, key=large.__getitem__, reverse=True):
        print(f"{kind:40} {small.get(kind, float('nan')):10.0f} {large[kind]:6.0f}")
    worst = max((kind for kind in large if kind in small), key=lambda kind: large[kind] / small[kind])
    peer, killed = f"{worst}; {sizes[1]:,} against {sizes[0]:,} images", f"{sizes[1]:,} images, killed twice"
    claims = [Claim("peak memory of a process, large relative to small", large[worst] / small[worst], 1.2, peer, False)]
    claims += [Claim(f"{name}: images/s", rate, 0, killed) for name, rate in rates.items()]
    conclude("whole", claims)


if __name__ == "__main__":
    main()
