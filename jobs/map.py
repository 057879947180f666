"""Map an archive to a plane, where similar artworks are close together; new artworks are added to an existing map.

python -m jobs.map --archive archives/demo
python -m jobs.map --archive archives/demo --features efficientnet_lite0@4+std --method grid --name wall
python -m jobs.map --archive archives/demo --by style
python -m jobs.map --archive archives/demo --export map.parquet vikus/data.csv projector/projector_config.pbtxt
"""

from typing import Any

from artsim.cli import Job
from artsim.layouts.options import MapOptions

job = Job("map", __doc__, MapOptions)


@job.runs
def map_(archive: Any, options: MapOptions) -> dict[str, Any]:
    """Makes or extends the map; returns the report fields."""
    from artsim.layouts.archive_map import map_archive

    return map_archive(archive, options)


if __name__ == "__main__":
    job.main()
