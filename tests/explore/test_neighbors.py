import os
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from artsim.archive import Archive, UserError
from artsim.explore.neighbors import all_neighbors
from artsim.space.features import Space
from jobs.neighbors import job
from tests.made import CLOSED, add_features, make_archive, named, vectors_of

_IDS = named(70)
_USUAL = {"metric": "cosine", "farthest": False, "public_only": False}

Table = dict[str, list[tuple[str, float]]]


@pytest.fixture
def archive(tmp_path) -> Archive:
    """Every fifth artwork is protected; some, including a whole partition, have no vector."""
    archive = make_archive(tmp_path, _IDS, rights={image_id: CLOSED for i, image_id in enumerate(_IDS) if i % 5 == 0})
    rng = np.random.default_rng(4)
    vectors: dict[str, Any] = {image_id: rng.normal(size=8) for image_id in _IDS}
    partition = archive.table("images").read(1, "p0-00001", ["id"])["id"].to_pylist()
    assert len(partition) == 8
    add_features(archive, "dots", vectors | dict.fromkeys([*_IDS[7:9], *partition]), shuffled=4)
    return archive


@pytest.fixture
def fresh(archive: Archive, monkeypatch) -> Archive:
    """The same archive, with so few queries per task that there are several tasks."""
    monkeypatch.setattr("artsim.explore.neighbors._QUERIES", 20)
    return archive


@pytest.mark.slow
def test_the_table_equals_brute_force(fresh: Archive) -> None:
    report = all_neighbors(Space(fresh, ["dots"]), 6, **_USUAL)
    expected = _naive(fresh, "dots", 6)
    assert _read(fresh, report["table"]) == expected
    assert len(expected) == 60
    assert (report["rows_in"], report["rows_out"], report["without_vector"], report["rows_failed"]) == (70, 60, 10, 0)
    assert all_neighbors(Space(fresh, ["dots"]), 6, **_USUAL)["rows_in"] == 0, "nothing was left to do"


@pytest.mark.slow
def test_another_question_waits_until_the_table_is_written(fresh: Archive, monkeypatch) -> None:
    """Two concurrent queries would each take the other's rows for their own."""
    from artsim import runtime

    refused: list[str] = []

    def started(**how: bool) -> None:
        with pytest.raises(UserError, match="neighbors/dots is locked by another run") as caught:
            job.run(["--archive", fresh.uri, "--features", "dots", "--all", "--k", "9", "--metric", "euclidean"])
        refused.append(str(caught.value))
        connect(**how)

    connect = runtime.connect
    monkeypatch.setattr(runtime, "connect", started)
    report = all_neighbors(Space(fresh, ["dots"]), 6, **_USUAL)
    assert f"process {os.getpid()} on {socket.gethostname()}, since " in refused[0]
    assert _read(fresh, report["table"]) == _naive(fresh, "dots", 6)


@pytest.mark.slow
def test_what_is_missing_is_completed_and_the_rest_is_kept(fresh: Archive) -> None:
    report = all_neighbors(Space(fresh, ["dots"]), 4, **_USUAL)
    folder = Path(fresh.uri) / report["table"]
    shutil.rmtree(folder / "00001")
    kept = sorted(folder.glob("*/*.parquet"))
    kept.pop().unlink()
    before = {path: path.stat().st_mtime_ns for path in kept}
    second = all_neighbors(Space(fresh, ["dots"]), 4, **_USUAL)
    assert 0 < second["rows_in"] < report["rows_in"]
    assert {path: path.stat().st_mtime_ns for path in kept} == before
    assert _read(fresh, report["table"]) == _naive(fresh, "dots", 4)


@pytest.mark.slow
def test_another_question_makes_the_table_anew(archive: Archive) -> None:
    """Every changed option is a new query, and no row of the previous query remains."""
    all_neighbors(Space(archive, ["dots"]), 3, **_USUAL)
    for change in ({"metric": "cityblock"}, {"farthest": True}, {"public_only": True}):
        report = all_neighbors(Space(archive, ["dots"]), 3, **{**_USUAL, **change})
        assert _read(archive, report["table"]) == _naive(archive, "dots", 3, **change)
    report = all_neighbors(Space(archive, ["dots"]), 5, **_USUAL)
    assert _read(archive, report["table"]) == _naive(archive, "dots", 5)


@pytest.mark.slow
def test_other_vectors_make_the_table_anew(archive: Archive) -> None:
    """Vectors of other image bytes also make a new query, even if the number of rows is the same."""
    first = all_neighbors(Space(archive, ["dots"]), 3, **_USUAL)
    rng = np.random.default_rng(9)
    archive.remove("features/dots")
    for shard in range(archive.shards):
        for part in archive.table("images").parts(shard):
            rows = archive.table("images").read(shard, part)
            renewed = [f"{value}-refreshed" for value in rows["sha256"].to_pylist()]
            at = rows.schema.get_field_index("sha256")
            archive.table("images").write(shard, part, rows.set_column(at, "sha256", [renewed]))
    add_features(archive, "dots", {image_id: rng.normal(size=8) for image_id in _IDS})
    second = all_neighbors(Space(archive, ["dots"]), 3, **_USUAL)
    assert second["table"] == first["table"]
    assert _read(archive, second["table"]) == _naive(archive, "dots", 3)


@pytest.mark.slow
def test_an_archive_of_one_artwork(tmp_path) -> None:
    archive = make_archive(tmp_path, named(1))
    add_features(archive, "dots", {"made:0000": [1.0, 2.0]})
    report = all_neighbors(Space(archive, ["dots"]), 3, **_USUAL)
    assert report["rows_out"] == 1
    assert _read(archive, report["table"]) == {}
    assert all_neighbors(Space(archive, ["dots"]), 3, **_USUAL)["rows_in"] == 0


@pytest.mark.parametrize(("k", "metric"), [(0, "cosine"), (-1, "cosine"), (3, "cosin")])
def test_a_question_that_cannot_be_asked_leaves_the_old_table(archive: Archive, k: int, metric: str) -> None:
    archive.write_json("neighbors/dots/_about.json", {"k": 7})
    with pytest.raises(UserError, match=r"`k`|`metric`"):
        all_neighbors(Space(archive, ["dots"]), k, **{**_USUAL, "metric": metric})
    assert archive.read_json("neighbors/dots/_about.json") == {"k": 7}


def _read(archive: Archive, name: str) -> Table:
    table: Table = {}
    for rows in archive.table(name).scan():
        for row in rows.to_pylist():
            answers = table.setdefault(row["id"], [])
            answers.append((row["neighbor"], pytest.approx(row["distance"], abs=1e-5)))
            assert row["rank"] == len(answers), "ranks count from 1, or an id is there twice"
    return table


def _naive(
    archive: Archive, feature: str, k: int, metric: str = "cosine", farthest: bool = False, public_only: bool = False
) -> Table:
    vectors = vectors_of(archive, feature)
    if public_only:
        vectors = {query: vector for query, vector in vectors.items() if _IDS.index(query) % 5}
    table: Table = {}
    for query, vector in vectors.items():
        distances = {
            other: float(cdist(vector[None].astype(float), other_vector[None].astype(float), metric)[0, 0])
            for other, other_vector in vectors.items()
            if other != query
        }
        table[query] = sorted(distances.items(), key=lambda pair: (-pair[1] if farthest else pair[1], pair[0]))[:k]
    return table
