"""Train a head on stored features, or fine-tune a backbone, from annotations or links.
The model is trained on all annotations; its scores come from a cross-validation that runs first.

python -m jobs.train --archive archives/demo --name eye --split-by artist --embed
python -m jobs.train --archive archives/demo --features efficientnet_lite0:0.9 --annotator anna --name anna \\
    --loss triplet --margin 0.2
python -m jobs.train --archive archives/demo --features efficientnet_lite0 --links --loss contrastive --name pairs
"""

import argparse
from typing import Any

from artsim.cli import Job
from artsim.learn.experiment_options import add_experiment_options, experiment_of
from artsim.learn.workers import parse_workers

job = Job("train", __doc__)
job.option("--name", required=True, help="name of the model; the same command resumes it")
add_experiment_options(job)
job.option(
    "--workers",
    type=parse_workers,
    default="1",
    metavar="N or MIN:MAX",
    help="processes that share each batch, each on its own GPU if there are any; MIN:MAX uses what is available",
)
job.option("--embed", action="store_true", help="afterwards, compute features/NAME of the whole archive")
job.option("--again", action="store_true", help="replace the existing model")


@job.runs
def train(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Trains the model and, with ``--embed``, embeds the archive; returns the report."""
    experiment, learner = experiment_of(archive, options)
    from artsim.encoders.embed import check_features, embed_archive
    from artsim.encoders.model import load_model
    from artsim.learn.experiment import check_name
    from artsim.learn.train import train

    check_name(options.name)
    if options.embed:  # fail now, not after hours of training
        exists = options.name in archive.names("models") and not options.again
        known = load_model(archive, options.name).hash if exists else None
        check_features(archive, options.name, known, again=options.again)
    report = train(archive, options.name, experiment, learner, workers=options.workers, again=options.again)
    if options.embed:
        model = load_model(archive, options.name)
        report["embedded"] = embed_archive(archive, model, public_only=options.rights == "public", again=options.again)
    return report


if __name__ == "__main__":
    job.main()
