import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import cosine

from artsim.archive import Archive, UserError
from jobs.neighbors import job
from tests.made import CLOSED, add_features, jpeg, make_archive, named, vectors_of

_IDS = named(40)
_PROTECTED = [image_id for index, image_id in enumerate(_IDS) if index % 2]
_MAGENTA, _GREEN = (255, 0, 255), (20, 120, 60)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    """Every other artwork is protected and magenta; one has no rights, one no vector, one no image."""
    archive = make_archive(
        tmp_path_factory.mktemp("neighbors"),
        _IDS,
        rights={**dict.fromkeys(_PROTECTED, CLOSED), _IDS[5]: None},
        titles={_IDS[2]: "葛飾北斎 " * 300, _IDS[4]: "line\nbreak"},
        pictures={
            **{image_id: jpeg(_MAGENTA if image_id in _PROTECTED else _GREEN) for image_id in _IDS},
            _IDS[6]: None,
            _IDS[8]: jpeg(_GREEN, (1, 3000)),
        },
    )
    rng = np.random.default_rng(8)
    add_features(archive, "dots", {image_id: rng.normal(size=5) for image_id in _IDS} | {_IDS[9]: None})
    add_features(archive, "more", {image_id: rng.normal(size=3) for image_id in _IDS})
    return archive


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, "--features", "dots", *arguments])


def _naive(archive: Archive, query: str, k: int, sign: int = 1, only: set[str] | None = None) -> list[str]:
    vectors = vectors_of(archive, "dots")
    candidates = [image_id for image_id in vectors if image_id != query and (only is None or image_id in only)]
    return sorted(candidates, key=lambda one: sign * cosine(vectors[query], vectors[one]))[:k]


def test_the_report_says_what_is_nearest(archive: Archive) -> None:
    report = _run(archive, "--id", _IDS[0], _IDS[30], "--k", "7")
    assert [answer["query"] for answer in report["queries"]] == [_IDS[0], _IDS[30]]
    vectors = vectors_of(archive, "dots")
    for answer in report["queries"]:
        ids = [neighbor["id"] for neighbor in answer["neighbors"]]
        assert ids == _naive(archive, answer["query"], 7)
        for neighbor in answer["neighbors"]:
            assert neighbor["distance"] == pytest.approx(
                cosine(vectors[answer["query"]], vectors[neighbor["id"]]), abs=2e-6
            )
    assert (report["rows_in"], report["rows_out"], report["rows_failed"], report["metric"]) == (2, 14, 0, "cosine")


def test_the_farthest(archive: Archive) -> None:
    report = _run(archive, "--id", _IDS[0], "--k", "7", "--farthest")
    assert [neighbor["id"] for neighbor in report["queries"][0]["neighbors"]] == _naive(archive, _IDS[0], 7, sign=-1)


def test_answers_without_a_distance_are_left_out(archive: Archive) -> None:
    """The vectors are not probabilities, so most Jensen-Shannon distances are undefined."""
    report = _run(archive, "--id", _IDS[0], "--k", "39", "--metric", "jensenshannon")
    assert report["rows_out"] < 39
    json.dumps(report, allow_nan=False)


def test_the_picture_shows_queries_and_answers(archive: Archive, tmp_path) -> None:
    out = tmp_path / "new folder" / "near.png"
    queries = [image_id for image_id in _IDS[:10] if image_id != _IDS[9]]
    report = _run(archive, "--id", *queries, "--k", "5", "--picture", str(out))
    assert report["picture"] == str(out)
    with Image.open(out) as sheet:
        assert sheet.width > 6 * 190
        assert sheet.height > 9 * 190
        assert _magenta(sheet)


def test_a_picture_of_many_queries_shows_the_first(archive: Archive, tmp_path) -> None:
    queries = [image_id for image_id in _IDS if image_id != _IDS[9]]
    _run(archive, "--id", *queries, "--k", "2", "--picture", str(tmp_path / "a.png"))
    _run(archive, "--id", *queries[:24], "--k", "2", "--picture", str(tmp_path / "b.png"))
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_second_picture_decodes_no_original(tmp_path, monkeypatch) -> None:
    archive = make_archive(tmp_path / "archive", _IDS)
    add_features(
        archive, "dots", {image_id: np.random.default_rng(index).normal(size=5) for index, image_id in enumerate(_IDS)}
    )
    options = ["--id", _IDS[0], "--k", "3", "--picture"]
    report = _run(archive, *options, str(tmp_path / "first.png"))
    shown = {_IDS[0], *(neighbor["id"] for neighbor in report["queries"][0]["neighbors"])}
    stored = [image_id for rows in archive.table("thumbnails").scan(["id"]) for image_id in rows["id"].to_pylist()]
    assert sorted(stored) == sorted(shown)
    monkeypatch.setattr("artsim.pictures.thumbnails.thumbnail", None)
    _run(archive, *options, str(tmp_path / "second.png"))
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()


