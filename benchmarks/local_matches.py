"""Local matches: whether they improve the search for a museum picture by a phone photograph, or by a part of one.

The queries are the 90 photographs of mcv-museum and one random part of each, a third or a tenth of its area. Plain
features order the 287 pictures; then the first 50 are ordered by local matches. The 30 pictures that are photographed
(three times each) are divided in two: the level of the network is chosen on one half, the table is of the other half.
Intervals resample pictures. Needs the mcv-museum data.
"""

import argparse
import csv
import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from artsim.archive import Archive
from artsim.explore.rerank import DEPTH
from artsim.extract.outside_images import Describer
from artsim.matching.archive_matches import ArchiveMatcher
from artsim.metrics.interval import mean_score, paired_difference
from artsim.pictures.small_images import decoded
from artsim.space.features import Space
from artsim.space.search import search
from artsim.vision.patches import DEFAULT
from benchmarks.claims import Claim, conclude

MUSEUM = Path(__file__).parents[2] / "shared" / "data" / "mcv-museum"
FEATURES = "efficientnet_lite0"
LEVELS = (DEFAULT, "efficientnet_lite0@2+448", "efficientnet_lite0@blocks.5+448")
AREAS = {"photograph": 1.0, "a third of it": 0.3, "a tenth of it": 0.1}
LARGEST = 1600  # pixels of a photograph's longer side before it is cut

Query = tuple[bytes, set[str], int]  # image, the right ids, which picture


def run(job: str, archive: str, *arguments: str) -> None:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", archive, *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def queries(area: float) -> list[Query]:
    """The photographs, or a part of each with this share of its area."""
    rng, made = np.random.default_rng(0), []
    with (MUSEUM / "queries.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        image = decoded((MUSEUM / row["file"]).read_bytes(), LARGEST)
        width, height = (round(side * area**0.5) for side in image.size)
        left, top = (
            int(rng.integers(0, whole - part + 1)) for whole, part in zip(image.size, (width, height), strict=True)
        )
        sink = io.BytesIO()
        image.crop((left, top, left + width, top + height)).save(sink, "JPEG", quality=92)
        right = {f"mcv:{identifier.strip()}" for identifier in row["gt_ids"].replace(";", " ").split()}
        made.append((sink.getvalue(), right, int(row["query"])))
    return made


def ranked(archive: Archive, asked: list[Query]) -> list[list[str]]:
    """The ids of all pictures for each query, nearest first by features."""
    space = Space(archive, [FEATURES])
    described = Describer(archive, [FEATURES])({str(number): image for number, (image, *_) in enumerate(asked)})
    return search(space.blocks(), space.project(described), 1000).ids.tolist()


def reranked(matcher: ArchiveMatcher, asked: list[Query], orders: list[list[str]]) -> list[list[str]]:
    """The same with the first ``DEPTH`` ordered by local matches, as ``jobs.neighbors`` does."""
    out = []
    for (image, *_), ids in zip(asked, orders, strict=True):
        found = matcher.matches(matcher.patches(image), ids[:DEPTH])
        scores = np.array([match.score if match else 0.0 for match in found])
        out.append([ids[place] for place in np.argsort(-scores, kind="stable")] + ids[DEPTH:])
    return out


def scores(asked: list[Query], orders: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Whether a right picture comes first, and the average precision of the right ones, for each query."""
    first, precision = [], []
    for (_, right, _), ids in zip(asked, orders, strict=True):
        positions = [place for place, identifier in enumerate(ids, 1) if identifier in right]
        first.append(positions[0] == 1)
        precision.append(np.mean([count / place for count, place in enumerate(positions, 1)]))
    return np.array(first, float), np.array(precision)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the default level, without choosing one; no tenths")
    parser.add_argument("--archive", help="an archive of mcv-museum with its features, instead of making one")
    options = parser.parse_args()
    if not MUSEUM.is_dir():
        sys.exit(f"mcv-museum not found: {MUSEUM}")
    with tempfile.TemporaryDirectory() as folder:
        uri = options.archive or folder
        if not options.archive:
            run("catalog", uri, "--source", "table", "--location", str(MUSEUM / "labels.csv"), "--as", "mcv")
            run("scrape", uri, "--contact", "benchmark@museum.example")
            run("extract", uri, "--backbones", FEATURES)
        archive, level = Archive.open(uri), DEFAULT
        kinds = dict(list(AREAS.items())[:2]) if options.quick else AREAS
        asked = {kind: queries(area) for kind, area in kinds.items()}
        halves = {
            kind: ([q for q in each if q[2] % 2], [q for q in each if not q[2] % 2]) for kind, each in asked.items()
        }
        if not options.quick:
            level = choose(archive, [tuning for tuning, _ in halves.values()])
        claims, matcher = [], ArchiveMatcher(archive, level)
        print(f"{'query':15} {'':12} {FEATURES:>24} {'local matches':>24}  difference")
        for kind, (_, half) in halves.items():
            groups = np.array([picture for *_, picture in half])
            orders = ranked(archive, half)
            started = time.perf_counter()
            better = reranked(matcher, half, orders)
            seconds = (time.perf_counter() - started) / len(half)
            within = np.mean([bool(right & set(ids[:DEPTH])) for (_, right, _), ids in zip(half, orders, strict=True)])
            for name, plain, local in zip(("recall@1", "mAP"), scores(half, orders), scores(half, better), strict=True):
                each = [mean_score(values, groups=groups) for values in (plain, local)]
                shown = [f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]" for score in each]
                gain = paired_difference(local, plain, groups=groups)
                print(
                    f"{kind:15} {name:12} {shown[0]:>24} {shown[1]:>24}  {gain.value:+.3f} (p={gain.p:.3f})", flush=True
                )
                claims.append(Claim(f"{kind}, {name}: gain", gain.value, 0, f"{FEATURES}; {len(half)} queries"))
            print(f"{'':15} a right one among the first {DEPTH}: {within:.3f}; {seconds:.2f} s per query")
    conclude("local_matches", claims)


def choose(archive: Archive, halves: list[list[Query]]) -> str:
    """The level with the best mAP on these queries, equally weighted kinds."""
    means = {}
    for level in LEVELS:
        matcher = ArchiveMatcher(archive, level)
        means[level] = np.mean(
            [scores(half, reranked(matcher, half, ranked(archive, half)))[1].mean() for half in halves]
        )
        print(f"mAP of the other half, {level}: {means[level]:.4f}", flush=True)
    return max(means, key=means.__getitem__)


if __name__ == "__main__":
    main()
