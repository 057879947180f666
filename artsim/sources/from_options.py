"""Imports the catalog that the options of jobs.catalog name, or shows its first rows."""

from typing import Any
from urllib.parse import urlsplit

from artsim.archive import Archive, UserError
from artsim.sources.ingestion.first_rows import LEAST, first_rows
from artsim.sources.ingestion.ingest import ingest
from artsim.sources.options import CatalogOptions
from artsim.sources.records import CHUNK_ROWS, Source

_SIZE = 1024  # pixels of the long side of images from image services
_LANGUAGES = ("en",)


def import_catalog(archive: Archive, options: CatalogOptions) -> dict[str, Any]:
    """Adds the new rows of the source to the catalog; returns the report fields."""
    if options.shards not in (None, archive.shards):
        raise UserError(
            f"`shards` {options.shards}: the archive has {archive.shards} shards, which can't be changed; leave it out"
        )
    with archive.lock("catalog"):
        return ingest(archive, _opened(options), options.as_, options.limit, options.twice)


def preview_catalog(options: CatalogOptions) -> dict[str, Any]:
    """Reads the first rows, as many as ``preview`` says, and writes nothing; returns the report fields."""
    assert options.preview is not None
    count = min(options.preview, options.limit or options.preview)
    return first_rows(_opened(options, count), options.as_, count)


def _opened(options: CatalogOptions, first: int | None = None) -> Source:
    """Opens the source; for a preview of the ``first`` rows, it reads only what it needs.

    Imports this source alone: the others would take longer than reading a small catalog.
    """
    location = options.location or ""
    if options.source == "folder":
        from artsim.sources.folder import open_folder

        return open_folder(location)
    if options.source == "table":
        from artsim.sources.tables.columns import parse_columns
        from artsim.sources.tables.source import open_table

        chunk = CHUNK_ROWS if first is None else max(first, LEAST)
        return open_table(location, parse_columns(options.columns), options.image_template, options.images, chunk)
    if options.source == "wga":
        from artsim.sources.wga import open_wga

        return open_wga(location)
    try:
        urlsplit(location)
    except ValueError as error:
        raise UserError(f"`location` {location}: not a valid address: {error}") from error
    from artsim.http.json_client import Web

    web = Web(options.contact, options.allow_host, options.location)
    languages = list(options.language or _LANGUAGES)
    if options.source == "smk":
        from artsim.sources.smk import open_smk

        return open_smk(options.location, web, languages)
    from artsim.sources.iiif.source import open_iiif

    rows = {} if first is None else {"rows": first}
    return open_iiif(location, web, languages, options.size or _SIZE, **rows)
