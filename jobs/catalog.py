"""Import a museum's catalog into the archive: add new rows, update changed ones, save invalid ones with the reason.

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
from artsim.preview import preview_text
from artsim.sources.options import CatalogOptions

if TYPE_CHECKING:
    from artsim.archive import Archive

job = Job("catalog", __doc__, CatalogOptions, creates_archive=True)


@job.runs
def catalog(archive: "Archive", options: CatalogOptions) -> dict[str, Any]:
    """Adds the new rows of the source to the catalog."""
    from artsim.sources.from_options import import_catalog

    return import_catalog(archive, options)


@job.instead("preview", preview_text)
def preview(options: CatalogOptions) -> dict[str, Any]:
    """Reads the first rows and writes nothing."""
    from artsim.sources.from_options import preview_catalog

    return preview_catalog(options)


if __name__ == "__main__":
    job.main()
