"""Measure how well features and models agree with curators: meanrank with intervals, before and after training.

python -m jobs.evaluate --archive archives/demo --features efficientnet_lite0 efficientnet_lite0@4+std
python -m jobs.evaluate --archive archives/demo --features efficientnet_lite0 --models style --annotator anna
python -m jobs.evaluate --archive archives/demo --models style ../other/models/style --again anna-again --links
"""

from typing import Any

from artsim.cli import Job
from artsim.evaluate.options import EvaluateOptions

job = Job("evaluate", __doc__, EvaluateOptions)


@job.runs
def evaluate(archive: Any, options: EvaluateOptions) -> dict[str, Any]:
    """Evaluates features and models; returns the report fields."""
    from artsim.evaluate.evaluation import evaluate

    return evaluate(archive, options)


if __name__ == "__main__":
    job.main()
