"""The options of a picture."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, setting

REDUCED = ("pca_grid", "pca_scatter", "tsne_grid", "tsne_scatter", "umap_scatter")
KINDS = ("grid", *REDUCED, "map", "dendrogram", "clusters", "compare")

Region = tuple[float, float, float, float]  # left, top, right, bottom as shares of a map


def parse_region(text: str) -> Region:
    """Parses ``LEFT,TOP,RIGHT,BOTTOM`` in percent of a map. Raises ``UserError`` unless it is a region of it."""
    try:
        left, top, right, bottom = (float(word) / 100 for word in text.split(","))
    except ValueError:
        left, top, right, bottom = 1.0, 1.0, 0.0, 0.0
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise UserError(f"{text}: must be LEFT,TOP,RIGHT,BOTTOM in percent of the map, such as 20,30,60,70")
    return left, top, right, bottom


@dataclass(frozen=True, kw_only=True)
class PictureOptions(ArchiveOptions):
    """What to draw, of which artworks, and how."""

    kind: str = setting(REQUIRED, "what to draw", choices=KINDS)
    out: str = setting(REQUIRED, "the file: .png, .pdf or .jpg", metavar="FILE")
    features: tuple[str, ...] | None = setting(
        None, "vectors of pca, tsne, umap and dendrogram; several are stacked", metavar="NAME[:PCA]"
    )
    layout: tuple[str, ...] | None = setting(
        None, "layout of map, two of compare, cells of grid (method grid)", metavar="NAME"
    )
    cluster: str | None = setting(
        None, "a clustering, to colour by it; with a number, draw only this cluster", metavar="NAME[:NUMBER]"
    )
    reduction: str = setting(
        "local", "reduce the vectors of the cluster alone, or of the whole archive", choices=("local", "global")
    )
    zoom: Region | None = setting(
        None, "draw a region of a map, in percent", metavar="LEFT,TOP,RIGHT,BOTTOM", parse=parse_region
    )
    color: str | None = setting(
        None, "frame artworks by a column of the catalog, year or cluster", metavar="COLUMN"
    )
    limit: int | None = setting(
        None, "draw at most this many artworks (default: as many as stay readable)", least=1, metavar="N"
    )
    size: int = setting(4000, "width of the picture, pixels", least=400, below=16_001)
    title: str | None = setting(None, "title (default: what is drawn)", metavar="TEXT")
