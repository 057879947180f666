"""The options of a static export."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from artsim.errors import UserError
from artsim.options import REQUIRED, ArchiveOptions, setting


@dataclass(frozen=True, kw_only=True)
class ExportOptions(ArchiveOptions):
    """Where the files go, and what they show."""

    out: str = setting(REQUIRED, "the folder to write; an earlier export in it is replaced", metavar="FOLDER")
    rights: str = setting(
        "public",
        "public: publish only artworks in the public domain or under a Creative Commons license; all: protected ones "
        "too, if you have the right to",
        choices=("all", "public"),
    )
    features: tuple[str, ...] | None = setting(
        None,
        "features whose neighbors are published, the first as the default (default: those that jobs.serve uses)",
        metavar="NAME",
    )
    neighbors: int = setting(12, "number of neighbors of each artwork", least=1, below=201, metavar="K")
    title: str | None = setting(None, "title of the site (default: the name of the archive)", metavar="TEXT")
    address: str | None = setting(
        None, "the site's address on the web, for sitemap.xml and previews of links", metavar="URL"
    )
    again: bool = setting(False, "write the folder again even if nothing has changed")

    def __post_init__(self) -> None:
        super().__post_init__()
        if "://" in self.out:
            raise UserError(f"`out` {self.out}: must be a local folder; upload it when it is complete")
        if self.address is not None:
            try:
                parts = urlsplit(self.address)
            except ValueError:
                parts = urlsplit("")
            if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
                raise UserError(f"`address` {self.address}: must be like https://museum.example/collection/")
