"""The options of importing a catalog."""

from dataclasses import dataclass

from artsim.errors import UserError
from artsim.options import REQUIRED, JobOptions, setting

_ONLY = {  # options that only some sources read
    "columns": ("table",),
    "image_template": ("table",),
    "images": ("table",),
    "size": ("iiif",),
    "language": ("smk", "iiif"),
    "contact": ("smk", "iiif"),
    "allow_host": ("smk", "iiif"),
}


@dataclass(frozen=True, kw_only=True)
class CatalogOptions(JobOptions):
    """Where the catalog is and how to read it. Raises ``UserError`` for an option that the source does not read."""

    source: str = setting(
        REQUIRED,
        "kind of catalog: image files, a table, the Web Gallery of Art, the National Gallery of Denmark, or IIIF",
        choices=("folder", "table", "wga", "smk", "iiif"),
    )
    location: str | None = setting(None, "file, folder or URL of the catalog; optional for smk", metavar="PATH|URL")
    as_: str | None = setting(
        None,
        "name of the collection, the first part of its ids (default: the location's name)",
        metavar="NAME",
    )
    columns: tuple[str, ...] = setting((), "table: fill catalog column A from column B of the table", metavar="A=B")
    image_template: str | None = setting(
        None, "table: image URLs with columns in braces: https://m.org/{id}.jpg", metavar="URL"
    )
    images: str | None = setting(
        None, "table: folder of the images, found by file names in the rows or by ids", metavar="FOLDER"
    )
    limit: int | None = setting(None, "read at most N rows", least=1, metavar="N")
    preview: int | None = setting(
        None,
        "show the first N rows (default: 10) as they would be stored, and how columns are used; write nothing",
        least=1,
        const=10,
        metavar="N",
    )
    twice: bool = setting(False, "add rows even if their images are already in the archive under other ids")
    shards: int | None = setting(
        None,
        "number of shards, the folders into which the tables of a new archive are divided (default: 32)",
        least=1,
        metavar="N",
    )
    language: tuple[str, ...] | None = setting(
        None, "smk, iiif: languages in order of preference (default: en)", metavar="CODE"
    )
    size: int | None = setting(
        None,
        "iiif: long side of the images that are requested (default: 1024)",
        least=1,
        metavar="PIXELS",
    )
    contact: str | None = setting(
        None, "smk, iiif: your email or web address, sent to the museum in the User-Agent", metavar="MAIL|URL"
    )
    allow_host: tuple[str, ...] = setting(
        (), "smk, iiif: allow hosts with a private or local address", metavar="HOST[:PORT]"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, sources in _ONLY.items():
            if self.source not in sources and getattr(self, name) not in (None, ()):
                raise UserError(
                    f"`{name}`: `source` {self.source} does not use it; only for `source` {' or '.join(sources)}"
                )
        if self.location is None and self.source != "smk":
            raise UserError(f"`location`: required for `source` {self.source}")
