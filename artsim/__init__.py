"""artsim reads a whole image archive, learns from curators which artworks belong together, and shows it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from artsim.api import OpenedArchive


def open(uri: str) -> "OpenedArchive":
    """Opens an archive for Python: its tables as Arrow and pandas, and each job as a method.

    ``uri`` is a folder or an address such as ``s3://bucket/folder``. Raises ``artsim.errors.UserError`` if there is no
    archive.
    """
    from artsim.api import OpenedArchive  # imports pyarrow, which --help does not need

    return OpenedArchive(uri)


def create(uri: str, **options: Any) -> "OpenedArchive":
    """Imports a catalog into the archive at ``uri``, which it creates if there is none, and opens it.

    ``options`` are those of jobs.catalog, such as ``source`` and ``location``.
    """
    from jobs.catalog import job

    job(archive=uri, **options)
    return open(uri)
