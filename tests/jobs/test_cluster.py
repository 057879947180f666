"""jobs.cluster: its table and descriptions, repeated and interrupted runs, new artworks, constraints, comparisons."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.annotations.links import Link, add_links
from artsim.archive import CATALOG, Archive, UserError
from artsim.clusters import run as run_module
from artsim.clusters import table
from jobs.cluster import job
from tests.jobs import inside
from tests.made import CLOSED, add_features, jpeg, make_archive, named

_IDS = named(90)
_STYLES = ("Baroque", "Ukiyo-e", "Pop Art")
_PICTURE = jpeg((9, 9, 9))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Three groups of 27 artworks with titles, styles and artists of their own, and nine that are far from all."""
    made = make_archive(
        tmp_path / "archive",
        _IDS,
        pictures=dict.fromkeys(_IDS, _PICTURE),
        rights={_IDS[0]: CLOSED},
    )
    for shard in range(made.shards):
        rows = made.table("catalog").read(shard, "p0").to_pylist()
        for row in rows:
            number = _IDS.index(row["id"])
            style = _STYLES[number % 3]
            row |= {
                "title": f"{'The harbour' if number % 3 else 'A forest'} \x1b[31m {number}",
                "style": style if number < 81 else None,
                "artist": f"Workshop of Painter {number % 3}" if number % 2 else f"Painter {number % 3}",
                "year_from": 1600 + 100 * (number % 3),
                "year_to": 1610 + 100 * (number % 3),
            }
        made.table("catalog").write(shard, "p0", pa.Table.from_pylist(rows, schema=CATALOG))
    add_features(made, "dots", _vectors())
    return made


def _vectors() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    centers = 10 * np.eye(3, 6)
    groups = {image_id: centers[row % 3] + rng.normal(size=6) for row, image_id in enumerate(_IDS[:81])}
    return groups | {image_id: -4 * rng.normal(size=6) - 3 for image_id in _IDS[81:]}


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--features", "dots", *arguments])


def _rows(archive: Archive, name: str) -> dict[str, dict[str, Any]]:
    all_rows = [row for rows in archive.table(f"clusters/{name}").scan() for row in rows.to_pylist()]
    assert len({row["id"] for row in all_rows}) == len(all_rows)
    return {row["id"]: row for row in all_rows}


def _files(archive: Archive) -> dict[str, bytes]:
    return {path: Path(archive.uri, "clusters", path).read_bytes() for path in archive.store.files("clusters")}


def test_the_table_the_descriptions_and_the_report(archive: Archive) -> None:
    report = _run(archive)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (90, 90, 0)
    assert report["tables"] == ["clusters/dots-hdbscan"]
    rows = _rows(archive, "dots-hdbscan")
    assert set(rows) == set(_IDS)
    for group in range(3):
        assert len({rows[image_id]["cluster"] for image_id in _IDS[group:81:3]}) <= 2  # one cluster, perhaps noise
    described = json.loads(Path(archive.uri, "clusters/dots-hdbscan/_clusters.json").read_text())
    assert [entry["cluster"] for entry in described] == [0, 1, 2] == [row["cluster"] for row in report["clusters"]]
    catalog = {row["id"]: row for part in archive.table("catalog").scan() for row in part.to_pylist()}
    unit = {image_id: vector / np.linalg.norm(vector) for image_id, vector in _vectors().items()}
    for entry in described:
        members = [image_id for image_id, row in rows.items() if row["cluster"] == entry["cluster"]]
        assert entry["size"] == len(members)
        assert set(entry["exemplars"]) == {one for one in members if rows[one]["exemplar"]}
        (main,) = (one for one in members if rows[one]["distance"] == 0)
        assert main == entry["exemplars"][0]
        mean = np.mean([unit[one] for one in members], axis=0)
        assert main == min(members, key=lambda one: np.linalg.norm(unit[one] - mean))
        for one in members:
            assert rows[one]["distance"] == pytest.approx(np.linalg.norm(unit[one] - unit[main]), abs=1e-5)
            assert 0 < rows[one]["probability"] <= 1
        styles = [catalog[one]["style"] for one in members if catalog[one]["style"]]
        assert entry["styles"][0] == {
            "value": max(set(styles), key=styles.count),
            "count": max(map(styles.count, styles)),
        }
        years = [(catalog[one]["year_from"] + catalog[one]["year_to"]) / 2 for one in members]
        assert entry["variances"]["year"] == pytest.approx(np.std(years), abs=1e-3)
        for name, words in (("artist", 2), ("attribution", None)):
            values = [catalog[one]["artist"] for one in members]
            values = [" ".join(value.split()[-words:]) for value in values] if words else values
            shares = [values.count(value) / len(values) for value in set(values)]
            assert entry["variances"][name] == pytest.approx(1 - sum(share**2 for share in shares), abs=1e-3)
        assert entry["variances"]["place"] is None
        assert entry["terms"] == (["forest"] if entry["styles"][0]["value"] == "Baroque" else ["harbour"])
    assert all(row["distance"] is None for row in rows.values() if row["cluster"] == -1)


