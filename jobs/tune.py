"""Search training settings, by default m and m2, by cross-validated meanrank. The loss is triplet by default.

With ``--labels``, search the settings of heads that predict labels, by their accuracy on unseen artists.

python -m jobs.tune --archive archives/demo --name margins --trials 64
python -m jobs.tune --archive archives/demo --features efficientnet_lite0 --name wide --trials 200 \\
    --space m=0:1 m2=0:1 lr=1e-5:1e-2:log hidden=8,64,256 swap=true,false
python -m jobs.train --archive archives/demo --config archives/demo/sweeps/margins/best.toml
python -m jobs.tune --archive archives/demo --labels basics --name strengths --trials 12
"""

from typing import Any

from artsim.cli import Job
from artsim.sweep.options import TuneOptions

job = Job("tune", __doc__, TuneOptions)


@job.runs
def tune(archive: Any, options: TuneOptions) -> dict[str, Any]:
    """Runs the sweep; returns the report."""
    if options.labels:
        from artsim.labels.sweep.run import tune_labels

        report = tune_labels(archive, options)
        command = f"python -m jobs.labels train --archive {archive.uri} --config {report['config']}"
        return {**report, "command": command}
    from artsim.sweep.from_options import tune_from_options

    return tune_from_options(archive, options)


if __name__ == "__main__":
    job.main()
