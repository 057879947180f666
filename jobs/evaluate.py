"""Measure how well features and models agree with curators: meanrank with intervals, before and after training.

python -m jobs.evaluate --archive archives/demo --features efficientnet_lite0 efficientnet_lite0@4+std
python -m jobs.evaluate --archive archives/demo --features efficientnet_lite0 --models style --annotator anna
python -m jobs.evaluate --archive archives/demo --models style ../other/models/style --again anna-again --links
"""

import argparse
import contextlib
from typing import Any

from artsim.cli import Job

job = Job("evaluate", __doc__)
job.option(
    "--features",
    nargs="+",
    action="append",
    metavar="NAME[:PCA]",
    help="untrained features: each alone, and all of them stacked; may be given several times "
    "(default: the recommended features, if there are no --models)",
)
job.option("--models", nargs="+", default=[], metavar="NAME", help="trained models: names, or paths of model folders")
job.option("--annotator", nargs="+", metavar="NAME", help="use only annotations by these annotators (default: all)")
job.option(
    "--split",
    choices=["image-disjoint", "group-disjoint", "random"],
    help="without a model: score only the fifth that jobs.train would hold out as the test set",
)
job.option("--split-by", metavar="COLUMN", help="catalog column of the groups, with --split group-disjoint")
job.option(
    "--again",
    metavar="NAME|FILE",
    help="second judgement of the same annotations, an annotator or a file: adds the self-meanrank",
)
job.option("--links", action="store_true", help="also rank linked artworks among the whole archive: mAP, recall@k")
job.option("--metric", default="cosine", help="cosine, euclidean, cityblock, or another of scipy's cdist")
job.option(
    "--out", metavar="FOLDER", help="folder for Markdown, pictures and JSON (default: evaluation/ in the archive)"
)


@job.runs
def evaluate(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Evaluates features and models; locks ``evaluation`` if the results go into the archive."""
    from artsim.evaluate.evaluation import evaluate

    ours = options.out in (None, archive.store.address("evaluation"))
    with archive.lock("evaluation") if ours else contextlib.nullcontext():
        return evaluate(
            archive,
            features=options.features or [],
            models=options.models,
            annotators=options.annotator,
            split_kind=options.split,
            split_by=options.split_by,
            again=options.again,
            links=options.links,
            metric=options.metric,
            seed=options.seed,
            public_only=options.rights == "public",
            out=options.out,
        )


if __name__ == "__main__":
    job.main()
