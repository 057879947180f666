"""The options of a clustering. Lists of values are combined; see artsim.clusters.combinations."""

import math
import re
from dataclasses import dataclass, fields

from artsim.errors import UserError
from artsim.options import ArchiveOptions, setting

METHODS = ("hdbscan", "optics", "dbscan", "kmeans", "trimmed-kmeans", "ward", "spectral", "evoc")


@dataclass(frozen=True, kw_only=True)
class ClusterOptions(ArchiveOptions):
    """What to cluster, by which methods and parameters, and what to compare the clusters with."""

    features: tuple[str, ...] | None = setting(
        None,
        "one or several features; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    name: str | None = setting(
        None,
        "name of the clustering (default: FEATURES-METHOD plus the parameters that vary; with `within`, "
        "NAME-CLUSTER-METHOD)",
    )
    within: str | None = setting(
        None, "cluster only the artworks of one cluster of another clustering", metavar="NAME:CLUSTER"
    )
    method: tuple[str, ...] = setting(("hdbscan",), "clustering methods; several are compared", choices=METHODS)
    metric: str = setting(
        "cosine",
        "cosine: scale every vector to length 1 first; euclidean: do not. Distances are then Euclidean",
        choices=("cosine", "euclidean"),
    )
    pca: int | None = setting(
        None,
        "reduce the vectors to N components first; 0 does not (default: 30 if there are more columns)",
        metavar="N",
    )
    umap: int | None = setting(None, "reduce the vectors to N dimensions by UMAP first", least=1, metavar="N")
    min_cluster_size: tuple[int, ...] | None = setting(
        None, "hdbscan, optics, evoc: artworks in the smallest cluster (default: 10)", metavar="N"
    )
    min_samples: tuple[int, ...] | None = setting(
        None,
        "hdbscan, optics, dbscan: neighbors within reach that make a region dense (default: 5; hdbscan: "
        "`min_cluster_size`)",
        metavar="N",
    )
    selection: tuple[str, ...] | None = setting(
        None, "hdbscan: eom prefers few stable clusters, leaf the smallest (default: eom)", choices=("eom", "leaf")
    )
    k: tuple[int, ...] | None = setting(None, "kmeans, trimmed-kmeans, spectral, ward: number of clusters", metavar="N")
    threshold: tuple[float, ...] | None = setting(
        None, "ward: merge clusters up to this distance, instead of `k`", metavar="D"
    )
    eps: tuple[float, ...] | None = setting(
        None,
        "dbscan: maximum distance of neighbors (default: the median to the `min_samples`-th neighbor)",
        metavar="D",
    )
    outliers: tuple[float, ...] | None = setting(
        None, "trimmed-kmeans: share of artworks that become noise (default: 0.1)", metavar="SHARE"
    )
    without_duplicates: str | None = setting(
        None, "cluster only the representative of each group in this duplicates table", metavar="NAME"
    )
    constraints: bool = setting(
        False,
        "hdbscan: keep pairs that curators linked together, and rejected pairs (NEGATIVE, WRONG) apart where possible",
    )
    against: str | None = setting(
        None, "compare the clusters with known groups: links, or a catalog column such as style", metavar="links|COLUMN"
    )
    resamples: int | None = setting(
        None,
        "measure the stability on N random subsets of 80%% of the artworks (default: 5 for several combinations, "
        "else 0)",
        metavar="N",
    )
    again: bool = setting(False, "cluster again; otherwise new artworks are assigned to the existing clusters")

    def __post_init__(self) -> None:
        super().__post_init__()
        least = {"min_cluster_size": 2, "min_samples": 1, "k": 2, "threshold": 0, "eps": 0, "outliers": 0}
        for spec in fields(self):
            for value in getattr(self, spec.name) or () if spec.name in least else ():
                if not least[spec.name] <= value < 1e9 or math.isnan(value):
                    raise UserError(f"`{spec.name}` {value}: must be {least[spec.name]} or more")
        for value in self.outliers or ():
            if value >= 1:
                raise UserError(f"`outliers` {value}: must be a share below 1")
        if self.umap and self.pca == 0:
            raise UserError("`pca` 0 with `umap`: leave out `pca`; UMAP then takes all columns")
        if self.constraints and set(self.method) != {"hdbscan"}:
            raise UserError("`constraints`: only `method` hdbscan uses them")
        if self.within is not None and not re.fullmatch(r".+:[0-9]{1,9}", self.within, re.DOTALL):
            raise UserError(f"`within` {self.within}: must be NAME:CLUSTER, such as paintings:3")
