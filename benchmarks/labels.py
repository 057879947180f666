"""Labels: style on people-art with artists held out, likely errors after flips, time of training and prediction.

The rival head is the recipe of the paintings app, rebuilt on efficientnet_lite0: one linear layer per column on the
pooled features of the frozen network, Adam at 1e-4, balanced weights, summed losses, 50 epochs in batches of 32. Ten
cosine neighbors vote as in that app. Both get the features `efficientnet_lite0`, as does the second of our heads; the
first has the recommended features. All have the same folds. Needs the people-art data.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from artsim.archive import LABELS, Archive
from artsim.labels.calibration import Goals, folds
from artsim.labels.cross_validation import out_of_fold
from artsim.labels.examples import Examples, load_examples
from artsim.labels.heads import Head
from artsim.labels.label_errors import belief, suspects
from artsim.labels.logistic import fit_heads
from artsim.labels.options import LabelsOptions
from artsim.labels.predictions import as_rows, predict
from artsim.labels.tasks import Task
from artsim.metrics.classification import top_hits
from artsim.metrics.interval import mean_score, paired_difference
from artsim.space.features import Space
from artsim.vision.recommended import recommended_features
from benchmarks.claims import Claim, conclude
from benchmarks.dedupe import PEOPLE_ART, run

COLUMNS = ("style", "type", "date")
PLAIN = ["efficientnet_lite0"]
CLASSES = (41, 10, 8)
EPOCHS, BATCH = 50, 32


def main() -> None:
    """Prints the tables and the claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", help="an archive of people-art with both features (default: create one)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the made vectors, one run with flips")
    options = parser.parse_args()
    if not PEOPLE_ART.is_dir():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive.open(options.archive or make_archive(f"{folder}/archive"))
        claims = style(archive)
        claims.append(flips(archive, seeds=1 if options.quick else 3))
        claims += times(Path(folder), 10 if options.quick else 1)
    conclude("labels", claims)


def make_archive(uri: str) -> str:
    """Makes an archive of people-art with both features; returns its address."""
    run("catalog", uri, "--source", "table", "--location", str(PEOPLE_ART / "labels.csv"), "--as", "pa")
    run("scrape", uri, "--contact", "benchmark@museum.example")
    run("extract", uri)
    run("extract", uri, "--backbones", *PLAIN)
    return uri


def load(archive: Archive, specs: list[str]) -> tuple[Examples, LabelsOptions]:
    options = LabelsOptions(action="train", name="benchmark", columns=COLUMNS)
    return load_examples(archive, Space(archive, specs), options), options


def style(archive: Archive) -> list[Claim]:
    """Compares our heads with the rebuilt recipe and the vote, artists held out."""
    ours, options = load(archive, recommended_features(archive))
    plain, _ = load(archive, PLAIN)
    common = np.isin(ours.ids, plain.ids)
    assert common.all() and list(ours.ids) == list(plain.ids), "both features must describe the same artworks"
    task = ours.tasks[0]
    first, second = (out_of_fold(one, one.tasks[:1], options, one.groups)[0] for one in (ours, plain))
    groups = ours.groups[first.rows]
    systems = {
        "default: recommended features": first.answers.probabilities,
        "head on efficientnet_lite0": second.answers.probabilities,
        "vote, recommended features": first.votes,
        "vote, efficientnet_lite0": second.votes,
        "rebuilt recipe, efficientnet_lite0": recipe(plain, task, options.seed),
    }
    hits = {}
    for name, probabilities in systems.items():
        hits[name] = top_hits(probabilities, first.targets, 1)
        scores = [mean_score(top_hits(probabilities, first.targets, k), groups=groups) for k in (1, 3)]
        words = "   ".join(
            f"top-{k} {s.value:.3f} [{s.low:.3f}, {s.high:.3f}]" for k, s in zip((1, 3), scores, strict=True)
        )
        print(f"{name:36} {words}", flush=True)
    claims = []
    for ahead, rivals in ((0, (2, 3, 4)), (1, (3, 4))):
        names = list(systems)
        for rival in rivals:
            gain = paired_difference(hits[names[ahead]], hits[names[rival]], groups=groups)
            text = f"{names[ahead]} - {names[rival]}"
            print(f"{text}: {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]", flush=True)
            claims.append(Claim(f"{names[ahead]}: low end of the gain", gain.low, 0, names[rival]))
    return claims


