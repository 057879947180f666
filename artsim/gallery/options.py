"""The options of a picture."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, setting

REDUCED = ("pca_grid", "pca_scatter", "tsne_grid", "tsne_scatter", "umap_scatter")
KINDS = ("grid", *REDUCED, "map", "dendrogram", "clusters", "compare", "matches")

Region = tuple[float, float, float, float]  # left, top, right, bottom as shares of a map


@dataclass(frozen=True, kw_only=True)
class PictureOptions(ArchiveOptions):
    """What to draw, of which artworks, and how."""

    kind: str = setting(REQUIRED, "what to draw", choices=KINDS)
    out: str = setting(REQUIRED, "the file: .png, .pdf or .jpg", metavar="FILE")
    features: tuple[str, ...] | None = setting(
        None,
        "for pca, tsne, umap and dendrogram; several are concatenated (default: the recommended or the only features)",
        metavar="NAME[:PCA]",
    )
    layout: tuple[str, ...] | None = setting(
        None, "for kind map: one layout; compare: two; grid: a grid layout", metavar="NAME"
    )
    cluster: str | None = setting(
        None, "a clustering, to color by it; with a number, draw only this cluster", metavar="NAME[:NUMBER]"
    )
    reduction: str = setting(
        "local", "reduce the vectors of the cluster alone, or of the whole archive", choices=("local", "global")
    )
    id: str | None = setting(None, "for kind matches: the first artwork", metavar="ID")
    to: str | None = setting(None, "for kind matches: the second artwork", metavar="ID")
    local_backbone: str | None = setting(
        None,
        "for kind matches: the network that describes patches (default: efficientnet_lite0@3+448)",
        metavar="NAME[@LEVEL][+SIZE]",
    )
    zoom: str | None = setting(
        None, "draw a region of a map, in percent of it, such as 20,30,60,70", metavar="LEFT,TOP,RIGHT,BOTTOM"
    )
    color: str | None = setting(None, "frame artworks by a column of the catalog, year or cluster", metavar="COLUMN")
    limit: int | None = setting(
        None,
        "draw at most N artworks; with kind clusters, at most N clusters (default: as many as stay readable)",
        least=1,
        metavar="N",
    )
    size: int = setting(4000, "width of the picture, pixels", least=400, below=16_001)
    title: str | None = setting(None, "title (default: what is drawn)", metavar="TEXT")

    def __post_init__(self) -> None:
        super().__post_init__()
        _ = self.region
        for name in ("id", "to"):
            if self.kind == "matches" and getattr(self, name) is None:
                raise UserError(f"`{name}`: name an artwork; kind matches draws `id` and `to`")
        for name in ("id", "to", "local_backbone"):
            if self.kind != "matches" and getattr(self, name) is not None:
                raise UserError(f"`{name}`: applies only to kind matches")

    @property
    def region(self) -> Region:
        """The region that ``zoom`` names; the whole map without it. Raises ``UserError`` if it names none."""
        if self.zoom is None:
            return 0.0, 0.0, 1.0, 1.0
        try:
            left, top, right, bottom = (float(word) / 100 for word in self.zoom.split(","))
        except ValueError:
            left, top, right, bottom = 1.0, 1.0, 0.0, 0.0
        if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
            raise UserError(f"`zoom` {self.zoom}: must be LEFT,TOP,RIGHT,BOTTOM in percent, such as 20,30,60,70")
        return left, top, right, bottom
