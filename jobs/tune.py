"""Search the settings of a training, the margins m and m2 before all, against cross-validated meanrank.

python -m jobs.tune --archive archives/demo --features efficientnet_lite0 --name margins --trials 64
python -m jobs.tune --archive archives/demo --features efficientnet_lite0 --name wide --trials 200 \\
    --space m=0:1 m2=0:1 lr=1e-5:1e-2:log hidden=8,64,256 swap=true,false
python -m jobs.train --archive archives/demo --config archives/demo/sweeps/margins/best.toml
"""

import argparse
from typing import Any

from artsim.job import Job
from artsim.learn.finetune_recipe import FinetuneRecipe
from artsim.learn.recipe import Recipe, add_options, chosen, flag
from artsim.mistake import Mistake

job = Job("tune", __doc__)
job.option("--name", required=True, help="of the sweep; the same command goes on with it, or finds it done")
job.option("--trials", type=int, default=64, help="settings to try; more than before go on with a sweep that is done")
job.option(
    "--space",
    nargs="+",
    metavar="NAME=VALUES",
    default=["m=0:1", "m2=0:1"],
    help="what to search: m, m2, lr or any other setting below, LOW:HIGH, LOW:HIGH:log or ONE,OTHER,...",
)
job.option("--folds", type=int, metavar="N", help="of the annotations, each validates once (default: 3; --finetune 1)")
job.option("--features", nargs="+", metavar="NAME[:PCA]", help="heads on these: one, or several stacked")
job.option("--finetune", metavar="BACKBONE", help="or a backbone itself, end to end, on the whole cluster")
job.option("--weights", metavar="FOLDER", help="with --finetune: where BACKBONE.safetensors or .pth lie")
job.option("--whiten", action="store_true", help="components of a PCA all get variance 1")
job.option("--annotator", nargs="+", metavar="NAME", help="whose annotations; all if left out")
job.option("--links", action="store_true", help="learn from links instead of annotations")
job.option(
    "--split",
    choices=["image-disjoint", "group-disjoint", "random"],
    default="image-disjoint",
    help="what folds must not share, and what jobs.train will verify on, of which the search sees nothing",
)
job.option("--split-by", metavar="COLUMN", help="of the catalog: the groups; mining takes none of the anchor's group")
job.option("--workers", type=int, default=1, help="with --finetune: processes that share each batch of a trial")
job.option("--again", action="store_true", help="in the place of the sweep of this name, if there is one")
add_options(job, Recipe, FinetuneRecipe)


@job.runs
def tune(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """See the module."""
    from artsim.learn.train import Question
    from artsim.learn.tune import tune
    from artsim.learn.tune_space import parse_space

    options.loss = options.loss or "triplet"  # the loss that has m and m2; searched or not, it starts from there
    inputs, recipe, learner = _learner(archive, options)
    space = parse_space(options.space, recipe)
    for name in space:
        if name != "loss" and getattr(options, name) is not None:
            raise Mistake(f"{flag(name)}: it is searched; --space without {name} leaves it as it is said")
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
    return tune(
        archive,
        options.name,
        question,
        learner,
        space,
        trials=options.trials,
        folds=(1 if options.finetune else 3) if options.folds is None else options.folds,
        workers=options.workers,
        again=options.again,
    )


def _learner(archive: Any, options: argparse.Namespace) -> tuple[dict[str, Any], Recipe, Any]:
    """What is trained, as in jobs.train: the options that say so, the recipe, and what makes it."""
    from functools import partial

    if bool(options.features) == bool(options.finetune):
        raise Mistake("--features or --finetune: one of them says what is trained")
    if options.features:
        from artsim.learn.train_heads import HeadLearner

        if options.weights:
            raise Mistake("--weights: of a backbone, with --finetune; the features here are made already")
        if options.workers != 1:
            raise Mistake("--workers: of a backbone, with --finetune; of heads each trial has a process of its own")
        inputs = {"features": options.features, "whiten": options.whiten}
        learner: Any = partial(HeadLearner, archive, options.features, options.whiten, options.seed)
        return inputs, chosen(options, Recipe, FinetuneRecipe), learner
    from artsim.learn.finetune_learner import BackboneLearner

    if options.folds not in (None, 1):
        raise Mistake("--folds: of heads; a backbone is fine-tuned once for each trial, and validated as in jobs.train")
    recipe = chosen(options, FinetuneRecipe)
    inputs = {"finetune": options.finetune, "weights": options.weights}
    return inputs, recipe, partial(BackboneLearner, archive, options.finetune, options.weights, options.resolution)


if __name__ == "__main__":
    job.main()
