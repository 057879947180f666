"""Find the artworks nearest to (or farthest from) some artworks, image files, or every artwork.

python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 \\
    --id sample:shen-mountain-1 --k 7 --picture near.png
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 --image photo.jpg
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0:128 --all
"""

from typing import Any

from artsim.cli import Job
from artsim.explore.options import NeighborsOptions

job = Job("neighbors", __doc__, NeighborsOptions)


@job.runs
def neighbors(archive: Any, options: NeighborsOptions) -> dict[str, Any]:
    """Searches for single artworks and files, or with ``--all`` writes the table; returns the report fields."""
    from artsim.explore.neighbors import all_neighbors
    from artsim.explore.queries import neighbors_of
    from artsim.space.features import Space

    space = Space(archive, options.features, options.seed)
    how: dict[str, Any] = {"metric": options.metric, "farthest": options.farthest, "public_only": options.public_only}
    if options.all:
        return all_neighbors(space, options.k, **how)
    return neighbors_of(
        space, ids=options.id or (), files=options.image or (), k=options.k, picture=options.picture, **how
    )


if __name__ == "__main__":
    job.main()
