"""Serve an archive as a web page: map, search, clusters, duplicates, walks.

python -m jobs.serve --archive archives/demo
python -m jobs.serve --archive archives/demo --rights public --port 9000
ARTSIM_TOKEN=... python -m jobs.serve --archive archives/demo --host 0.0.0.0
"""

from typing import Any

from artsim.cli import Job
from artsim.web.options import ServeOptions

job = Job("serve", __doc__, ServeOptions)


@job.runs
def serve(archive: Any, options: ServeOptions) -> dict[str, Any]:
    """Serves the page until it is interrupted; returns the report fields."""
    from artsim.vision.hub import stay_offline

    stay_offline()  # visitors must not make the server download anything
    from artsim.web.server import serve

    return serve(archive, options)


if __name__ == "__main__":
    job.main()
