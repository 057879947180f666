"""The vectors of a collection, for search within a fraction of a second.

Candidates come from distances in half precision, whose vectors are in memory; their order comes from the full vectors,
which stay on the local disk. A bound on the error of half precision says how many candidates are needed, so the result
is that of an exact search. Large archives take their candidates from an approximate index, if there is one.
"""

import math
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from artsim.archive import UserError
from artsim.metrics.vectors import unit_length
from artsim.space.features import Space
from artsim.web.cache import cache_folder
from artsim.web.collection import Collection
from artsim.web.shortlist import shortlist

_THREADS = 2
_INDEXED_FROM = 200_000  # vectors; up to here an exact search takes less than 20 ms
_MAX_CANDIDATES = 5_000  # that the index is asked for; an exact search is faster than that
_SPARE = 10  # candidates beyond those that are needed
_ERROR = 1.1 * 2.0**-10  # of a dot product of unit vectors, both rounded to half precision (2**-11 each)


class Vectors:
    """Unit vectors of one feature, or one model, for the artworks of a collection that have one.

    ``rows`` maps a number to its row, -1 if the artwork has no vector; ``numbers`` maps back, in increasing order.
    ``matrix``, float32 (rows, d), is on the local disk.
    """

    def __init__(self, collection: Collection, features: str) -> None:
        """Reads the vectors; first writes them to the local disk, once. Raises ``UserError`` if there are none."""
        self._features, self._id = features, collection.id
        space = Space(collection.archive, [features])
        version = collection.version_of("catalog", f"features/{features}")
        folder = cache_folder(f"vectors-{version}")
        path = folder / "vectors.npy"
        if not path.exists():
            _write(collection, space, folder)
        self.numbers = np.load(folder / "numbers.npy")
        self.matrix = np.load(path, mmap_mode="r")
        self._half = np.load(folder / "half.npy", mmap_mode="r")
        self.rows = np.full(len(collection), -1, np.int32)
        self.rows[self.numbers] = np.arange(len(self.numbers))
        self._pool = ThreadPoolExecutor(_THREADS)
        self._shortlist = shortlist(collection, features) if len(self.numbers) >= _INDEXED_FROM else None

    def of(self, number: int) -> np.ndarray:
        """The unit vector of an artwork, float32 (d,). Raises ``UserError`` if it has none."""
        if self.rows[number] < 0:
            raise UserError(f"{self._id(number)}: this artwork has no features {self._features}")
        return np.asarray(self.matrix[self.rows[number]])

    def nearest(
        self, query: np.ndarray, k: int, *, farthest: bool = False, allowed: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns numbers and cosine distances, float64, of the k nearest (or farthest) artworks, best first.

        ``query`` is a vector, float32 (d,). ``allowed``, bool of shape (artworks of the collection,), restricts the
        result. Ties are ordered by number, which is the order of ids.
        """
        query = unit_length(query[None].astype(np.float64))[0]
        usable = np.ones(len(self.numbers), bool) if allowed is None else allowed[self.numbers]
        k = min(k, int(np.count_nonzero(usable)))
        if not k:
            return np.empty(0, np.int64), np.empty(0)
        rows = None if farthest else self._from_index(query, k, usable)
        if rows is None:
            rows = self._from_all(query, k, usable, farthest=farthest)
        full = np.asarray(self.matrix[rows], np.float64)
        distances = 1 - unit_length(full) @ query
        order = np.lexsort((self.numbers[rows], -distances if farthest else distances))[:k]
        return self.numbers[rows[order]].astype(np.int64), distances[order]

    def _from_index(self, query: np.ndarray, k: int, usable: np.ndarray) -> np.ndarray | None:
        """Returns at least k usable rows near the query; None without an index, or if it would have to look too far."""
        count = math.ceil(2 * k * len(usable) / np.count_nonzero(usable)) + _SPARE
        if self._shortlist is None or count > _MAX_CANDIDATES:
            return None
        rows = self.rows[self._shortlist.numbers(query, count)]
        rows = rows[(rows >= 0) & usable[rows]]
        return rows if len(rows) >= k else None

    def _from_all(self, query: np.ndarray, k: int, usable: np.ndarray, *, farthest: bool) -> np.ndarray:
        """Returns the rows that the k nearest (or farthest) usable ones are among."""
        scores = self._scores(query)  # the larger, the nearer
        if farthest:
            scores = -scores
        scores[~usable] = -np.inf
        bound = np.partition(scores, len(scores) - k)[len(scores) - k] - 2 * _ERROR
        return np.flatnonzero(scores >= bound)

    def _scores(self, query: np.ndarray) -> np.ndarray:
        """Dot products with all vectors in half precision, float32 (rows,)."""
        from numkong import cdist

        half = np.ascontiguousarray(query[None].astype(np.float16))

        def products(part: np.ndarray) -> np.ndarray:
            return np.asarray(cdist(half, part, "dot"), np.float32)[0]

        return np.concatenate(list(self._pool.map(products, np.array_split(self._half, _THREADS))))


def combined(vectors: Vectors, numbers: Sequence[int], weights: Sequence[float]) -> np.ndarray:
    """Returns the weighted sum of the vectors of artworks, float32 (d,): a negative weight means less like that.

    Raises ``UserError`` if they cancel out or an artwork has no vector.
    """
    total = np.sum([weight * vectors.of(number) for number, weight in zip(numbers, weights, strict=True)], axis=0)
    if not np.isfinite(total).all() or np.linalg.norm(total) < 1e-6:
        raise UserError("weight: these artworks cancel each other out; change a weight")
    return np.asarray(total, np.float32)


def _blocks(space: Space) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Yields shard, ids and vectors of each partition."""
    for shard, part in space.parts():
        for ids, vectors in space.blocks(parts=[(shard, part)]):
            yield shard, ids, vectors


def _write(collection: Collection, space: Space, folder: Path) -> None:
    """Writes the unit vectors sorted by number, in full and in half precision; vectors of zeros are left out."""
    numbers, count, dimension = list[np.ndarray](), 0, 0
    with tempfile.TemporaryDirectory(dir=folder) as drafts:
        unsorted = Path(drafts, "unsorted")
        with unsorted.open("wb") as file:
            for shard, ids, vectors in _blocks(space):
                places = collection.numbers(ids.tolist(), shard)
                kept = (places >= 0) & vectors.any(axis=1)
                unit = unit_length(vectors[kept].astype(np.float64)).astype(np.float32)
                file.write(unit.tobytes())
                numbers.append(places[kept])
                count, dimension = count + len(unit), unit.shape[1]
        if not count:
            raise UserError(f"`features` {space.title}: no artwork that is shown has a vector; run jobs.extract")
        order = np.argsort(np.concatenate(numbers))
        source = np.memmap(unsorted, np.float32, "r", shape=(count, dimension))
        full = np.lib.format.open_memmap(Path(drafts, "full.npy"), "w+", np.float32, (count, dimension))
        half = np.lib.format.open_memmap(Path(drafts, "half.npy"), "w+", np.float16, (count, dimension))
        for start in range(0, count, 8192):
            rows = slice(start, start + 8192)
            full[rows] = source[order[rows]]
            half[rows] = full[rows]
        full.flush()
        half.flush()
        np.save(Path(drafts, "numbers.npy"), np.concatenate(numbers)[order].astype(np.int32))
        for draft, name in (("numbers.npy", "numbers.npy"), ("half.npy", "half.npy"), ("full.npy", "vectors.npy")):
            Path(drafts, draft).replace(folder / name)
