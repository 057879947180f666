"""Learn a curator's eye: a head on stored features, or a backbone fine-tuned, from annotations or links.

python -m jobs.train --archive archives/demo --features efficientnet_lite0 efficientnet_lite0@4+std --name eye --embed
python -m jobs.train --archive archives/demo --features efficientnet_lite0:0.9 --annotator anna --name anna \\
    --split group-disjoint --split-by artist --loss triplet --margin 0.2
python -m jobs.train --archive archives/demo --features efficientnet_lite0 --links --loss contrastive --name pairs
"""

import argparse
from typing import Any

from artsim.job import Job
from artsim.learn.finetune_recipe import FinetuneRecipe
from artsim.learn.recipe import Recipe, add_options, chosen
from artsim.mistake import Mistake

job = Job("train", __doc__)
job.option("--name", required=True, help="of the model; the same command goes on with it, or finds it done")
job.option("--features", nargs="+", metavar="NAME[:PCA]", help="a head on these: one, or several stacked")
job.option("--finetune", metavar="BACKBONE", help="or a backbone itself, end to end")
job.option("--weights", metavar="FOLDER", help="with --finetune: where BACKBONE.safetensors or .pth lie")
job.option("--whiten", action="store_true", help="components of a PCA all get variance 1")
job.option("--annotator", nargs="+", metavar="NAME", help="whose annotations; all if left out")
job.option("--links", action="store_true", help="learn from links instead of annotations")
job.option(
    "--split",
    choices=["image-disjoint", "group-disjoint", "random"],
    default="image-disjoint",
    help="what the held-out fifth for verification must not share with the rest; validation is split off likewise",
)
job.option("--split-by", metavar="COLUMN", help="of the catalog: the groups; mining takes none of the anchor's group")
job.option(
    "--workers", type=int, default=1, help="processes that share each batch, each on a GPU of its own if there are any"
)
job.option("--embed", action="store_true", help="then write features/NAME of the whole archive")
job.option("--again", action="store_true", help="in the place of the model of this name, if there is one")
add_options(job, Recipe, FinetuneRecipe)


@job.runs
def train(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """See the module."""
    from artsim.learn.embed import embed_archive
    from artsim.learn.model import load_model
    from artsim.learn.train import Question, train

    inputs, recipe, learner = _learner(archive, options)
    question = Question(
        inputs=inputs,
        recipe=recipe,
        annotators=options.annotator,
        links=options.links,
        split=options.split,
        split_by=options.split_by,
        seed=options.seed,
        public_only=options.rights == "public",
    )
    report = train(archive, options.name, question, learner, workers=options.workers, again=options.again)
    if options.embed:
        model = load_model(archive, options.name)
        report["embedded"] = embed_archive(archive, model, public_only=options.rights == "public")
    return report


def _learner(archive: Any, options: argparse.Namespace) -> tuple[dict[str, Any], Recipe, Any]:
    """What is trained: the options that say so, the recipe, and what makes it."""
    from functools import partial

    if bool(options.features) == bool(options.finetune):
        raise Mistake("--features or --finetune: one of them says what is trained")
    if options.features:
        from artsim.learn.train_heads import HeadLearner

        if options.weights:
            raise Mistake("--weights: of a backbone, with --finetune; the features here are made already")
        inputs = {"features": options.features, "whiten": options.whiten}
        learner: Any = partial(HeadLearner, archive, options.features, options.whiten, options.seed)
        return inputs, chosen(options, Recipe, FinetuneRecipe), learner
    from artsim.learn.finetune_learner import BackboneLearner

    recipe = chosen(options, FinetuneRecipe)
    assert isinstance(recipe, FinetuneRecipe)
    inputs = {"finetune": options.finetune, "weights": options.weights}
    learner = partial(BackboneLearner, archive, options.finetune, options.weights, recipe.resolution)
    return inputs, recipe, learner


if __name__ == "__main__":
    job.main()
