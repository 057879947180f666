"""The decoded images of an archive in one memory-mapped file per machine, shared by all of its processes."""

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

from artsim.archive import Archive, UserError
from artsim.vision.backbones import Input
from artsim.vision.check import BadImage
from artsim.vision.decode import decode

_AT_ONCE = 256  # images read and decoded at a time; bounds memory
_MAX_AGE_SECONDS = 3 * 24 * 3600  # seconds after which unused squares are deleted
_SQUARES, _INDEX, _LOCK = "squares.bin", "index.json", "lock"

_log = logging.getLogger(__name__)


def pixels_of(archive: Archive, ids: Sequence[str], input_spec: Input) -> tuple[np.ndarray, np.ndarray]:
    """Returns the squares that a network takes, and the row of each id among them.

    The squares are uint8 (s, size, size, 3), memory-mapped; the rows are int64 (m,), -1 if there is no image or it
    can't be read. Squares are cached in the machine's temporary folder by the image's bytes. One process decodes the
    missing ones while the others wait.
    """
    keys = _keys(archive, ids)
    folder = _folder(input_spec)
    with _locked(folder):
        path = folder / _INDEX
        index: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
        missing = {  # each image once
            keys[image_id]: image_id for image_id in ids if image_id in keys and keys[image_id] not in index
        }
        if missing:
            _log.info("decoding %d images to %d x %d pixels", len(missing), input_spec.size, input_spec.size)
            _decode(archive, missing, input_spec, folder / _SQUARES, index)
            draft = folder / f"{_INDEX}.tmp"
            draft.write_text(json.dumps(index))
            draft.replace(path)  # squares count from here on; a kill before only costs time
        elif path.exists():
            path.touch()
    slots = np.array([index.get(keys.get(image_id, ""), -1) for image_id in ids], np.int64)
    shape = (max(index.values(), default=-1) + 1, input_spec.size, input_spec.size, 3)
    return np.memmap(folder / _SQUARES, np.uint8, "r", shape=shape) if shape[0] else np.empty(shape, np.uint8), slots


def _keys(archive: Archive, ids: Sequence[str]) -> dict[str, str]:
    """Returns the cache key of each id's image, the hash of its bytes. Ids without an image are absent."""
    rows = archive.table("images").find(ids, ["id", "status", "sha256"])
    records = [] if rows is None else rows.to_pylist()
    return {row["id"]: row["sha256"] or f"{archive.uri} {row['id']}" for row in records if row["status"] == "ok"}


def _folder(input_spec: Input) -> Path:
    """Returns the cache folder for this kind of squares. Deletes cache folders that were not used for days."""
    root = Path(tempfile.gettempdir(), f"artsim-pixels-{os.getuid()}")
    root.mkdir(mode=0o700, exist_ok=True)
    if root.is_symlink() or root.stat().st_uid != os.getuid():
        raise UserError(f"{root}: belongs to another user; set TMPDIR to another folder")
    for index in root.glob(f"*/{_INDEX}"):
        if index.stat().st_mtime < time.time() - _MAX_AGE_SECONDS:
            shutil.rmtree(index.parent, ignore_errors=True)
    kind = {key: value for key, value in asdict(input_spec).items() if key not in ("mean", "std")}
    folder = root / sha256(json.dumps(kind, sort_keys=True).encode()).hexdigest()[:16]
    folder.mkdir(exist_ok=True)
    return folder


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the process ends, however it ends
        yield


def _decode(archive: Archive, missing: dict[str, str], input_spec: Input, path: Path, index: dict[str, int]) -> None:
    """Appends the squares of missing images (key to id) to the file and their slots to the index.

    The slot of an image that can't be read is -1.
    """
    slot = max(index.values(), default=-1) + 1
    path.touch()
    with path.open("r+b") as sink, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        sink.seek(slot * input_spec.size * input_spec.size * 3)
        for chunk in _chunks(archive, missing):
            rows = archive.table("images").find(list(chunk.values()), ["bytes"])
            assert rows is not None
            squares = pool.map(lambda data: _square(data, input_spec), rows["bytes"])
            for (key, image_id), square in zip(chunk.items(), squares, strict=True):
                if isinstance(square, BadImage):
                    _log.warning("%s: its image can't be read: %s", image_id, square.detail)
                    index[key] = -1
                else:
                    sink.write(square.tobytes())
                    index[key], slot = slot, slot + 1


def _square(data: pa.BinaryScalar, input_spec: Input) -> np.ndarray | BadImage:
    try:
        return decode(data.as_buffer(), [input_spec])[0]
    except BadImage as bad:
        return bad


def _chunks(archive: Archive, missing: dict[str, str]) -> Iterator[dict[str, str]]:
    """Yields at most ``_AT_ONCE`` missing images of one shard: images stored together are read together."""
    shards = archive.shard_of(list(missing.values()))
    items = list(missing.items())
    for shard in np.unique(shards):
        in_shard = np.flatnonzero(shards == shard)
        for start in range(0, len(in_shard), _AT_ONCE):
            yield dict(items[place] for place in in_shard[start : start + _AT_ONCE])
