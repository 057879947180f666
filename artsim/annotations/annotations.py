"""Annotations: curators' judgments of nine images each. As human work, rows are added but never changed."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from artsim.archive import Archive, UserError
from artsim.archive.schemas import ANNOTATIONS

IMAGES = 9  # of an annotation: anchor, positive, seven negatives
LOCK_TIMEOUT = 20.0  # seconds to wait for another process that adds annotations or links
_SHARD = 0  # each import is one file, and therefore atomic


@dataclass(frozen=True)
class Annotations:
    """n annotations, as arrays of str (dtype object)."""

    annotation_id: np.ndarray  # (n,)
    annotator: np.ndarray  # (n,)
    images: np.ndarray  # (n, 9): anchor, positive, seven negatives, as ids
    mode: np.ndarray  # (n,): how the images were drawn: random, near, uncertain or unknown

    def __len__(self) -> int:
        return len(self.annotation_id)

    def take(self, rows: np.ndarray) -> "Annotations":
        """The annotations at ``rows``, which are numbers or a mask."""
        return Annotations(self.annotation_id[rows], self.annotator[rows], self.images[rows], self.mode[rows])

    def ids(self) -> np.ndarray:
        """The distinct images, sorted; object of shape (m,)."""
        return np.array(sorted(set(self.images.flat)), dtype=object)

    def judged(self, ids: Sequence[str] | np.ndarray) -> np.ndarray:
        """The images as positions in ``ids`` (distinct, in any order); int64 of shape (n, 9).

        Raises a user error that names the first image missing from ``ids``.
        """
        index_of = {image: index for index, image in enumerate(ids)}
        try:
            flat = np.fromiter((index_of[image] for image in self.images.flat), np.int64, self.images.size)
        except KeyError as missing:
            raise UserError(
                f"{missing.args[0]}: an annotation uses this image, but it has no vector; "
                "run jobs.annotations check to list everything missing"
            ) from missing
        return flat.reshape(self.images.shape)


def read_annotations(archive: Archive, annotators: Sequence[str] | None = None) -> Annotations:
    """All annotations, or those of some annotators, in the order of their creation.

    Raises a user error if one of ``annotators`` has none.
    """
    rows = pa.concat_tables([ANNOTATIONS.empty_table(), *archive.table("annotations").scan()])
    rows = rows.sort_by([("created_at", "ascending"), ("annotation_id", "ascending")])
    if annotators is not None:
        known = Counter(rows["annotator"].to_pylist())
        for name in annotators:
            if name not in known:
                existing = ", ".join(sorted(known)) or "none yet; create annotations with jobs.annotations"
                raise UserError(f"`annotator` {name}: no annotations by this annotator; known annotators: {existing}")
        rows = rows.filter(pc.is_in(rows["annotator"], value_set=pa.array(list(annotators), pa.string())))
    images = np.empty((len(rows), IMAGES), dtype=object)
    images[:, 0] = rows["anchor"].to_pylist()
    images[:, 1] = rows["positive"].to_pylist()
    if len(rows):
        images[:, 2:] = rows["negatives"].to_pylist()
    annotations = Annotations(_texts(rows["annotation_id"]), _texts(rows["annotator"]), images, _texts(rows["mode"]))
    # two simultaneous imports may both have written a row
    first = np.unique(annotations.annotation_id.astype(str), return_index=True)[1]
    return annotations if len(first) == len(annotations) else annotations.take(np.sort(first))


def add_annotations(archive: Archive, annotator: str, images: Iterable[Sequence[str]], mode: str) -> int:
    """Adds one annotator's judgments, each as nine ids; returns how many are new.

    An annotation's id is a hash of the annotator, the nine ids and how often these came before in ``images``, so adding
    the same file or draw again adds nothing. The new rows form one file, which is on disk on return. Waits for another
    process that adds annotations; raises a user error after ``LOCK_TIMEOUT`` seconds.
    """
    check_annotator(annotator)
    repetitions: Counter[tuple[str, ...]] = Counter()
    rows: dict[str, tuple[str, ...]] = {}
    for image_ids in map(tuple, images):
        rows[_hash(annotator, image_ids, repetitions[image_ids])] = image_ids
        repetitions[image_ids] += 1
    with archive.lock("annotations", wait_seconds=LOCK_TIMEOUT):
        return _add_new(archive, annotator, rows, mode)


def _add_new(archive: Archive, annotator: str, rows: dict[str, tuple[str, ...]], mode: str) -> int:
    table = archive.table("annotations")
    for known in table.scan(["annotation_id"]):
        for known_id in known["annotation_id"].to_pylist():
            rows.pop(known_id, None)
    if not rows:
        return 0
    now = datetime.now(UTC)
    added = [
        {
            "annotation_id": identifier,
            "annotator": annotator,
            "anchor": image_ids[0],
            "positive": image_ids[1],
            "negatives": image_ids[2:],
            "mode": mode,
            "created_at": now + timedelta(microseconds=number),  # preserves the order
        }
        for number, (identifier, image_ids) in enumerate(rows.items())
    ]
    archive.store.sweep("annotations")
    table.append(_SHARD, _hash(*rows), pa.Table.from_pylist(added, schema=ANNOTATIONS))
    return len(rows)


def check_annotator(name: str) -> None:
    """Raises a user error if a text is not a valid name of an annotator."""
    if not name.strip() or len(name) > 100 or not name.isprintable():
        raise UserError(f"`annotator` {name[:100]!r}: must be 1 to 100 printable characters")
    if name.startswith(".") or re.search(r"[/\\]", name):
        raise UserError(f"`annotator` {name!r}: must not start with a dot or contain a slash")


def _hash(*content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


def _texts(column: pa.ChunkedArray) -> np.ndarray:
    return np.array(column.to_pylist(), dtype=object)
