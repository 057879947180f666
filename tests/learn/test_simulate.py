from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import IMAGES, Archive, UserError
from artsim.features import Space
from artsim.learn.annotation_neighbourhood import neighbourhoods, with_vectors
from artsim.learn.annotations import read_annotations
from artsim.learn.simulate import simulate
from artsim.learn.splits import folds, split
from tests.learn.made_annotations import catalog_of, features_of
from tests.made import CLOSED, OPEN

_STYLES = ["Cubism", "Fauvism", "Pop", None, ""]


def _rows(count: int = 200) -> list[dict]:
    """Every fifth work has no style, and another an empty one; an artist for three works, every 16th without."""
    return [
        {
            "id": f"m:{one:04d}",
            "style": _STYLES[one % 5],
            "artist": [None, ""][one // 16 % 2] if one % 16 == 0 else f"artist {one // 3}",
            "year_from": 1900 + one % 4,
            "rights": CLOSED if one % 7 == 0 else OPEN,
        }
        for one in range(count)
    ]


@pytest.fixture
def archive(tmp_path) -> Archive:
    return catalog_of(tmp_path, _rows())


def _of(archive: Archive, column: str) -> dict[str, object]:
    return {row["id"]: row[column] for table in archive.table("catalog").scan() for row in table.to_pylist()}


def _pools_of(images: np.ndarray) -> list[set[str]]:
    """What hangs together because it is in one annotation, by plain loops."""
    groups: list[set[str]] = []
    for nine in images:
        joined = set(nine)
        for group in [group for group in groups if group & joined]:
            joined |= group
            groups.remove(group)
        groups.append(joined)
    return groups


def test_nines_are_what_the_curator_would_say(archive) -> None:
    report = simulate(archive, annotator="sim", by="style", count=400)
    found, style = read_annotations(archive), _of(archive, "style")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (400, 400, 0)
    for nine in found.images:
        assert len(set(nine)) == 9
        assert all(style[one] for one in nine)
        assert style[nine[0]] == style[nine[1]]
        assert style[nine[0]] not in {style[one] for one in nine[2:]}
    assert set(found.mode) == {"random"} and set(found.annotator) == {"sim"}
    drawable = [one for one, name in style.items() if name]
    assert report["values"] == 3 and sum(report["pools"]) == len(drawable) == 120
    assert report["images"] == len(found.ids()) == 120
    for place in range(9):  # nobody is preferred: of 400 draws, each of the 120 has a few in every place
        assert max(Counter(found.images[:, place]).values()) < 16
    assert sorted(map(len, _pools_of(found.images))) == sorted(report["pools"]) == [24] * 5
    for training, verification in [split(found, "image-disjoint"), *folds(found, "image-disjoint")]:
        assert len(training) + len(verification) == 400


def test_a_seed_repeats_and_the_same_command_adds_nothing(archive) -> None:
    how = {"annotator": "sim", "by": "style", "count": 50}
    simulate(archive, **how, seed=4)
    assert simulate(archive, **how, seed=4)["rows_out"] == 0
    assert simulate(archive, **how, seed=5)["rows_out"] > 45
    assert simulate(archive, **{**how, "annotator": "other"}, seed=4)["rows_out"] == 50


def test_noise(archive) -> None:
    simulate(archive, annotator="sim", by="style", count=2000, noise=0.3, pools=1)
    style = _of(archive, "style")
    wrong = 0
    for nine in read_annotations(archive).images:
        assert len(set(nine)) == 9
        assert style[nine[0]] not in {style[one] for one in nine[2:]}
        wrong += style[nine[0]] != style[nine[1]]
    expected = 0.3 * 80 / 119  # by chance a positive is of the same style all the same
    assert abs(wrong / 2000 - expected) < 4 * np.sqrt(expected * (1 - expected) / 2000)


def test_groups_stay_in_one_pool(archive) -> None:
    simulate(archive, annotator="sim", by="style", count=500, pool_by="artist", pools=4)
    artist = _of(archive, "artist")
    images = read_annotations(archive).images
    pools = _pools_of(images)
    assert len(pools) == 4
    for one in pools:
        assert not {artist[image] for image in one if artist[image]} & {
            artist[image] for other in pools if other is not one for image in other
        }
    assert all(any(not artist[image] for image in one) for one in pools)  # those are no group
    groups = {one: name for one, name in artist.items() if name}
    training, verification = split(read_annotations(archive), "group-disjoint", groups=groups)
    assert len(training) + len(verification) == 500


def test_numbers_count_as_values_and_what_is_protected_is_left_out(archive) -> None:
    simulate(archive, annotator="sim", by="year_from", count=100, pools=2, public_only=True)
    year, rights = _of(archive, "year_from"), _of(archive, "rights")
    for nine in read_annotations(archive).images:
        assert year[nine[0]] == year[nine[1]] not in {year[one] for one in nine[2:]}
        assert {rights[one] for one in nine} == {OPEN}


def test_what_has_no_image_is_not_drawn_once_images_were_scraped(archive) -> None:
    failed = {f"m:{one:04d}" for one in range(0, 200, 8)}
    ids = list(_of(archive, "style"))
    of = archive.shard_of(ids)
    for shard in range(archive.shards):
        mine = [one for one, home in zip(ids, of, strict=True) if home == shard]
        rows = [{"id": one, "status": "http" if one in failed else "ok"} for one in mine]
        archive.table("images").write(shard, "p0", pa.Table.from_pylist(rows, schema=IMAGES))
    report = simulate(archive, annotator="sim", by="style", count=400)
    drawn = set(read_annotations(archive).ids())
    assert report["rows_out"] == 400
    assert drawn == {one for one, style in _of(archive, "style").items() if style} - failed


def _vectors(rows: list[dict]) -> dict[str, np.ndarray | None]:
    rng = np.random.default_rng(0)
    vectors: dict[str, np.ndarray | None] = {row["id"]: rng.normal(size=4).astype(np.float32) for row in rows}
    vectors["m:0000"] = None
    vectors["m:0001"] = np.full(4, np.nan, np.float32)
    del vectors["m:0002"]
    return vectors


def test_near_draws_from_the_neighbourhood(tmp_path) -> None:
    rows = _rows(600)
    archive = catalog_of(tmp_path, rows)
    vectors = _vectors(rows)
    features_of(archive, "made", vectors)
    report = simulate(archive, annotator="sim", by="style", count=300, mode="near", features=["made"], pools=2)
    found, style = read_annotations(archive), _of(archive, "style")
    assert report["rows_out"] == 300 and set(found.mode) == {"near"}
    assert sum(report["pools"]) == 360 - 3  # of those with a style, three have no vector of numbers
    pools = _pools_of(found.images)
    assert len(pools) == 2
    seen: set[str] = set()
    for nine in found.images:
        (pool,) = (one for one in pools if nine[0] in one)
        others = [one for one in pool if one != nine[0]]

        def away(one: str, anchor: str = nine[0]) -> float:
            a, b = vectors[anchor], vectors[one]
            return 1 - float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

        alike = sorted((one for one in others if style[one] == style[nine[0]]), key=away)
        unlike = sorted((one for one in others if style[one] != style[nine[0]]), key=away)
        assert nine[1] in alike[:50]
        assert set(nine[2:]) <= set(unlike[:50]) and len(set(nine)) == 9
        seen |= {unlike.index(one) for one in nine[2:]}
    assert seen == set(range(50))


def test_neighbourhoods_as_a_plain_loop_finds_them(tmp_path, monkeypatch) -> None:
    """A few anchors at a time, of a few parts."""
    monkeypatch.setattr("artsim.learn.annotation_neighbourhood._NEAREST", 5)
    monkeypatch.setattr("artsim.learn.annotation_neighbourhood._AT_ONCE", 3)
    rows = _rows(60)
    archive = catalog_of(tmp_path, rows)
    vectors = _vectors(rows)
    features_of(archive, "made", vectors, parts=3)
    space = Space(archive, ["made"])
    ids = with_vectors(space)
    names = ids.to_pylist()
    assert sorted(names) == sorted(row["id"] for row in rows[3:])
    rng = np.random.default_rng(1)
    value, pool = rng.integers(3, size=len(names)), rng.integers(2, size=len(names))
    found = neighbourhoods(space, ids, value, pool, np.arange(10))
    assert sorted(found) == list(range(10))
    for anchor, (alike, unlike) in found.items():
        a = vectors[names[anchor]]
        away = [-float(a @ vectors[one]) / np.linalg.norm(vectors[one]) for one in names]
        there = [one for one in np.argsort(away) if one != anchor and pool[one] == pool[anchor]]
        assert sorted(alike) == sorted([one for one in there if value[one] == value[anchor]][:5])
        assert sorted(unlike) == sorted([one for one in there if value[one] != value[anchor]][:5])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"by": "colour"}, "--by colour: .*artist, .*style"),
        ({"by": "id"}, "--by id"),
        ({"pool_by": "colour"}, "--pool-by colour"),
        ({"by": "school"}, "--by school: no artwork has a value"),
        ({"by": "rights", "public_only": True}, f"--by rights: all artworks have the same value, {OPEN}"),
        ({"by": "artist", "pools": 60}, "--by artist: none of 60 pools"),
        ({"pools": 121}, "--pools 121: there are only 120 artworks"),
        ({"pools": 5, "pool_by": "style"}, "--pools 5: there are only 3 values in style"),
        ({"pools": 3, "pool_by": "style"}, "--by style: none of 3 pools"),
        ({"count": 0}, "--n 0"),
        ({"noise": 1.5}, "--noise 1.5"),
        ({"pools": 0}, "--pools 0"),
        ({"mode": "near"}, "--features: "),
        ({"features": ["made"]}, "--features: "),
        ({"mode": "near", "features": ["none"]}, "--features none"),
        ({"annotator": ""}, "--annotator"),
    ],
)
def test_what_cannot_be_drawn_is_a_mistake_that_says_what_to_do(archive, how: dict, said: str) -> None:
    with pytest.raises(UserError, match=said) as caught:
        simulate(archive, **{"annotator": "sim", "by": "style", "count": 10, **how})
    assert "\n" not in str(caught.value)
    assert len(read_annotations(archive)) == 0


def test_an_empty_archive_is_a_mistake(tmp_path) -> None:
    with pytest.raises(UserError, match="--by style: no artwork"):
        simulate(Archive.create(str(tmp_path)), annotator="sim", by="style", count=1)
