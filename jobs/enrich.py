"""Say what texts around artworks are about: find the persons that they name.

python -m jobs.enrich names --archive archives/mine --text artist title --authority ulan.csv
"""

from typing import Any

from artsim.cli import Job
from artsim.enrich.options import EnrichOptions

job = Job("enrich", __doc__, EnrichOptions)


@job.runs
def enrich(archive: Any, options: EnrichOptions) -> dict[str, Any]:
    """Runs the action that the options name; returns its report fields."""
    from artsim.enrich.names import find_names

    return find_names(archive, options)


if __name__ == "__main__":
    job.main()
