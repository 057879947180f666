"""The options of a map."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import ArchiveOptions, setting

METHODS = ("umap", "tsne", "pca", "pacmap", "localmap")
GRID = "grid"


@dataclass(frozen=True, kw_only=True)
class MapOptions(ArchiveOptions):
    """The features to map, the method and its settings, and the files to export."""

    features: tuple[str, ...] | None = setting(
        None,
        "one or several features; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    method: str = setting(
        "umap",
        "grid: each artwork has its own cell; the others are maps. Every method uses one core",
        choices=(*METHODS, GRID),
    )
    pca: int = setting(50, "reduce longer vectors to this many components first; 0 keeps them", metavar="N")
    metric: str = setting(
        "cosine", "cosine, euclidean, cityblock, or another of scipy's cdist; pacmap and localmap take only these three"
    )
    neighbors: int | None = setting(
        None,
        "number of neighbors that stay close to each artwork; tsne: perplexity "
        "(default: umap and grid 15, tsne 30, pacmap and localmap 10)",
        least=2,
        metavar="N",
    )
    min_dist: float = setting(0.1, "umap and grid: smaller values pack similar artworks more tightly", below=1)
    without_duplicates: str | None = setting(
        None, "show only the representative of each group in this duplicates table", metavar="NAME"
    )
    by: str | None = setting(
        None,
        "umap and grid: also keep artworks together that have the same value in this catalog column, or that are "
        "linked",
        metavar="COLUMN|links",
    )  # fmt: skip
    sample: int = setting(50_000, "fit the map on at most N artworks and place the others", least=2, metavar="N")
    name: str | None = setting(None, "name of the map (default: FEATURES-METHOD)")
    refit: bool = setting(False, "rebuild the map; without it, only new artworks are placed")
    export: tuple[str, ...] | None = setting(
        None,
        "write the map for other programs: .parquet (embedding-atlas), .csv (VIKUS Viewer), .pbtxt (TensorBoard, which "
        "finds only the name projector_config.pbtxt)",
        metavar="FILE",
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.by is not None and self.method not in ("umap", GRID):
            raise UserError(f"`by` {self.by}: only the methods umap and grid use it, not {self.method}")
