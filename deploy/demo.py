"""Runs every job on the sample museum, submitted to a cluster of several nodes on this machine.

python -m deploy.demo
python -m deploy.demo --archive archives/cluster-demo --works 120
"""

import argparse
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from artsim.sample.museum import Museum, make
from artsim.sample.site import serve
from deploy.local_cluster import Cluster, up

_ROOT = Path(__file__).parents[1]
# What the archive says by itself; as one submission, because each starts a driver of its own.
_EXPLORE = """\
[cluster]
features = ["eye"]
name = "groups"
min-cluster-size = [4]

[map]
features = ["eye"]
name = "museum"

[dedupe]
features = ["efficientnet_lite0"]
name = "copies"

[[labels]]
action = "train"
features = ["efficientnet_lite0"]
columns = ["type"]
min-count = 3
name = "basics"

[[labels]]
action = "predict"
name = "basics"

[enrich]
action = "topics"
text = ["title"]
n = 3
"""
_RAYS_OWN = re.compile(r"\d{4}-\S+ \S+\s(INFO|WARNING|SUCC) |\[\d{4}-\S+ \S+ I |Running entrypoint for job ")


def demo(archive: Path, works: int) -> None:
    """Starts the museum's site and the cluster, submits one job after another, and prints what each did and where."""
    began = time.monotonic()
    print(f"the sample museum: generating {works} artworks (once)", flush=True)
    museum = make(archive.parent / f"{archive.name}-museum", works=works)
    with serve(museum.folder) as site:
        print(f"                   served at {site}\n\nthe cluster:       deploy/this-machine.yaml", flush=True)
        with up(_ROOT / "deploy" / "this-machine.yaml") as cluster:
            for node in sorted(cluster.list("nodes", detail=1), key=lambda node: node["node_ip"]):
                print(f"                   {node['node_ip']}  {_size(node)}", flush=True)
            reports = [submit(cluster, name, arguments) for name, *arguments in _jobs(museum, site, archive)]
            print(_table(cluster, reports))
    print(f"\nstopped; {time.monotonic() - began:.0f} s\nnearest neighbors: {archive / 'near.png'}")


def submit(cluster: Cluster, name: str, arguments: list[str]) -> dict[str, Any]:
    """Submits one job, prints its log, and returns its report. Raises ``SystemExit`` if it fails."""
    job = ["python", "-m", f"jobs.{name}", *arguments]
    shown = f"ray job submit --address {cluster.address} --working-dir . -- {shlex.join(job)}"
    print(f"\n── {name} {'─' * (100 - len(name))}\n$ {shown}\n", flush=True)
    began, submission, report = time.monotonic(), f"{name}-{time.time_ns()}", None
    command = ["ray", "job", "submit", "--address", cluster.address, "--submission-id", submission]
    with subprocess.Popen(  # noqa: S603 -- Ray's own command
        [*command, "--working-dir", ".", "--", *job],
        cwd=_ROOT,
        env=cluster.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in map(str.rstrip, process.stdout):
            if line.startswith('{"job": '):
                report = json.loads(line)
            elif line and not _RAYS_OWN.match(line):
                print(f"  {line}", flush=True)
    if process.returncode or report is None:
        raise SystemExit(f"jobs.{name} failed")
    took = time.monotonic() - began
    rows = f"{report['rows_out']} rows" + (f", {report['rows_failed']} failed" if report["rows_failed"] else "")
    print(f"  ✓ {rows}, {report['seconds']:.1f} s; {took:.1f} s with start-up", flush=True)
    return {**report, "submission": submission, "took": took}


def _jobs(museum: Museum, site: str, archive: Path) -> list[list[str]]:
    """The command lines: from the catalog to a picture of similar artworks for a curator who judges by type."""
    catalog = museum.folder / "online.csv"
    catalog.write_bytes(requests.get(f"{site}/catalog.csv", timeout=30).content)
    own = ["--archive", str(archive)]
    features = ["--features", "efficientnet_lite0:64"]
    choices = ["--annotator", "curator"]
    query = next(work.id for work in museum.works if work.kind == "original" and not work.flaw and not work.private)
    explore = archive.with_name(f"{archive.name}.toml")
    explore.write_text(_EXPLORE, encoding="utf-8")
    look = ["--features", "eye", "--id", f"sample:{query}", "--k", "7", "--picture", str(archive / "near.png")]
    return [
        ["catalog", *own, "--source", "table", "--location", str(catalog), "--as", "sample"],
        ["scrape", *own, "--allow-host", site.removeprefix("http://"), "--contact", "a@b.example", "--workers", "2"],
        ["extract", *own, "--backbones", "efficientnet_lite0"],
        ["annotations", "simulate", *own, *choices, "--by", "type", "--n", "400"],
        ["train", *own, *features, *choices, "--name", "eye", "--workers", "2", "--embed"],
        ["evaluate", *own, "--features", "efficientnet_lite0", "--models", "eye", *choices],
        ["tune", *own, *features, *choices, "--name", "margins", "--trials", "4", "--epochs", "5"],
        ["neighbors", *own, *look],
        ["pipeline", *own, "--config", str(explore)],
    ]


def _size(node: dict[str, Any]) -> str:
    if node["is_head_node"]:
        return "head"
    return f"{node['resources_total'].get('CPU', 0):.0f} CPU"


def _table(cluster: Cluster, reports: list[dict[str, Any]]) -> str:
    lines = [
        f"\n── summary {'─' * 92}",
        f"{'job':<14}{'seconds':>8}{'with start':>12}{'rows':>7}{'failed':>8}   nodes that worked",
    ]
    for report in reports:
        figures = f"{report['seconds']:>8.1f}{report['took']:>12.1f}{report['rows_out']:>7}{report['rows_failed']:>8}"
        lines.append(f"{report['job']:<14}{figures}   {_worked(cluster, report['submission'])}")
        for step in report.get("steps", ()):
            figures = f"{step['seconds']:>8.1f}{'':>12}{step['rows_out']:>7}{step['rows_failed']:>8}"
            lines.append(f"  {step['job']:<12}{figures}")
    return "\n".join(lines)


def _worked(cluster: Cluster, submission: str) -> str:
    """The nodes that ran tasks of a job, and how many; without the head, which has no CPU and runs only helpers."""
    driver = cluster.ask(f"api/jobs/{submission}")["driver_info"]
    if driver is None:
        return "only the head"
    query = {"filter_keys": "job_id", "filter_predicates": "=", "filter_values": driver["id"]}
    tasks = cluster.list("tasks", detail=1, limit=10_000, **query)
    workers = {node["node_id"]: node["node_ip"] for node in cluster.list("nodes") if not node["is_head_node"]}
    ran = [workers[task["node_id"]] for task in tasks if task["node_id"] in workers and task["type"] != "DRIVER_TASK"]
    if not ran:
        return "only the head"
    return " · ".join(f"{address} ({ran.count(address)} tasks)" for address in sorted(set(ran)))


def main() -> None:
    """Parses the command line and runs the demo; SIGTERM and SIGHUP stop everything that it started."""
    parser = argparse.ArgumentParser(prog="python -m deploy.demo", description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--archive", type=Path, default=Path("archives/cluster-demo"), help="folder; an archive in it is deleted first"
    )
    parser.add_argument("--works", type=int, default=120, help="number of artworks in the museum")
    options = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    archive = options.archive.absolute()
    if (archive / "archive.json").exists():
        shutil.rmtree(archive)
    demo(archive, options.works)


if __name__ == "__main__":
    main()
