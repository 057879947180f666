"""Duplicates: recall and precision on people-art with known copies, and recall of each kind of copy.

The near-duplicate list of people-art has one pair. Two more pairs are in the data under different titles, found with
this job and checked by eye. So copies of 100 paintings are added, five kinds of each (``benchmarks.copies``). The
defaults of the job were chosen on copies of other paintings, drawn with seed 0. A pair of images in one group is right
if both show the same painting. Needs the people-art data.
"""

import argparse
import csv
import itertools
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from artsim.archive import Archive
from benchmarks.claims import Claim, conclude
from benchmarks.copies import KINDS, write_copies

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art"
ORIGINALS = 100
SEED = 1
SAME = [("pa04607", "pa04636"), ("pa00533", "pa00544"), ("pa00126", "pa00068")]  # the list, and two more


def run(job: str, archive: str, *arguments: str) -> dict:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", archive, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def build(archive: str, folder: Path) -> None:
    """Makes or completes an archive of people-art and the copies, with the recommended features."""
    with (PEOPLE_ART / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    chosen = sorted(np.random.default_rng(SEED).choice(len(rows), ORIGINALS, replace=False))
    originals = [(rows[number]["id"], PEOPLE_ART / rows[number]["file"]) for number in chosen]
    table = write_copies(originals, folder, seed=SEED)
    run("catalog", archive, "--source", "table", "--location", str(PEOPLE_ART / "labels.csv"), "--as", "pa")
    run("catalog", archive, "--source", "table", "--location", str(table), "--as", "copies")
    run("scrape", archive, "--contact", "benchmark@museum.example")
    run("extract", archive)


def painting(identifier: str) -> str:
    """The painting that an image shows: ``pa00012`` for ``copies:pa00012~crop``."""
    name = identifier.partition(":")[2].partition("~")[0]
    return next((first for first, second in SAME if name == second), name)


def scores(archive: Archive, table: str) -> tuple[float, float, dict[str, float]]:
    """Recall and precision of pairs, and for each kind the share of copies in the group of their original."""
    group: dict[str, int] = {}
    for rows in archive.table(table).scan(["id", "group"]):
        group |= dict(zip(rows["id"].to_pylist(), rows["group"].to_pylist(), strict=True))
    ids = [identifier for rows in archive.table("images").scan(["id"]) for identifier in rows["id"].to_pylist()]
    known = _pairs((painting(identifier), identifier) for identifier in ids)
    found = _pairs((number, identifier) for identifier, number in group.items())
    originals = {identifier.partition(":")[2]: identifier for identifier in ids if "~" not in identifier}
    kinds = {
        kind: float(np.mean([identifier in group and group.get(originals[name]) == group[identifier]
                             for identifier in ids if identifier.endswith(f"~{kind}")
                             for name in [identifier.partition(":")[2].removesuffix(f"~{kind}")]]))
        for kind in KINDS
    }  # fmt: skip
    for pair in sorted(found - known):
        print("not the same painting:", *pair)
    return len(found & known) / len(known), len(found & known) / max(len(found), 1), kinds


def _pairs(named) -> set[tuple[str, str]]:
    members: dict = {}
    for name, identifier in named:
        members.setdefault(name, []).append(identifier)
    return {pair for each in members.values() for pair in itertools.combinations(sorted(each), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", help="keep the archive here, and use it again (default: a temporary folder)")
    parser.add_argument("options", nargs="*", help="options of jobs.dedupe, after --")
    arguments = parser.parse_args()
    if not PEOPLE_ART.is_dir():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as folder:
        where = arguments.archive or f"{folder}/archive"
        build(where, Path(where).with_name("copies"))
        began = time.monotonic()
        report = run("dedupe", where, "--name", "benchmark", *arguments.options)
        print(f"{report['groups']} groups in {time.monotonic() - began:.0f} s; pairs: {report['pairs']}")
        recall, precision, kinds = scores(Archive.open(where), "duplicates/benchmark")
    claims = [Claim("recall of pairs", recall, 0.95, "known copies in people-art"),
              Claim("precision of pairs", precision, 0.9, "known copies in people-art"),
              *(Claim(f"recall, {kind}", share, 0.95, "copies in the group of their original")
                for kind, share in kinds.items())]  # fmt: skip
    conclude("dedupe", claims)


if __name__ == "__main__":
    main()
