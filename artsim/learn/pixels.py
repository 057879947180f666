"""Images of an archive as squares of pixels in one file, mapped by every process of a machine: decoded once for all."""

import fcntl
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa

from artsim.archive import Archive, Mistake
from artsim.vision.backbones import Input
from artsim.vision.check import BadImage
from artsim.vision.decode import decode

_AT_ONCE = 256  # images read and decoded at a time, so that memory stays bounded
_KEPT = 3 * 24 * 3600  # seconds after which the squares that nobody has asked for are removed
_SQUARES, _INDEX, _LOCK = "squares.bin", "index.json", "lock"

_log = logging.getLogger(__name__)


def pixels_of(archive: Archive, ids: Sequence[str], wanted: Input) -> tuple[np.ndarray, np.ndarray]:
    """The squares that a network wants: uint8 (s, size, size, 3), mapped, and the row of each id there, int64 (m,).

    The row is -1 where there is no image, or one that can't be read. Squares lie in the machine's temporary folder by
    what the image's bytes are; only those that are not there yet are decoded, by one process while the others wait.
    """
    keys = _keys(archive, ids)
    folder = _folder(wanted)
    with _locked(folder):
        path = folder / _INDEX
        index: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        missing = {keys[one]: one for one in ids if one in keys and keys[one] not in index}  # each image once
        if missing:
            _log.info("decoding %d images to %d x %d pixels", len(missing), wanted.size, wanted.size)
            _decode(archive, missing, wanted, folder / _SQUARES, index)
            draft = folder / f"{_INDEX}.tmp"
            draft.write_text(json.dumps(index))
            draft.replace(path)  # squares count from here on; a kill before it costs the work, no more
        elif path.exists():
            path.touch()
    slots = np.array([index.get(keys.get(one, ""), -1) for one in ids], np.int64)
    shape = (max(index.values(), default=-1) + 1, wanted.size, wanted.size, 3)
    return np.memmap(folder / _SQUARES, np.uint8, "r", shape=shape) if shape[0] else np.empty(shape, np.uint8), slots


def _keys(archive: Archive, ids: Sequence[str]) -> dict[str, str]:
    """What the image of each id is known by: its bytes. Ids without an image are absent."""
    rows = archive.table("images").find(ids, ["id", "status", "sha256"])
    found = [] if rows is None else rows.to_pylist()
    return {row["id"]: row["sha256"] or f"{archive.uri} {row['id']}" for row in found if row["status"] == "ok"}


def _folder(wanted: Input) -> Path:
    """Where squares of this kind lie; of other kinds, those are removed that were not asked for in days."""
    root = Path(tempfile.gettempdir(), f"artsim-pixels-{os.getuid()}")
    root.mkdir(mode=0o700, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise Mistake(f"{root}: is somebody else's; TMPDIR says where temporary files may lie")
    for index in root.glob(f"*/{_INDEX}"):
        if index.stat().st_mtime < time.time() - _KEPT:
            shutil.rmtree(index.parent, ignore_errors=True)
    kind = {key: value for key, value in asdict(wanted).items() if key not in ("mean", "std")}
    folder = root / sha256(json.dumps(kind, sort_keys=True).encode()).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # goes with the process that holds it, however that ends
        yield


def _decode(archive: Archive, missing: dict[str, str], wanted: Input, path: Path, index: dict[str, int]) -> None:
    """Puts the squares of missing images (key to id) behind those that are there, and where they are into the index."""
    slot = max(index.values(), default=-1) + 1
    path.touch()
    with path.open("r+b") as sink, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        sink.seek(slot * wanted.size * wanted.size * 3)
        for some in _chunks(archive, missing):
            rows = archive.table("images").find(list(some.values()), ["bytes"])
            assert rows is not None
            squares = pool.map(lambda data: _square(data, wanted), rows["bytes"])
            for (key, one), square in zip(some.items(), squares, strict=True):
                if isinstance(square, BadImage):
                    _log.warning("%s: its image can't be read: %s", one, square.detail)
                    index[key] = -1
                else:
                    sink.write(square.tobytes())
                    index[key], slot = slot, slot + 1


def _square(data: pa.BinaryScalar, wanted: Input) -> np.ndarray | BadImage:
    try:
        return decode(data.as_buffer(), [wanted])[0]
    except BadImage as bad:
        return bad


def _chunks(archive: Archive, missing: dict[str, str]) -> Iterator[dict[str, str]]:
    """A shard's images at a time, or a part of them: what lies together is read together."""
    shards = archive.shard_of(list(missing.values()))
    items = list(missing.items())
    for shard in np.unique(shards):
        mine = np.flatnonzero(shards == shard)
        for start in range(0, len(mine), _AT_ONCE):
            yield dict(items[place] for place in mine[start : start + _AT_ONCE])
