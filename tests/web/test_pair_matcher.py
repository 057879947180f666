"""Local matches of two artworks, compared with those of the library on the same renditions."""

import contextlib
from unittest import mock

import numpy as np
import pytest
from starlette.testclient import TestClient

from artsim.archive import Archive
from artsim.web import pair_matcher
from tests.web.conftest import COUNT, CROP, IDS, PROTECTED, WHOLE, client_of


@pytest.mark.slow
def test_matches_are_those_of_the_renditions(client: TestClient) -> None:
    from artsim.matching.archive_matches import local_matches

    found = client.get(f"/api/matches?a={CROP}&b={WHOLE}").json()
    wanted = local_matches(*(client.get(f"/api/images/{n}.jpg").content for n in (CROP, WHOLE)))
    assert len(found["lines"]) == len(wanted.similarity) > 20
    for name, points in (("a", wanted.points_a), ("b", wanted.points_b)):
        np.testing.assert_allclose([line[name] for line in found["lines"]], points, atol=1e-3)
    np.testing.assert_allclose([line["similarity"] for line in found["lines"]], wanted.similarity, atol=1e-2)
    assert found["score"] == pytest.approx(wanted.score, abs=0.1)
    assert sorted(line["rank"] for line in found["lines"]) == list(range(len(found["lines"])))
    crop, whole = found["images"]
    assert (crop["n"], crop["width"], crop["height"]) == (CROP, 400, 300)
    assert (whole["n"], whole["width"], whole["height"]) == (WHOLE, 640, 480)
    for name, image in (("a", crop), ("b", whole)):
        left, top, right, bottom = image["box"]
        xs, ys = np.transpose([line[name] for line in found["lines"]])
        assert 0 <= left <= xs.min() and xs.max() <= right <= 1
        assert 0 <= top <= ys.min() and ys.max() <= bottom <= 0.75
    center = np.mean([line["b"] for line in found["lines"]], axis=0) * 640
    assert np.abs(center - (440, 270)).max() < 40  # the middle of the crop in the whole
    again = client.get("/view.json", params={"work": IDS[CROP], "match": IDS[WHOLE], "q": "harbour"}).json()
    assert again["matches"] == found


@pytest.mark.slow
def test_an_artwork_without_a_picture_is_explained(client: TestClient) -> None:
    answer = client.get("/api/matches?a=6&b=4")
    assert answer.status_code == 400 and "no image that can be read" in answer.json()["error"]


def test_ids_that_make_no_sense_are_refused(client: TestClient) -> None:
    for query in ("a=1", "a=&b=2", "a=1,2&b=3", "a=..%2f1&b=2", "a=%00&b=2", "a=-1&b=2", "a=1e3&b=2", "a=١&b=2"):
        assert client.get(f"/api/matches?{query}").status_code == 400, query
    assert client.get(f"/api/matches?a=1&b={COUNT}").status_code == 404
    for match in ("../catalog", "made:9999", "\x00", "<script>", "x" * 5000):
        assert client.get("/view.json", params={"work": IDS[4], "match": match}).status_code == 404, match


def test_protected_artworks_are_not_compared(public: TestClient) -> None:
    shown = COUNT - len(PROTECTED)
    assert public.get(f"/api/matches?a=0&b={shown}").status_code == 404
    for pair in ((IDS[4], PROTECTED[0]), (PROTECTED[0], IDS[4])):
        assert public.get("/view.json", params=dict(zip(("work", "match"), pair, strict=True))).status_code == 404


def test_without_weights_the_page_offers_no_matches(shown: Archive) -> None:
    with mock.patch("artsim.vision.weights.are_offline", return_value=False):
        client = client_of(shown)
        assert client.get("/api/archive").json()["matching"] is False
        answer = client.get("/api/matches?a=1&b=2")
        view = client.get("/view.json", params={"work": IDS[1], "match": IDS[2]}).json()
    assert view["total"] == COUNT and "weights are not installed" in view["matches"]["error"]
    assert answer.status_code == 503 and "weights are not installed" in answer.json()["error"]


def test_comparisons_beyond_the_limit_are_refused_at_once(shown: Archive) -> None:
    client = client_of(shown)
    assert client.get("/api/archive").json()["matching"] is True
    turns = client.app.state.site.result().pair_matcher._turns  # type: ignore[attr-defined]
    with contextlib.ExitStack() as stack:
        for _ in range(pair_matcher._WAITING):
            stack.enter_context(turns.place())
        answer = client.get("/api/matches?a=1&b=2")
    assert answer.status_code == 503 and "too many comparisons" in answer.json()["error"]
