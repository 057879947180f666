"""How well models trained on curators' annotations score on unseen artists: people-art, default commands only.

One simulated curator judges by style, another by artist. Each of five splits holds out a fifth of the artists. The
curator annotates nine artworks at a time, drawn at random: 3,000 annotations of the other artists' works, of which the
first 1,000 and 300 are also used alone, and 1,000 of the held-out artists' works, on which the models are compared. The
same run measures the museum project's recipe on the usual features, a strict split that holds out whole annotations
(the default of artsim 0.1), and the recommended features untrained. As in every PCA of artsim, the covariance of all
images is that of the archive, including images without annotations.
"""

import argparse
import csv
import sys
import tempfile
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from artsim.cli import Job
from artsim.vision.recommended import RECOMMENDED_SPECS
from benchmarks.claims import Claim, conclude
from jobs.annotations import job as annotations
from jobs.catalog import job as catalog
from jobs.evaluate import job as evaluate
from jobs.extract import job as extract
from jobs.scrape import job as scrape
from jobs.train import job as train

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art" / "labels.csv"
USUAL = "efficientnet_lite0"
MUSEUM = ["--features", USUAL, "--head", "residual", "--hidden", "8", "--dropout", "0", "--loss", "triplet"]
MUSEUM += ["--margin", "0.2", "--learning-rate", "1e-4", "--weight-decay", "0.01", "--split", "random"]
GOALS = {"style": 1.95, "artist": 1.70}
COUNTS = (3000, 1000, 300)
TESTED = 1000
HELD_OUT = 0.2  # share of the artists


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", help="an archive of people-art with its features (default: create one)")
    parser.add_argument("--splits", type=int, default=5, help="number of splits, each with other held-out artists")
    parser.add_argument("--quick", action="store_true", help="one split")
    options = parser.parse_args()
    if not PEOPLE_ART.exists():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    splits = 1 if options.quick else options.splits
    with tempfile.TemporaryDirectory() as folder:
        uri = options.archive or f"{folder}/archive"
        if not options.archive:
            make_archive(uri)
        results = {by: [compared(uri, folder, by, seed) for seed in range(splits)] for by in GOALS}
    show(results)
    claims = []
    for by, goal in GOALS.items():
        ours, museum = ([split["scores"][name]["value"] for split in results[by]] for name in ("3000", "museum"))
        peer = f"the museum's recipe {mean(museum):.2f}; {min(ours):.2f} to {max(ours):.2f} in {splits} splits"
        claims.append(Claim(f"mean meanrank, unseen artists, by {by}", mean(ours), goal, peer, at_least=False))
    covered = [split["covered"] for by_seed in results.values() for split in by_seed]
    claims.append(
        Claim("share of cross-validated intervals for new artists that contain the truth", mean(covered), 0.9, "none")
    )
    seconds = [split["seconds"] for by_seed in results.values() for split in by_seed if split["seconds"]]
    if seconds:  # none if --archive has all models already
        name = f"cross-validation and final fit of {max(COUNTS):,} annotations, median seconds"
        claims.append(Claim(name, median(seconds), 60, "none", at_least=False))
    conclude("quality", claims)


def make_archive(uri: str) -> None:
    """Imports people-art and extracts its features; takes some minutes."""
    run(catalog, uri, "--source", "table", "--location", str(PEOPLE_ART), "--as", "pa")
    run(scrape, uri, "--contact", "benchmark@example.org")
    run(extract, uri, "--backbones", USUAL)
    run(extract, uri)


def run(job: Job, uri: str, *arguments: str) -> dict[str, Any]:
    """Runs a job as its command line does; returns its report."""
    report: dict[str, Any] = job.run([*arguments, "--archive", uri])
    return report


