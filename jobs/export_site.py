"""Write an archive as a web site that needs no server of its own: map, search, neighbors, clusters, artwork pages.

python -m jobs.export_site --archive archives/demo --out site
python -m jobs.export_site --archive archives/demo --out site --address https://museum.example/collection/
"""

from typing import Any

from artsim.cli import Job
from artsim.publish.options import ExportOptions

job = Job("export_site", __doc__, ExportOptions)


@job.runs
def export_site(archive: Any, options: ExportOptions) -> dict[str, Any]:
    """Writes the site; returns the report fields."""
    from artsim.publish.site import export_site

    return export_site(archive, options)


if __name__ == "__main__":
    job.main()
