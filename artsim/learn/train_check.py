"""Whether features and annotations are such that a head can learn from them; asked before anything starts."""

import numpy as np

from artsim.archive import Mistake
from artsim.features import check_learnable
from artsim.learn.question import Learner, Question


def check_learns(pupil: Learner, training: np.ndarray, question: Question) -> None:
    """Mistake if the vectors of the training, or what it says of them, leave nothing to learn.

    ``training``, object (n, 9): ids of anchor, positive and negatives. Of a backbone there are no vectors yet.
    """
    if (training[:, 0] == training[:, 1]).all():
        raise Mistake(
            f"of all {len(training)} annotations to train on the positive is the anchor itself; "
            "jobs.annotations check names such annotations"
        )
    specs = question.inputs.get("features")
    if not specs:
        return
    name = " ".join(specs)
    ids, places = np.unique(training.astype(str), return_inverse=True)
    vectors = pupil.before(ids.tolist())
    check_learnable(vectors, name)
    places = places.reshape(training.shape)
    if question.recipe.head == "discriminant" and np.array_equal(vectors[places[:, 0]], vectors[places[:, 1]]):
        raise Mistake(
            f"--features {name}: in all {len(training)} annotations to train on, anchor and positive have the same "
            "vector; a discriminant needs some that differ (--head residual does without)"
        )
