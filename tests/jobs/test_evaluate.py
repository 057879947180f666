import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.distance import cosine

from artsim.annotations.annotations import add_annotations, read_annotations
from artsim.annotations.links import Link, add_links
from artsim.annotations.splits import split
from artsim.archive import Archive, UserError
from artsim.encoders.model import load_model
from jobs.evaluate import job
from jobs.train import job as train
from tests.learn.annotated import annotate, annotated
from tests.learn.made_models import model_of
from tests.made import CLOSED, add_features, make_archive, named, vectors_of

_IDS = named(80)
_PROTECTED = _IDS[75:]


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    """anna made 40 annotations in two pools and repeated ten; bert made 10, some with a protected image."""
    archive = make_archive(tmp_path_factory.mktemp("evaluate"), _IDS, rights=dict.fromkeys(_PROTECTED, CLOSED))
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {image_id: rng.normal(size=6) for image_id in _IDS} | {_IDS[74]: None})
    add_features(archive, "more", {image_id: rng.normal(size=3) for image_id in _IDS})
    pools = [_IDS[:40], _IDS[40:74]]
    anna = [list(rng.choice(pools[number % 2], 9, replace=False)) for number in range(40)]
    add_annotations(archive, "anna", anna, "random")
    repeated = [
        [annotation[0], *annotation[2:], annotation[1]] if number < 3 else annotation
        for number, annotation in enumerate(anna[:10])
    ]
    add_annotations(archive, "anna again", repeated, "random")
    bert = [list(rng.choice(_IDS[60:74], 9, replace=False)) for _ in range(6)]
    bert += [[*rng.choice(_IDS[:60], 8, replace=False), _PROTECTED[0]] for _ in range(3)]
    bert += [[*rng.choice(_IDS[:60], 8, replace=False), _IDS[74]]]
    add_annotations(archive, "bert", bert, "random")
    add_links(archive, [Link(_IDS[1], _IDS[2], "POSITIVE", "epfl", None, None)])
    annotations = read_annotations(archive, ["anna"])
    rows = [
        (annotation_id, annotation, "training" if annotation[0] in pools[0] else "verification")
        for annotation_id, annotation in zip(annotations.annotation_id, annotations.images, strict=True)
    ]
    model_of(archive, "eye", "dots", rng.normal(size=(4, 6)), rows)
    return archive


def _run(archive: Archive, *arguments: str) -> dict[str, Any]:
    return job.run(["--archive", archive.uri, *arguments])


def _naive(archive: Archive, feature: str, drawn_images: np.ndarray) -> float:
    vectors, ranks = vectors_of(archive, feature), []
    for anchor, *candidates in drawn_images:
        distances = [cosine(vectors[anchor], vectors[candidate]) for candidate in candidates]
        ranks.append(1 + sum(distance < distances[0] for distance in distances[1:]))
    return float(np.mean(ranks))


def test_the_report_and_the_files(archive: Archive, tmp_path: Path) -> None:
    report = _run(
        archive, "--features", "dots", "--models", "eye", "--annotator", "anna", "--links", "--out", str(tmp_path)
    )
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (41, 41, 0)
    assert (report["annotations"]["new_images"], report["annotations"]["seen"]) == (20, 20)
    assert (report["kind"], report["further_tables"]) == ("new_images", {})
    dots, eye = report["table"]
    annotations = read_annotations(archive, ["anna"]).images
    held_out = np.array([annotation for annotation in annotations if annotation[0] in _IDS[40:74]])
    assert dots["before"]["value"] == pytest.approx(_naive(archive, "dots", held_out), abs=1e-5)
    assert dots["before"]["n"] == eye["after"]["n"] == eye["after_seen"]["n"] == 20
    assert eye["gain"]["p"] == eye["against_first"]["p"]
    assert [Path(path).name for path in report["files"]] == [
        "evaluation.md",
        "evaluation.json",
        "meanrank.png",
        "links.png",
    ]
    kept = json.loads((tmp_path / "evaluation.json").read_text(encoding="utf-8"))
    assert kept["table"] == report["table"]
    assert kept["links"]["seen_queries"] == 2  # both are in the training pool
    assert kept["links"]["table"][0]["seen"]["mAP"]["n"] == 2
    assert "| **eye** (a head on dots) |" in (tmp_path / "evaluation.md").read_text(encoding="utf-8")
    for name in ("meanrank.png", "links.png"):
        with Image.open(tmp_path / name) as image:
            assert image.format == "PNG"