def compared(uri: str, folder: str, by: str, seed: int) -> dict[str, Any]:
    """Scores on the artists that this seed holds out, by name, and whether the cross-validated interval covers them."""
    with PEOPLE_ART.open(encoding="utf-8", newline="") as source:
        works = list(csv.DictReader(source))
    artist = np.array([work["artist"] or work["id"] for work in works])
    names = np.unique(artist)
    rng = np.random.default_rng([seed, 12])
    held_out = np.isin(artist, rng.choice(names, round(HELD_OUT * len(names)), replace=False))
    value = np.array([work[by] for work in works])
    ids = np.array([f"pa:{work['id']}" for work in works])
    test, label = f"test-{by}-{seed}", f"{by}-{seed}"
    add(uri, folder, test, draw(ids[held_out], value[held_out], TESTED, rng))
    seen = draw(ids[~held_out], value[~held_out], max(COUNTS), rng)
    models = {}
    for count in COUNTS:
        add(uri, folder, f"seen-{label}-{count}", seen[:count])
        models[str(count)] = learn(uri, f"ours-{label}-{count}", f"seen-{label}-{count}", "--split-by", "artist")
    most = f"seen-{label}-{max(COUNTS)}"
    models["strict split"] = learn(uri, f"strict-{label}", most, "--split", "image-disjoint")
    models["museum"] = learn(uri, f"museum-{label}", most, *MUSEUM)
    trained_names = [model["model"].rpartition("/")[2] for model in models.values()]
    stack = ["--features", USUAL, "--features", *RECOMMENDED_SPECS]
    where = ["--annotator", test, "--out", f"{folder}/{label}"]
    report = run(evaluate, uri, *stack, "--models", *trained_names, *where)
    print(Path(folder, label, "evaluation.md").read_text(encoding="utf-8"), flush=True)
    rows = {row["label"]: row for row in report["table"]}
    scores = {name: rows[trained]["after"] for name, trained in zip(models, trained_names, strict=True)}
    untrained = [row["before"] for row in report["table"] if row["label"] not in trained_names]
    scores |= {"usual, untrained": untrained[0], "recommended, untrained": untrained[-1]}
    whole = models[str(max(COUNTS))]
    cross_validated, truth = whole["scores"]["new_groups"]["after"], scores[str(max(COUNTS))]["value"]
    covered = cross_validated["low"] <= truth <= cross_validated["high"]
    seconds = None if whole["done_before"] else whole["seconds"]
    return {"scores": scores, "covered": float(covered), "cross-validated": cross_validated, "seconds": seconds}


def learn(uri: str, name: str, annotator: str, *how: str) -> dict[str, Any]:
    """Trains a model; returns the report."""
    return run(train, uri, "--name", name, "--annotator", annotator, *how)


def draw(ids: np.ndarray, value: np.ndarray, count: int, rng: np.random.Generator) -> list[list[str]]:
    """Random annotations: the positive has the anchor's value, the seven negatives have others."""
    members = {label: np.flatnonzero(value == label) for label in np.unique(value) if label}
    anchors = np.flatnonzero([bool(label) and len(members[label]) > 1 for label in value])
    known = np.flatnonzero(value != "")
    drawn = []
    for anchor in rng.choice(anchors, count):
        alike = members[value[anchor]]
        positive = rng.choice(alike[alike != anchor])
        negatives = rng.choice(known[value[known] != value[anchor]], 7, replace=False)
        drawn.append(ids[[anchor, positive, *negatives]].tolist())
    return drawn


def add(uri: str, folder: str, annotator: str, nines: list[list[str]]) -> None:
    """Imports annotations from a file, as a curator's."""
    path = Path(folder, f"{annotator}.txt")
    path.write_text("".join(",".join(nine) + "\n" for nine in nines), encoding="utf-8")
    report = annotations.run(["import", "--archive", uri, "--file", str(path), "--annotator", annotator])
    assert not report["rows_failed"], report


def show(neighbors: dict[str, list[dict[str, Any]]]) -> None:
    """Prints the table of docs/learn.md: means over the splits."""
    print("| meanrank, held-out artists, mean of the splits (lowest to highest) | by style | by artist |")
    print("|---|---|---|")
    for name in next(iter(neighbors.values()))[0]["scores"]:
        cells = []
        for splits in neighbors.values():
            values = [split["scores"][name]["value"] for split in splits]
            cells.append(f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})")
        print(f"| {name} | {' | '.join(cells)} |")
    cells = [f"{mean(split['cross-validated']['value'] for split in splits):.2f}" for splits in neighbors.values()]
    print(f"| 3000, cross-validated before | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
