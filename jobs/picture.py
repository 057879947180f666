"""Draw an archive, a cluster or a map as a poster.

python -m jobs.picture --archive archives/demo --kind grid --out sheet.png
python -m jobs.picture --archive archives/demo --kind umap_scatter --features efficientnet_lite0 \\
    --color artist --out map.pdf
"""

from typing import Any

from artsim.cli import Job
from artsim.gallery.options import PictureOptions

job = Job("picture", __doc__, PictureOptions)


@job.runs
def picture(archive: Any, options: PictureOptions) -> dict[str, Any]:
    """Draws the picture; returns the report fields."""
    from artsim.gallery.picture import picture as draw

    return draw(archive, options)


if __name__ == "__main__":
    job.main()
