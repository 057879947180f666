"""Find the artworks nearest to (or farthest from) some artworks, image files, or every artwork.

python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 \\
    --id sample:shen-mountain-1 --k 7 --picture near.png
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 --image photo.jpg
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0:128 --all
"""

import argparse
from typing import Any

from artsim.cli import Job
from artsim.errors import UserError

job = Job("neighbors", __doc__)
job.option("--features", nargs="+", required=True, metavar="NAME[:PCA]", help="one, or several to stack")
job.option("--id", nargs="+", metavar="ID", help="artworks of the archive")
job.option("--image", nargs="+", metavar="FILE", help="image files, not necessarily in the archive")
job.option("--all", action="store_true", help="every artwork: writes a neighbors table")
job.option("--k", type=int, least=1, default=10, help="number of results per query")
job.option("--metric", default="cosine", help="cosine, euclidean, cityblock, or another of scipy's cdist")
job.option("--farthest", action="store_true", help="find the farthest instead of the nearest")
job.option("--picture", metavar="PNG", help="draw a labelled contact sheet to this file")
job.shows_statistics()


@job.runs
def neighbors(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Searches for single artworks and files, or with ``--all`` writes the table; returns the report fields."""
    from artsim.explore.neighbors import all_neighbors
    from artsim.explore.queries import neighbors_of
    from artsim.space.features import Space

    space = Space(archive, options.features, options.seed)
    how = {"metric": options.metric, "farthest": options.farthest, "public_only": options.rights == "public"}
    if options.all and (options.id or options.image or options.picture):
        raise UserError("--all: writes a table of all artworks; leave out --id, --image and --picture")
    if options.all:
        return all_neighbors(space, options.k, **how)
    return neighbors_of(
        space, ids=options.id or [], files=options.image or [], k=options.k, picture=options.picture, **how
    )


if __name__ == "__main__":
    job.main()
