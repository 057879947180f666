"""Walk from one artwork to another through the latent space.

python -m jobs.walk --archive archives/demo --features efficientnet_lite0 --from sample:shen-mountain-1 \\
    --to sample:valcroix-moonlight-1 --steps 6 --picture walk.png --kind strip
"""

import argparse
from typing import Any

from artsim.cli import Job

job = Job("walk", __doc__)
job.option("--features", nargs="+", required=True, metavar="NAME[:PCA]", help="one, or several to stack")
job.option("--from", dest="start", required=True, metavar="ID", help="first artwork of the walk")
job.option("--to", dest="end", required=True, metavar="ID", help="last artwork of the walk")
job.option("--steps", type=int, least=1, default=6, help="number of artworks between the two, all different")
job.option(
    "--jitter", type=int, least=1, default=1, metavar="N", help="choose among the N nearest instead of the nearest"
)
job.option("--metric", default="cosine", help="cosine, euclidean, cityblock, or another of scipy's cdist")
job.option("--picture", metavar="PNG", help="draw the walk to this file")
job.option("--kind", choices=["strip", "scatter", "tube"], default="strip", help="how to draw it")


@job.runs
def walk(archive: Any, options: argparse.Namespace) -> dict[str, Any]:
    """Finds and draws the walk; returns the report fields."""
    from artsim.explore.walk_report import walk_report
    from artsim.space.features import Space

    return walk_report(
        Space(archive, options.features, options.seed),
        options.start,
        options.end,
        options.steps,
        jitter=options.jitter,
        metric=options.metric,
        seed=options.seed,
        public_only=options.rights == "public",
        picture=options.picture,
        kind=options.kind,
    )


if __name__ == "__main__":
    job.main()
