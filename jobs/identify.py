"""Find which artworks of a reference archive the images of an archive reproduce: illustrations, photographs, details.

python -m jobs.identify --archive archives/books --reference archives/museum --name paintings
python -m jobs.identify --archive archives/books --reference archives/museum --name paintings --csv review.csv \\
    --picture review.png
"""

from typing import Any

from artsim.cli import Job
from artsim.identify.options import IdentifyOptions

job = Job("identify", __doc__, IdentifyOptions)


@job.runs
def identify(archive: Any, options: IdentifyOptions) -> dict[str, Any]:
    """Writes the identifications; returns the report fields."""
    from artsim.identify.archive_identifications import identify

    return identify(archive, options)


if __name__ == "__main__":
    job.main()
