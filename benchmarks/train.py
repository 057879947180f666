"""Head training against the museum project's loop, rewritten from its description: epochs a second, and meanrank.

Its loop: a Python dataset that returns one annotation at a time, a DataLoader of 4 workers, batches of 50, the cosine
triplet loss with one random negative; each epoch ends with ten passes over the validation loader and a scipy cosine for
every pair. Residual head of 8 hidden units, margin 0.2, Adam with learning rate 1e-4 and weight decay 0.01. artsim's:
the default recipe, with the covariance of the whole archive, including images without annotations, as in jobs.train.
Both use the same features and the same split by artist, on people-art judged by style.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.distance import cosine
from torch import nn
from torch.utils.data import DataLoader, Dataset

from artsim.annotations.annotations import read_annotations
from artsim.annotations.splits import split
from artsim.archive import Archive
from artsim.learn.epochs import epochs
from artsim.learn.heads.learner import covariance_of
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.plan import groups_by
from artsim.learn.recipe import Recipe
from artsim.metrics.interval import mean_score, paired_difference
from artsim.metrics.meanrank import ranks
from artsim.space.features import Space
from benchmarks.claims import Claim, conclude

PEOPLE_ART = Path(__file__).parents[2] / "shared" / "data" / "people-art"
FEATURES = ["efficientnet_lite0"]


class Triplets(Dataset):
    """One annotation at a time: anchor, positive, one random negative."""

    def __init__(self, vectors: np.ndarray, judged: np.ndarray) -> None:
        self.vectors, self.judged = vectors, judged

    def __len__(self) -> int:
        return len(self.judged)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, ...]:
        row = self.judged[index]
        places = row[0], row[1], row[2 + int(torch.randint(7, ()))]
        return tuple(torch.from_numpy(self.vectors[place]) for place in places)


class Museum(nn.Module):
    def __init__(self, vectors: np.ndarray) -> None:
        super().__init__()
        self.inner, self.outer = nn.Linear(vectors.shape[1], 8), nn.Linear(8, vectors.shape[1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 0.5 * x + torch.tanh(self.outer(torch.relu(self.inner(x))))


def museum(vectors: np.ndarray, training: np.ndarray, validation: np.ndarray, count: int) -> tuple[Museum, list[float]]:
    """Runs the museum's loop; returns the model of its best epoch, and the seconds of each epoch."""
    torch.manual_seed(0)
    model = Museum(vectors)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4, weight_decay=0.01)
    loss_of = nn.TripletMarginWithDistanceLoss(
        distance_function=lambda a, b: 1 - nn.functional.cosine_similarity(a, b), margin=0.2
    )
    learning = DataLoader(Triplets(vectors, training), batch_size=50, shuffle=True, num_workers=4)
    checking = DataLoader(Triplets(vectors, validation), batch_size=50, num_workers=4)
    best, kept, seconds = 0.0, model.state_dict(), []
    for _ in range(count):
        started = time.perf_counter()
        for anchor, positive, negative in learning:
            loss = loss_of(model(anchor), model(positive), model(negative))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        right = []
        with torch.no_grad():
            for _ in range(10):
                for batch in checking:
                    for anchor, positive, negative in zip(*(model(each).numpy() for each in batch), strict=True):
                        right.append(cosine(anchor, positive) < cosine(anchor, negative))
        if np.mean(right) > best:
            best, kept = float(np.mean(right)), {name: each.clone() for name, each in model.state_dict().items()}
        seconds.append(time.perf_counter() - started)
    model.load_state_dict(kept)
    return model, seconds


def run(job: str, archive: str, *arguments: str) -> dict:
    command = [sys.executable, "-m", f"jobs.{job}", *arguments, "--archive", archive]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def build(uri: str) -> None:
    """Imports people-art and extracts its features."""
    run("catalog", uri, "--source", "table", "--location", str(PEOPLE_ART / "labels.csv"), "--as", "pa")
    run("scrape", uri, "--contact", "benchmark@museum.example")
    run("extract", uri, "--backbones", *FEATURES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="3 epochs of the peer instead of 30; only the speed is meaningful"
    )
    parser.add_argument(
        "--archive", help="an archive of people-art with features, which is modified (default: create one)"
    )
    options = parser.parse_args()
    if not options.archive and not PEOPLE_ART.is_dir():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as folder:
        uri = options.archive or folder
        if not options.archive:
            build(uri)
        run(
            "annotations",
            uri,
            "simulate",
            "--annotator",
            "bench",
            "--by",
            "style",
            "--pool-by",
            "artist",
            "--n",
            "3000",
        )
        compare(Archive.open(uri), 3 if options.quick else 30)


def compare(archive: Archive, count: int) -> None:
    annotations = read_annotations(archive, ["bench"])
    groups = groups_by(archive, "artist", annotations.ids().tolist())
    learning, test = split(annotations, "group-disjoint", groups=groups)
    inner = annotations.take(learning)
    training, validation = split(inner, "group-disjoint", seed=1, groups=groups)
    ids = annotations.ids()
    space = Space(archive, FEATURES)
    vectors = space.find(ids)
    rows, held_out = inner.judged(ids), annotations.take(test).judged(ids)
    mean, deviation = vectors[rows[training]].mean((0, 1)), vectors[rows[training]].std((0, 1))
    standard = ((vectors - mean) / np.maximum(deviation, 1e-6)).astype(np.float32)

    taken: dict[str, float] = {}
    results = {"untrained": ranks(vectors, held_out)}
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as in jobs.train
    trainer = HeadTrainer(vectors, rows[training], rows[validation], Recipe(), total=covariance_of(space, 0))
    *_, last = epochs(trainer, Recipe())
    torch.set_num_threads(threads)
    taken["ours"] = float(np.mean([epoch["seconds"] for epoch in last.history]))
    trainer.head.load_state_dict(last.best)
    results["ours"] = ranks(trainer.head.eval()(torch.tensor(vectors)).detach().numpy(), held_out)

    model, seconds = museum(standard, rows[training], rows[validation], count)
    taken["theirs"] = float(np.mean(seconds))
    results["theirs"] = ranks(model(torch.from_numpy(standard)).detach().numpy(), held_out)

    print(f"annotations: {len(training)} training, {len(validation)} validation, {len(test)} test", flush=True)
    for name, values in results.items():
        score, speed = mean_score(values), f"{taken[name]:7.3f} s per epoch" if name in taken else ""
        print(f"{name:10} meanrank {score.value:.3f} [{score.low:.3f}, {score.high:.3f}] n {score.n}  {speed}")
    peer = f"the museum's loop on torch {torch.__version__}, {count} epochs; ours {len(last.history)}"
    worse = paired_difference(results["ours"], results["theirs"])
    conclude(
        "train",
        [
            Claim("epochs per second, ours relative to theirs", taken["theirs"] / taken["ours"], 30, peer),
            Claim("meanrank on unseen artists, ours minus theirs", worse.value, 0, peer, at_least=False),
        ],
    )


if __name__ == "__main__":
    main()
