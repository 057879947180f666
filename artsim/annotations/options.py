"""The options of jobs.annotations."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, setting

_NEEDED = {"import": ("file", "annotator"), "export": ("file",), "simulate": ("annotator", "by"), "draw": ("out",)}


@dataclass(frozen=True, kw_only=True)
class AnnotationsOptions(ArchiveOptions):
    """What to do, and the options of all actions. Raises ``UserError`` if an action lacks an option that it needs."""

    action: str = setting(
        REQUIRED,
        "what to do; the first word of the command line",
        choices=("draw", "import", "export", "simulate", "check"),
        is_action=True,
    )
    file: str | None = setting(
        None,
        "import, export: text file with lines anchor,positive,neg1,...,neg7 (names of image files, ids or titles); "
        "import `links`: a CSV file",
        metavar="FILE",
    )
    annotator: str | None = setting(
        None, "name of the person who annotates; export, check: use only this person's annotations", metavar="NAME"
    )
    out: str | None = setting(
        None, "draw: the HTML page to write; it works offline and saves a file for import", metavar="HTML"
    )
    links: bool = setting(
        False,
        "import: the file is a CSV of links (pairs that belong together or not): id_a,id_b,verdict, or img1,img2,type",
    )
    as_: str | None = setting(None, "import: collection that the names or ids belong to", metavar="NAME")
    mode: str | None = setting(
        None,
        "simulate, draw: how the candidates are chosen: from all artworks, near the anchor, or (draw only) where "
        "`model` is uncertain; import: the mode to record (default: the one in the file)",
        choices=("random", "near", "uncertain"),
    )
    by: str | None = setting(
        None,
        "simulate: the positive has the anchor's value in this catalog column, such as artist or style",
        metavar="COLUMN",
    )
    n: int | None = setting(None, "simulate, draw: number of annotations (default: 1000, 100)", least=1)
    repeats: int = setting(
        0, "draw: show N annotations of the page twice, to measure how consistent the annotator is", metavar="N"
    )
    noise: float = setting(0.0, "simulate: probability that the positive is a random artwork", metavar="P")
    features: tuple[str, ...] = setting(
        (), "with `mode` near: features that say which artworks are near", metavar="NAME[:PCA]"
    )
    model: str | None = setting(None, "draw, with `mode` uncertain: the model", metavar="NAME")
    pools: int | None = setting(
        None,
        "simulate, draw: number of pools, the parts of the archive that an annotation never mixes (default: 5)",
        least=1,
    )
    pool_by: str | None = setting(
        None, "simulate, draw: keep artworks with the same value, such as one artist, in one pool", metavar="COLUMN"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in _NEEDED.get(self.action, ()):
            if getattr(self, name) is None:
                raise UserError(f"`{name}`: {self.action} needs it")
        if self.links and self.action != "import":
            raise UserError(f"`links`: {self.action} does not use it; import does")
        for name in ("out", "model", "repeats"):
            if getattr(self, name) and self.action != "draw":
                raise UserError(f"`{name}`: {self.action} does not use it; draw does")

    @property
    def annotators(self) -> list[str] | None:
        """The annotators whose annotations are used, None for all."""
        return [self.annotator] if self.annotator else None
