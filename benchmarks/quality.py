"""What training gains for artists that it never saw, on people-art: artsim's default recipe and the museum project's.

A simulated curator goes by style, another by artist; 5,000 annotations each, a fifth of them of artists held out.
These are others in each split: how much is gained hangs on who they are, which the interval of one does not show. The
default recipe was chosen by cross-validation on other artists than those that first verified it (CHANGELOG).
Like every PCA of artsim, the discriminant's covariance of all images is that of the archive, unjudged images included.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.claims import Claim, conclude

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art" / "labels.csv"
USUAL = "efficientnet_lite0"
STACK = {f"{USUAL}{level}+448": size for level, size in (("", 100), ("@blocks.3", 80), ("@3", 100))}
STACK |= {f"{USUAL}{level}+448": 100 for level in ("@blocks.5", "@4")}
OURS = ["--features", *(f"{name}:{size}" for name, size in STACK.items())]
MUSEUM = ["--features", USUAL, "--head", "residual", "--hidden", "8", "--dropout", "0", "--loss", "triplet"]
MUSEUM += ["--margin", "0.2", "--learning-rate", "1e-4", "--weight-decay", "0.01"]
GOALS = {"style": 0.5, "artist": 0.4}
UNSEEN = ["--split", "group-disjoint", "--split-by", "artist"]


def job(name: str, uri: str, *arguments: str) -> dict[str, Any]:
    """Runs a job; its report."""
    command = [sys.executable, "-m", f"jobs.{name}", *arguments, "--archive", uri]
    if name == "annotations":
        command[3:] = [arguments[0], "--archive", uri, *arguments[1:]]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=Path(__file__).parents[1])
    return json.loads(done.stdout.splitlines()[-1])


def archive(uri: str) -> None:
    """People-art with its features; takes some minutes."""
    job("catalog", uri, "--source", "table", "--location", str(PEOPLE_ART), "--as", "pa")
    job("scrape", uri, "--contact", "benchmark@example.org")
    job("extract", uri, "--backbones", USUAL, *STACK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", help="people-art that has the features already; else it is made anew")
    parser.add_argument("--splits", type=int, default=5, help="how often artists are held out, each time others")
    options = parser.parse_args()
    if not options.archive and not PEOPLE_ART.exists():
        sys.exit("benchmarks.quality: people-art is not beside the project")
    claims = []
    with tempfile.TemporaryDirectory() as folder:
        uri = options.archive or folder
        if not options.archive:
            archive(uri)
        for by, goal in GOALS.items():
            ours, museum = zip(*(gains(uri, folder, by, seed) for seed in range(options.splits)), strict=True)
            apart = f"{min(ours):.2f} to {max(ours):.2f} in {len(ours)} splits; the museum's recipe {mean(museum):.2f}"
            claims.append(Claim(f"gain on the usual features, {by}, mean", mean(ours), goal, apart))
    conclude("quality", claims)


def gains(uri: str, folder: str, by: str, seed: int) -> tuple[float, float]:
    """What artsim's recipe and the museum's gain on the usual features for the artists that this seed holds out."""
    how = ["--annotator", f"by-{by}-{seed}", "--seed", str(seed)]
    job("annotations", uri, "simulate", *how, "--by", by, "--n", "5000", "--pools", "5", "--pool-by", "artist")
    job("train", uri, "--name", f"ours-{by}-{seed}", "--again", *how, *UNSEEN, *OURS)
    job("train", uri, "--name", f"museum-{by}-{seed}", "--again", *how, *UNSEEN, *MUSEUM)
    models = ["--models", f"museum-{by}-{seed}", f"ours-{by}-{seed}"]
    report = job("evaluate", uri, "--features", USUAL, *models, *how, "--out", f"{folder}/{by}-{seed}")
    print(Path(folder, f"{by}-{seed}", "evaluation.md").read_text(), flush=True)
    museum, ours = (row["against_first"]["value"] for row in report["table"][1:])
    return ours, museum


if __name__ == "__main__":
    main()
