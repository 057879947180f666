"""Find the images of an archive that show the same artwork: copies, crops, grayscale reproductions, framed ones.

python -m jobs.dedupe --archive archives/demo --picture duplicates.png
python -m jobs.dedupe --archive archives/demo --features efficientnet_lite0@4+std --name copies
"""

from typing import Any

from artsim.cli import Job
from artsim.duplicates.options import DedupeOptions

job = Job("dedupe", __doc__, DedupeOptions)


@job.runs
def dedupe(archive: Any, options: DedupeOptions) -> dict[str, Any]:
    """Writes the groups of duplicates; returns the report fields."""
    from artsim.duplicates.archive_duplicates import dedupe

    return dedupe(archive, options)


if __name__ == "__main__":
    job.main()
