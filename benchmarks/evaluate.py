"""Meanrank of annotations with its 95% interval, against the museum project's loop, which computes no interval.

The loop is that of its notebook: vectors in a dict by file name, scipy's cosine of one pair after another, argsort.
Both get the same float32 vectors, made up and as long as those of efficientnet_lite0, and return the same meanrank.
"""

import argparse
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
from scipy.spatial import distance

from artsim.metrics.interval import mean_score
from artsim.metrics.meanrank import ranks
from benchmarks.claims import Claim, conclude

IMAGES, DIMENSION = 2934, 1280


def notebook_loop(features: dict[str, np.ndarray], annotations: list[list[str]]) -> float:
    places = []
    for annotation in annotations:
        anchor, *others = (features[name] for name in annotation)
        distances = [distance.cosine(anchor, other) for other in others]
        places.append(int(np.where(np.argsort(distances) == 0)[0][0]) + 1)
    return float(np.mean(places))


def best_of(turns: int, function: Callable[[], object]) -> float:
    """Seconds of the fastest of several turns."""
    times = []
    for _ in range(turns):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    turns = 3 if parser.parse_args().quick else 10
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(IMAGES, DIMENSION)).astype(np.float32)
    names = [f"{number}.jpg" for number in range(IMAGES)]
    features = dict(zip(names, vectors, strict=True))
    peer = f"scipy {version('scipy')} cosine per pair, argsort, no interval"
    claims = []
    print(f"{'annotations':>11}  {'artsim ms':>9}  {'loop ms':>8}  meanrank")
    for count in (300, 3000):
        judged = np.array([rng.choice(IMAGES, 9, replace=False) for _ in range(count)])
        annotations = [[names[image] for image in row] for row in judged]
        score = mean_score(ranks(vectors, judged))
        assert abs(score.value - notebook_loop(features, annotations)) < 1e-9
        ours = best_of(2 * turns, lambda judged=judged: mean_score(ranks(vectors, judged)))
        theirs = best_of(turns, lambda annotations=annotations: notebook_loop(features, annotations))
        figures = f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]"
        print(f"{count:11}  {1e3 * ours:9.1f}  {1e3 * theirs:8.1f}  {figures}")
        if count == 3000:
            claims.append(Claim("3,000 annotations with interval, speed-up", theirs / ours, 10, peer))
    conclude("evaluate", claims)


if __name__ == "__main__":
    main()
