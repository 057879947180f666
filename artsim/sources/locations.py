"""Opens files and folders on disk and in buckets, where folders are only prefixes of names."""

import pyarrow.fs as pafs

from artsim.archive import Store, UserError
from artsim.sources.image_names import is_image_name

_UNREAD = ("ftp", "ftps", "sftp", "zip", "tar", "data", "ssh", "git", "jar")


def open_location(location: str, option: str = "`location`") -> Store:
    """Open a file or folder. Raises ``UserError`` if it does not exist, or has an unsupported scheme such as http."""
    if not location:
        raise UserError(f"{option}: an empty address; . is the current folder")
    if location.startswith(("http://", "https://")):
        raise UserError(f"{option} {location}: this source reads files; download it, or use `source` smk or iiif")
    scheme = location.partition("://")[0].lower() if "://" in location else ""
    if scheme in _UNREAD:
        raise UserError(f"{option} {location}: {scheme}:// is not supported; download or unpack it, and name the files")
    store = Store.open(location)
    if store.filesystem.get_file_info(store.root).type == pafs.FileType.NotFound:
        raise UserError(f"{option} {location}: there is no such file or folder")
    return store


def is_folder(store: Store) -> bool:
    """Whether a location is a folder; in a bucket, an empty object of the same name may mark it."""
    info = store.filesystem.get_file_info(store.root)
    if info.type == pafs.FileType.Directory:
        return True
    is_marker = info.is_file and not info.size and not store.is_local
    return is_marker and bool(store.filesystem.get_file_info(pafs.FileSelector(store.root, allow_not_found=True)))


def listed(store: Store, path: str) -> list[tuple[str, bool]]:
    """Return the names in a bucket folder and whether each is a folder, without the empty objects that mark folders."""
    infos = [info for info in store.filesystem.get_file_info(pafs.FileSelector(path)) if info.base_name]
    folders = {info.base_name for info in infos if info.type == pafs.FileType.Directory}
    files = {info.base_name for info in infos if info.is_file and not _is_marker(info, folders)}
    return [*((name, True) for name in folders), *((name, False) for name in files)]


def _is_marker(info: pafs.FileInfo, folders: set[str]) -> bool:
    return not info.size and (info.base_name in folders or not is_image_name(info.base_name))