@pytest.mark.parametrize("rights", ["all", "public"])
def test_an_index_answers_like_the_exact_search(archive: Archive, rights: str) -> None:
    """Among so few artworks, the index is as good as exact."""
    report = _run(archive, "--id", _IDS[0], _IDS[30], "--k", "7", "--rights", rights, "--index", "usearch")
    exact = _run(archive, "--id", _IDS[0], _IDS[30], "--k", "7", "--rights", rights)
    assert report["queries"] == exact["queries"]
    assert (report["index"]["rows"], report["index"]["recall_at_10"]) == (39, 1.0)
    assert "index" not in exact


@pytest.mark.parametrize("kind", ["--farthest", "--k=25"])
def test_protected_artworks_are_not_shown(archive: Archive, tmp_path, kind: str) -> None:
    out = tmp_path / "public.png"
    report = _run(archive, "--id", _IDS[0], _IDS[2], "--rights", "public", "--picture", str(out), kind)
    ids = [neighbor["id"] for answer in report["queries"] for neighbor in answer["neighbors"]]
    public_ids = set(_IDS) - set(_PROTECTED)
    assert set(ids) <= public_ids
    if kind == "--k=25":
        assert ids[:19] == _naive(archive, _IDS[0], 25, only=public_ids)
    with Image.open(out) as sheet:
        assert not _magenta(sheet)


