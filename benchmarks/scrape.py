"""The scraper against img2dataset: 4,000 JPEGs of about 240 kB from a server here that takes 50 ms a request.

Both are timed as whole commands, from their start to their end, and each takes the better of two turns. Both write
Parquet and decode every image to verify it. The 20 hosts are 20 addresses of this machine.
"""

import argparse
import asyncio
import contextlib
import csv
import importlib.metadata
import io
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
from PIL import Image

from artsim.archive import CATALOG, Archive
from benchmarks.claims import Claim, conclude

ROOT = Path(__file__).parents[1]
PEER = ROOT / ".venv-img2dataset"
LATENCY = 0.05  # seconds
DISTINCT = 50
AT_ONCE = 128  # requests: img2dataset's 2 processes of 64 threads


def pictures() -> list[bytes]:
    """Clouds of colour with the grain of a photograph, 768 x 1024."""
    rng = np.random.default_rng(0)
    made = []
    for _ in range(DISTINCT):
        clouds = Image.fromarray(rng.integers(0, 256, (16, 12, 3), dtype=np.uint8)).resize((768, 1024), Image.BICUBIC)
        grain = rng.normal(0, 9, (1024, 768, 1))
        sink = io.BytesIO()
        Image.fromarray(np.clip(np.asarray(clouds) + grain, 0, 255).astype(np.uint8)).save(sink, "JPEG", quality=85)
        made.append(sink.getvalue())
    return made


class Answers(asyncio.Protocol):
    """The least a server can do: no parsing beyond the number in the path, one write for an answer."""

    answers: ClassVar[list[bytes]] = []
    nothing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.head = b""

    def data_received(self, data: bytes) -> None:
        self.head += data
        while b"\r\n\r\n" in self.head:
            head, self.head = self.head.split(b"\r\n\r\n", 1)
            path = head.split(b" ", 2)[1]
            number = path.strip(b"/").removesuffix(b".jpg")
            answer = self.answers[int(number) % DISTINCT] if number.isdigit() else self.nothing
            asyncio.get_running_loop().call_later(LATENCY, self.transport.write, answer)


async def serve() -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n"
    made = pictures()
    Answers.answers = [head.format(len(data)).encode() + data for data in made]
    server = await asyncio.get_running_loop().create_server(Answers, "0.0.0.0", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], sum(map(len, made)) // DISTINCT, flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def server() -> Iterator[tuple[int, int]]:
    """Its port, and the mean size of its images."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.scrape", "--serve"], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    try:
        port, size = map(int, process.stdout.readline().split())
        yield port, size
    finally:
        process.kill()
        process.wait()


def artsim(urls: list[str], hosts: list[str], *options: str) -> float:
    """Seconds for the whole job."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.create(folder)
        ids = [f"bench:{number}" for number in range(len(urls))]
        shards = archive.shard_of(ids)
        for shard in range(archive.shards):
            mine = np.flatnonzero(shards == shard)
            given = {"id": [ids[i] for i in mine], "image_url": [urls[i] for i in mine]}
            columns = {f.name: pa.array(given.get(f.name, [None] * len(mine)), f.type) for f in CATALOG}
            archive.table("catalog").write(shard, "all", pa.table(columns))
        per_host = max(AT_ONCE // len(hosts), 1)
        command = [sys.executable, "-m", "jobs.scrape", "--archive", folder, "--per-host", str(per_host)]
        command += ["--allow-host", *hosts, *options]
        started = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - started
        report = json.loads(done.stdout.splitlines()[-1])
        assert report["rows_out"] == len(urls), report
        return seconds


def img2dataset(urls: list[str], *options: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        table, out = Path(folder, "urls.csv"), Path(folder, "out")
        with table.open("w", newline="") as file:
            csv.writer(file).writerows([["url"], *([url] for url in urls)])
        command = [str(PEER / "bin/img2dataset"), f"--url_list={table}", "--input_format=csv", "--url_col=url"]
        command += ["--output_format=parquet", f"--output_folder={out}", "--processes_count=2", "--thread_count=64"]
        command += [f"--number_sample_per_shard={max(len(urls) // 4, 1)}", *options]
        quiet = {"NO_ALBUMENTATIONS_UPDATE": "1", **os.environ}
        started = time.perf_counter()
        subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        seconds = time.perf_counter() - started
        stats = [json.loads(path.read_text()) for path in out.glob("*_stats.json")]
        assert sum(one["successes"] for one in stats) == len(urls), stats
        return seconds


def make_peer() -> str:
    """Installs img2dataset where it is not yet; returns its version."""
    if not (PEER / "bin/img2dataset").exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEER)], check=True)
        subprocess.run([str(PEER / "bin/pip"), "install", "--quiet", "img2dataset==1.47.0"], check=True)
    return "1.47.0"


@dataclass(frozen=True)
class Turn:
    name: str
    hosts: int
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    goal: float


TURNS = [
    Turn("as they are", 1, (), ("--resize_mode=no",), 2.0),
    Turn("as they are, 20 hosts", 20, (), ("--resize_mode=no",), 2.0),
    Turn("resized to 512", 1, ("--resize", "512"), ("--resize_mode=keep_ratio", "--image_size=512"), 1.5),
    Turn("as they are, peer does not encode again", 1, (), ("--resize_mode=no", "--skip_reencode=True"), 1.0),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="800 images, one turn")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve())
        return
    count, turns = (800, 1) if options.quick else (4000, 2)
    peer = f"img2dataset {make_peer()}, 2 processes x 64 threads, parquet"
    claims = []
    with server() as (port, size):
        print(f"{count:,} JPEGs of {size / 1000:.0f} kB, {LATENCY * 1000:.0f} ms; {os.cpu_count()} CPUs")
        print(f"artsim {importlib.metadata.version('artsim')}; {peer}")
        print(f"\n{'images/s, start and end counted':40} {'artsim':>8} {'peer':>8} {'ratio':>6}")
        for turn in TURNS:
            hosts = [f"127.0.0.{1 + number}:{port}" for number in range(turn.hosts)]
            urls = [f"http://{hosts[number % turn.hosts]}/{number}.jpg" for number in range(count)]
            theirs, ours = [], []
            for _ in range(turns):
                theirs.append(img2dataset(urls, *turn.theirs))
                ours.append(artsim(urls, hosts, *turn.ours))
            ratio = min(theirs) / min(ours)
            rates = count / min(ours), count / min(theirs)
            print(f"{turn.name:40} {rates[0]:8.0f} {rates[1]:8.0f} {ratio:6.2f}", flush=True)
            claims.append(Claim(f"scrape: {turn.name}", ratio, turn.goal, f"{peer} {' '.join(turn.theirs)}"))
    conclude("scrape", claims)


if __name__ == "__main__":
    main()
