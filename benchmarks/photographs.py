"""Phone photographs of museum pictures: how often the nearest picture is the right one. Needs the mcv-museum data.

The 90 photographs are three sets of 30: as taken, with a text box over the picture, with noise. Chance is 1 in 287.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.claims import Claim, conclude

MUSEUM = Path(__file__).parents[2] / "shared" / "data" / "mcv-museum"
FEATURES = [["efficientnet_lite0"], ["efficientnet_lite0@4+std"], ["efficientnet_lite0", "efficientnet_lite0@4+std"]]


def run(job: str, archive: str, *arguments: str) -> dict:
    command = [sys.executable, "-m", f"jobs.{job}", "--archive", archive, *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the default pooled vector")
    features = FEATURES[:1] if parser.parse_args().quick else FEATURES
    if not MUSEUM.is_dir():
        sys.exit(f"mcv-museum not found: {MUSEUM}")
    with (MUSEUM / "queries.csv").open() as file:
        queries = list(csv.DictReader(file))
    files = [str(MUSEUM / query["file"]) for query in queries]
    right = [
        {f"mcv:{identifier.strip()}" for identifier in query["gt_ids"].replace(";", " ").split()} for query in queries
    ]
    claims = []
    with tempfile.TemporaryDirectory() as archive:
        run("catalog", archive, "--source", "table", "--location", str(MUSEUM / "labels.csv"), "--as", "mcv")
        run("scrape", archive, "--contact", "benchmark@museum.example")
        run("extract", archive, "--backbones", *dict.fromkeys(name for names in features for name in names))
        for names in features:
            answers = run("neighbors", archive, "--features", *names, "--k", "1", "--image", *files)["queries"]
            hits: dict[str, list[bool]] = defaultdict(list)
            for query, answer, wanted in zip(queries, answers, right, strict=True):
                hits[query["query_set"]].append(answer["neighbors"][0]["id"] in wanted)
            sets = ", ".join(f"{name} {sum(each)}/{len(each)}" for name, each in hits.items())
            is_hit = [hit for each in hits.values() for hit in each]
            print(f"{' + '.join(names):60} {sum(is_hit)}/{len(is_hit)} ({sets})", flush=True)
            claims.append(
                Claim(f"top-1 accuracy, {' + '.join(names)}", sum(is_hit) / len(is_hit), 0.9, "chance 0.0035")
            )
    conclude("photographs", claims)


if __name__ == "__main__":
    main()
