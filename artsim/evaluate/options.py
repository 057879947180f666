"""The options of an evaluation."""

from dataclasses import dataclass

from artsim.options import ArchiveOptions, setting


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions(ArchiveOptions):
    """What to evaluate, on which annotations."""

    features: tuple[tuple[str, ...], ...] | None = setting(
        None,
        "untrained features: each alone, and all of them concatenated; may be given several times "
        "(default: the recommended features, if there are no `models`)",
        metavar="NAME[:PCA]",
    )
    models: tuple[str, ...] = setting((), "trained models: names, or paths of model folders", metavar="NAME")
    annotator: tuple[str, ...] | None = setting(
        None, "use only annotations by these annotators (default: all)", metavar="NAME"
    )
    split: str | None = setting(
        None,
        "without a model: score only the fifth that jobs.train would hold out as the test set",
        choices=("image-disjoint", "group-disjoint", "random"),
    )
    split_by: str | None = setting(None, "catalog column of the groups, with `split` group-disjoint", metavar="COLUMN")
    again: str | None = setting(
        None,
        "second judgment of the same annotations, an annotator or a file: adds the self-meanrank",
        metavar="NAME|FILE",
    )
    links: bool = setting(False, "also rank linked artworks among the whole archive: mAP, recall@k")
    metric: str = setting("cosine", "cosine, euclidean, cityblock, or another of scipy's cdist")
    out: str | None = setting(
        None, "folder for Markdown, pictures and JSON (default: evaluation/ in the archive)", metavar="FOLDER"
    )
