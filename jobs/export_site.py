"""Write the page as a folder of files that any web server can publish. Protected artworks are left out by default.

python -m jobs.export_site --archive archives/demo --out site-of-the-museum
"""

from typing import Any

from artsim.cli import Job
from artsim.web.options import ExportSiteOptions

job = Job("export_site", __doc__, ExportSiteOptions)


@job.runs
def export_site(archive: Any, options: ExportSiteOptions) -> dict[str, Any]:
    """Writes the site; returns the report fields."""
    from artsim.web.published_site import export_site

    return export_site(archive, options)


if __name__ == "__main__":
    job.main()
