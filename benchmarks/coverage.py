"""Whether the interval of a cross-validated score contains the true score, measured on simulated museums.

New artworks are unlimited there, so the true score is known. Artworks are points: a center of their style, an offset of
their artist and an offset of their own, in dimensions that matter and in dimensions that don't. A curator annotates by
style or by artist: each annotation is nine artworks drawn at random. The truth is the meanrank of the model trained on
everything: for folds of new images on new artworks of the same artists, for folds of new groups on those of new
artists.
"""

import argparse
from collections.abc import Sequence
from statistics import mean

import numpy as np

from artsim.annotations.folds import NEW_GROUPS, NEW_IMAGES, cut
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.recipe import Recipe
from artsim.metrics.interval import mean_score
from artsim.metrics.meanrank import ranks
from benchmarks.claims import Claim, conclude

STYLES, ARTISTS, WORKS, DIMENSION = 12, 150, 1000, 40
ANNOTATIONS = 800
MUSEUMS, TRUE = 8, 1000  # new museums over which the truth is averaged, and annotations in each
RECIPE = Recipe(hidden=16, epochs=3, patience=3)


class Museum:
    """Simulated artworks: vectors ``works``, float32 (n, d), with their ``style`` and ``artist``, int (n,)."""

    def __init__(self, rng: np.random.Generator, centers: np.ndarray, artists: np.ndarray, count: int) -> None:
        self.artist = rng.integers(len(artists), size=count)
        self.style = np.arange(len(artists))[self.artist] % STYLES
        own = rng.normal(size=(count, DIMENSION)) * np.repeat([0.7, 1.6], DIMENSION // 2)
        self.works = (centers[self.style] + artists[self.artist] + own).astype(np.float32)


def annotated(museum: Museum, value: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random annotations, int (count, 9): the positive has the anchor's value, the negatives have others."""
    sizes = np.bincount(value)
    rows = []
    for anchor in rng.choice(np.flatnonzero(sizes[value] > 1), count):
        alike = np.flatnonzero(value == value[anchor])
        others = np.flatnonzero(value != value[anchor])
        rows.append([anchor, rng.choice(alike[alike != anchor]), *rng.choice(others, 7, replace=False)])
    return np.array(rows)


def repetition(seed: int, by: str) -> dict[str, tuple[float, float, float, float]]:
    """Score, low, high and truth for each kind of folds."""
    rng = np.random.default_rng([seed, by == "style"])
    centers = rng.normal(size=(STYLES, DIMENSION)) * np.repeat([1.0, 0.0], DIMENSION // 2)
    artists = offsets(rng)
    museum = Museum(rng, centers, artists, WORKS)
    judged = annotated(museum, getattr(museum, by), ANNOTATIONS, rng)
    nothing = np.empty((0, 9), np.int64)
    final = trained(museum.works, judged, nothing)
    results = {}
    for kind in (NEW_IMAGES, NEW_GROUPS):
        tested, unit = [], []
        for fold in cut(judged, kind, seed=seed, groups=museum.artist):
            tested.append(trained(museum.works, fold.training, judged[fold.test]).validate())
            unit.append(fold.unit)
        units = np.unique(np.concatenate(unit), return_inverse=True)[1]
        score = mean_score(np.concatenate(tested), seed, units)
        truths = []
        for _ in range(MUSEUMS):
            new = Museum(rng, centers, artists if kind == NEW_IMAGES else offsets(rng), WORKS)
            truths.append(ranks(embedded(final, new.works), annotated(new, getattr(new, by), TRUE, rng)).mean())
        results[kind] = (score.value, score.low, score.high, float(np.mean(truths)))
    return results


def offsets(rng: np.random.Generator) -> np.ndarray:
    """Offsets of new artists, (a, d)."""
    return rng.normal(size=(ARTISTS, DIMENSION)) * np.repeat([0.6, 0.3], DIMENSION // 2)


def trained(vectors: np.ndarray, training: np.ndarray, validation: np.ndarray) -> HeadTrainer:
    """Trains a head for all epochs."""
    trainer = HeadTrainer(vectors, training, validation, RECIPE)
    for epoch in range(RECIPE.epochs):
        trainer.train_epoch(epoch)
    return trainer


def embedded(trainer: HeadTrainer, vectors: np.ndarray) -> np.ndarray:
    """The vectors as the head maps them."""
    import torch

    from artsim.encoders.heads import embed

    return embed(trainer.head, torch.from_numpy(vectors))


def covered(found: Sequence[tuple[float, float, float, float]]) -> float:
    """The share of intervals that contain the truth."""
    return mean(float(low <= truth <= high) for _, low, high, truth in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two repetitions")
    repetitions = 2 if parser.parse_args().quick else 20
    claims = []
    for by in ("style", "artist"):
        all_results = [repetition(seed, by) for seed in range(repetitions)]
        for kind in (NEW_IMAGES, NEW_GROUPS):
            results = [result[kind] for result in all_results]
            score, truth = mean(result[0] for result in results), mean(result[3] for result in results)
            print(
                f"by {by}, {kind}: cross-validated {score:.3f}, truth {truth:.3f}, means of {repetitions}", flush=True
            )
            claims.append(
                Claim(f"share of intervals that contain the truth, {kind}, by {by}", covered(results), 0.9, "none")
            )
    conclude("coverage", claims)


if __name__ == "__main__":
    main()
