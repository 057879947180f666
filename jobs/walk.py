"""Find a series of artworks that leads step by step from one artwork to another.

python -m jobs.walk --archive archives/demo --features efficientnet_lite0 --from sample:shen-mountain-1 \\
    --to sample:valcroix-moonlight-1 --steps 6 --picture walk.png --kind strip
"""

from typing import Any

from artsim.cli import Job
from artsim.explore.options import WalkOptions

job = Job("walk", __doc__, WalkOptions)


@job.runs
def walk(archive: Any, options: WalkOptions) -> dict[str, Any]:
    """Finds and draws the walk; returns the report fields."""
    from artsim.explore.walk_report import walk_report

    return walk_report(archive, options)


if __name__ == "__main__":
    job.main()
