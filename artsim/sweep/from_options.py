"""The sweep that the options of jobs.tune describe."""

from typing import Any

from artsim.errors import UserError
from artsim.learn.from_options import experiment_of
from artsim.sweep.options import TuneOptions

_SPACE = ("m=0:1", "m2=0:1")
_FOLDS = 3  # of the cross-validation that scores a setting, by default


def tune_from_options(archive: Any, options: TuneOptions) -> dict[str, Any]:
    """Runs the sweep; returns the report fields. Raises a user error for a setting that is both searched and set."""
    experiment, learner = experiment_of(archive, options)
    from artsim.sweep.search_space import parse_space  # imports Ray and torch; user errors come first
    from artsim.sweep.sweep import tune

    space = parse_space(options.space or _SPACE, experiment.recipe)
    for name in space:
        if name != "loss" and options.recipe.get(name) is not None:
            raise UserError(f"`{name}`: is searched; leave {name} out of `space` to set it")
    return tune(
        archive,
        options.name,
        experiment,
        learner,
        space,
        trials=options.trials,
        folds=options.folds or (1 if options.finetune else _FOLDS),
        workers=options.workers,
        again=options.again,
    )
