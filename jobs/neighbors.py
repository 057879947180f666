"""Find the artworks that are most similar to an artwork, image, text, or each artwork; or the least similar ones.

python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 \\
    --id sample:shen-mountain-1 --k 7 --picture near.png
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 --image photo.jpg
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 --image photo.jpg --rerank local
python -m jobs.neighbors --archive archives/demo --features open_clip.ViT-B-32.laion2b_s34b_b79k \\
    --text "red boats at night"
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0:128 --all
python -m jobs.neighbors --archive archives/demo --features efficientnet_lite0 --all --index usearch
"""

from typing import Any

from artsim.cli import Job
from artsim.explore.options import NeighborsOptions

job = Job("neighbors", __doc__, NeighborsOptions)


@job.runs
def neighbors(archive: Any, options: NeighborsOptions) -> dict[str, Any]:
    """Searches for single artworks, files and texts, or with ``--all`` writes the table; returns the report fields."""
    from artsim.explore.queries import answer

    return answer(archive, options)


if __name__ == "__main__":
    job.main()
