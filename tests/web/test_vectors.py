"""Search with and without an index, compared with all distances."""

import json
from pathlib import Path

import numpy as np
import pytest

from artsim.archive import Archive
from artsim.space import index
from artsim.space.features import Space
from artsim.space.index import load_or_update
from artsim.web import vectors as module
from artsim.web.collection import Collection
from artsim.web.vectors import Vectors
from tests.made import CLOSED, add_features, make_archive, named, vectors_of

_IDS = named(600)


def _numbers(collection: Collection, query: np.ndarray, k: int, allowed: np.ndarray | None = None) -> list[int]:
    """The k nearest artworks by all distances."""
    known = vectors_of(collection.archive, "dots")
    order = []
    for number, identifier in enumerate(collection.ids.to_pylist()):
        if identifier in known and (allowed is None or allowed[number]):
            vector = known[identifier].astype(np.float64)
            order.append((1 - vector @ query / np.linalg.norm(vector) / np.linalg.norm(query), number))
    return [number for _, number in sorted(order)[:k]]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """600 artworks, every third protected; features of the first 400, and their index."""
    rights = {identifier: CLOSED for number, identifier in enumerate(_IDS) if number % 3 == 0}
    archive = make_archive(tmp_path / "archive", _IDS, rights=rights, pictures=dict.fromkeys(_IDS, b"picture"))
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {identifier: rng.normal(size=8).astype(np.float32) for identifier in _IDS[:400]})
    load_or_update(Space(archive, ["dots"]), "cosine")
    return archive


@pytest.fixture
def indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_INDEXED_FROM", 1)


def _no_scores(*_: object) -> None:
    raise AssertionError("all distances were computed")


@pytest.mark.usefixtures("indexed")
@pytest.mark.parametrize("public_only", [False, True])
def test_an_index_finds_what_all_distances_find(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, public_only: bool
) -> None:
    collection = Collection(archive, public_only=public_only)
    vectors = Vectors(collection, "dots")
    monkeypatch.setattr(vectors, "_scores", _no_scores)
    half = np.arange(len(collection)) % 2 == 0
    for seed in range(10):
        query = np.random.default_rng(seed).normal(size=8).astype(np.float32)
        for allowed in (None, half):
            numbers, distances = vectors.nearest(query, 5, allowed=allowed)
            assert numbers.tolist() == _numbers(collection, query, 5, allowed)
            assert (np.diff(distances) >= 0).all()


@pytest.mark.usefixtures("indexed")
def test_what_the_index_cannot_answer_is_searched_exactly(archive: Archive) -> None:
    collection = Collection(archive)
    vectors = Vectors(collection, "dots")
    query = np.ones(8, np.float32)
    few = np.zeros(len(collection), bool)
    few[_numbers(collection, -query, 3)] = True  # the farthest, which no candidate list starts with
    assert vectors.nearest(query, 10, allowed=few)[0].tolist() == _numbers(collection, query, 10, few)
    farthest, _ = vectors.nearest(query, 3, farthest=True)
    assert farthest.tolist() == _numbers(collection, -query, 3)


@pytest.mark.usefixtures("indexed")
def test_an_older_index_is_not_used(archive: Archive) -> None:
    changed = {identifier: np.eye(8, dtype=np.float32)[number % 8] for number, identifier in enumerate(_IDS[:400])}
    add_features(archive, "dots", changed)
    collection = Collection(archive)
    query = np.arange(1, 9, dtype=np.float32)
    numbers, _ = Vectors(collection, "dots").nearest(query, 5)
    assert numbers.tolist() == _numbers(collection, query, 5)


@pytest.mark.usefixtures("indexed")
def test_a_damaged_index_is_named_and_not_used(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    root = Path(archive.store.root)
    about = json.loads((root / "indexes/dots/cosine.json").read_text())
    graph = root / f"{about['file']}.usearch"
    graph.unlink()  # it may be mapped into memory
    graph.write_bytes(b"damaged")
    index._mapped.cache_clear()
    collection = Collection(archive)
    query = np.ones(8, np.float32)
    assert Vectors(collection, "dots").nearest(query, 5)[0].tolist() == _numbers(collection, query, 5)
    assert "damaged" in caplog.text


def test_a_small_archive_is_searched_exactly(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "shortlist", _no_scores)
    Vectors(Collection(archive), "dots")
