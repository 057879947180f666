"""Learn catalog columns such as style from the artworks that have a value, predict the others, find likely errors.

python -m jobs.labels train --archive archives/demo --columns style type date --name basics
python -m jobs.labels train --archive archives/demo --columns "type>style" --name levels
python -m jobs.labels train --archive archives/demo --columns style type date --head mlp --name shared
python -m jobs.labels predict --archive archives/demo --name basics
python -m jobs.labels evaluate --archive archives/demo --name basics
python -m jobs.labels errors --archive archives/demo --name basics
"""

from typing import Any

from artsim.cli import Job
from artsim.labels.options import LabelsOptions

job = Job("labels", __doc__, LabelsOptions)


@job.runs
def labels(archive: Any, options: LabelsOptions) -> dict[str, Any]:
    """Runs the action that the options name; returns its report fields."""
    from artsim.labels.evaluate import evaluate
    from artsim.labels.label_errors import find_errors
    from artsim.labels.predict import predict_archive
    from artsim.labels.train import train

    actions = {"train": train, "predict": predict_archive, "evaluate": evaluate, "errors": find_errors}
    return actions[options.action](archive, options)


if __name__ == "__main__":
    job.main()
