"""Files on the server's local disk that are computed from an archive and can be computed again."""

import os
import shutil
import time
from pathlib import Path

_UNUSED = 14 * 24 * 3600  # seconds after which the files of another version are deleted


def cache_folder(version: str) -> Path:
    """Returns the folder for files of a version, which only this user can read.

    It is below ``XDG_CACHE_HOME`` or ``~/.cache``. Deletes folders of versions that were not used for two weeks.
    """
    top = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "artsim")
    folder = top / version
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.utime(folder)
    for other in top.iterdir():
        if other.is_dir() and time.time() - other.stat().st_mtime > _UNUSED:
            shutil.rmtree(other, ignore_errors=True)
    return folder
