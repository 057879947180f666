"""The options of a search for duplicates."""

from dataclasses import dataclass

from artsim.options import ArchiveOptions, setting


@dataclass(frozen=True, kw_only=True)
class DedupeOptions(ArchiveOptions):
    """Which pairs are compared, when two images count as duplicates, and the picture."""

    features: tuple[str, ...] | None = setting(
        None,
        "one or several features; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    k: int = setting(5, "compare each image with its N nearest by features", least=1, metavar="N")
    distance: float = setting(0.5, "maximum cosine distance of pairs found by features")
    hash_distance: int = setting(
        6,
        "compare images whose perceptual hashes (fingerprints of 64 bits) differ in at most N bits",
        below=17,
        metavar="N",
    )
    agreement: float = setting(
        0.88, "two images are duplicates if, once aligned, the correlation of their details is at least this", below=1
    )
    name: str | None = setting(None, "name of the table (default: FEATURES)")
    picture: str | None = setting(None, "draw the groups to this file, the least certain first", metavar="PNG")