def test_files_are_in_the_archive_by_default(archive: Archive) -> None:
    report = _run(archive, "--features", "dots", "--annotator", "anna")
    assert report["files"][0] == f"{archive.uri}/evaluation/evaluation.md"
    assert archive.read_json("evaluation/evaluation.json")["table"] == report["table"]


def test_annotations_without_a_vector_are_counted(archive: Archive) -> None:
    report = _run(archive, "--features", "dots")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (60, 59, 1)
    assert report["failures"] == {"an image without a vector": 1}
    assert report["annotators"] == "anna, anna again, bert"
    assert _run(archive, "--features", "dots", "--rights", "public")["rows_in"] == 57


def test_a_split_uses_annotations_with_vectors_as_in_training(archive: Archive) -> None:
    bert = read_annotations(archive, ["bert"])
    usable = bert.take(np.array([_IDS[74] not in annotation for annotation in bert.images]))
    report = _run(archive, "--features", "dots", "--annotator", "bert", "--split", "random")
    held_out = usable.images[split(usable, "random")[1]]
    assert report["table"][0]["before"]["value"] == pytest.approx(_naive(archive, "dots", held_out), abs=1e-5)
    assert report["rows_failed"] == 1


def test_stacked_features_get_their_own_row(archive: Archive) -> None:
    report = _run(archive, "--features", "dots", "more:2", "--features", "more", "--annotator", "anna")
    assert [row["label"] for row in report["table"]] == ["dots", "more:2", "dots + more:2", "more"]


def test_a_split_has_the_test_set_of_training(archive: Archive) -> None:
    annotations = read_annotations(archive, ["anna"])
    for seed in (0, 3):
        rows = split(annotations, "random", seed=seed)[1]
        report = _run(archive, "--features", "dots", "--annotator", "anna", "--split", "random", "--seed", str(seed))
        assert report["table"][0]["before"]["n"] == len(rows)
        expected = _naive(archive, "dots", annotations.images[rows])
        assert report["table"][0]["before"]["value"] == pytest.approx(expected, abs=1e-5)


def test_a_second_judgment_adds_a_row(archive: Archive, tmp_path: Path) -> None:
    """Seven of ten choices agree: 0.7 x 1 + 0.3 x 5. The repeated annotations are not evaluated themselves."""
    by_name = _run(archive, "--features", "dots", "--again", "anna again")
    assert by_name["rows_in"] == 50
    row = by_name["table"][-1]
    assert (row["label"], row["after"]["value"], row["after"]["n"]) == ("anna again, again", pytest.approx(2.2), 10)
    annotations = read_annotations(archive, ["anna again"]).images
    (tmp_path / "second.txt").write_text("\n".join(",".join(annotation) for annotation in annotations))
    from_file = _run(archive, "--features", "dots", "--annotator", "anna", "--again", str(tmp_path / "second.txt"))
    assert from_file["table"][-1]["after"] == row["after"]


def test_a_model_is_scored_on_unknown_annotations(archive: Archive) -> None:
    """bert's annotations have images of the second pool only, or also of the first, which is the training pool."""
    report = _run(archive, "--models", "eye", "--annotator", "bert")
    anna, bert = (read_annotations(archive, [name]).images for name in ("anna", "bert"))
    known = {image for annotation in anna if annotation[0] in _IDS[:40] for image in annotation}
    new = [
        annotation[0] not in known and annotation[1] not in known for annotation in bert if _IDS[74] not in annotation
    ]
    counts = report["annotations"]
    assert (counts["seen"], counts["without_vector"], counts["new_images"]) == (0, 1, sum(new))
    assert counts.get("new_annotations", 0) == 9 - sum(new)
    assert report["rows_out"] == 9
    assert report["table"][0]["after"]["n"] == sum(new)


