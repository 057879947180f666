"""Search training settings, by default m and m2, by cross-validated meanrank. The loss is triplet by default.

python -m jobs.tune --archive archives/demo --name margins --trials 64
python -m jobs.tune --archive archives/demo --features efficientnet_lite0 --name wide --trials 200 \\
    --space m=0:1 m2=0:1 lr=1e-5:1e-2:log hidden=8,64,256 swap=true,false
python -m jobs.train --archive archives/demo --config archives/demo/sweeps/margins/best.toml
"""

from typing import Any

from artsim.cli import Job
from artsim.errors import UserError
from artsim.sweep.options import TuneOptions

job = Job("tune", __doc__, TuneOptions)


@job.runs
def tune(archive: Any, options: TuneOptions) -> dict[str, Any]:
    """Checks the options and runs the sweep; returns the report."""
    from artsim.learn.configured import experiment_of
    from artsim.sweep.search_space import parse_space
    from artsim.sweep.sweep import tune

    experiment, learner = experiment_of(archive, options)
    space = parse_space(options.space, experiment.recipe)
    for name in space:
        if name != "loss" and options.recipe.get(name) is not None:
            raise UserError(f"`{name}`: is searched; leave {name} out of --space to set it")
    return tune(
        archive,
        options.name,
        experiment,
        learner,
        space,
        trials=options.trials,
        folds=(1 if options.finetune else 3) if options.folds is None else options.folds,
        workers=options.workers,
        again=options.again,
    )


if __name__ == "__main__":
    job.main()
