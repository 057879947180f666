import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.manifold import trustworthiness

from artsim.annotations.links import Link, add_links
from artsim.archive import Archive, UserError
from artsim.archive.deletion import delete
from artsim.layouts import archive_map
from artsim.layouts.methods import coordinates
from artsim.layouts.placing import NEAREST
from artsim.vision.recommended import RECOMMENDED
from jobs.map import job
from tests.made import CLOSED, OPEN, add_features, make_archive, named

_IDS = named(60)
_OLD = _IDS[:50]


def _vectors() -> dict[str, np.ndarray]:
    """Five groups of artworks, one far from the others in each direction."""
    rng = np.random.default_rng(4)
    return {image_id: 3 * np.eye(5, 8)[index % 5] + rng.normal(size=8) for index, image_id in enumerate(_IDS)}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive with vectors of 50 of its 60 artworks; the third of each ten is protected."""
    rights = {image_id: CLOSED if index % 10 == 3 else OPEN for index, image_id in enumerate(_IDS)}
    titles = {_IDS[0]: "=cmd|' /C calc'!A0", _IDS[1]: "a\tb\nc\x1b[31m, d"}
    archive = make_archive(tmp_path / "archive", _IDS, rights=rights, titles=titles)
    add_features(archive, "dots", {image_id: vector for image_id, vector in _vectors().items() if image_id in _OLD})
    return archive


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--features", "dots", "--method", "pca", "--name", "m", *arguments])


def _add_new(archive: Archive, ids: list[str] | None = None) -> None:
    wanted = [*_OLD, *(_IDS[50:] if ids is None else ids)]
    add_features(archive, "dots", {image_id: vector for image_id, vector in _vectors().items() if image_id in wanted})


def _shown(archive: Archive, name: str = "m") -> dict[str, list[float]]:
    rows = [row for part in archive.table(f"layouts/{name}").scan() for row in part.to_pylist()]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: [row["x"], row["y"]] for row in rows}


def _files(archive: Archive) -> dict[str, tuple[int, bytes]]:
    folder = Path(archive.uri, "layouts")
    return {
        str(path.relative_to(folder)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    }


def _units(ids: list[str]) -> np.ndarray:
    vectors = np.array([_vectors()[image_id] for image_id in ids]).astype(np.float32).astype(float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _naive_place(new: str, fitted: list[str], shown: dict[str, list[float]]) -> np.ndarray:
    distances = np.linalg.norm(_units(fitted) - _units([new]), axis=1)
    nearest = np.argsort(distances)[:NEAREST]
    at = np.array([shown[fitted[index]] for index in nearest])
    return np.average(at, axis=0, weights=1 / distances[nearest])


def test_the_map_is_the_projection_of_all_vectors(archive: Archive) -> None:
    report = _run(archive)
    assert (report["table"], report["rows_in"], report["rows_out"], report["fitted"]) == ("layouts/m", 50, 50, 50)
    shown = _shown(archive)
    assert sorted(shown) == _OLD
    centered = _units(_OLD) - _units(_OLD).mean(axis=0)
    axes = np.linalg.svd(centered)[2][:2]
    expected, found = centered @ axes.T, np.array([shown[image_id] for image_id in _OLD])
    assert np.abs(found) == pytest.approx(np.abs(expected), abs=1e-5)
    vectors = np.array([_vectors()[image_id] for image_id in _OLD])
    assert report["trustworthiness"] == pytest.approx(
        trustworthiness(vectors, found, n_neighbors=10, metric="cosine"), abs=1e-4
    )
    about = archive.read_json("layouts/m/_about.json")
    assert (about["features"], about["fitted"], about["settings"]["method"]) == (["dots"], 50, "pca")
    assert about["scores"]["knn_recall_at_10"] == report["knn_recall_at_10"]


def test_the_same_command_recomputes_nothing(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    first, before = _run(archive), _files(archive)
    monkeypatch.setattr(archive_map, "coordinates", None)
    second = _run(archive)
    assert (second["rows_in"], second["rows_out"]) == (0, 0)
    assert second["trustworthiness"] == first["trustworthiness"]
    assert _files(archive) == before


def test_the_same_seed_gives_the_same_map(archive: Archive) -> None:
    _run(archive)
    before = _shown(archive)
    _run(archive, "--refit")
    assert _shown(archive) == before


def test_new_artworks_are_placed_without_moving_the_others(archive: Archive) -> None:
    _run(archive)
    before = _shown(archive)
    _add_new(archive)
    report = _run(archive)
    assert (report["rows_in"], report["rows_out"], report["fitted"]) == (10, 10, 50)
    after = _shown(archive)
    assert sorted(after) == _IDS
    assert {image_id: after[image_id] for image_id in _OLD} == before
    for new in _IDS[50:]:
        assert after[new] == pytest.approx(_naive_place(new, _OLD, before), abs=1e-5)


def test_a_place_does_not_depend_on_the_batch(archive: Archive) -> None:
    _run(archive)
    _run(archive, "--name", "other")
    for count in (1, 4, 10):
        _add_new(archive, _IDS[50 : 50 + count])
        _run(archive)
    _run(archive, "--name", "other")
    assert _shown(archive) == _shown(archive, "other")


def test_a_refit_uses_the_new_artworks(archive: Archive) -> None:
    _run(archive)
    before = _shown(archive)
    _add_new(archive)
    assert _run(archive, "--refit")["fitted"] == 60
    assert all(_shown(archive)[image_id] != before[image_id] for image_id in _OLD)


def test_a_sample_is_fitted_and_the_others_are_placed(archive: Archive) -> None:
    report = _run(archive, "--sample", "20")
    assert (report["rows_out"], report["fitted"]) == (50, 20)
    shown = _shown(archive)
    with np.load(Path(archive.uri, "layouts/m/_fit.npz")) as fit:
        positions = fit["positions"].tolist()
    fitted = [image_id for image_id in _OLD if shown[image_id] in positions]
    assert len(fitted) == 20
    for other in set(_OLD) - set(fitted):
        assert shown[other] == pytest.approx(_naive_place(other, fitted, shown), abs=1e-5)


def test_long_vectors_are_reduced_first(archive: Archive) -> None:
    _run(archive, "--pca", "3")
    with np.load(Path(archive.uri, "layouts/m/_fit.npz")) as fit:
        assert fit["vectors"].shape == (50, 3)
    before = _shown(archive)
    _add_new(archive)
    _run(archive, "--pca", "3")
    assert {image_id: _shown(archive)[image_id] for image_id in _OLD} == before


def test_the_pca_of_a_spec_stays_that_of_the_map(archive: Archive) -> None:
    run = ["--archive", archive.uri, "--features", "dots:4", "--method", "pca"]
    report = job.run(run)
    assert report["table"] == "layouts/dots-4-pca"
    with np.load(Path(archive.uri, report["table"], "_fit.npz")) as fit:
        matrix = fit["0.matrix"]
    _add_new(archive)
    assert job.run(run)["rows_out"] == 10
    with np.load(Path(archive.uri, report["table"], "_fit.npz")) as fit:
        assert (fit["0.matrix"] == matrix).all()


def test_artworks_that_the_archive_lost_leave_the_map(archive: Archive) -> None:
    _run(archive)
    before = _shown(archive)
    kept = {image_id: vector for image_id, vector in _vectors().items() if image_id in _OLD[:45]} | {_OLD[45]: None}
    add_features(archive, "dots", kept)
    report = _run(archive)
    assert report["removed"] >= 1
    assert _OLD[45] not in _shown(archive)
    assert all(before[image_id] == at for image_id, at in _shown(archive).items())


def test_protected_artworks_are_not_on_a_public_map(archive: Archive) -> None:
    _run(archive, "--rights", "public")
    _add_new(archive)
    _run(archive, "--rights", "public")
    assert sorted(_shown(archive)) == [image_id for index, image_id in enumerate(_IDS) if index % 10 != 3]


@pytest.mark.parametrize("broken", ["_about.json", "00002"])
def test_an_interrupted_map_is_made_again(archive: Archive, monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    replace = type(archive.store).replace

    def stop(self: Any, path: str) -> Any:
        if path.startswith("layouts/m/") and broken in path:
            raise KeyboardInterrupt
        return replace(self, path)

    with monkeypatch.context() as patch:
        patch.setattr(type(archive.store), "replace", stop)
        with pytest.raises(KeyboardInterrupt):
            _run(archive)
    assert archive.read_json("layouts/m/_about.json") is None
    assert _run(archive)["rows_out"] == 50
    _run(archive, "--name", "whole")
    assert _shown(archive) == _shown(archive, "whole")


def test_an_interrupted_addition_is_finished(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(archive)
    _run(archive, "--name", "whole")
    _add_new(archive)
    write = archive_map._write

    def stop(archive: Any, table: str, shard: int, *rows: Any) -> None:
        if shard == 1:
            raise KeyboardInterrupt
        write(archive, table, shard, *rows)

    with monkeypatch.context() as patch:
        patch.setattr(archive_map, "_write", stop)
        with pytest.raises(KeyboardInterrupt):
            _run(archive)
    assert 0 < _run(archive)["rows_out"] < 10
    _run(archive, "--name", "whole")
    assert _shown(archive) == _shown(archive, "whole")


def test_a_refit_that_fails_keeps_the_map(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    _run(archive)
    before = _files(archive)
    monkeypatch.setattr(archive_map, "coordinates", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        _run(archive, "--refit")
    assert _files(archive) == before


def _by_pca(vectors: np.ndarray, method: str, **options: Any) -> np.ndarray:
    assert method == "umap"
    return coordinates(vectors, "pca", seed=options["seed"])


def test_a_grid_gives_each_artwork_its_own_cell(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_map, "coordinates", _by_pca)
    _run(archive, "--method", "grid", "--sample", "30")
    before = _shown(archive)
    cells = {tuple(cell) for cell in before.values()}
    assert len(cells) == 50
    assert cells <= {(column, row) for column in range(8) for row in range(7)}
    _add_new(archive)
    assert _run(archive, "--method", "grid", "--sample", "30")["rows_out"] == 10
    after = _shown(archive)
    assert {image_id: after[image_id] for image_id in _OLD} == before
    assert len({tuple(cell) for cell in after.values()}) == 60
    new = {tuple(after[image_id]) for image_id in _IDS[50:]}
    all_cells = {(column, row) for column in range(8) for row in range(8)}
    assert new <= all_cells
    assert {(column, row) for column, row in all_cells - cells if row < 7} <= new  # rows are filled before one is added


def test_labels_of_a_column_and_of_links(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def spy(vectors: np.ndarray, method: str, **options: Any) -> np.ndarray:
        seen.append(options["labels"])
        return _by_pca(vectors, method, **options)

    monkeypatch.setattr(archive_map, "coordinates", spy)
    pairs = [(_IDS[0], _IDS[1]), (_IDS[1], _IDS[2]), (_IDS[5], _IDS[6])]
    add_links(archive, [Link(a, b, "POSITIVE", "anna", None, None) for a, b in pairs])
    add_links(archive, [Link(_IDS[2], _IDS[5], "NEGATIVE", "anna", None, None)])
    _run(archive, "--method", "umap", "--by", "links")
    assert seen[0].tolist() == [0, 0, 0, -1, -1, 1, 1, *[-1] * 43]
    _run(archive, "--method", "umap", "--by", "rights", "--name", "rights")
    expected = [CLOSED if index % 10 == 3 else OPEN for index in range(50)]
    assert seen[1].tolist() == [sorted({OPEN, CLOSED}).index(value) for value in expected]


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["--features", "none"], "--features none: .*dots"),
        (["--metric", "manhatten"], "--metric manhatten: choose one of .*cityblock"),
        (["--name", "../x"], "--name '../x': must be 1 to 100 ASCII letters"),
        (["--neighbors", "1"], "--neighbors 1: must be 2 or more"),
        (["--min-dist", "1"], "--min-dist 1.0"),
        (["--by", "style"], "--by style: only the methods umap and grid"),
        (["--by", "style", "--method", "umap"], "--by style: the artworks have 0 different values"),
        (["--by", "links", "--method", "umap"], "--by links: the artworks have 0 different values"),
        (["--by", "colour", "--method", "umap"], "--by colour: must be links or a catalog column: source, artist"),
        (["--export", "map.xlsx"], r"--export map.xlsx: must end in .parquet"),
        (["--export", "s3://bucket/map.csv"], "--export s3://bucket/map.csv: must be a local path"),
        (["--method", "pacmap", "--metric", "canberra"], "--metric canberra: PaCMAP and LocalMAP take cosine"),
    ],
)
def test_user_errors_are_one_line(archive: Archive, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        _run(archive, *arguments)
    assert "\n" not in str(caught.value)
    assert archive.read_json("layouts/m/_about.json") is None


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["--method", "tsne"], "made with method pca; use the same options, choose another --name"),
        (["--seed", "3", "--pca", "2"], "made with pca 50, seed 0"),
        (["--features", "dots:3"], "made with features dots"),
    ],
)
def test_a_map_is_extended_with_its_own_settings_only(
    archive: Archive, arguments: list[str], expected_text: str
) -> None:
    _run(archive)
    with pytest.raises(UserError, match=expected_text):
        _run(archive, *arguments)
    _run(archive, *arguments, "--refit")
    assert _run(archive, *arguments)["rows_in"] == 0


def test_the_recommended_features_are_the_default(archive: Archive) -> None:
    """They have fewer components in a small archive, but the map keeps those that it was made with."""
    for name in RECOMMENDED:
        add_features(
            archive, name, {image_id: vector for image_id, vector in _vectors().items() if image_id in _IDS[:10]}
        )
    run = ["--archive", archive.uri, "--method", "pca"]
    assert job.run(run)["table"] == "layouts/recommended-pca"
    assert archive.read_json("layouts/recommended-pca/_about.json")["features"] == [f"{name}:5" for name in RECOMMENDED]
    before = _shown(archive, "recommended-pca")
    for name in RECOMMENDED:
        add_features(archive, name, _vectors())
    assert job.run(run)["rows_out"] == 50
    after = _shown(archive, "recommended-pca")
    assert {image_id: after[image_id] for image_id in before} == before


def test_other_weights_need_a_refit(archive: Archive) -> None:
    archive.write_json("features/dots/_about.json", {"weights_hash": "a"})
    _run(archive)
    archive.write_json("features/dots/_about.json", {"weights_hash": "b"})
    with pytest.raises(UserError, match="made with other weights or models of its features"):
        _run(archive)


def test_a_damaged_fit_is_named(archive: Archive) -> None:
    _run(archive)
    Path(archive.uri, "layouts/m/_fit.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(UserError, match=r"_fit.npz: missing or damaged; .* with --refit"):
        _run(archive)
    _run(archive, "--refit")


def test_two_runs_do_not_write_one_map(archive: Archive) -> None:
    with archive.lock("layouts/m"), pytest.raises(UserError, match="layouts/m"):
        _run(archive)


def test_few_artworks(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", _IDS[:3])
    add_features(archive, "dots", {_IDS[0]: [1.0, 2.0], _IDS[1]: None, _IDS[2]: None})
    assert _run(archive)["rows_out"] == 1
    add_features(archive, "none", {_IDS[0]: None, _IDS[1]: None, _IDS[2]: [float("nan")] * 2})
    with pytest.raises(UserError, match="--features none: there are no vectors to map"):
        _run(archive, "--features", "none", "--name", "none")


def test_status_and_deletion_know_the_map(archive: Archive) -> None:
    _run(archive)
    assert delete(archive, "collection:made", really=True)["tables_removed"] == ["layouts/m"]
    assert not archive.has_table("layouts/m")


def test_a_parquet_file_for_embedding_atlas(archive: Archive, tmp_path: Path) -> None:
    report = _run(archive, "--export", str(tmp_path / "new folder" / "map.parquet"))
    assert report["files"] == [str(tmp_path / "new folder" / "map.parquet")]
    rows = pq.read_table(report["files"][0])
    assert rows.column_names[:4] == ["id", "x", "y", "title"]
    assert {row["id"]: [row["x"], row["y"]] for row in rows.to_pylist()} == _shown(archive)
    assert rows.to_pylist()[0]["artist"] == "Made Up"
    assert rows.to_pylist()[0]["year_from"] == 1900


def test_files_for_vikus_viewer(archive: Archive, tmp_path: Path) -> None:
    files = [Path(file) for file in _run(archive, "--export", str(tmp_path / "data.csv"))["files"]]
    assert [file.name for file in files] == ["data.csv", "data-layout.csv", "data-timeline.csv"]
    items, places, timeline = (list(csv.DictReader(file.read_text("utf-8").splitlines())) for file in files)
    assert {"id", "keywords", "year"} <= set(items[0])
    assert all(name in ("id", "keywords", "year") or name.startswith("_") for name in items[0])
    titles = {row["id"]: row["_title"] for row in items}
    assert titles[_IDS[0]] == "'=cmd|' /C calc'!A0"
    assert titles[_IDS[1]] == "a b c\ufffd[31m, d"
    assert {row["id"]: [float(row["x"]), float(row["y"])] for row in places} == _shown(archive)
    assert timeline == [{"year": "1900", "title": "1900", "text": "50 artworks", "extra": "Made Up"}]


def test_files_for_the_projector(archive: Archive, tmp_path: Path) -> None:
    files = [Path(file) for file in _run(archive, "--export", str(tmp_path / "config.pbtxt"))["files"]]
    config = files[0].read_text()
    for name in [path.name for path in files[1:]]:
        assert f'"{name}"' in config
    vectors, places, (header, *metadata) = (
        [line.split("\t") for line in path.read_text().splitlines()] for path in files[1:4]
    )
    assert header[:2] == ["id", "title"]
    assert all(len(row) == len(header) for row in metadata)
    ids = [row[0] for row in metadata]
    assert sorted(ids) == _OLD
    assert np.array(vectors, float) == pytest.approx(_units(ids), abs=1e-5)
    assert np.array(places, float) == pytest.approx(np.array([_shown(archive)[image_id] for image_id in ids]), abs=1e-5)
    with Image.open(files[4]) as sprite:
        assert sprite.size == (8 * 64, 8 * 64)
        tile = np.array(sprite.crop((0, 64, 64, 128)).convert("RGB"))
        blank = np.array(sprite.crop((192, 384, 256, 448)).convert("RGB"))
    assert tile.std() > 5
    assert (blank == 255).all()  # the 52nd of 50 artworks


@pytest.mark.slow
@pytest.mark.parametrize("method", ["umap", "tsne", "pacmap", "localmap", "grid"])
def test_groups_stay_together(archive: Archive, method: str) -> None:
    report = _run(archive, "--method", method)
    shown = _shown(archive)
    _run(archive, "--method", method, "--refit")
    assert _shown(archive) == shown
    positions = np.array([shown[image_id] for image_id in _OLD])
    vectors = np.array([_vectors()[image_id] for image_id in _OLD])
    rng = np.random.default_rng(0)  # orders the equal distances of a grid in several ways
    nudged = [positions + rng.normal(scale=1e-6, size=positions.shape) for _ in range(20)]
    expected = [trustworthiness(vectors, each, n_neighbors=10, metric="cosine") for each in (positions, *nudged)]
    assert min(expected) - 0.01 <= report["trustworthiness"] <= max(expected) + 0.01
    assert report["trustworthiness"] > 0.75


@pytest.mark.slow
def test_labels_pull_their_artworks_together(archive: Archive) -> None:
    """The protected artworks, every tenth, have nothing else in common."""
    _run(archive, "--method", "umap", "--by", "rights")
    _run(archive, "--method", "umap", "--name", "plain")
    protected = np.array([index % 10 == 3 for index in range(50)])

    def spread(name: str) -> float:
        positions = np.array([_shown(archive, name)[image_id] for image_id in _OLD])
        return positions[protected].std() / positions.std()

    assert spread("m") < 0.85 * spread("plain")
