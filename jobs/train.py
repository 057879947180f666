"""Train a head on stored features, or fine-tune a backbone, from annotations or links.
The model is trained on all annotations; its scores come from a cross-validation that runs first.

python -m jobs.train --archive archives/demo --name eye --split-by artist --embed
python -m jobs.train --archive archives/demo --features efficientnet_lite0:0.9 --annotator anna --name anna \\
    --loss triplet --margin 0.2
python -m jobs.train --archive archives/demo --features efficientnet_lite0 --links --loss contrastive --name pairs
"""

from typing import Any

from artsim.cli import Job
from artsim.learn.options import TrainOptions

job = Job("train", __doc__, TrainOptions)


@job.runs
def train(archive: Any, options: TrainOptions) -> dict[str, Any]:
    """Trains the model and, with ``--embed``, embeds the archive; returns the report."""
    from artsim.learn.configured import experiment_of

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
        report["embedded"] = embed_archive(archive, model, public_only=options.public_only, again=options.again)
    return report


if __name__ == "__main__":
    job.main()
