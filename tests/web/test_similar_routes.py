"""Similar artworks, walks and uploads, compared with a naive search."""

from pathlib import Path

import numpy as np
from starlette.testclient import TestClient

from tests.made import add_features, make_archive, named
from tests.web.conftest import COUNT, STYLES, client_of, vectors_of

_UNIT = {n: vector / np.linalg.norm(vector) for n, vector in enumerate(vectors_of().values())}


def _naive(query: np.ndarray, without: set[int], k: int, *, farthest: bool = False) -> list[tuple[int, float]]:
    query = query / np.linalg.norm(query)
    found = [(n, float(1 - vector @ query)) for n, vector in _UNIT.items() if n not in without]
    return sorted(found, key=lambda pair: -pair[1] if farthest else pair[1])[:k]


def _found(client: TestClient, query: str) -> list[tuple[int, float]]:
    return [(hit["n"], hit["distance"]) for hit in client.get(f"/api/similar?{query}").json()]


def _same(found: list[tuple[int, float]], wanted: list[tuple[int, float]]) -> None:
    assert [n for n, _ in found] == [n for n, _ in wanted]
    np.testing.assert_allclose([d for _, d in found], [d for _, d in wanted], atol=2e-6)


def test_the_nearest_and_the_farthest_are_those_of_a_naive_search(client: TestClient) -> None:
    for number in (0, 7, 33):
        _same(_found(client, f"n={number}&k=6"), _naive(_UNIT[number], {number}, 6))
        _same(_found(client, f"n={number}&k=6&farthest=1"), _naive(_UNIT[number], {number}, 6, farthest=True))


def test_several_artworks_count_by_their_weights(client: TestClient) -> None:
    query = _UNIT[5] - 0.5 * _UNIT[9]
    _same(_found(client, "n=5&n=9&weight=1&weight=-0.5&k=8"), _naive(query, {5, 9}, 8))


def test_similar_artworks_can_be_limited_to_a_filter(client: TestClient) -> None:
    others = {n for n in range(COUNT) if STYLES[n % 4] != "Cubism"} | {4}
    _same(_found(client, "n=4&k=50&filter=style:Cubism"), _naive(_UNIT[4], others, 50))


def test_artworks_without_features_have_no_similar_ones(tmp_path: Path) -> None:
    ids = named(4)
    archive = make_archive(tmp_path / "museum", ids, pictures={ids[1]: None})
    add_features(archive, "tiny", vectors_of(ids) | {ids[1]: None})
    client = client_of(archive)
    assert _found(client, "n=1") == []
    assert len(_found(client, "n=0")) == 2
    mixed = client.get("/api/similar?n=0&n=1")
    assert mixed.status_code == 400 and mixed.json()["error"] == f"{ids[1]}: this artwork has no features tiny"


def test_a_walk_takes_the_nearest_that_is_left_at_each_point(client: TestClient) -> None:
    steps = client.get("/api/walk?from=3&to=11&steps=5").json()
    a, b = _UNIT[3], _UNIT[11]
    angle, taken = np.arccos(a @ b), [3, 11]
    for step, share in zip(steps[1:-1], np.linspace(0, 1, 7)[1:-1], strict=True):
        point = (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)
        number, distance = _naive(point, set(taken), 1)[0]
        assert step["n"] == number and abs(step["distance"] - distance) < 1e-5
        taken.append(number)
    assert steps[0]["n"] == 3 and steps[-1]["n"] == 11


def test_requests_that_make_no_sense_are_refused(client: TestClient) -> None:
    queries = ("n=1&weight=1&weight=2", "n=1&n=1&weight=1&weight=-1", "n=1&k=0", "n=1&features=../catalog", "k=3",
               "n=1&weight=nan")  # fmt: skip
    for query in queries:
        assert client.get(f"/api/similar?{query}").status_code == 400, query
    assert client.get("/api/similar?n=40").status_code == 404
    for query in ("from=1&to=1", "from=1&to=2&steps=39", "from=1", "from=&to=1", "from=1&to="):
        assert client.get(f"/api/walk?{query}").status_code == 400, query


def test_features_of_no_backbone_cannot_describe_uploads(client: TestClient) -> None:
    body = client.get("/api/images/4.jpg").content
    answer = client.post("/api/describe", content=body, headers={"content-type": "image/jpeg", "x-artsim": "1"})
    assert answer.status_code == 400 and "tiny" in answer.json()["error"]
