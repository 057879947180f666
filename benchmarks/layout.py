"""Maps: how well each method keeps neighbors, against its library's own defaults; placing; grids in blocks.

The first table is of people-art, the second of made vectors: 200 groups of different size and spread in 64 dimensions.
A library gets the same vectors with its default settings and the same seed. Figures are trustworthiness and kNN recall
at 10 by the cosine of the whole vectors, on 3,000 rows.
"""

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np

from artsim.archive import Archive
from artsim.layouts.fit import Reduction
from artsim.layouts.grid import grid
from artsim.layouts.methods import coordinates
from artsim.layouts.options import METHODS
from artsim.layouts.placing import place
from artsim.metrics.layout import knn_recall, trustworthiness
from artsim.space.features import Space
from benchmarks.claims import Claim, conclude
from benchmarks.quality import PEOPLE_ART
from jobs.catalog import job as catalog
from jobs.extract import job as extract
from jobs.scrape import job as scrape

FEATURES = "efficientnet_lite0@4"
PACKAGES = {"umap": "umap-learn", "tsne": "openTSNE", "pacmap": "pacmap", "localmap": "pacmap"}


def main() -> None:
    """Prints the tables and the claims."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--archive", help=f"an archive of people-art with {FEATURES} (default: create one)")
    parser.add_argument("--quick", action="store_true", help="tsne and pca of 2,000 rows of people-art only")
    options = parser.parse_args()
    if not PEOPLE_ART.exists():
        sys.exit(f"people-art not found: {PEOPLE_ART}")
    with tempfile.TemporaryDirectory() as folder:
        vectors = people_art(options.archive or make_archive(f"{folder}/archive"))
    if options.quick:
        vectors = vectors[:2000]
    methods = ("tsne", "pca") if options.quick else METHODS
    claims, positions = compare("people-art", vectors, methods)
    claims += [placing(5_000 if options.quick else 50_000), *blocks(vectors, positions)]
    if not options.quick:
        claims += compare("50,000 made vectors", made(50_000), methods)[0]
    conclude("layout", claims)


def make_archive(uri: str) -> str:
    """Makes an archive of people-art with the features; returns its address."""
    catalog.run(["--archive", uri, "--source", "table", "--location", str(PEOPLE_ART), "--as", "pa"])
    scrape.run(["--archive", uri, "--contact", "benchmark@museum.example"])
    extract.run(["--archive", uri, "--backbones", FEATURES])
    return uri


def people_art(uri: str) -> np.ndarray:
    """Returns the vectors in the order of their ids."""
    ids, vectors = Space(Archive.open(uri), [FEATURES]).matrix()
    return vectors[np.argsort(ids)]


def made(count: int, seed: int = 0) -> np.ndarray:
    """Returns ``count`` vectors of 200 groups, float32 (count, 64)."""
    rng = np.random.default_rng(seed)
    group = rng.choice(200, count, p=rng.dirichlet(np.ones(200)))
    spread = rng.uniform(0.3, 1.0, 200)
    return (rng.normal(size=(200, 64))[group] + spread[group, None] * rng.normal(size=(count, 64))).astype(np.float32)


def compare(name: str, vectors: np.ndarray, methods: tuple[str, ...]) -> tuple[list[Claim], np.ndarray]:
    """Prints the scores of each method and its library's defaults; returns claims, and the positions of the first."""
    reduction = Reduction.fit(vectors, 50, "cosine", 0)
    rows = np.random.default_rng(0).permutation(len(vectors))[:3000]
    claims, first = [], np.empty(0)
    print(f"\n{name:24} {'trustworthiness':>16} {'recall@10':>10} {'seconds':>8}")
    for method in methods:
        scores: dict[str, tuple[float, float]] = {}
        runs: dict[str, Callable[[], np.ndarray]] = {
            "artsim": partial(coordinates, reduction(vectors), method, metric=reduction.metric),
            "default": partial(default, method, vectors),
        }
        for who, run in runs.items():
            started = time.perf_counter()
            positions = run()
            seconds = time.perf_counter() - started
            known = (vectors[rows], positions[rows])
            scores[who] = trustworthiness(*known), knn_recall(*known)
            print(f"{method} {who:{23 - len(method)}} {scores[who][0]:16.3f} {scores[who][1]:10.3f} {seconds:8.1f}")
            if not len(first):
                first = positions
        peer = f"{PACKAGES.get(method, 'scikit-learn')} {version(PACKAGES.get(method, 'scikit-learn'))}, defaults"
        for score, ours, theirs in zip(("trustworthiness", "recall"), *scores.values(), strict=True):
            claims.append(Claim(f"{score} of {method}, {name}", ours / theirs, 0.98, peer))
    return claims, first


def default(method: str, vectors: np.ndarray) -> np.ndarray:
    """Maps vectors with the library's own defaults and a seed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "umap":
            import umap

            return np.asarray(umap.UMAP(random_state=0).fit_transform(vectors))
        if method == "tsne":
            from openTSNE import TSNE

            return np.asarray(TSNE(random_state=0).fit(vectors))
        if method == "pca":
            from sklearn.decomposition import PCA

            return np.asarray(PCA(2, random_state=0).fit_transform(vectors))
        import pacmap

        kind: Any = pacmap.LocalMAP if method == "localmap" else pacmap.PaCMAP
        return np.asarray(kind(random_state=0).fit_transform(vectors))


def placing(fitted: int) -> Claim:
    """Measures how long 1,000 new artworks take on a map of ``fitted``."""
    rng = np.random.default_rng(0)
    vectors, positions = made(fitted)[:, :50], rng.normal(size=(fitted, 2)).astype(np.float32)
    new = made(1000, seed=1)[:, :50]
    place(new[:10], vectors, positions, "euclidean")  # imports
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        place(new, vectors, positions, "euclidean")
        seconds.append(time.perf_counter() - started)
    return Claim(f"seconds to place 1,000 among {fitted:,}", min(seconds), 1.0, "none", at_least=False)


def blocks(vectors: np.ndarray, positions: np.ndarray) -> list[Claim]:
    """Compares a grid in blocks of at most 1,000 cells, as of a large archive, with the best possible assignment."""
    cells = [grid(positions), grid(positions, block=1000)]
    trust, recall = ([score(vectors, at) for at in cells] for score in (trustworthiness, knn_recall))
    print(f"\ngrid: trustworthiness {trust[0]:.3f}, in blocks {trust[1]:.3f}; recall {recall[0]:.3f}, {recall[1]:.3f}")
    peer = "all cells assigned at once"
    return [
        Claim("trustworthiness of a grid in blocks", trust[1] / trust[0], 0.98, peer),
        Claim("recall of a grid in blocks", recall[1] / recall[0], 0.95, peer),
    ]


if __name__ == "__main__":
    main()
