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
from artsim.metrics.interval import mean_score
from benchmarks.claims import Claim, conclude
from benchmarks.reproductions import KINDS

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art"
REPRODUCED, OTHERS, ONLY_REFERENCE = 60, 60, 240
SEED = 2


def run(job: str, archive: Path, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", str(archive), *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def build(folder: Path, divisor: int = 1) -> list[str]:
    """Makes or completes both archives, with the recommended features; returns the names of the second one's images.

    The names say what the images show. ``divisor`` makes all archives smaller.
    """
    reproduced_count, other_count = REPRODUCED // divisor, OTHERS // divisor
    with (PEOPLE_ART / "labels.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(SEED).permutation(len(rows))[
        : reproduced_count + other_count + ONLY_REFERENCE // divisor
    ]
    chosen = [rows[number] for number in order.tolist()]
    reproduced, others = chosen[:reproduced_count], chosen[reproduced_count : reproduced_count + other_count]
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
    return [name for name, _ in books]


def _half(number: int) -> str:
    return "tune" if number % 2 == 0 else "report"


def scores(books: Archive, table: str, half: str, names: Iterable[str]) -> dict[str, Any]:
    """Counts of a half: of reproductions by kind, and of the paintings that the reference lacks.

    ``names`` are those of all images that were made; one without a row is not found. ``hits`` of each kind says which
    paintings were identified rightly.
    """
    results = dict[str, list[dict[str, Any]]]()
    for rows in books.table(table).scan():
        for row in rows.to_pylist():
            results.setdefault(row["id"], []).append(row)
    by_name = {identifier.partition(":")[2]: rows for identifier, rows in results.items()}
    kinds = {kind: {"identified": 0, "wrong": 0, "review": 0, "n": 0, "hits": {}} for kind in (*KINDS, "other")}
    for name in names:
        which, painting, kind = name.split("-")
        if which == half:
            counts = kinds[kind]
            before = counts["identified"]
            counts["n"] += 1
            if name in by_name:
                _count(counts, painting if kind != "other" else None, by_name[name])
            counts["hits"][painting] = counts["identified"] > before
    return kinds


def _count(counts: dict[str, Any], painting: str | None, rows: Iterable[dict[str, Any]]) -> None:
    rows = sorted(rows, key=lambda row: row["rank"])
    candidates = [str(row["reference_id"]).partition(":")[2] for row in rows]
    if rows[0]["status"] == "identified":
        counts["identified" if candidates[0] == painting else "wrong"] += 1
    elif rows[0]["status"] == "review":
        counts["review"] += painting is None or painting in candidates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", help="keep the archives here, and use them again (default: a temporary folder)")
    parser.add_argument("--half", default="report", choices=("tune", "report"), help="the half to score")
    parser.add_argument("--quick", action="store_true", help="a tenth of the paintings")
    parser.add_argument("options", nargs="*", help="options of jobs.identify, after --")
    arguments = parser.parse_args()
    if not PEOPLE_ART.is_dir():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(arguments.folder or temporary)
        names = build(folder, 10 if arguments.quick else 1)
        began = time.monotonic()
        run("identify", folder / "books", "--reference", str(folder / "museum"), "--name", "benchmark",
            *arguments.options)  # fmt: skip
        print(f"identified in {time.monotonic() - began:.0f} s")
        kinds = scores(Archive.open(str(folder / "books")), "identifications/benchmark", arguments.half, names)
    print(f"{'':12}{'n':>5}{'identified':>12}{'wrong':>7}{'in review':>11}")
    for kind, counts in kinds.items():
        print(f"{kind:12}{counts['n']:5}{counts['identified']:12}{counts['wrong']:7}{counts['review']:11}")
    right, wrong, review, count = (
        sum(counts[key] for kind, counts in kinds.items() if kind != "other" or key == "wrong")
        for key in ("identified", "wrong", "review", "n")
    )
    pairs = [(painting, hit) for kind in KINDS for painting, hit in kinds[kind]["hits"].items()]
    groups = np.unique([painting for painting, _ in pairs], return_inverse=True)[1]
    recall = mean_score(np.array([hit for _, hit in pairs], float), groups=groups)
    print(f"recall {recall.value:.3f} [{recall.low:.3f}, {recall.high:.3f}], 95% interval by painting")
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