def test_the_same_command_recomputes_nothing(archive: Archive, monkeypatch, caplog: pytest.LogCaptureFixture) -> None:
    first = _run(archive, "--against", "style")
    before = _files(archive)
    monkeypatch.setattr(run_module, "load", None)
    with caplog.at_level(logging.INFO):
        again = _run(archive, "--against", "style")
    assert "nothing has changed" in caplog.text
    assert (again["rows_in"], again["rows_there"]) == (0, 90)
    assert again["comparison"] == first["comparison"] and again["clusters"] == first["clusters"]
    assert _files(archive) == before


def test_an_interrupted_run_is_repeated_with_the_same_result(archive: Archive, monkeypatch) -> None:
    _run(archive)
    whole = _files(archive)
    _run(archive, "--name", "other", "--min-cluster-size", "5")
    for step in ("write_json", "describe"):
        _interrupt(archive, monkeypatch, step)
        assert table.read_about(archive, "dots-hdbscan") is None or step == "describe"
    _run(archive, "--again")
    assert {path: content for path, content in _files(archive).items() if path.startswith("dots-")} == whole


def _interrupt(archive: Archive, monkeypatch, step: str) -> None:
    with monkeypatch.context() as patched:
        target = Archive if step == "write_json" else run_module

        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        patched.setattr(target, step, stop)
        with pytest.raises(KeyboardInterrupt):
            _run(archive, "--again")


