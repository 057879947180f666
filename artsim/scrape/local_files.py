"""Reads images that are files, only from below the folders that their source was given."""

from urllib.parse import urlsplit

from artsim.archive import Archive, Store
from artsim.scrape.status import Failure, FetchStatus
from artsim.sources.base_folder import BaseFolder, OutsideFolder
from artsim.sources.ingestion.file_roots import roots


class Files:
    """Reads files from the folders that each collection of an archive may use. Blocks, so call it in a thread."""

    def __init__(self, archive: Archive, max_bytes: int) -> None:
        self._archive = archive
        self._max_bytes = max_bytes
        self._folders: dict[str, list[BaseFolder]] = {}

    def read(self, collection: str, address: str) -> bytes:
        """Returns the bytes of a file, given an address with a scheme (``file://``, ``s3://``).

        Raises ``Failure``: ``forbidden_address`` (not below a folder of the collection), ``too_large``, or ``network``
        (missing or unreadable).
        """
        if collection not in self._folders:
            self._folders[collection] = [BaseFolder(Store.open(root)) for root in roots(self._archive, collection)]
        below = next((folder for folder in self._folders[collection] if address.startswith(folder.root)), None)
        if below is None:
            scheme = urlsplit(address).scheme
            raise Failure(FetchStatus("forbidden_address", f"{scheme}: not inside a folder given to the source"))
        try:
            with below.store.filesystem.open_input_file(below.path(address)) as file:
                if file.size() > self._max_bytes:
                    detail = f"{file.size():,} bytes (limit `max_bytes` {self._max_bytes:,})"
                    raise Failure(FetchStatus("too_large", detail))
                return file.read()
        except OutsideFolder as problem:
            status = "network" if isinstance(problem.__cause__, OSError) else "forbidden_address"
            raise Failure(FetchStatus(status, str(problem))) from problem
        except OSError as error:
            raise Failure(FetchStatus("network", f"the file can't be read: {error}"[:300])) from error
