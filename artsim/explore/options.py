"""The options of searches for neighbors and of walks."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, DataOptions, setting

_METRIC = "cosine, euclidean, cityblock, or another of scipy's cdist"


@dataclass(frozen=True, kw_only=True)
class NeighborsOptions(DataOptions):
    """The queries of a search, and what to return for each."""

    features: tuple[str, ...] = setting(
        REQUIRED, "features that say what is similar; several are concatenated", metavar="NAME[:PCA]"
    )
    id: tuple[str, ...] | None = setting(None, "query: artworks of the archive", metavar="ID")
    image: tuple[str, ...] | None = setting(
        None, "query: image files, which need not be in the archive", metavar="FILE"
    )
    text: tuple[str, ...] | None = setting(
        None, "query: what artworks should look like, in words; for features of open_clip", metavar="TEXT"
    )
    all: bool = setting(False, "query: every artwork; writes the results as a neighbors table")
    k: int = setting(10, "number of results per query", least=1)
    metric: str = setting("cosine", _METRIC)
    farthest: bool = setting(False, "find the farthest instead of the nearest")
    without_duplicates: str | None = setting(
        None, "find only the representative of each group in this duplicates table", metavar="NAME"
    )
    index: str | None = setting(
        None,
        "usearch: build or update an approximate index and search it; for a million artworks and more",
        choices=("usearch",),
    )
    rerank: str | None = setting(
        None,
        "local: compare the nearest with the query patch by patch, and order them by how well the patches match",
        choices=("local",),
    )
    rerank_depth: int | None = setting(None, "with `rerank`: compare the N nearest (default: 50)", least=1, metavar="N")
    local_backbone: str | None = setting(
        None,
        "with `rerank`: network that describes the patches (default: efficientnet_lite0@3+448)",
        metavar="NAME[@LEVEL][+SIZE]",
    )
    picture: str | None = setting(
        None, "draw the results to this file; with `rerank` and one query, also the patches that match", metavar="PNG"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rerank and (self.all or self.farthest):
            other = "all" if self.all else "farthest"
            raise UserError(f"`rerank`: orders the nearest of single queries; leave out `rerank` or `{other}`")
        for name in ("rerank_depth", "local_backbone"):
            if getattr(self, name) is not None and not self.rerank:
                raise UserError(f"`{name}`: applies only with `rerank` local")
        if self.rerank and self.text:
            raise UserError("`rerank`: compares images; leave out `rerank` or `text`")
        if self.all and (self.id or self.image or self.text or self.picture):
            raise UserError("`all`: writes a table of all artworks; leave out `id`, `image`, `text` and `picture`")
        if self.index and self.farthest:
            raise UserError("`farthest`: an index finds only the nearest; leave out `index` or `farthest`")


@dataclass(frozen=True, kw_only=True)
class WalkOptions(ArchiveOptions):
    """Both ends of a walk, and how to draw it."""

    features: tuple[str, ...] = setting(
        REQUIRED, "features that say what is similar; several are concatenated", metavar="NAME[:PCA]"
    )
    from_: str = setting(REQUIRED, "first artwork of the walk", metavar="ID")
    to: str = setting(REQUIRED, "last artwork of the walk", metavar="ID")
    steps: int = setting(6, "number of artworks between the two, all different", least=1)
    jitter: int = setting(1, "at each step, choose one of the N nearest at random", least=1, metavar="N")
    metric: str = setting("cosine", _METRIC)
    picture: str | None = setting(None, "draw the walk to this file", metavar="PNG")
    kind: str = setting(
        "strip",
        "how to draw it: in a row, on a map, or with the artworks around it",
        choices=("strip", "scatter", "tube"),
    )