def test_new_artworks_are_assigned_and_old_ones_stay(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    vectors = _vectors()
    late = {_IDS[0], _IDS[1], _IDS[85]}
    archive.remove("features/dots")
    add_features(archive, "dots", {image_id: vector for image_id, vector in vectors.items() if image_id not in late})
    _run(archive)
    before = _rows(archive, "dots-hdbscan")
    add_features(archive, "dots", {**vectors, _IDS[85]: np.full(6, -50.0) * [1, 1, 1, 1, -1, -1]})
    with caplog.at_level(logging.INFO):
        report = _run(archive)
    assert "2 new artworks were assigned to its clusters, 1 are noise" in caplog.text
    assert (report["rows_in"], report["rows_out"]) == (3, 3)
    assert report["assigned"] == [{"table": "clusters/dots-hdbscan", "to_clusters": 2, "noise": 1}]
    after = _rows(archive, "dots-hdbscan")
    assert {image_id: after[image_id] for image_id in before} == before
    assert set(after) - set(before) == late
    assert after[_IDS[0]]["cluster"] == after[_IDS[3]]["cluster"] >= 0
    assert after[_IDS[1]]["cluster"] == after[_IDS[4]]["cluster"] >= 0
    assert after[_IDS[85]]["cluster"] == -1
    files = _files(archive)
    assert _run(archive)["rows_in"] == 0 and _files(archive) == files
    assert _run(archive, "--again")["rows_in"] == 90


def test_an_interrupted_assignment_is_finished(archive: Archive, monkeypatch) -> None:
    vectors = _vectors()
    archive.remove("features/dots")
    add_features(archive, "dots", {image_id: vector for image_id, vector in vectors.items() if image_id > _IDS[9]})
    _run(archive)
    add_features(archive, "dots", vectors)
    with monkeypatch.context() as patched:

        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        patched.setattr(Archive, "write_json", stop)
        with pytest.raises(KeyboardInterrupt):
            _run(archive)
    _run(archive)
    assert set(_rows(archive, "dots-hdbscan")) == set(_IDS)


def test_constraints_are_counted_and_contradictions_named(archive: Archive, caplog: pytest.LogCaptureFixture) -> None:
    links = [(0, 3, "POSITIVE"), (3, 6, "POSITIVE"), (0, 6, "NEGATIVE"), (9, 12, "NEGATIVE"), (1, 4, "POSITIVE")]
    add_links(archive, [Link(_IDS[a], _IDS[b], verdict, "eva", None, None) for a, b, verdict in links])
    with caplog.at_level(logging.WARNING):
        report = _run(archive, "--constraints", "--against", "links")
    assert report["contradictions"] == [{"id_a": _IDS[0], "id_b": _IDS[6]}]
    assert "1 rejected links contradict accepted ones" in caplog.text
    rows = {image_id: row["cluster"] for image_id, row in _rows(archive, "dots-hdbscan").items()}
    pairs = {"accepted": [(0, 3), (3, 6), (1, 4)], "rejected": [(0, 6), (9, 12)]}
    same = {kind: [rows[_IDS[a]] == rows[_IDS[b]] >= 0 for a, b in kind_pairs] for kind, kind_pairs in pairs.items()}
    assert not same["rejected"][1]
    shown = report["constraints"]
    assert shown["accepted"] == 3 and shown["rejected"] == 2 and shown["contradictory"] == 1
    assert shown["broken_accepted"] == same["accepted"].count(False)
    assert shown["broken_rejected"] == same["rejected"].count(True)
    (row,) = report["comparison"]
    assert row["accepted_together"] == pytest.approx(np.mean(same["accepted"]), abs=1e-3)
    assert row["rejected_apart"] == pytest.approx(1 - np.mean(same["rejected"]), abs=1e-3)
    add_links(archive, [Link(_IDS[2], _IDS[5], "POSITIVE", "eva", None, None)])
    with caplog.at_level(logging.INFO):
        assert _run(archive, "--constraints")["rows_in"] == 90
    assert "its inputs or options have changed" in caplog.text


def test_sub_clusters_of_one_cluster(archive: Archive) -> None:
    _run(archive, "--method", "kmeans", "--k", "3", "--name", "three")
    inside_one = {image_id for image_id, row in _rows(archive, "three").items() if row["cluster"] == 1}
    report = _run(archive, "--within", "three:1", "--method", "ward", "--k", "2")
    assert report["tables"] == ["clusters/three-1-ward"] and report["rows_in"] == len(inside_one)
    rows = _rows(archive, "three-1-ward")
    assert set(rows) == inside_one and {row["cluster"] for row in rows.values()} == {0, 1}


def test_protected_artworks_are_left_out(archive: Archive) -> None:
    _run(archive, "--rights", "public")
    assert set(_rows(archive, "dots-hdbscan")) == set(_IDS[1:])


@pytest.mark.slow
def test_combinations_are_compared_in_one_table(archive: Archive) -> None:
    how = (
        "--method",
        "hdbscan",
        "kmeans",
        "--min-cluster-size",
        "5",
        "10",
        "20",
        "30",
        "--k",
        "3",
        "--against",
        "style",
    )
    report = _run(archive, *how)
    names = [f"dots-hdbscan-min-cluster-size-{size}" for size in (5, 10, 20, 30)] + ["dots-kmeans"]
    assert [row["name"] for row in report["comparison"]] == names
    assert archive.names("clusters") == sorted(names)
    for row in report["comparison"]:
        labels = [entry["cluster"] for entry in _rows(archive, row["name"]).values()]
        assert row["clusters"] == len(set(labels) - {-1})
        assert row["noise"] == pytest.approx(labels.count(-1) / 90, abs=1e-3)
        assert row["largest"] == max((labels.count(label) for label in set(labels) - {-1}), default=0)
    kmeans = report["comparison"][-1]
    assert kmeans["ari"] == 1 and kmeans["stability"] > 0.8 and kmeans["precision"] == 1 and kmeans["dbcv"] is None
    assert any("20 gives 3 clusters, 30 gives 0" in line for line in report["cliffs"])
    archive.remove("clusters/dots-kmeans")
    assert _run(archive, *how)["rows_in"] == 90  # only that one
    assert _run(archive, *how)["comparison"] == report["comparison"]


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["--features", "none"], "--features none: .*dots"),
        (["--method", "kmeans"], "--method kmeans needs --k"),
        (["--method", "ward"], "--method ward needs --k or --threshold"),
        (["--k", "3"], "--k does not apply to --method hdbscan"),
        (["--min-cluster-size", "1"], "--min-cluster-size 1: must be 2 or more"),
        (["--min-cluster-size", "90"], "--min-cluster-size 90: must be less than the 90 artworks"),
        (["--method", "dbscan", "--eps", "nan"], "--eps nan"),
        (["--method", "ward", "--constraints", "--k", "2"], "--constraints: only --method hdbscan"),
        (["--against", "colour"], "--against colour: must be links or a catalog column"),
        (["--against", "links"], "--against links: none of these artworks has a link"),
        (["--within", "three"], "--within three: must be NAME:CLUSTER"),
        (["--within", "../three:1"], r"--within \.\./three:1: the archive has no clustering"),
        (["--name", "../out"], r"--name '\.\./out'"),
        (["--umap", "6"], "--umap 6: must be less than"),
        (["--method", "trimmed-kmeans", "--k", "2", "--outliers", "1"], "--outliers 1.0: must be a share below 1"),
    ],
)
def test_mistakes_are_one_line(archive: Archive, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        _run(archive, *arguments)
    assert "\n" not in str(caught.value)


def test_a_method_that_cannot_take_so_many_artworks_says_what_to_do(archive: Archive, monkeypatch) -> None:
    monkeypatch.setattr("artsim.clusters.methods._LIMITS", {"ward": 80})
    with pytest.raises(
        UserError, match=r"takes at most 80 artworks, there are 90; use hdbscan or kmeans, or .*--within"
    ):
        _run(archive, "--method", "ward", "--k", "3")


def test_a_pipeline_runs_it(archive: Archive, tmp_path) -> None:
    config = tmp_path / "pipeline.toml"
    config.write_text('[cluster]\nfeatures = ["dots"]\nmin-cluster-size = [8]\nagainst = "style"\n')
    done = inside.ended("pipeline", "--archive", archive.uri, "--config", config)
    assert done.returncode == 0, done.stderr
    assert inside.report_of(done)["steps"][0]["rows_out"] == 90
    assert set(_rows(archive, "dots-hdbscan")) == set(_IDS)
