"""How many annotations drawn by ``--mode uncertain`` are worth 1,000 random ones, on people-art.

A simulated curator chooses, of the eight candidates shown, the one nearest to the anchor in a space that separates
styles (a linear discriminant analysis of the features, with some noise). Both methods begin with 200 random
annotations; then one adds random annotations, the other adds rounds of 100 that the model of the previous round
selects. Scores are on 1,500 other random annotations of a quarter of the images, from which neither method draws.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable

import numpy as np
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from artsim.annotation_page.choices import random_choices
from artsim.annotation_page.uncertain import entropies, most_uncertain, nearest_choices
from artsim.archive import Archive
from artsim.encoders.discriminant import mean_and_covariance
from artsim.encoders.heads import embed
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.recipe import Recipe
from artsim.metrics.meanrank import ranks
from artsim.metrics.vectors import unit_length
from artsim.space.features import Space
from benchmarks.claims import Claim, conclude
from benchmarks.quality import PEOPLE_ART, USUAL, catalog, extract, run, scrape

FEATURES = [f"{USUAL}:100", f"{USUAL}@4:100"]
START, ROUND, RANDOM = 200, 100, 1000
GOAL = 600
EPOCHS = 30

# Choices (n, 9) to annotations: the chosen candidate moves to the second place.
Ask = Callable[[np.ndarray], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", help="an archive of people-art with these features (default: create one)")
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    if not options.archive and not PEOPLE_ART.exists():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as folder:
        if not options.archive:
            run(catalog, folder, "--source", "table", "--location", str(PEOPLE_ART), "--as", "pa")
            run(scrape, folder, "--contact", "benchmark@example.org")
            run(extract, folder, "--backbones", USUAL, f"{USUAL}@4")
        vectors, style = people_art(options.archive or folder)
    curves = np.array([curve(vectors, style, seed) for seed in range(options.seeds)])
    sizes = [*range(START, RANDOM + 1, ROUND)]
    uncertain, at_random = curves[:, :-1].mean(0), float(curves[:, -1].mean())
    for size, score in zip(sizes, uncertain, strict=True):
        print(f"{size} uncertain: {score:.3f}")
    print(f"{RANDOM} random: {at_random:.3f}")
    needed = float(np.interp(-at_random, -np.minimum.accumulate(uncertain), sizes))
    peer = f"{RANDOM} random annotations, meanrank {at_random:.3f}, {options.seeds} seeds"
    conclude("drawing", [Claim("uncertain annotations for the same meanrank", needed, GOAL, peer, at_least=False)])


def people_art(uri: str) -> tuple[np.ndarray, np.ndarray]:
    """Vectors, float32 (m, d), and the number of each artwork's style."""
    archive = Archive.open(uri)
    ids, vectors = map(np.concatenate, zip(*Space(archive, FEATURES).blocks(), strict=True))
    rows = archive.table("catalog").find(ids.tolist(), ["id", "style"])
    assert rows is not None
    return vectors.astype(np.float32), np.unique(np.array(rows["style"].to_pylist(), str), return_inverse=True)[1]


def curve(vectors: np.ndarray, style: np.ndarray, seed: int) -> list[float]:
    """Meanranks with 200, 300, ... 1,000 uncertain annotations; the last is with 1,000 random ones."""
    rng = np.random.default_rng(seed)
    curator = curator_of(vectors, style, rng)
    pool = rng.integers(5, size=len(vectors))
    pool[rng.permutation(len(vectors))[: len(vectors) // 4]] = -1  # the test images
    others = np.where(pool < 0, 0, -1)
    test = curator(random_choices(others, rng.choice(np.flatnonzero(others == 0), 1500), rng))
    drawn = np.flatnonzero(pool >= 0)
    at_random = curator(random_choices(pool, rng.choice(drawn, RANDOM), rng))
    annotations, scores = at_random[:START], []
    while True:
        embedding = trained(vectors, annotations, seed)
        scores.append(float(ranks(embedding, test).mean()))
        if len(annotations) >= RANDOM:
            break
        order = rng.permutation(drawn)
        unit = unit_length(embedding[order])
        choices = nearest_choices(unit, pool[order], len(order), 20 * ROUND, rng)
        chosen = order[choices[most_uncertain(entropies(unit, choices), choices, ROUND)]]
        annotations = np.concatenate([annotations, curator(chosen)])
    scores.append(float(ranks(trained(vectors, at_random, seed), test).mean()))
    print(seed, np.round(scores, 3).tolist(), flush=True)
    return scores


def curator_of(vectors: np.ndarray, style: np.ndarray, rng: np.random.Generator) -> Ask:
    """A curator who chooses the nearest candidate in a space that separates styles, with some noise."""
    analysis = LinearDiscriminantAnalysis(solver="eigen", shrinkage=0.3, n_components=20).fit(vectors, style)
    eye = unit_length(analysis.transform(vectors))

    def ask(choices: np.ndarray) -> np.ndarray:
        near = np.einsum("nd,nkd->nk", eye[choices[:, 0]], eye[choices[:, 1:]])
        best = (near + 0.05 * rng.normal(size=near.shape)).argmax(1)
        rows = [
            [choice[0], choice[1 + chosen], *np.delete(choice[1:], chosen)]
            for choice, chosen in zip(choices, best, strict=True)
        ]
        return np.array(rows)

    return ask


def trained(vectors: np.ndarray, annotations: np.ndarray, seed: int) -> np.ndarray:
    """The embedding of all artworks by the default head after ``EPOCHS`` epochs."""
    learner = HeadTrainer(vectors, annotations, annotations[:1], Recipe(), seed, total=mean_and_covariance(vectors))
    for epoch in range(EPOCHS):
        learner.train_epoch(epoch)
    learner.head.eval()
    return embed(learner.head, torch.tensor(vectors))


if __name__ == "__main__":
    main()