def recipe(examples: Examples, task: Task, seed: int) -> np.ndarray:
    """Returns the out-of-fold probabilities of style by the rebuilt recipe, (m, c)."""
    rows = task.known
    out = np.zeros((len(rows), len(task.labels)), np.float32)
    x = torch.from_numpy(examples.vectors)
    for training, test in folds(task.targets[rows], examples.groups[rows], seed):
        torch.manual_seed(seed)
        used = rows[training]
        targets = [torch.from_numpy(np.where(one.targets.any(1), one.targets.argmax(1), -1)) for one in examples.tasks]
        heads = [torch.nn.Linear(x.shape[1], len(one.labels)) for one in examples.tasks]
        losses = [torch.nn.CrossEntropyLoss(_balanced(one.targets[used]), ignore_index=-1) for one in examples.tasks]
        optimizer = torch.optim.Adam([p for head in heads for p in head.parameters()], lr=1e-4)
        for _ in range(EPOCHS):
            for batch in torch.from_numpy(used)[torch.randperm(len(used))].split(BATCH):
                parts = [loss(head(x[batch]), y[batch]) for loss, head, y in zip(losses, heads, targets, strict=True)]
                optimizer.zero_grad()
                sum(part for part in parts if part.isfinite()).backward()
                optimizer.step()
        with torch.no_grad():
            out[test] = heads[0](x[torch.from_numpy(rows[test])]).softmax(1).numpy()
    return out


def _balanced(targets: np.ndarray) -> torch.Tensor:
    counts = targets.sum(axis=0)
    weights = np.where(counts > 0, counts.sum() / (len(counts) * np.maximum(counts, 1)), 0)
    return torch.tensor(weights, dtype=torch.float32)


def flips(archive: Archive, seeds: int) -> Claim:
    """Flips 5% of the styles at random; returns how many of the first 100 suggestions are flipped ones."""
    examples, options = load(archive, recommended_features(archive))
    task, shares = examples.tasks[0], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        flipped = rng.permutation(task.known)[: round(0.05 * len(task.known))]
        targets = task.targets.copy()
        labels = (targets[flipped].argmax(axis=1) + rng.integers(1, len(task.labels), len(flipped))) % len(task.labels)
        targets[flipped] = np.eye(len(task.labels), dtype=bool)[labels]
        noisy = Task(task.name, task.labels, targets, False, {})
        (result,) = out_of_fold(examples, [noisy], options, np.arange(len(examples.ids)))
        worst = suspects(result.targets.argmax(axis=1), belief(result.answers.probabilities, result.votes))
        shares.append(np.isin(result.rows[worst[:100]], flipped).mean())
        print(
            f"{len(flipped)} of {len(task.known)} styles flipped, {len(worst)} suspects: "
            f"{shares[-1]:.2f} of the first 100"
        )
    return Claim(
        "5% flipped styles: precision of the first 100", float(np.mean(shares)), 0.7, "people-art, random flips"
    )


def times(folder: Path, divisor: int) -> list[Claim]:
    """Times the training of three heads on 100,000 vectors, and 1,000,000 predictions of each with their table."""
    count, dimension = 100_000 // divisor, 580
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, dimension)).astype(np.float32)
    tasks = []
    for number, classes in enumerate(CLASSES):
        labels = rng.integers(0, classes, count)
        x += rng.normal(size=(classes, dimension)).astype(np.float32)[labels] * 0.15
        tasks.append(
            Task(f"task {number}", tuple(map(str, range(classes))), np.eye(classes, dtype=bool)[labels], False, {})
        )
    groups = rng.integers(0, count // 10, count)
    goals = Goals(accuracy=0.8, threshold=None, coverage=0.9, balanced=True)
    started, cpu = time.monotonic(), time.process_time()
    heads = [head for task in tasks for head in fit_heads(x, [task], groups, goals, seed=0)]
    training = time.monotonic() - started
    print(f"{count:,} vectors of {dimension}: {training:.0f} s, {time.process_time() - cpu:.0f} s of CPU")
    started, cpu = time.monotonic(), time.process_time()
    predict_all(Archive.create(str(folder / "made"), 4), x, heads, tasks, 1_000_000 // divisor)
    predicting = time.monotonic() - started
    print(
        f"{1_000_000 // divisor:,} artworks, three tasks: {predicting:.0f} s, {time.process_time() - cpu:.0f} s of CPU"
    )
    return [
        Claim("seconds for 3 heads on 100,000 vectors", training * divisor, 60, "two cores", at_least=False),
        Claim("seconds for 1,000,000 artworks, 3 tasks", predicting * divisor, 60, "two cores", at_least=False),
    ]


def predict_all(archive: Archive, x: np.ndarray, heads: list[Head], tasks: list[Task], count: int) -> None:
    """Predicts and stores ``count`` rows of each task, as jobs.labels does with each partition, in this process."""
    import pyarrow as pa

    for number, start in enumerate(range(0, count, 8192)):
        rows = x[np.arange(start, min(start + 8192, count)) % len(x)]
        ids = [f"made:{row}" for row in range(start, start + len(rows))]
        tables = [
            as_rows(ids, ["0" * 64] * len(ids), task.name, list(task.labels), predict(head, rows))
            for head, task in zip(heads, tasks, strict=True)
        ]
        archive.table("labels/made").write(
            number % 4, f"p{number}", pa.concat_tables(table.cast(LABELS) for table in tables)
        )


if __name__ == "__main__":
    main()
