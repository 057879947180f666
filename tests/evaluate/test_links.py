from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from artsim.annotations.links import Link, add_links
from artsim.archive import Archive, UserError
from artsim.evaluate.links import compare_links
from artsim.evaluate.systems import systems
from tests.learn.made_models import model_of
from tests.made import CLOSED, add_features, make_archive, named, vectors_of

_IDS = named(70)
_A, _B, _C, _D, _E, _F = _IDS[:6]
_LINKS = [
    (_A, _B, "POSITIVE"),
    (_B, _A, "POSITIVE"),  # the same pair again
    (_B, _C, "POSITIVE"),
    (_D, _E, "POSITIVE"),
    (_E, _F, "WRONG"),
    (_F, _F, "POSITIVE"),  # a link to itself, which does not count
    (_D, _IDS[9], "POSITIVE"),  # has no vector
    (_IDS[20], _IDS[21], "POSITIVE"),  # one is protected
]


def _archive(folder: Path, links: list = _LINKS) -> Archive:
    archive = make_archive(folder, _IDS, rights={_IDS[20]: CLOSED, _IDS[30]: CLOSED})
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {artwork_id: rng.normal(size=4) for artwork_id in _IDS} | {_IDS[9]: None})
    add_links(archive, [Link(first, second, verdict, "epfl", None, None) for first, second, verdict in links])
    return archive


def _naive(vectors: dict[str, np.ndarray], linked: dict[str, list[str]]) -> dict[str, float]:
    """Computes the measures by sorting the whole archive for each query."""
    rows = []
    for query, wanted in linked.items():
        others = sorted(
            (artwork_id for artwork_id in vectors if artwork_id != query),
            key=lambda image_id: cosine(vectors[query], vectors[image_id]),
        )
        places = sorted(others.index(artwork_id) + 1 for artwork_id in wanted)
        precision = np.mean([count / place for count, place in enumerate(places, start=1)])
        rows.append(
            [np.mean(places), np.median(places), places[0], precision, np.mean([place <= 20 for place in places])]
        )
    names = ["mean position", "median position", "best position", "mAP", "recall@20"]
    return dict(zip(names, np.mean(rows, axis=0), strict=True))


def test_every_linked_artwork_is_a_query(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "archive")
    (row,), counts = compare_links(archive, systems(archive, [["dots"]], [], 0))
    assert counts == {"links": 4, "left_out": 1, "queries": 7, "seen_queries": 0, "clusters": 3}
    linked = {_A: [_B], _B: [_A, _C], _C: [_B], _D: [_E], _E: [_D], _IDS[20]: [_IDS[21]], _IDS[21]: [_IDS[20]]}
    expected = _naive(vectors_of(archive, "dots"), linked)
    for name, value in expected.items():
        assert row.held_out[name].value == pytest.approx(value)
        assert row.held_out[name].n == 7
    assert row.seen is None


def test_protected_artworks_are_neither_queries_nor_results(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "archive")
    (row,), counts = compare_links(archive, systems(archive, [["dots"]], [], 0), public_only=True)
    assert (counts["links"], counts["left_out"], counts["queries"]) == (3, 2, 5)
    public = {
        artwork_id: vector
        for artwork_id, vector in vectors_of(archive, "dots").items()
        if artwork_id not in (_IDS[20], _IDS[30])
    }
    expected = _naive(public, {_A: [_B], _B: [_A, _C], _C: [_B], _D: [_E], _E: [_D]})
    for name, value in expected.items():
        assert row.held_out[name].value == pytest.approx(value)


def test_seen_queries_are_scored_separately(tmp_path: Path) -> None:
    archive = _archive(tmp_path / "archive")
    matrix = np.random.default_rng(1).normal(size=(3, 4))
    model_of(archive, "eye", "dots", matrix, [("x", [_C, *_IDS[40:48]], "training")])
    rows, counts = compare_links(archive, systems(archive, [["dots"]], ["eye"], 0))
    assert counts["seen_queries"] == 3
    raw = vectors_of(archive, "dots")
    spaces = [raw, {artwork_id: matrix @ vector for artwork_id, vector in raw.items()}]
    for row, vectors in zip(rows, spaces, strict=True):
        seen = _naive(vectors, {_A: [_B], _B: [_A, _C], _C: [_B]})
        held_out = _naive(vectors, {_D: [_E], _E: [_D], _IDS[20]: [_IDS[21]], _IDS[21]: [_IDS[20]]})
        for name in seen:
            assert row.seen[name].value == pytest.approx(seen[name])
            assert row.held_out[name].value == pytest.approx(held_out[name])


@pytest.mark.parametrize(
    ("links", "expected_text"), [([_LINKS[4]], "no positive links"), ([_LINKS[6]], "none of 1 positive links")]
)
def test_links_without_vectors_are_a_user_error(tmp_path: Path, links: list, expected_text: str) -> None:
    archive = _archive(tmp_path / "archive", links)
    with pytest.raises(UserError, match=expected_text):
        compare_links(archive, systems(archive, [["dots"]], [], 0))
