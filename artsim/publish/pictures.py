"""Pictures of all artworks for a static site: a thumbnail and a larger rendition each, never the original bytes."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.pictures.small_images import renditions
from artsim.publish.draft import Draft
from artsim.runtime import progress
from artsim.vision.check import BadImage
from artsim.vision.isolated_process import IsolatedProcess
from artsim.web.collection import Collection

LARGE, SMALL = 1024, 256  # pixels of the longer side of a rendition, and of a thumbnail
PER_FOLDER = 1000
_QUALITY = 85
_AT_ONCE = 16  # originals in memory
_SECONDS = 60.0  # that the decoding of one picture may take


def path_of(kind: str, number: int) -> str:
    """Returns the path of a picture of an artwork; ``kind`` is ``thumbnails`` or ``images``."""
    return f"api/{kind}/{number // PER_FOLDER}/{number}.jpg"


def write_pictures(collection: Collection, draft: Draft) -> tuple[np.ndarray, dict[str, int]]:
    """Writes the pictures of all artworks with an image, unless an interrupted run has written them.

    Returns which artworks have pictures, bool (n,), and how many failed by reason. Images are decoded in subprocesses,
    since they come from outside.
    """
    written, failures = np.zeros(len(collection), bool), dict[str, int]()
    if not collection.archive.has_table("images"):
        return written, failures
    workers = [IsolatedProcess(seconds=_SECONDS) for _ in range(min(os.cpu_count() or 1, 8))]

    def rendered(number: int, data: bytes | None) -> list[bytes] | str:
        try:
            pictures: list[bytes] = workers[number % len(workers)](renditions, data or b"", (LARGE, SMALL), _QUALITY)
        except BadImage as bad:
            return bad.status
        return pictures

    with ThreadPoolExecutor(len(workers)) as pool:
        for batch in progress(_pending(collection, draft, written), len(collection), "artworks"):
            outcomes = pool.map(rendered, batch["numbers"], batch["originals"])
            for number, outcome in zip(batch["numbers"], outcomes, strict=True):
                if isinstance(outcome, str):
                    failures[outcome] = failures.get(outcome, 0) + 1
                    continue
                written[number] = True
                for kind, jpeg in zip(("images", "thumbnails"), outcome, strict=True):
                    draft.write(path_of(kind, number), jpeg)
    return written, failures


def _pending(collection: Collection, draft: Draft, written: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yields numbers and originals of a few artworks at a time; marks those that have pictures already."""
    table = collection.archive.table("images").listed()
    for shard in range(collection.archive.shards):
        for part in table.parts(shard):
            rows = table.read(shard, part, ["id", "status"])
            ids = rows.filter(pc.equal(rows["status"], "ok"))["id"].combine_chunks()
            numbers = collection.numbers(ids)
            for place in np.flatnonzero(numbers >= 0):
                number = int(numbers[place])
                names = (path_of("thumbnails", number), path_of("images", number))
                written[number] = all(draft.has(name) for name in names)
            wanted = ids.filter(pa.array((numbers >= 0) & ~written[numbers]))
            if len(wanted):
                for batch in table.batches(shard, part, ["id", "bytes"], wanted.to_pylist(), _AT_ONCE):
                    originals = batch["bytes"].to_pylist()
                    numbers_of_batch = collection.numbers(batch["id"]).tolist()
                    yield {"rows": len(batch), "numbers": numbers_of_batch, "originals": originals}
