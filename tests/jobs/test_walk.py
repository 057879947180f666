from typing import Any

import numpy as np
import pytest
from PIL import Image

from artsim.archive import Archive, UserError
from artsim.explore.walk import walk
from artsim.space.features import Space
from jobs.walk import job
from tests.made import CLOSED, add_features, jpeg, make_archive, named

_IDS = named(90)
_PROTECTED = [artwork_id for index, artwork_id in enumerate(_IDS) if index % 3 == 2]
_MAGENTA, _GREEN = (255, 0, 255), (20, 120, 60)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    """Every third artwork is protected and has a magenta picture; some pictures are odd or missing."""
    archive = make_archive(
        tmp_path_factory.mktemp("walk"),
        _IDS,
        rights=dict.fromkeys(_PROTECTED, CLOSED),
        titles={_IDS[0]: "The beginning of a very long walk through a very large museum " * 50, _IDS[1]: "終わり"},
        pictures={
            **{artwork_id: jpeg(_MAGENTA if artwork_id in _PROTECTED else _GREEN) for artwork_id in _IDS},
            _IDS[0]: jpeg(_GREEN, (1, 4000)),
            _IDS[1]: jpeg(_GREEN, (4000, 1)),
            _IDS[3]: None,
        },
    )
    rng = np.random.default_rng(2)
    add_features(archive, "dots", {artwork_id: rng.gamma(1.0, size=6) for artwork_id in _IDS})
    add_features(archive, "one", {artwork_id: [float(index)] for index, artwork_id in enumerate(_IDS)})
    return archive


def _walk(archive: Archive, *arguments: str) -> dict[str, Any]:
    usual = ["--features", "dots", "--from", _IDS[0], "--to", _IDS[1]]
    return job.run(["--archive", archive.uri, *usual, *arguments])


def test_the_report_lists_the_walk(archive: Archive) -> None:
    report = _walk(archive, "--steps", "5")
    expected = walk(
        Space(archive, ["dots"]), _IDS[0], _IDS[1], 5, jitter=1, metric="cosine", seed=0, public_only=False
    )  # tested against plain loops in tests/explore/test_walk.py
    assert [step["id"] for step in report["walk"]] == expected.ids
    assert [step["distance"] for step in report["walk"]] == pytest.approx(expected.distances, abs=1e-6)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"], report["picture"]) == (2, 7, 0, None)


def test_seed_and_jitter_reach_the_walk(archive: Archive) -> None:
    def ids(*arguments: str) -> list[str]:
        return [step["id"] for step in _walk(archive, *arguments)["walk"]]

    assert ids("--jitter", "6", "--seed", "1") == ids("--jitter", "6", "--seed", "1")
    assert len({tuple(ids("--jitter", "6", "--seed", str(seed))) for seed in range(4)}) > 1
    assert ids("--metric", "euclidean") != ids("--metric", "cosine")


@pytest.mark.parametrize("kind", ["strip", "scatter", "tube"])
def test_pictures(archive: Archive, tmp_path, kind: str) -> None:
    out = tmp_path / "new" / f"{kind}.png"
    report = _walk(archive, "--kind", kind, "--steps", "9", "--picture", str(out))
    assert report["picture"] == str(out)
    with Image.open(out) as picture:
        assert 300 < picture.width < 12_000
        assert 300 < picture.height < 3000
        assert _magenta(picture), "protected works are shown where nobody forbids it"
    _walk(archive, "--kind", kind, "--steps", "9", "--picture", str(tmp_path / "again.png"))
    assert (tmp_path / "again.png").read_bytes() == out.read_bytes()


@pytest.mark.parametrize("kind", ["strip", "scatter", "tube"])
def test_protected_artworks_are_not_shown(archive: Archive, tmp_path, kind: str) -> None:
    out = tmp_path / "public.png"
    report = _walk(archive, "--kind", kind, "--steps", "20", "--rights", "public", "--picture", str(out))
    assert not {step["id"] for step in report["walk"]} & set(_PROTECTED)
    with Image.open(out) as picture:
        assert not _magenta(picture)


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_a_scatter_of_features_with_one_dimension(archive: Archive, tmp_path, metric: str) -> None:
    arguments = ["--features", "one", "--metric", metric, "--from", _IDS[9], "--to", _IDS[80], "--kind", "scatter"]
    _walk(archive, *arguments, "--picture", str(tmp_path / "line.png"))
    with Image.open(tmp_path / "line.png") as picture:
        assert picture.size == (1400, 1050)


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["--to", _IDS[0]], "--to made:0000"),
        (["--to", "stranger"], "stranger: no such id in the catalog"),
        (["--to", "stranger", "--rights", "public"], "stranger"),
        (["--from", _IDS[2], "--rights", "public"], "--rights public: made:0002 is not public"),
        (["--steps", "0"], "--steps 0"),
        (["--steps", "89"], "--steps 89: needs 91 artworks, only 90 can be used"),
        (["--steps", "59", "--rights", "public"], "--steps 59: needs 61 artworks, only 60 can be used"),
        (["--jitter", "0"], "--jitter 0"),
        (["--metric", "cosin"], "--metric cosin"),
        (["--kind", "spiral"], "--kind"),
        (["--features", "none"], "--features none"),
        (["--picture", "walk.nothing"], r"--picture walk.nothing: unknown file extension"),
    ],
)
def test_user_errors_are_one_line(archive: Archive, arguments: list[str], expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        _walk(archive, *arguments)
    assert "\n" not in str(caught.value)


def _magenta(picture: Image.Image) -> bool:
    """Whether any area is magenta, even faded: red and blue well above green and about equal."""
    red, green, blue = np.moveaxis(np.asarray(picture.convert("RGB"), int), -1, 0)
    return bool(((red - green > 40) & (blue - green > 40) & (abs(red - blue) < 25)).sum() > 200)
