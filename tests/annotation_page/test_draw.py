import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artsim.annotation_page.draw import draw
from artsim.annotation_page.uncertain import entropies
from artsim.annotations.annotations import add_annotations
from artsim.annotations.options import AnnotationsOptions
from artsim.archive import Archive, UserError
from artsim.encoders.model import load_model
from artsim.metrics.vectors import unit_length
from jobs.annotations import job
from tests.annotation_page.test_page import downloaded, read_page
from tests.learn.annotated import IDS, annotated
from tests.learn.made_annotations import catalog_of
from tests.learn.made_models import model_of
from tests.made import CLOSED, OPEN, add_features, jpeg, make_archive, named


def drawn(archive: Archive, out: Path, **how: Any) -> tuple[dict[str, Any], list[list[str]]]:
    """Returns the report, and the nine ids of each annotation on the page."""
    report = draw(archive, AnnotationsOptions(action="draw", out=str(out), **how))
    data = read_page(out.read_text(encoding="utf-8"))
    return report, [[data["works"][place]["name"] for place in annotation] for annotation in data["choices"]]


class InProcess:
    """Calls functions in this process, which saves the second that starting a process takes."""

    def __call__(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artsim.pictures.page_jpegs.IsolatedProcess", InProcess)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return annotated(tmp_path_factory.mktemp("drawn") / "archive", 20)


def test_the_same_seed_draws_the_same_page_and_another_seed_another(archive: Archive, tmp_path: Path) -> None:
    report, annotations = drawn(archive, tmp_path / "a.html", n=12, annotator="eva")
    again = drawn(archive, tmp_path / "b.html", n=12, annotator="eva")[1]
    other = drawn(archive, tmp_path / "c.html", n=12, annotator="eva", seed=1)[1]
    assert annotations == again != other and (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (12, 12, 0)
    assert (report["images"], report["artworks"]) == (
        len({artwork_id for annotation in annotations for artwork_id in annotation}),
        150,
    )
    assert sum(report["pools"]) == 150 and len(report["pools"]) == 3  # fewer than five because the archive is small
    assert report["then"].startswith(
        f"python -m jobs.annotations import --archive {archive.uri} --annotator eva --file "
    )


def test_annotations_of_several_draws_lie_in_one_pool_each(archive: Archive, tmp_path: Path) -> None:
    """Images linked by annotations stay within one pool, so folds by images lose no annotation."""
    annotations = [
        annotation
        for seed in (0, 1, 2)
        for annotation in drawn(archive, tmp_path / "page.html", n=40, pools=3, seed=seed)[1]
    ]
    groups: list[set[str]] = []
    for annotation in annotations:
        touched = [group for group in groups if group & set(annotation)]
        groups = [group for group in groups if group not in touched] + [set(annotation).union(*touched)]
    assert len(groups) == 3


def test_groups_stay_whole(archive: Archive, tmp_path: Path) -> None:
    rows = archive.table("catalog").find(IDS, ["id", "artist"])
    assert rows is not None
    artist = dict(zip(IDS, rows["artist"].to_pylist(), strict=True))
    annotations = drawn(archive, tmp_path / "p.html", n=60, pools=2, pool_by="artist")[1]
    groups: list[set[str]] = []
    for annotation in annotations:
        artists = {artist[artwork_id] for artwork_id in annotation}
        touched = [group for group in groups if group & artists]
        groups = [group for group in groups if group not in touched] + [artists.union(*touched)]
    assert len(groups) == 2


def test_who_judged_an_anchor_already_is_asked_about_others_first(archive: Archive, tmp_path: Path) -> None:
    ids = IDS
    other = Archive.open(archive.uri)
    first = drawn(other, tmp_path / "a.html", n=70, annotator="zoe")[1]
    add_annotations(other, "zoe", first, "random")
    second = drawn(other, tmp_path / "b.html", n=70, annotator="zoe")[1]
    assert not {annotation[0] for annotation in first} & {annotation[0] for annotation in second}
    assert drawn(other, tmp_path / "c.html", n=70, annotator="yan")[1] == first  # two annotators get the same page
    assert {annotation[0] for annotation in first + second} < set(ids)


def test_near_candidates_are_among_the_nearest_of_the_pool(archive: Archive, tmp_path: Path) -> None:
    report, annotations = drawn(archive, tmp_path / "p.html", n=10, mode="near", features=("dots",), pools=1)
    assert report["mode"] == "near"
    vectors = {}
    for rows in archive.table("features/dots").scan(["id", "vector"]):
        vectors.update({row["id"]: np.array(row["vector"]) for row in rows.to_pylist()})
    unit = {artwork_id: vector / np.linalg.norm(vector) for artwork_id, vector in vectors.items()}
    for anchor, *candidates in annotations:
        order = sorted(
            (artwork_id for artwork_id in IDS if artwork_id != anchor),
            key=lambda image_id: -float(unit[anchor] @ unit[image_id]),
        )
        assert set(candidates) <= set(order[:50])


def test_uncertain_is_less_sure_than_random(archive: Archive, tmp_path: Path) -> None:
    model_of(archive, "eye", "dots", np.eye(4, 20), [])
    report, annotations = drawn(archive, tmp_path / "p.html", n=15, mode="uncertain", model="eye")
    assert report["mode"] == "uncertain" and len({annotation[0] for annotation in annotations}) == 15
    random = drawn(archive, tmp_path / "r.html", n=15)[1]
    place = {artwork_id: row for row, artwork_id in enumerate(IDS)}
    vectors = load_model(archive, "eye").vectors(archive, IDS)
    rows = np.array([[place[artwork_id] for artwork_id in annotation] for annotation in annotations + random])
    values = entropies(unit_length(vectors), rows)
    assert values[:15].mean() > values[15:].mean() + 0.2


def test_only_what_has_an_image_a_vector_and_the_rights_is_drawn(tmp_path: Path) -> None:
    ids = named(60)
    pictures = {ids[0]: None, ids[1]: jpeg("red"), ids[2]: jpeg("red")}
    archive = make_archive(
        tmp_path / "archive",
        ids,
        rights={artwork_id: CLOSED if artwork_id in ids[3:20] else OPEN for artwork_id in ids},
        pictures=pictures,
    )
    vectors = {
        artwork_id: None if artwork_id == ids[21] else np.random.default_rng(row).normal(size=4)
        for row, artwork_id in enumerate(ids)
    }
    add_features(archive, "made", vectors)
    everything = {
        artwork_id for annotation in drawn(archive, tmp_path / "a.html", n=58)[1] for artwork_id in annotation
    }
    assert everything == set(ids) - {ids[0], ids[2]} or everything == set(ids) - {ids[0], ids[1]}
    public = {
        artwork_id
        for annotation in drawn(archive, tmp_path / "b.html", n=40, rights="public")[1]
        for artwork_id in annotation
    }
    assert not public & {ids[0], *ids[3:20]} and ids[20] in public
    how = {"n": 57, "mode": "near", "features": ("made",)}
    assert ids[21] not in {
        artwork_id for annotation in drawn(archive, tmp_path / "c.html", **how)[1] for artwork_id in annotation
    }


def test_a_picture_that_cannot_be_read_costs_its_annotations_and_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = named(30)
    archive = make_archive(tmp_path / "archive", ids, pictures={ids[4]: b"\xff\xd8 this is no JPEG"})
    with caplog.at_level(logging.WARNING):
        report, annotations = drawn(archive, tmp_path / "a.html", n=20)
    assert report["rows_out"] == len(annotations) == 20 - report["rows_failed"] < 20
    assert report["failures"] == {"a picture can't be read": report["rows_failed"]}
    assert all(ids[4] not in annotation for annotation in annotations) and "jobs.scrape `refresh`" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--out: draw needs it"),
        (["--out", "page.txt"], "--out page.txt: must end in .html"),
        (["--out", "s3://bucket/page.html"], "--out s3://bucket/page.html: must be a local path"),
        (["--out", "{folder}/no/p.html"], "--out {folder}/no/p.html: "),
        (["--out", "p.html", "--n", "0"], "--n 0: must be 1 or more"),
        (["--out", "p.html", "--n", "5000"], "--n 5000"),
        (["--out", "p.html", "--mode", "near"], "--features: --mode near needs it"),
        (["--out", "p.html", "--features", "dots"], "--features: --mode random does not use it; use --mode near"),
        (["--out", "p.html", "--mode", "uncertain"], "--model: --mode uncertain needs it"),
        (["--out", "p.html", "--mode", "uncertain", "--model", "none"], "none: no model of this name"),
        (["--out", "p.html", "--model", "eye"], "--model: --mode random does not use it"),
        (["--out", "p.html", "--mode", "near", "--features", "none"], "--features none: the archive has no such"),
        (["--out", "p.html", "--pool-by", "colour"], "--pool-by colour: unknown column"),
        (["--out", "p.html", "--pools", "100"], "--pools 100: no pool has 9 artworks"),
        (["--out", "p.html", "--annotator", ""], "--annotator"),
        (["--out", "p.html", "--repeats", "26"], "--repeats 26: must be between 0 and a quarter of --n 100"),
        (["--out", "p.html", "--repeats", "-1"], "--repeats -1"),
    ],
)
def test_mistakes(archive: Archive, tmp_path: Path, arguments: list[str], said: str) -> None:
    (tmp_path / "no").touch()
    with pytest.raises(UserError) as caught:
        job.run(["draw", "--archive", archive.uri, *(argument.format(folder=tmp_path) for argument in arguments)])
    assert said.format(folder=tmp_path) in str(caught.value) and "\n" not in str(caught.value)


