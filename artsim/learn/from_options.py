"""The experiment and the model that the options of a job describe."""

import logging
from functools import partial
from typing import Any

from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.options import ExperimentOptions, TrainOptions
from artsim.learn.recipe import Recipe
from artsim.options import chosen

_log = logging.getLogger(__name__)


def train_from_options(archive: Any, options: TrainOptions) -> dict[str, Any]:
    """Trains the model and, with ``embed``, embeds the archive; returns the report fields."""
    experiment, learner = experiment_of(archive, options)
    from artsim.archive.valid_name import check_name
    from artsim.encoders.embed import check_features, embed_archive  # imports torch; user errors come first
    from artsim.encoders.model import load_model
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


def experiment_of(archive: Any, options: ExperimentOptions) -> tuple[Any, Any]:
    """Returns the ``Experiment`` and the function that makes its learner (see artsim.learn.experiment).

    Raises a user error if options conflict.
    """
    inputs, recipe, learner = _learner(archive, options)
    from artsim.learn.experiment import Experiment  # imports torch, which takes seconds; user errors come first

    if options.split_by and options.split not in ("folds", "group-disjoint") and recipe.negatives == "own":
        _log.warning(
            "`split_by` %s: has no effect with `split` %s unless negatives are mined", options.split_by, options.split
        )
    experiment = Experiment(
        inputs=inputs,
        recipe=recipe,
        annotators=None if options.annotator is None else list(options.annotator),
        links=options.links,
        split=options.split,
        split_by=options.split_by,
        seed=options.seed,
        public_only=options.public_only,
    )
    return experiment, learner


def _learner(archive: Any, options: ExperimentOptions) -> tuple[dict[str, Any], Recipe, Any]:
    """Returns the configured inputs, the recipe, and the function that makes the learner."""
    if not options.finetune:
        recipe = chosen(options.recipe, Recipe, FinetuneRecipe)
        from artsim.learn.heads.learner import HeadLearner
        from artsim.vision.recommended import RECOMMENDED_SPECS, recommended_features

        features = list(options.features or recommended_features(archive))
        # stored as given, so that the same command means the same after the archive has grown
        inputs = {"features": list(options.features or RECOMMENDED_SPECS), "whiten": options.whiten}
        learner: Any = partial(HeadLearner, archive, features, options.whiten, options.seed)
        return inputs, recipe, learner
    recipe = chosen(options.recipe, FinetuneRecipe)
    from artsim.learn.backbones.learner import BackboneLearner

    inputs = {"finetune": options.finetune, "weights": options.weights}
    resolution = options.recipe.get("resolution")
    learner = partial(BackboneLearner, archive, options.finetune, options.weights, resolution)
    return inputs, recipe, learner
