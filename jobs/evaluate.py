"""Measure how well features and models agree with curators: meanrank with intervals, before and after training.

python -m jobs.evaluate --archive archives/demo --features efficientnet_lite0 efficientnet_lite0@4+std
python -m jobs.evaluate --archive archives/demo --features efficientnet_lite0 --models style --annotator anna
python -m jobs.evaluate --archive archives/demo --models style ../other/models/style --again anna-again --links
"""

import argparse
import contextlib
from typing import Any

from artsim.job import Job

job = Job("evaluate", __doc__)
job.option(
    "--features",
    nargs="+",
    action="append",
    metavar="NAME[:PCA]",
    help="features as they are: each alone, and all of them stacked; may be given several times "
    "(default: the recommended features, if there are no --models)",
)
job.option("--models", nargs="+", default=[], metavar="NAME", help="trained models: a name, or the path of its folder")
job.option("--annotator", nargs="+", metavar="NAME", help="whose annotations; all if left out")
job.option(
    "--split",
    choices=["image-disjoint", "group-disjoint", "random"],
    help="without a model: only the fifth that jobs.train would hold out for verification",
)
job.option("--split-by", metavar="COLUMN", help="of the catalog: the groups of --split group-disjoint")
job.option(
    "--again", metavar="NAME|FILE", help="a second judgement of the same annotations: adds a person's self-meanrank"
)
job.option("--links", action="store_true", help="where linked artworks stand in the whole archive: mAP, recall@k")
job.option("--metric", default="cosine", help="cosine, euclidean, cityblock, or another of scipy's cdist")
job.option("--out", metavar="FOLDER", help="for Markdown, pictures and JSON; evaluation/ of the archive if left out")


@job.runs
def evaluate(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Evaluates features and models; locks ``evaluation`` if the results go into the archive."""
    from artsim.learn.evaluate import evaluate

    ours = options.out in (None, archive.store.address("evaluation"))
    with archive.alone("evaluation") if ours else contextlib.nullcontext():
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
