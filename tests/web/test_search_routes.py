"""Search by words and filters, and stored sets."""

import numpy as np
from starlette.testclient import TestClient

from tests.web.conftest import COUNT, STYLES


def _numbers(client: TestClient, query: str) -> list[int]:
    return np.frombuffer(client.get(f"/api/search?{query}&ids=1").content, "<u4").tolist()


def test_words_forgive_a_typing_error_and_the_missing_end_of_a_word(client: TestClient) -> None:
    bridges = [number for number in range(COUNT) if number % 4 == 3]
    for words in ("bridge", "BRIDGE", "brigde", "bridgee", "bri", "bridge painter", "brídge"):
        assert sorted(_numbers(client, f"q={words}")) == bridges, words
    assert _numbers(client, "q=bridge+forest") == []
    assert _numbers(client, "q=xylophone") == []


def test_an_exact_word_comes_before_a_similar_one(client: TestClient) -> None:
    assert _numbers(client, "q=number+12")[0] == 12


def test_filters_of_a_column_are_alternatives_and_columns_must_all_match(client: TestClient) -> None:
    found = _numbers(client, "filter=style:Cubism&filter=style:Realism&filter=artist:Painter+A")
    assert found == [n for n in range(COUNT) if STYLES[n % 4] and n % 3 == 0]
    assert _numbers(client, "filter=style:") == [n for n in range(COUNT) if STYLES[n % 4] is None]
    assert _numbers(client, "filter=cluster/three:1") == [n for n in range(30) if n % 3 == 2]


def test_years_overlap(client: TestClient) -> None:
    assert _numbers(client, "years=1800-1802") == [0, 1, 2]
    assert _numbers(client, "year_from=1838") == list(range(33, 40))
    assert _numbers(client, "years=-1800") == [0]


def test_facets_count_without_their_own_filter(client: TestClient) -> None:
    answer = client.get("/api/search?filter=style:Cubism&q=harbour").json()
    assert answer["total"] == 9  # the first harbour has a hostile title
    assert answer["facets"]["style"] == [{"value": "Cubism", "count": 9}]
    all_styles = client.get("/api/search?filter=style:Cubism").json()["facets"]
    assert {entry["value"]: entry["count"] for entry in all_styles["style"]} == {"Cubism": 20, "Realism": 10}
    assert sum(entry["count"] for entry in all_styles["artist"]) == 20


def test_pages_of_hits(client: TestClient) -> None:
    hits = [
        hit["n"]
        for start in (0, 4, 8)
        for hit in client.get(f"/api/search?q=forest&limit=4&offset={start}").json()["hits"]
    ]
    assert sorted(hits) == [n for n in range(COUNT) if n % 4 == 1]


def test_a_set_is_stored_under_a_name_of_its_content(client: TestClient) -> None:
    first, second = (
        client.post("/api/sets", json={"numbers": n}, headers={"x-artsim": "1"}).json() for n in ([3, 1], [1, 3, 3])
    )
    assert first == second
    assert np.frombuffer(client.get(f"/api/sets/{first['set']}").content, "<u4").tolist() == [1, 3]
    assert _numbers(client, f"set={first['set']}&filter=style:Cubism") == []
    assert _numbers(client, f"set={first['set']}&filter=style:Realism") == [1]
    assert client.post("/api/sets", json={"numbers": [COUNT]}, headers={"x-artsim": "1"}).status_code == 400


def test_a_set_of_ten_thousand_numbers_is_taken(client: TestClient) -> None:
    numbers = list(range(COUNT)) * 500
    assert client.post("/api/sets", json={"numbers": numbers}, headers={"x-artsim": "1"}).status_code == 200


def test_queries_that_make_no_sense_are_refused(client: TestClient) -> None:
    queries = ("filter=style", "filter=nope:a", "filter=cluster/three:x", "filter=cluster/no:1", "filter=label/a/b:c",
               "years=abc", "year_from=9&year_to=1", "limit=-1", "limit=x", "set=no")  # fmt: skip
    for query in queries:
        answer = client.get(f"/api/search?{query}")
        assert answer.status_code == 400 and answer.json()["error"], query
