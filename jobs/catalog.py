"""Read a museum's catalogue into the archive: add new rows, and set invalid ones aside.

python -m jobs.catalog --source table --location works.csv --preview
python -m jobs.catalog --archive archives/demo --source folder --location paintings/
python -m jobs.catalog --archive archives/demo --source table --location works.csv --columns image_url=url title=name
python -m jobs.catalog --archive archives/demo --source table --location works.csv --images scans/
python -m jobs.catalog --archive archives/demo --source wga --location catalog.csv
python -m jobs.catalog --archive archives/demo --source smk --contact curator@museum.org --limit 1000
python -m jobs.catalog --archive archives/demo --source iiif --location https://museum.org/iiif/collection.json
"""

from typing import TYPE_CHECKING, Any

from artsim.cli import Job
from artsim.errors import UserError
from artsim.preview import preview_text
from artsim.sources.options import CatalogOptions

if TYPE_CHECKING:
    from artsim.archive import Archive

job = Job("catalog", __doc__, CatalogOptions, creates_archive=True)


@job.runs
def catalog(archive: "Archive", options: CatalogOptions) -> dict[str, Any]:
    """Opens the source and adds new rows to the catalog."""
    from artsim.sources.ingestion.ingest import ingest
    from artsim.sources.open_source import open_source

    if options.shards not in (None, archive.shards):
        raise UserError(
            f"`shards` {options.shards}: the archive has {archive.shards} shards, which can't be changed; leave it out"
        )
    with archive.lock("catalog"):
        return ingest(archive, open_source(options), options.as_, options.limit, options.twice)


@job.instead("preview", preview_text)
def preview(options: CatalogOptions) -> dict[str, Any]:
    """Reads the first rows and writes nothing."""
    from artsim.sources.ingestion.first_rows import first_rows
    from artsim.sources.open_source import open_source

    assert options.preview is not None
    count = min(options.preview, options.limit or options.preview)
    return first_rows(open_source(options, count), options.as_, count)


if __name__ == "__main__":
    job.main()
