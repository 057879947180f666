"""Fetch the images of the catalog from the web or from disk; each row gets its image or the reason why it has none.

python -m jobs.scrape --archive archives/demo --contact curator@museum.org
python -m jobs.scrape --archive archives/demo --contact curator@museum.org --per-host 4 --retry timeout network
"""

from typing import TYPE_CHECKING, Any

from artsim.cli import Job
from artsim.scrape.options import ScrapeOptions

if TYPE_CHECKING:
    from artsim.archive import Archive

job = Job("scrape", __doc__, ScrapeOptions)


@job.runs
def scrape(archive: "Archive", options: ScrapeOptions) -> dict[str, Any]:
    """Fetches the images of all pending rows."""
    from artsim.scrape.pipeline import scrape

    return scrape(archive, options)


if __name__ == "__main__":
    job.main()
