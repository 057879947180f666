"""Identification: which painting of a reference archive does a reproduction show? On people-art.

The reference archive has 300 paintings. The second archive has six kinds of reproductions of 60 of them
(``benchmarks.reproductions``) and 60 paintings that the reference lacks. The defaults of the job were chosen on the
first half of the 60 and of the others; the second half is reported. An artwork counts as identified only with the
status ``identified``; one in review counts as found if the right painting is among its candidates. Needs the people-art
data.
"""

import argparse
import csv
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from artsim.archive import Archive
from benchmarks.claims import Claim, conclude
from benchmarks.reproductions import KINDS

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art"
REPRODUCED, OTHERS, ONLY_REFERENCE = 60, 60, 240
SEED = 2


def run(job: str, archive: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", str(archive), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def build(folder: Path) -> None:
    """Makes or completes both archives, with the recommended features. Ids of the second say what they are."""
    with (PEOPLE_ART / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(SEED).permutation(len(rows))[: REPRODUCED + OTHERS + ONLY_REFERENCE]
    chosen = [rows[number] for number in order.tolist()]
    reproduced, others = chosen[:REPRODUCED], chosen[REPRODUCED : REPRODUCED + OTHERS]
    pictures, rng = folder / "pictures", np.random.default_rng(SEED)
    pictures.mkdir(parents=True, exist_ok=True)
    books = list[tuple[str, str]]()
    for number, row in enumerate(reproduced):
        image = Image.open(PEOPLE_ART / row["file"]).convert("RGB")
        for kind, change in KINDS.items():
            name = f"{_half(number)}-{row['id']}-{kind}"
            change(image, rng).save(pictures / f"{name}.jpg", quality=90)
            books.append((name, f"{name}.jpg"))
    for number, row in enumerate(others):
        name = f"{_half(number)}-{row['id']}-other"
        books.append((name, f"{row['id']}.jpg"))
    museum = [(row["id"], f"{row['id']}.jpg") for row in chosen if row not in others]
    for row in chosen:
        shutil.copy(PEOPLE_ART / row["file"], pictures / f"{row['id']}.jpg")
    for archive, table in (("museum", museum), ("books", books)):
        path = pictures / f"{archive}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([("id", "file"), *table])
        run("catalog", folder / archive, "--source", "table", "--location", str(path), "--as", archive)
        run("scrape", folder / archive, "--contact", "benchmark@museum.example")
        run("extract", folder / archive)


def _half(number: int) -> str:
    return "tune" if number % 2 == 0 else "report"


def scores(books: Archive, table: str, half: str) -> dict[str, Any]:
    """Counts of a half: of reproductions by kind, and of the paintings that the reference lacks."""
    results = dict[str, list[dict[str, Any]]]()
    for rows in books.table(table).scan():
        for row in rows.to_pylist():
            results.setdefault(row["id"], []).append(row)
    kinds = {kind: {"identified": 0, "wrong": 0, "review": 0, "n": 0} for kind in (*KINDS, "other")}
    for identifier, rows in results.items():
        which, painting, kind = identifier.partition(":")[2].split("-")
        if which == half:
            _count(kinds[kind], painting if kind != "other" else None, rows)
    return kinds


def _count(counts: dict[str, int], painting: str | None, rows: Iterable[dict[str, Any]]) -> None:
    rows = sorted(rows, key=lambda row: row["rank"])
    found = [str(row["reference_id"]).partition(":")[2] for row in rows]
    counts["n"] += 1
    if rows[0]["status"] == "identified":
        counts["identified" if found[0] == painting else "wrong"] += 1
    elif rows[0]["status"] == "review":
        counts["review"] += painting is None or painting in found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="keep the archives here, and use them again (default: a temporary folder)")
    parser.add_argument("--half", default="report", choices=("tune", "report"), help="the half to score")
    parser.add_argument("options", nargs="*", help="options of jobs.identify, after --")
    arguments = parser.parse_args()
    if not PEOPLE_ART.is_dir():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.folder or temporary)
        build(folder)
        began = time.monotonic()
        run("identify", folder / "books", "--reference", str(folder / "museum"), "--name", "benchmark",
            *arguments.options)  # fmt: skip
        print(f"identified in {time.monotonic() - began:.0f} s")
        kinds = scores(Archive.open(str(folder / "books")), "identifications/benchmark", arguments.half)
    print(f"{'':12}{'n':>5}{'identified':>12}{'wrong':>7}{'in review':>11}")
    for kind, counts in kinds.items():
        print(f"{kind:12}{counts['n']:5}{counts['identified']:12}{counts['wrong']:7}{counts['review']:11}")
    right, wrong, review, count = (
        sum(counts[key] for kind, counts in kinds.items() if kind != "other" or key == "wrong")
        for key in ("identified", "wrong", "review", "n")
    )
    others = kinds["other"]
    conclude("identify", [
        Claim("precision of identified", right / max(right + wrong, 1), 0.98, "known reproductions of people-art"),
        Claim("recall of identified", right / count, 0.9, "known reproductions of people-art"),
        Claim("recall with review", (right + review) / count, 0.95, "known reproductions of people-art"),
        Claim("others in review", others["review"] / others["n"], 0.1, "paintings that the reference lacks",
              at_least=False),
        *(Claim(f"recall, {kind}", counts["identified"] / counts["n"], 0.9, "known reproductions of people-art")
          for kind, counts in kinds.items() if kind != "other"),
    ])  # fmt: skip


if __name__ == "__main__":
    main()
