"""What an uploaded image shows: its nearest artworks, whether it is one of them, and what its neighbors suggest."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from artsim.archive import Archive
from artsim.vision.check import Checked, check_image
from artsim.vision.isolated_process import IsolatedProcess
from artsim.web.collection import Collection
from artsim.web.columns import Columns
from artsim.web.turns import Turns
from artsim.web.vectors import Vectors

if TYPE_CHECKING:
    from artsim.extract.outside_images import Describer

MAX_BYTES = 20 << 20
MAX_PIXELS = 60_000_000
_SECONDS, _MEMORY = 20.0, 4 << 30  # of the subprocess that decodes
_MAX_CONCURRENT = 8  # uploads at a time; further ones are refused
_WAIT_SECONDS = 60.0  # that an upload waits for those before it
_VOTERS = 10  # nearest artworks that vote
_VALUES = 3  # values of a column that are shown
_MAX_DISTANCE = 0.18  # cosine distance below which two images may be the same artwork
_SAME_BITS = 6  # of two perceptual hashes that differ, at most


class Uploads:
    """Describes uploaded images with the features of an archive. The networks stay in memory.

    Nothing is downloaded. Images are untrusted: they are checked and decoded in a subprocess with limits of time and
    memory.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._isolated = IsolatedProcess(seconds=_SECONDS, memory=_MEMORY)
        self._describers: dict[tuple[str, ...], Describer] = {}
        self._turns = Turns("uploads", places=_MAX_CONCURRENT, seconds=_WAIT_SECONDS)

    def __call__(self, data: bytes, features: Sequence[str]) -> tuple[dict[str, np.ndarray], Checked]:
        """Returns the vector of an image by each feature, float32 (d,), and its properties.

        Raises ``BadImage`` if it can't be read, ``UserError`` if the features can't describe images outside the
        archive, and ``ServiceUnavailable`` if too many uploads wait.
        """
        from artsim.extract.outside_images import Describer  # imports torch, which the other requests do not need

        with self._turns.place():
            checked = self._isolated(check_image, data, MAX_PIXELS)
            names = tuple(dict.fromkeys(features))
            with self._turns.turn():
                if names not in self._describers:
                    self._describers[names] = Describer(self._archive, names, self._isolated, download=False)
                vectors = self._describers[names]({"the image": data})
            return {name: vector[0] for name, vector in zip(names, vectors, strict=True)}, checked


class Heads:
    """The trained label heads of an archive. ``features`` are those whose vectors they need.

    Heads on features that can't describe an upload are left out; ``describes`` says of features whether they can.
    """

    def __init__(self, archive: Archive, names: Sequence[str], describes: Callable[[str], bool]) -> None:
        from artsim.labels.labeler import Labeler

        labelers = {name: Labeler(archive, name) for name in names}
        self._labelers = {name: head for name, head in labelers.items() if all(map(describes, head.features))}
        self.features = [feature for head in self._labelers.values() for feature in head.features]

    def __call__(self, vectors: Mapping[str, np.ndarray]) -> dict[str, list[dict[str, Any]]]:
        """Returns what each table's heads say: task, up to three labels with probabilities, whether they abstain."""
        return {
            name: [
                {
                    "task": prediction.task,
                    "abstained": prediction.abstained,
                    "top": [{"label": label, "probability": round(p, 3)} for label, p in prediction.top],
                }
                for prediction in labeler.label(vectors)
            ]
            for name, labeler in self._labelers.items()
        }


def same_artwork(
    collection: Collection, numbers: np.ndarray, distances: np.ndarray, phash: str
) -> dict[str, Any] | None:
    """Returns the artwork that an image shows, with the evidence; None if it is none of the archive.

    The nearest artwork must be closer than ``_MAX_DISTANCE``, and either nearer by more than the mean gap between the
    next ones, or have almost the same perceptual hash.
    """
    if len(numbers) == 0 or distances[0] >= _MAX_DISTANCE:
        return None
    number = int(numbers[0])
    image = collection.archive.table("images").find([collection.id(number)], ["id", "phash"])
    stored = image["phash"][0].as_py() if image is not None else None
    bits = None if stored is None else (int(stored, 16) ^ int(phash, 16)).bit_count()
    gaps = np.diff(distances)
    stands_out = len(gaps) < 2 or gaps[0] > gaps[1:].mean()
    if not stands_out and (bits is None or bits > _SAME_BITS):
        return None
    evidence = {
        "distance": round(float(distances[0]), 4),
        "next": round(float(distances[1]), 4) if len(distances) > 1 else None,
        "hash_bits": bits,
        "stands_out": bool(stands_out),
    }
    return {"n": number, "evidence": evidence}


def votes(columns: Columns, numbers: np.ndarray) -> dict[str, list[dict[str, Any]]]:
    """The most frequent values of each category among the nearest artworks, and their shares of all that have one."""
    nearest = numbers[:_VOTERS]
    shares = {}
    for name in columns.categories:
        category = columns.category(name)
        counts = Counter(code for code in category.codes[nearest].tolist() if code)
        if counts:
            shares[name] = [
                {"label": category.values[code - 1], "share": round(count / counts.total(), 3)}
                for code, count in counts.most_common(_VALUES)
            ]
    years = columns.number("year_from")[nearest] if "year_from" in columns.numbers else np.empty(0)
    if np.isfinite(years).any():
        low, middle, high = np.nanquantile(years, [0.25, 0.5, 0.75])
        shares["year"] = [{"label": f"{middle:.0f} ({low:.0f}–{high:.0f})", "share": float(np.isfinite(years).mean())}]
    return shares


def described(
    vectors: Vectors, columns: Columns, collection: Collection, query: np.ndarray, checked: Checked, k: int
) -> Any:
    """Returns what the page shows of an uploaded image."""
    numbers, distances = vectors.nearest(query, max(k, _VOTERS + 1))
    return {
        "width": checked.width,
        "height": checked.height,
        "neighbours": [
            {"n": int(number), "distance": round(float(distance), 6)}
            for number, distance in zip(numbers[:k], distances[:k], strict=True)
        ],
        "same": same_artwork(collection, numbers[: _VOTERS + 1], distances[: _VOTERS + 1], checked.phash),
        "votes": votes(columns, numbers),
    }
