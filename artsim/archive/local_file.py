"""Replaces files outside an archive, such as pictures and exports, so that readers never see a half-written one."""

import contextlib
import glob
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

_ABANDONED = 3600  # seconds after which a draft counts as abandoned


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a draft in the same folder, which replaces ``path`` at a clean exit if it was written.

    Each call writes a separate draft, so if two runs write the same file, one complete file remains. Removes drafts
    of this file that killed runs left more than an hour ago.
    """
    for old in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with contextlib.suppress(OSError):
            if old.stat().st_mtime < time.time() - _ABANDONED:
                old.unlink()
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        yield draft
        if draft.exists():
            draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
