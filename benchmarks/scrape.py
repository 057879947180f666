"""The scraper against img2dataset: 4,000 JPEGs of about 240 kB from a server on this machine that waits 50 ms.

Both write Parquet and decode every image to verify it. A turn runs one after the other; the better of two turns counts.
"whole" is from the start of the command to its report (img2dataset: to its end), including the start of Ray; "flow"
begins when the server gets the first request for an image. The 20 hosts are 20 addresses of this machine.
"""

import argparse
import csv
import importlib.metadata
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from artsim.archive import CATALOG, Archive
from benchmarks.claims import Claim, conclude
from benchmarks.image_server import ROOT, Answer, response, serve, server

PEER = ROOT / ".venv-img2dataset"
PEER_VERSION = "1.47.0"
PEER_SETTINGS = ["--processes_count=2", "--thread_count=64", "--output_format=parquet"]
LATENCY = 0.05  # seconds
DISTINCT = 50
AT_ONCE = 128  # requests at once, as img2dataset's 2 x 64 threads


@dataclass(frozen=True)
class Turn:
    name: str
    hosts: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    goal: float


TURNS = [
    Turn("original bytes", 1, (), ("--resize_mode=no",), 2.0),
    Turn("original bytes, 20 hosts", 20, (), ("--resize_mode=no",), 2.0),
    Turn("resized to 512", 1, ("--resize", "512"), ("--resize_mode=keep_ratio", "--image_size=512"), 1.5),
    Turn("original bytes, also in the peer", 1, (), ("--resize_mode=no", "--skip_reencode=True"), 1.0),
]


def pictures() -> list[bytes]:
    """JPEGs of blurred colors with the grain of a photograph, 768 x 1024."""
    rng = np.random.default_rng(0)
    jpegs = []
    for _ in range(DISTINCT):
        clouds = Image.fromarray(rng.integers(0, 256, (16, 12, 3), dtype=np.uint8)).resize((768, 1024), Image.BICUBIC)
        grain = rng.normal(0, 9, (1024, 768, 1))
        sink = io.BytesIO()
        Image.fromarray(np.clip(np.asarray(clouds) + grain, 0, 255).astype(np.uint8)).save(sink, "JPEG", quality=86)
        jpegs.append(sink.getvalue())
    return jpegs


def answers() -> tuple[Answer, int]:
    """What the server answers, and the mean size of its images: the number in the path selects an image.

    ``/first`` returns the time of the first request for an image, and clears it.
    """
    jpegs = pictures()
    ready = [response(data) for data in jpegs]
    first: list[float] = []

    def answer(path: bytes) -> bytes:
        number = path.strip(b"/").removesuffix(b".jpg")
        if number.isdigit():
            first.extend([time.monotonic()] * (not first))
            return ready[int(number) % DISTINCT]
        if path == b"/first":
            return response(repr(first.pop()).encode())
        return response(b"", "404 Not Found")

    return answer, sum(map(len, jpegs)) // DISTINCT


def timed(command: list[str], port: int) -> tuple[float, float, bytes]:
    """Runs a command; returns its seconds, those since the first image request, and its last line on stdout.

    Both times end at that line, or at the end of a command that prints nothing.
    """
    started, lines = time.monotonic(), []
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    for line in process.stdout:
        lines.append((time.monotonic(), line))
    assert process.wait() == 0, command
    ended, last = lines[-1] if lines else (time.monotonic(), b"")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/first") as response:
        return ended - started, ended - float(response.read()), last


def artsim(urls: list[str], hosts: list[str], port: int, options: tuple[str, ...]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.create(folder)
        ids = [f"bench:{number}" for number in range(len(urls))]
        shards = archive.shard_of(ids)
        for shard in range(archive.shards):
            numbers = np.flatnonzero(shards == shard)
            given = {"id": [ids[i] for i in numbers], "image_url": [urls[i] for i in numbers]}
            columns = {f.name: pa.array(given.get(f.name, [None] * len(numbers)), f.type) for f in CATALOG}
            archive.table("catalog").write(shard, "all", pa.table(columns))
        command = [sys.executable, "-m", "jobs.scrape", "--archive", folder, "--allow-host", *hosts, *options]
        whole, flow, line = timed([*command, "--per-host", str(AT_ONCE // len(hosts))], port)
        report = json.loads(line)
        assert report["rows_out"] == len(urls), report
        return whole, flow


def img2dataset(urls: list[str], port: int, options: tuple[str, ...]) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder, "urls.csv"), Path(folder, "out")
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([["url"], *([url] for url in urls)])
        command = [str(PEER / "bin/img2dataset"), f"--url_list={table}", "--input_format=csv", "--url_col=url"]
        command += [f"--output_folder={out}", f"--number_sample_per_shard={max(len(urls) // 4, 1)}"]
        silent = ["sh", "-c", 'exec "$0" "$@" >/dev/null']  # no output: its end counts, not its last line
        whole, flow, _ = timed([*silent, *command, *PEER_SETTINGS, *options], port)
        stats = [json.loads(path.read_text()) for path in out.glob("*_stats.json")]
        assert sum(shard["successes"] for shard in stats) == len(urls), stats
        return whole, flow


def make_peer() -> None:
    if not (PEER / "bin/img2dataset").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run([str(PEER / "bin/pip"), "install", "--quiet", f"img2dataset=={PEER_VERSION}"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="800 images, one turn")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        answer, size = answers()
        serve(answer, LATENCY, size)
        return
    make_peer()
    count, turns = (800, 1) if options.quick else (4000, 2)
    peer = f"img2dataset {PEER_VERSION} {' '.join(PEER_SETTINGS)}"
    claims = []
    with server("benchmarks.scrape") as (port, size):
        print(f"{count:,} JPEGs of {size / 1000:.0f} kB, latency {LATENCY * 1000:.0f} ms; {os.cpu_count()} CPUs")
        print(f"artsim {importlib.metadata.version('artsim')}, {AT_ONCE} concurrent requests; {peer}\n")
        print(f"{'images/s':41} {'artsim':>7} {'peer':>7} {'ratio':>6}")
        for turn in TURNS:
            hosts = [f"127.0.0.{1 + number}:{port}" for number in range(turn.hosts)]
            urls = [f"http://{hosts[number % turn.hosts]}/{number}.jpg" for number in range(count)]
            theirs, ours = [], []
            for _ in range(turns):
                theirs.append(img2dataset(urls, port, turn.theirs))
                ours.append(artsim(urls, hosts, port, turn.ours))
            for index, kind in enumerate(("whole", "flow")):
                our, their = (min(taken[index] for taken in both) for both in (ours, theirs))
                name = f"{turn.name}, {kind}"
                print(f"{name:41} {count / our:7.0f} {count / their:7.0f} {their / our:6.2f}", flush=True)
                claims.append(Claim(name, their / our, turn.goal, f"{peer} {' '.join(turn.theirs)}"))
    conclude("scrape", claims)


if __name__ == "__main__":
    main()
