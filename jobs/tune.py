"""Search training settings, by default m and m2, by cross-validated meanrank. The loss is triplet by default.

python -m jobs.tune --archive archives/demo --name margins --trials 64
python -m jobs.tune --archive archives/demo --features efficientnet_lite0 --name wide --trials 200 \\
    --space m=0:1 m2=0:1 lr=1e-5:1e-2:log hidden=8,64,256 swap=true,false
python -m jobs.train --archive archives/demo --config archives/demo/sweeps/margins/best.toml
"""

import argparse
from typing import Any

from artsim.cli import Job
from artsim.errors import UserError
from artsim.learn.experiment_options import add_experiment_options, experiment_of
from artsim.learn.workers import ALONE, parse_workers
from artsim.options import flag

job = Job("tune", __doc__)
job.option("--name", required=True, help="name of the sweep; the same command resumes it")
job.option(
    "--trials", type=int, least=1, default=64, help="settings to try; a higher number continues a finished sweep"
)
job.option(
    "--space",
    nargs="+",
    metavar="NAME=VALUES",
    default=["m=0:1", "m2=0:1"],
    help="settings to search: m, m2, lr or any other setting below, as LOW:HIGH, LOW:HIGH:log or ONE,OTHER,...",
)
job.option(
    "--folds",
    type=int,
    least=1,
    metavar="N",
    help="folds of the cross-validation that scores a setting (default: 3; 1 with --finetune)",
)
add_experiment_options(job)
job.option(
    "--workers",
    type=parse_workers,
    default="1",
    metavar="N or MIN:MAX",
    help="with --finetune: processes that share each batch of a trial",
)
job.option("--again", action="store_true", help="replace the existing sweep")


@job.runs
def tune(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Checks the options and runs the sweep; returns the report."""
    from artsim.sweep.search_space import parse_space
    from artsim.sweep.sweep import tune

    options.loss = options.loss or "triplet"  # the loss with m and m2; also the base if the loss is searched
    if not options.finetune and options.workers != ALONE:
        raise UserError("--workers: only with --finetune; without it, each trial runs in one process")
    if options.finetune and options.folds not in (None, 1):
        raise UserError(
            "--folds: not with --finetune; each trial fine-tunes the backbone once, validated as in jobs.train"
        )
    experiment, learner = experiment_of(archive, options)
    space = parse_space(options.space, experiment.recipe)
    for name in space:
        if name != "loss" and getattr(options, name) is not None:
            raise UserError(f"{flag(name)}: is searched; leave {name} out of --space to set it")
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
