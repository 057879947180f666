"""Names in the Guggenheim essays against labels made by hand: precision, recall and time.

The labels (``benchmarks/labels``) were made by reading, before the matcher was written. All essays are searched, as an
archive would be; those with labels are scored. A mention counts as found if its place overlaps a labeled place and its
person is the labeled one. Every other mention in these texts is wrong. Needs the essays and the list of artists.
"""

import argparse
import csv
import json
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa

from artsim.archive import CATALOG, Archive
from benchmarks.claims import Claim, conclude
from benchmarks.dedupe import run

TEXT = Path(__file__).parents[2] / "shared" / "data" / "text"
LABELS = Path(__file__).parent / "labels" / "names.csv"
FIELDS = ("artist", "description")

Place = tuple[str, str, int, int, str]  # work, field, start, end, authority id


def build(archive: Archive) -> int:
    """Writes the artworks with their essays into the catalog; returns their number."""
    works = {}
    for work in json.loads((TEXT / "guggenheim.json").read_text(encoding="utf-8")):
        works.setdefault(work["url"].rpartition("/")[2], work)
    rows = [
        {"id": f"g:{number}", "title": work["title"], "artist": work["artist"],
         "metadata": json.dumps({"description": work["description"]})}
        for number, work in works.items()
    ]  # fmt: skip
    shards = archive.shard_of([row["id"] for row in rows])
    for shard in range(archive.shards):
        chosen = [row for row, number in zip(rows, shards, strict=True) if number == shard]
        archive.table("catalog").write(shard, "all", pa.Table.from_pylist(chosen, CATALOG))
    return len(rows)


def labels() -> tuple[set[str], list[Place]]:
    """Returns the works that were labeled, and the places of artists in the list."""
    with LABELS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    places = [
        (row["work"], row["field"], int(row["start"]), int(row["start"]) + len(row["mention"]), row["authority_id"])
        for row in rows
        if row["authority_id"]
    ]
    return {row["work"] for row in rows}, places


def mentions_of(archive: Archive, works: set[str]) -> list[Place]:
    """Returns the places that the job resolved in these works."""
    rows = [row for part in archive.table("names/benchmark").scan() for row in part.to_pylist()]
    return [
        (row["id"][2:], row["field"], row["start"], row["end"], row["authority_id"])
        for row in rows
        if row["id"][2:] in works and row["authority_id"]
    ]


def matches(a: Place, b: Place) -> bool:
    """Whether two places overlap and have the same person."""
    return a[:2] == b[:2] and a[4] == b[4] and a[2] < b[3] and b[2] < a[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--errors", action="store_true", help="print the mentions that were wrong or missed")
    arguments = parser.parse_args()
    if not TEXT.is_dir():
        sys.exit(f"essays not found: {TEXT}")
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.create(f"{folder}/archive", 8)
        count = build(archive)
        began = time.perf_counter()
        report = run(
            *("enrich", archive.uri, "names", "--text", *FIELDS, "--name", "benchmark"),
            *("--authority", str(TEXT / "cini_authors_ulan.csv")),
        )
        seconds = time.perf_counter() - began
        works, expected = labels()
        resolved = mentions_of(archive, works)
    wrong = [place for place in resolved if not any(matches(place, label) for label in expected)]
    missed = [label for label in expected if not any(matches(place, label) for place in resolved)]
    if arguments.errors:
        print("wrong", *wrong, "missed", *missed, sep="\n")
    print(f"{count:,} works, found: {report['mentions']}, {seconds:.0f} s")
    peer = f"labels made by hand: {len(expected)} mentions in {len(works)} works"
    conclude(
        "names",
        [
            Claim("precision", 1 - len(wrong) / max(len(resolved), 1), 0.95, peer),
            Claim("recall", 1 - len(missed) / len(expected), 0.8, peer),
            Claim("seconds", seconds, 60, f"{count:,} works against 5,249 persons", at_least=False),
        ],
    )


if __name__ == "__main__":
    main()
