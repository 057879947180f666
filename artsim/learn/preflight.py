"""Checks, before anything starts, that a head can learn from the features and annotations."""

import numpy as np

from artsim.archive import UserError
from artsim.learn.experiment import Experiment, Learner
from artsim.space.features import check_learnable


def check_learns(learner: Learner, training: np.ndarray, experiment: Experiment) -> None:
    """Raises a user error if the vectors or the annotations to train on leave nothing to learn.

    ``training``, object (n, 9): ids of anchor, positive and negatives. The vectors of a backbone don't exist yet.
    """
    if (training[:, 0] == training[:, 1]).all():
        raise UserError(
            f"the positive is the anchor itself in all {len(training)} training annotations; "
            "jobs.annotations check lists such annotations"
        )
    specs = experiment.inputs.get("features")
    if not specs:
        return
    name = " ".join(specs)
    ids, places = np.unique(training.astype(str), return_inverse=True)
    vectors = learner.untrained_vectors(ids.tolist())
    check_learnable(vectors, name)
    places = places.reshape(training.shape)
    if experiment.recipe.head == "discriminant" and np.array_equal(vectors[places[:, 0]], vectors[places[:, 1]]):
        raise UserError(
            f"`features` {name}: anchor and positive have the same vector in all {len(training)} training annotations; "
            "a discriminant needs some that differ; use `head` residual"
        )
