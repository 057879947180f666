"""Read a museum's catalogue into the archive: add new rows, and set invalid ones aside.

python -m jobs.catalog --source table --location works.csv --preview
python -m jobs.catalog --archive archives/demo --source folder --location paintings/
python -m jobs.catalog --archive archives/demo --source table --location works.csv --columns image_url=url title=name
python -m jobs.catalog --archive archives/demo --source table --location works.csv --images scans/
python -m jobs.catalog --archive archives/demo --source wga --location catalog.csv
python -m jobs.catalog --archive archives/demo --source smk --contact curator@museum.org --limit 1000
python -m jobs.catalog --archive archives/demo --source iiif --location https://museum.org/iiif/collection.json
"""

from argparse import Namespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from artsim.cli import Job
from artsim.preview import preview_text

if TYPE_CHECKING:
    from artsim.archive import Archive
    from artsim.sources.records import Source

job = Job("catalog", __doc__, creates_archive=True)
job.option("--source", required=True, choices=["folder", "table", "wga", "smk", "iiif"], help="kind of catalogue")
job.option("--location", metavar="PATH|URL", help="location of the catalogue; optional for smk")
job.option(
    "--as",
    dest="name",
    metavar="NAME",
    help="name of the collection, the first part of its ids (default: the location's name)",
)
job.option(
    "--columns", nargs="+", default=[], metavar="A=B", help="table: fill catalog column A from column B of the table"
)
job.option(
    "--image-template", metavar="ADDRESS", help="table: image URLs with columns in braces: https://m.org/{id}.jpg"
)
job.option("--images", metavar="FOLDER", help="table: folder of the images, found by file names in the rows or by ids")
job.option("--limit", type=int, least=1, metavar="N", help="read at most N rows")
job.option(
    "--preview",
    nargs="?",
    type=int,
    least=1,
    const=10,
    metavar="N",
    help="show the first N rows (default: 10) as they would be stored, and how columns are used; write nothing",
)
job.option("--twice", action="store_true", help="also add rows whose images are already in the archive under other ids")
job.option("--shards", type=int, least=1, metavar="N", help="number of shards of a new archive")
job.option("--language", nargs="+", metavar="CODE", help="smk, iiif: languages in order of preference (default: en)")
job.option(
    "--size",
    type=int,
    least=1,
    metavar="PIXELS",
    help="iiif: long side of images requested from image services (default: 1024)",
)
job.option("--contact", metavar="MAIL|URL", help="smk, iiif: your contact for the museum, sent in the User-Agent")
job.option(
    "--allow-host",
    nargs="+",
    default=[],
    metavar="HOST[:PORT]",
    help="smk, iiif: allow hosts that are not on the internet",
)


_ONLY = {  # options that only some sources read
    "--columns": ("table",),
    "--image-template": ("table",),
    "--images": ("table",),
    "--size": ("iiif",),
    "--language": ("smk", "iiif"),
    "--contact": ("smk", "iiif"),
    "--allow-host": ("smk", "iiif"),
}


@job.runs
def catalog(archive: "Archive", options: Namespace) -> dict[str, Any]:
    """Opens the source and adds new rows to the catalog."""
    from artsim.sources.ingestion.ingest import ingest

    _check_shards(archive, options)
    with archive.lock("catalog"):
        return ingest(archive, _opened(options), options.name, options.limit, options.twice)


@job.instead("preview", preview_text)
def preview(options: Namespace) -> dict[str, Any]:
    """Reads the first rows and writes nothing."""
    from artsim.archive import UserError
    from artsim.sources.ingestion.first_rows import first_rows

    if options.preview < 1:
        raise UserError(f"--preview {options.preview}: must be 1 or more")
    count = min(options.preview, options.limit or options.preview)
    return first_rows(_opened(options, count), options.name, count)


def _check_shards(archive: "Archive", options: Namespace) -> None:
    from artsim.archive import UserError

    if options.shards is not None and options.shards != archive.shards:
        raise UserError(
            f"--shards {options.shards}: the archive has {archive.shards} shards, which can't be changed; leave it out"
        )


def _check_read(options: Namespace) -> None:
    """Raises ``UserError`` for an option that the source does not read."""
    from artsim.archive import UserError

    for flag, sources in _ONLY.items():
        given = getattr(options, flag.removeprefix("--").replace("-", "_"))
        if options.source not in sources and given is not None and given != []:
            raise UserError(
                f"{flag}: --source {options.source} does not use it; only for --source {' or '.join(sources)}"
            )


def _opened(options: Namespace, first: int | None = None) -> "Source":
    """Opens the source that the options name; for a preview of the ``first`` rows, it reads only what it needs."""
    from artsim.archive import UserError
    from artsim.http.json_client import Web
    from artsim.sources.folder import open_folder
    from artsim.sources.iiif.source import open_iiif
    from artsim.sources.ingestion.first_rows import LEAST
    from artsim.sources.records import CHUNK_ROWS
    from artsim.sources.smk import open_smk
    from artsim.sources.tables.columns import parse_columns
    from artsim.sources.tables.source import open_table
    from artsim.sources.wga import open_wga

    _check_read(options)
    if options.location is None and options.source != "smk":
        raise UserError(f"--location: required for --source {options.source}")
    if options.limit is not None and options.limit < 1:
        raise UserError(f"--limit {options.limit}: must be 1 or more")
    size, languages = 1024 if options.size is None else options.size, options.language or ["en"]
    if size < 1:
        raise UserError(f"--size {options.size}: must be 1 or more")
    if options.source == "folder":
        return open_folder(options.location)
    if options.source == "table":
        chunk = CHUNK_ROWS if first is None else max(first, LEAST)
        return open_table(
            options.location, parse_columns(options.columns), options.image_template, options.images, chunk
        )
    if options.source == "wga":
        return open_wga(options.location)
    try:
        urlsplit(options.location or "")
    except ValueError as error:
        raise UserError(f"--location {options.location}: not a valid address: {error}") from error
    web = Web(options.contact, options.allow_host, options.location)
    if options.source == "smk":
        return open_smk(options.location, web, languages)
    rows = {} if first is None else {"rows": first}
    return open_iiif(options.location, web, languages, size, **rows)


if __name__ == "__main__":
    job.main()
