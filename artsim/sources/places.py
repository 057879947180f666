"""What is a folder, on disk and in a bucket, where folders are only the first parts of names."""

import pyarrow.fs as pafs

from artsim.archive import Store
from artsim.sources.endings import is_image_name


def is_folder(store: Store) -> bool:
    """Whether a folder is there; in a bucket also where an empty object that marks the folder bears its name."""
    info = store.filesystem.get_file_info(store.root)
    if info.type == pafs.FileType.Directory:
        return True
    is_marker = info.is_file and not info.size and not store.is_local
    return is_marker and bool(store.filesystem.get_file_info(pafs.FileSelector(store.root, allow_not_found=True)))


def listed(store: Store, path: str) -> list[tuple[str, bool]]:
    """Names in a folder of a bucket and which of them are folders, without the empty objects that mark folders."""
    infos = [info for info in store.filesystem.get_file_info(pafs.FileSelector(path)) if info.base_name]
    folders = {info.base_name for info in infos if info.type == pafs.FileType.Directory}
    files = {info.base_name for info in infos if info.is_file and not _is_marker(info, folders)}
    return [*((name, True) for name in folders), *((name, False) for name in files)]


def _is_marker(info: pafs.FileInfo, folders: set[str]) -> bool:
    return not info.size and (info.base_name in folders or not is_image_name(info.base_name))
