"""Extract features of every image with one or several backbones, in one pass.

python -m jobs.extract --archive archives/demo
python -m jobs.extract --archive archives/demo --backbones efficientnet_lite0 efficientnet_lite0@4+std
python -m jobs.extract --list
"""

from typing import Any

from artsim.cli import Job
from artsim.extract.options import ExtractOptions


def _listing() -> str:
    from artsim.vision.backbone_list import listing  # not needed for --help

    return listing()


job = Job("extract", __doc__, ExtractOptions)
job.shows("--list", _listing, "list the backbones with short names, and which weights are available")


@job.runs
def extract(archive: Any, options: ExtractOptions) -> dict[str, Any]:
    """Extracts features of all pending images, by default the recommended ones."""
    from artsim.extract.pipeline import extract

    return extract(archive, options)


if __name__ == "__main__":
    job.main()
