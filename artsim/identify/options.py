"""The options of an identification."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, setting


@dataclass(frozen=True, kw_only=True)
class IdentifyOptions(ArchiveOptions):
    """The reference, which pairs are compared, and when an artwork counts as identified."""

    reference: str = setting(REQUIRED, "the archive of the artworks that may be reproduced", metavar="URI")
    name: str = setting(REQUIRED, "name of the table below identifications/")
    features: tuple[str, ...] | None = setting(
        None,
        "one or several features of both archives; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    candidates: int = setting(
        10, "compare each artwork with its N nearest of the reference by features", least=1, metavar="N"
    )
    hash_distance: int = setting(
        10, "compare also images whose perceptual hashes differ in at most N bits", below=33, metavar="N"
    )
    agreement: float = setting(
        0.7, "an artwork is identified if the correlation of its aligned details is at least this", below=1
    )
    review: float = setting(0.4, "minimum correlation for review by a person", below=1)
    k: int = setting(3, "candidates that are written for each artwork, at most", least=1, metavar="N")
    without_duplicates: str | None = setting(
        None,
        "compare only with the representative of each group in this duplicates table of the reference",
        metavar="NAME",
    )
    whole_images: bool = setting(False, "do not search for parts by local matches: faster, but misses details")
    local_backbone: str | None = setting(
        None,
        "the network that describes patches for local matches (default: efficientnet_lite0@3+448)",
        metavar="NAME[@LEVEL][+SIZE]",
    )
    csv: str | None = setting(None, "write the table for the reviewer to this file", metavar="CSV")
    picture: str | None = setting(
        None, "draw artworks beside their candidates to this file, those to review first", metavar="PNG"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.review > self.agreement:
            raise UserError(f"`review` {self.review}: must not be more than `agreement`, which is {self.agreement}")
        if self.whole_images and self.local_backbone:
            raise UserError("`local_backbone`: `whole_images` uses no local matches; leave out one of them")
        for option in ("csv", "picture"):
            if "://" in (getattr(self, option) or ""):
                raise UserError(f"`{option}` {getattr(self, option)}: must be a local path, not an address")