@pytest.mark.parametrize(
    ("identifier", "expected_text"),
    [
        (_IDS[1], "made:0001 is not public"),
        (_IDS[5], r"made:0005 is not public \(rights: unknown\)"),
        ("stranger", "stranger"),
    ],
)
def test_protected_artworks_are_not_queries(archive: Archive, identifier: str, expected_text: str) -> None:
    with pytest.raises(UserError, match=f"--rights public: .*{expected_text}"):
        _run(archive, "--id", _IDS[0], identifier, "--rights", "public")


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        ([], "give --id, --image, --text or --all"),
        (["--id", "stranger"], "stranger: no such id in the catalog"),
        (["--id", _IDS[9]], "made:0009: features/dots has no vector"),
        (["--id", _IDS[0], "--k", "0"], "--k 0"),
        (["--id", _IDS[0], "--metric", "manhatten"], "--metric manhatten: choose one of .*cityblock"),
        (["--id", _IDS[0], "--features", "none"], "--features none: .*dots, more"),
        (["--id", _IDS[0], "--features", "dots:6"], "--features dots:6"),
        (["--id", _IDS[0], "--features", ""], "--features ''"),
        (["--image", "nowhere.jpg"], "--image nowhere.jpg: No such file"),
        (["--image", __file__], "not computed by a backbone"),
        (["--id", _IDS[0], "--picture", "no-ending"], "--picture no-ending: unknown file extension"),
        (["--id", _IDS[0], "--index", "usearch", "--metric", "cityblock"], "--metric cityblock: with --index, choose"),
        (["--id", _IDS[0], "--index", "usearch", "--farthest"], "--farthest: an index finds only the nearest"),
        (["--id", _IDS[0], "--index", "faiss"], "--index"),
        (["--all", "--k", "0"], "--k 0"),
        (["--all", "--metric", "manhatten"], "--metric manhatten"),
    ],
)
def test_user_errors_are_one_line(archive: Archive, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        _run(archive, *arguments)
    assert "\n" not in str(caught.value)


def test_stacked_features(archive: Archive) -> None:
    report = _run(archive, "--id", _IDS[0], "--k", "5", "--features", "dots", "more:2")
    dots, more = vectors_of(archive, "dots"), vectors_of(archive, "more")
    from sklearn.decomposition import PCA

    names = sorted(dots)  # the ids of both features
    reduced = PCA(2).fit_transform(np.array([more[name] for name in names], float))
    plane = dict(zip(names, reduced, strict=True))
    distances = {
        name: (cosine(dots[_IDS[0]], dots[name]) + cosine(plane[_IDS[0]], plane[name])) / 2 for name in names[1:]
    }
    answers = {neighbor["id"]: neighbor["distance"] for neighbor in report["queries"][0]["neighbors"]}
    assert list(answers) == sorted(distances, key=lambda image_id: distances[image_id])[:5]
    assert list(answers.values()) == pytest.approx([distances[name] for name in answers], abs=1e-5)


@pytest.mark.slow
def test_the_command_from_end_to_end(archive: Archive, tmp_path) -> None:
    command = [sys.executable, "-m", "jobs.neighbors", "--archive", archive.uri]
    (tmp_path / "near.toml").write_text(f'[neighbors]\nfeatures = ["dots"]\nid = ["{_IDS[0]}"]\nk = 3\n')
    done = subprocess.run(
        [*command, "--config", str(tmp_path / "near.toml")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout.splitlines()[-1])
    assert {"job", "seconds", "rows_in", "rows_out", "rows_failed", "seed", "versions"} <= set(report)
    assert [neighbor["id"] for neighbor in report["queries"][0]["neighbors"]] == _naive(archive, _IDS[0], 3)
    kept = json.loads(Path(report.pop("report")).read_text(encoding="utf-8"))
    assert kept == report


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--index", "usearch"]])
def test_every_artwork_on_ray(archive: Archive, options: list[str]) -> None:
    report = _run(archive, "--all", "--k", "4", "--rights", "public", *options)
    public_ids = set(_IDS) - set(_PROTECTED)
    neighbors: dict[str, list[str]] = {}
    for rows in archive.table(report["table"]).scan():
        for row in rows.to_pylist():
            neighbors.setdefault(row["id"], []).append(row["neighbor"])
    assert neighbors == {image_id: _naive(archive, image_id, 4, only=public_ids) for image_id in public_ids}
    assert report["rows_out"] == len(public_ids)


@pytest.mark.slow
def test_an_image_file_finds_itself(tmp_path) -> None:
    """A small network with random weights is good enough to find an identical image."""
    from jobs.extract import job as extract

    archive = make_archive(tmp_path / "archive", named(12))
    feature = "test_resnet.r160_in1k"
    extract.run(["--archive", archive.uri, "--backbones", feature, "--weights", "random", "--exact"])
    photograph = tmp_path / "photograph.jpg"
    photograph.write_bytes(archive.table("images").find(["made:0007"], ["bytes"])["bytes"][0].as_py())
    out = tmp_path / "near.jpg"
    options = ["--archive", archive.uri, "--features", feature, "--k", "3", "--picture", str(out)]
    (answer,) = job.run([*options, "--image", str(photograph)])["queries"]
    assert answer["query"] == str(photograph)
    assert answer["neighbors"][0]["id"] == "made:0007"
    assert answer["neighbors"][0]["distance"] < 1e-5 < answer["neighbors"][1]["distance"]
    assert out.stat().st_size > 1000
    (tmp_path / "notes.txt").write_text("not an image")
    with pytest.raises(UserError, match=r"--image .*notes\.txt: not an image"):
        job.run([*options, "--image", str(photograph), str(tmp_path / "notes.txt")])


def _magenta(sheet: Image.Image) -> bool:
    pixels = np.asarray(sheet.convert("RGB"), int)
    return bool((np.abs(pixels - _MAGENTA).max(-1) < 60).any())


@pytest.fixture(scope="module")
def with_details(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """Eight pictures and a detail of the last one, made:0008, whose vector is nearest to the others in order."""
    ids = named(9)
    rng = np.random.default_rng(3)
    pictures = [
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).resize((640, 480), Image.Resampling.BICUBIC)
        for _ in range(8)
    ]
    pictures.append(pictures[7].crop((160, 80, 560, 380)))
    archive = make_archive(
        tmp_path_factory.mktemp("details"),
        ids,
        pictures={identifier: _encoded(picture) for identifier, picture in zip(ids, pictures, strict=True)},
    )
    angles = [0.1 * (number + 1) for number in range(8)] + [0.0]
    add_features(archive, "dots", {image_id: [np.cos(a), np.sin(a)] for image_id, a in zip(ids, angles, strict=True)})
    return archive


def _encoded(image: Image.Image) -> bytes:
    sink = io.BytesIO()
    image.save(sink, "JPEG")
    return sink.getvalue()


_LOCAL = ("--rerank", "local", "--local-backbone", "efficientnet_lite0@2+224")


def test_local_matches_bring_the_source_of_a_detail_to_the_front(with_details: Archive, tmp_path: Path) -> None:
    ids, sheet = named(9), tmp_path / "matches.png"
    report = _run(with_details, "--id", ids[8], "--k", "3", *_LOCAL, "--picture", str(sheet))
    nearest = report["queries"][0]["neighbors"]
    assert nearest[0]["id"] == ids[7]
    assert nearest[0]["score"] > nearest[1]["score"] >= nearest[2]["score"]
    assert nearest[0]["matches"] >= nearest[0]["score"] > 0
    assert report["rerank"] == {"depth": 50, "backbone": "efficientnet_lite0@2+224"}
    with Image.open(sheet) as image:
        assert image.width > 1000


def test_only_the_first_results_are_reranked(with_details: Archive) -> None:
    """The source is the eighth by distance, so with depth 7 it stays where it was, without a score."""
    ids = named(9)
    report = _run(with_details, "--id", ids[8], "--k", "8", *_LOCAL, "--rerank-depth", "7")
    nearest = report["queries"][0]["neighbors"]
    assert (nearest[7]["id"], nearest[7].keys()) == (ids[7], {"id", "distance"})
    assert {entry["id"] for entry in nearest[:7]} == set(ids[:7])
    assert [entry["score"] for entry in nearest[:7]] == sorted((entry["score"] for entry in nearest[:7]), reverse=True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--all", "--rerank", "local"], "leave out --rerank or --all"),
        (["--id", "made:0000", "--rerank", "local", "--farthest"], "leave out --rerank or --farthest"),
        (["--id", "made:0000", "--rerank-depth", "9"], "--rerank-depth: applies only with --rerank local"),
        (["--id", "made:0000", *_LOCAL[:3], "resnet99"], "--local-backbone resnet99: timm and torchvision have no"),
    ],
)
def test_options_of_a_rerank_that_conflict(with_details: Archive, arguments: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        _run(with_details, *arguments)