def test_a_person_who_repeats_annotations_has_a_row(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", _IDS)
    add_features(archive, "dots", {image_id: np.random.default_rng(0).normal(size=6) for image_id in _IDS})
    annotations = [_IDS[start : start + 9] for start in range(0, 54, 9)]
    repeated = [[annotation[0], *annotation[:0:-1]] for annotation in annotations[:2]] + [
        [annotation[0], annotation[1], *annotation[:1:-1]] for annotation in annotations[2:4]
    ]
    add_annotations(archive, "anna", [*annotations, *repeated], "random")
    report = _run(archive, "--features", "dots")
    dots, anna = report["table"]
    assert dots["before"]["n"] == 10
    assert (anna["label"], anna["note"]) == ("anna, again", "a person: 4 annotations judged again")
    assert (anna["after"]["value"], anna["after"]["n"]) == ((5 + 5 + 1 + 1) / 4, 4)
    assert "*a person*" in Path(report["files"][0]).read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_model_trained_on_everything_is_scored_by_its_folds(tmp_path: Path) -> None:
    """Scores of each kind match the model card, features use the same annotations, and the files contain all scores."""
    archive = annotated(tmp_path / "archive")
    options = ["--archive", archive.uri, "--name", "eye", "--features", "dots:12", "more", "--split-by", "artist"]
    train.run(options)
    report = _run(archive, "--features", "dots:12", "more", "--models", "eye")
    scores = load_model(archive, "eye").card["scores"]
    assert report["kind"] == "new_groups"
    assert list(report["further_tables"]) == ["new_images", "new_annotations"]
    tables = {"new_groups": report["table"], **report["further_tables"]}
    for kind, rows in tables.items():
        *features, model = rows
        for when in ("before", "after", "gain"):
            for figure in ("value", "low", "high"):
                assert model[when][figure] == pytest.approx(scores[kind][when][figure], abs=1e-5)
        assert model["cross_validated"] == {"annotations": scores[kind]["after"]["n"], "folds": 5}
        assert [row["label"] for row in features] == ["dots:12", "more", "dots:12 + more"]
        assert {row["before"]["n"] for row in rows} == {report["annotations"][kind]} == {model["after"]["n"]}
    assert tables["new_groups"][-1]["after_seen"]["value"] == pytest.approx(scores["seen"]["after"]["value"], abs=1e-5)
    assert (report["rows_in"], report["rows_out"]) == (250, 250)
    text = Path(report["files"][0]).read_text(encoding="utf-8")
    assert "training saw no image with the artist of their anchor or positive" in text
    assert text.count("cross-validated, 5 folds") == 3
    annotate(archive, 40, "bert", seed=7)
    report = _run(archive, "--models", "eye", "--annotator", "bert")
    assert "cross_validated" not in report["table"][0]


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        ([], "--features: the archive lacks the recommended"),
        (["--features", "none"], "--features none: .*dots, more"),
        (["--models", "none"], "none: no model of this name"),
        (["--features", "dots", "--annotator", "zoe"], "--annotator zoe"),
        (["--features", "dots", "--metric", "manhatten"], "--metric manhatten: choose one of .*cityblock"),
        (["--models", "eye", "--split", "random"], "--split random: can't be combined with a model"),
        (["--features", "dots", "--split", "group-disjoint"], "--split group-disjoint: --split-by"),
        (["--features", "dots", "--again", "nobody"], "--again nobody"),
        (["--features", "dots", "--annotator", "bert", "--again", "anna again"], "--again anna again: no judgment"),
        (["--features", "dots", "--out", f"{__file__}/below"], "--out .*below"),
    ],
)
def test_user_errors_are_one_line(archive: Archive, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        _run(archive, *arguments)
    assert "\n" not in str(caught.value)


def test_an_archive_without_annotations(tmp_path: Path) -> None:
    bare = make_archive(tmp_path / "bare", _IDS[:9])
    add_features(bare, "dots", {image_id: np.ones(3) for image_id in _IDS[:9]})
    with pytest.raises(UserError, match=r"no annotations yet; create them with jobs\.annotations"):
        _run(bare, "--features", "dots")
    add_links(bare, [Link(_IDS[1], _IDS[2], "POSITIVE", "epfl", None, None)])
    report = _run(bare, "--features", "dots", "--links")
    assert report["rows_out"] == 1
    assert report["links"]["table"][0]["held_out"]["mean position"]["value"] == 4.5  # eight equal distances


@pytest.mark.slow
def test_the_command_from_end_to_end(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "evaluate.toml").write_text('[evaluate]\nfeatures = ["dots"]\nmodels = ["eye"]\nannotator = ["anna"]\n')
    command = [sys.executable, "-m", "jobs.evaluate", "--archive", archive.uri]
    done = subprocess.run(
        [*command, "--config", str(tmp_path / "evaluate.toml")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout.splitlines()[-1])
    assert {"job", "seconds", "rows_in", "rows_out", "rows_failed", "seed", "versions"} <= set(report)
    assert [row["label"] for row in report["table"]] == ["dots", "eye"]
