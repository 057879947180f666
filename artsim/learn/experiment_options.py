"""The options by which jobs.train and jobs.tune configure an experiment, and how they are parsed."""

import argparse
import logging
from functools import partial
from typing import Any

from artsim.errors import UserError
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.recipe import Recipe
from artsim.options import add_options, chosen

_log = logging.getLogger(__name__)


def add_experiment_options(job: Any) -> None:
    """Adds the options for inputs, annotations, split, and every setting of a recipe."""
    job.option(
        "--features",
        nargs="+",
        metavar="NAME[:PCA]",
        help="train a head on these features, one or several stacked (default: the recommended features)",
    )
    job.option("--finetune", type=_backbone, metavar="BACKBONE", help="fine-tune this backbone end to end instead")
    job.option("--weights", metavar="FOLDER", help="with --finetune: folder with BACKBONE.safetensors or .pth")
    job.option("--whiten", action="store_true", help="scale all components of a PCA to variance 1")
    job.option("--annotator", nargs="+", metavar="NAME", help="annotators whose annotations are used (default: all)")
    job.option("--links", action="store_true", help="learn from links instead of annotations")
    job.option(
        "--split",
        choices=["folds", "image-disjoint", "group-disjoint", "random"],
        default="folds",
        help="folds: train on all annotations and score by cross-validation. The others hold out a fifth of the "
        "annotations as test set; with image-disjoint (group-disjoint) it shares no image (group) with the training "
        "set, and annotations that overlap it are excluded",
    )
    job.option(
        "--split-by",
        metavar="COLUMN",
        help="catalog column, such as artist: also score on unseen groups; mine no negatives from the anchor's group",
    )
    add_options(job, Recipe, FinetuneRecipe)


def _backbone(name: str) -> str:
    from artsim.vision.backbones import network_name, parse_feature  # not needed for --help

    try:
        network_name(parse_feature(name).backbone)
    except UserError as mistake:
        raise UserError(str(mistake).replace("--backbones", "--finetune")) from mistake
    return name


def experiment_of(archive: Any, options: argparse.Namespace) -> tuple[Any, Any]:
    """Returns the ``Experiment`` and the function that makes its learner (see artsim.learn.experiment).

    Raises a user error if options conflict.
    """
    inputs, recipe, learner = _learner(archive, options)
    from artsim.learn.experiment import Experiment  # imports torch, which takes seconds; user errors come first

    if options.split_by and options.split not in ("folds", "group-disjoint") and recipe.negatives == "own":
        _log.warning(
            "--split-by %s: has no effect with --split %s unless negatives are mined", options.split_by, options.split
        )
    experiment = Experiment(
        inputs=inputs,
        recipe=recipe,
        annotators=options.annotator,
        links=options.links,
        split=options.split,
        split_by=options.split_by,
        seed=options.seed,
        public_only=options.rights == "public",
    )
    return experiment, learner


def _learner(archive: Any, options: argparse.Namespace) -> tuple[dict[str, Any], Recipe, Any]:
    """Returns the configured inputs, the recipe, and the function that makes the learner."""
    if options.features and options.finetune:
        raise UserError("--features and --finetune: choose one of them")
    if not options.finetune:
        if options.weights:
            raise UserError("--weights needs --finetune; stored features are already extracted")
        recipe = chosen(options, Recipe, FinetuneRecipe)
        from artsim.learn.heads.learner import HeadLearner
        from artsim.vision.recommended import RECOMMENDED_SPECS, recommended_features

        features = options.features or recommended_features(archive)
        # stored as given, so that the same command means the same after the archive has grown
        inputs = {"features": options.features or list(RECOMMENDED_SPECS), "whiten": options.whiten}
        learner: Any = partial(HeadLearner, archive, features, options.whiten, options.seed)
        return inputs, recipe, learner
    recipe = chosen(options, FinetuneRecipe)
    from artsim.learn.backbones.learner import BackboneLearner

    inputs = {"finetune": options.finetune, "weights": options.weights}
    learner = partial(BackboneLearner, archive, options.finetune, options.weights, options.resolution)
    return inputs, recipe, learner
