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
    from artsim.learn.from_options import train_from_options

    return train_from_options(archive, options)


if __name__ == "__main__":
    job.main()