def test_an_archive_without_images_says_what_to_do(tmp_path: Path) -> None:
    archive = catalog_of(tmp_path / "archive", [{"id": artwork_id} for artwork_id in IDS])
    with pytest.raises(UserError, match=r"no artwork has an image yet; run jobs\.scrape first"):
        draw(archive, AnnotationsOptions(action="draw", out=str(tmp_path / "p.html")))
    few = make_archive(tmp_path / "few", named(8))
    with pytest.raises(UserError, match="8 artworks have an image; an annotation needs 9"):
        draw(few, AnnotationsOptions(action="draw", out=str(tmp_path / "p.html")))


def test_the_whole_loop_by_command_lines(archive: Archive, tmp_path: Path) -> None:
    where = ["--archive", archive.uri]
    report = job.run(["draw", *where, "--out", str(tmp_path / "p.html"), "--n", "9", "--annotator", "loop"])
    data = read_page((tmp_path / "p.html").read_text(encoding="utf-8"))
    (tmp_path / data["file"]).write_text(downloaded(data, [0, 1, 2, -1, 3]), encoding="utf-8")
    arguments = ["import", *where, "--file", str(tmp_path / data["file"]), "--annotator", "loop"]
    assert job.run(arguments)["rows_out"] == 4
    (tmp_path / data["file"]).write_text(downloaded(data, [0, 1, 2, -1, 3, 4]), encoding="utf-8")
    again = job.run(arguments)  # a later download with one more answer
    assert (again["rows_out"], again["rows_there"]) == (1, 4)
    checked = job.run(["check", *where, "--annotator", "loop"])
    assert (checked["rows_in"], checked["modes"]) == (5, {"random": 5})
    assert json.loads(json.dumps(report)) == report


def test_who_judges_the_same_nine_twice_gets_a_self_meanrank(archive: Archive, tmp_path: Path) -> None:
    where = ["--archive", archive.uri]
    job.run(["draw", *where, "--out", str(tmp_path / "p.html"), "--n", "40", "--repeats", "10", "--annotator", "ida"])
    data = read_page((tmp_path / "p.html").read_text(encoding="utf-8"))
    assert len(data["choices"]) == 40
    answers = [int(np.argmax(annotation[1:])) for annotation in data["choices"]]  # picks the same image in repeats
    (tmp_path / "f").write_text(downloaded(data, answers), encoding="utf-8")
    assert job.run(["import", *where, "--file", str(tmp_path / "f"), "--annotator", "ida"])["rows_out"] == 40
    (own,) = job.run(["check", *where, "--annotator", "ida"])["self_agreement"]
    assert (own["shared"], own["same"], own["self_meanrank"], own["contradictions"]) == (10, 1, 1, 0)
