from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from artsim.annotations.annotations import read_annotations
from artsim.annotations.near_candidates import neighborhoods, with_vectors
from artsim.annotations.options import AnnotationsOptions
from artsim.annotations.simulated_curator import simulate
from artsim.annotations.splits import disjoint_splits, split
from artsim.archive import IMAGES, Archive, UserError
from artsim.space.features import Space
from tests.learn.made_annotations import catalog_of, features_of
from tests.made import CLOSED, OPEN

_STYLES = ["Cubism", "Fauvism", "Pop", None, ""]


def _rows(count: int = 200) -> list[dict]:
    """A fifth has no style, a fifth an empty one; an artist has three artworks, and every 16th has no artist."""
    return [
        {
            "id": f"m:{number:04d}",
            "style": _STYLES[number % 5],
            "artist": [None, ""][number // 16 % 2] if number % 16 == 0 else f"artist {number // 3}",
            "year_from": 1900 + number % 4,
            "rights": CLOSED if number % 7 == 0 else OPEN,
        }
        for number in range(count)
    ]


@pytest.fixture
def archive(tmp_path) -> Archive:
    return catalog_of(tmp_path, _rows())


def _simulate(archive: Archive, **changes: Any) -> dict[str, Any]:
    return simulate(archive, AnnotationsOptions(action="simulate", **changes))


def _of(archive: Archive, column: str) -> dict[str, object]:
    return {row["id"]: row[column] for table in archive.table("catalog").scan() for row in table.to_pylist()}


def _pools_of(images: np.ndarray) -> list[set[str]]:
    """Groups the images that annotations connect, with plain loops."""
    groups: list[set[str]] = []
    for annotation in images:
        joined = set(annotation)
        for group in [group for group in groups if group & joined]:
            joined |= group
            groups.remove(group)
        groups.append(joined)
    return groups


def test_annotations_follow_the_simulated_curator(archive) -> None:
    report = _simulate(archive, annotator="sim", by="style", n=400)
    annotations, style = read_annotations(archive), _of(archive, "style")
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (400, 400, 0)
    for annotation in annotations.images:
        assert len(set(annotation)) == 9
        assert all(style[artwork_id] for artwork_id in annotation)
        assert style[annotation[0]] == style[annotation[1]]
        assert style[annotation[0]] not in {style[artwork_id] for artwork_id in annotation[2:]}
    assert set(annotations.mode) == {"random"} and set(annotations.annotator) == {"sim"}
    drawable = [artwork_id for artwork_id, name in style.items() if name]
    assert report["values"] == 3 and sum(report["pools"]) == len(drawable) == 120
    assert report["images"] == len(annotations.ids()) == 120
    for place in range(9):  # no image is preferred: in 400 draws, each of the 120 is a few times in every place
        assert max(Counter(annotations.images[:, place]).values()) < 16
    assert sorted(map(len, _pools_of(annotations.images))) == sorted(report["pools"]) == [24] * 5
    for training, verification in [
        split(annotations, "image-disjoint"),
        *disjoint_splits(annotations, "image-disjoint"),
    ]:
        assert len(training) + len(verification) == 400


def test_the_same_seed_repeats_and_the_same_command_adds_nothing(archive) -> None:
    changes = {"annotator": "sim", "by": "style", "n": 50}
    _simulate(archive, **changes, seed=4)
    assert _simulate(archive, **changes, seed=4)["rows_out"] == 0
    assert _simulate(archive, **changes, seed=5)["rows_out"] > 45
    assert _simulate(archive, **{**changes, "annotator": "other"}, seed=4)["rows_out"] == 50


def test_noise(archive) -> None:
    _simulate(archive, annotator="sim", by="style", n=2000, noise=0.3, pools=1)
    style = _of(archive, "style")
    wrong = 0
    for annotation in read_annotations(archive).images:
        assert len(set(annotation)) == 9
        assert style[annotation[0]] not in {style[artwork_id] for artwork_id in annotation[2:]}
        wrong += style[annotation[0]] != style[annotation[1]]
    expected = 0.3 * 80 / 119  # a random positive may have the same style
    assert abs(wrong / 2000 - expected) < 4 * np.sqrt(expected * (1 - expected) / 2000)


def test_groups_stay_in_one_pool(archive) -> None:
    _simulate(archive, annotator="sim", by="style", n=500, pool_by="artist", pools=4)
    artist = _of(archive, "artist")
    images = read_annotations(archive).images
    pools = _pools_of(images)
    assert len(pools) == 4
    for pool in pools:
        assert not {artist[image] for image in pool if artist[image]} & {
            artist[image] for other in pools if other is not pool for image in other
        }
    assert all(any(not artist[image] for image in pool) for pool in pools)  # images without an artist are no group
    groups = {artwork_id: name for artwork_id, name in artist.items() if name}
    training, verification = split(read_annotations(archive), "group-disjoint", groups=groups)
    assert len(training) + len(verification) == 500


def test_numbers_are_values_and_protected_artworks_are_excluded(archive) -> None:
    _simulate(archive, annotator="sim", by="year_from", n=100, pools=2, rights="public")
    year, rights = _of(archive, "year_from"), _of(archive, "rights")
    for annotation in read_annotations(archive).images:
        assert year[annotation[0]] == year[annotation[1]] not in {year[artwork_id] for artwork_id in annotation[2:]}
        assert {rights[artwork_id] for artwork_id in annotation} == {OPEN}


def test_artworks_without_an_image_are_not_drawn_after_a_scrape(archive) -> None:
    failed = {f"m:{number:04d}" for number in range(0, 200, 8)}
    ids = list(_of(archive, "style"))
    shard_numbers = archive.shard_of(ids)
    for shard in range(archive.shards):
        shard_ids = [artwork_id for artwork_id, number in zip(ids, shard_numbers, strict=True) if number == shard]
        rows = [{"id": artwork_id, "status": "http" if artwork_id in failed else "ok"} for artwork_id in shard_ids]
        archive.table("images").write(shard, "p0", pa.Table.from_pylist(rows, schema=IMAGES))
    report = _simulate(archive, annotator="sim", by="style", n=400)
    drawn = set(read_annotations(archive).ids())
    assert report["rows_out"] == 400
    assert drawn == {artwork_id for artwork_id, style in _of(archive, "style").items() if style} - failed


def _vectors(rows: list[dict]) -> dict[str, np.ndarray | None]:
    rng = np.random.default_rng(0)
    vectors: dict[str, np.ndarray | None] = {row["id"]: rng.normal(size=4).astype(np.float32) for row in rows}
    vectors["m:0000"] = None
    vectors["m:0001"] = np.full(4, np.nan, np.float32)
    del vectors["m:0002"]
    return vectors


def test_near_draws_from_the_nearest_artworks(tmp_path) -> None:
    rows = _rows(600)
    archive = catalog_of(tmp_path, rows)
    vectors = _vectors(rows)
    features_of(archive, "made", vectors)
    report = _simulate(archive, annotator="sim", by="style", n=300, mode="near", features=("made",), pools=2)
    annotations, style = read_annotations(archive), _of(archive, "style")
    assert report["rows_out"] == 300 and set(annotations.mode) == {"near"}
    assert sum(report["pools"]) == 360 - 3  # three artworks with a style have no finite vector
    pools = _pools_of(annotations.images)
    assert len(pools) == 2
    seen: set[str] = set()
    for annotation in annotations.images:
        (pool,) = (members for members in pools if annotation[0] in members)
        others = [artwork_id for artwork_id in pool if artwork_id != annotation[0]]

        def away(image_id: str, anchor: str = annotation[0]) -> float:
            a, b = vectors[anchor], vectors[image_id]
            return 1 - float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))

        alike = sorted((artwork_id for artwork_id in others if style[artwork_id] == style[annotation[0]]), key=away)
        unlike = sorted((artwork_id for artwork_id in others if style[artwork_id] != style[annotation[0]]), key=away)
        assert annotation[1] in alike[:50]
        assert set(annotation[2:]) <= set(unlike[:50]) and len(set(annotation)) == 9
        seen |= {unlike.index(artwork_id) for artwork_id in annotation[2:]}
    assert seen == set(range(50))


def test_neighborhoods_match_a_naive_loop(tmp_path, monkeypatch) -> None:
    """Uses small blocks of anchors and several partitions."""
    monkeypatch.setattr("artsim.annotations.near_candidates._NEAREST", 5)
    monkeypatch.setattr("artsim.annotations.near_candidates._AT_ONCE", 3)
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
    neighbors = neighborhoods(space, ids, value, pool, np.arange(10))
    assert sorted(neighbors) == list(range(10))
    for anchor, (alike, unlike) in neighbors.items():
        a = vectors[names[anchor]]
        distances = [-float(a @ vectors[artwork_id]) / np.linalg.norm(vectors[artwork_id]) for artwork_id in names]
        others = [index for index in np.argsort(distances) if index != anchor and pool[index] == pool[anchor]]
        assert sorted(alike) == sorted([index for index in others if value[index] == value[anchor]][:5])
        assert sorted(unlike) == sorted([index for index in others if value[index] != value[anchor]][:5])


@pytest.mark.parametrize(
    ("changes", "expected_text"),
    [
        ({"by": "colour"}, "`by` colour: .*artist, .*style"),
        ({"by": "id"}, "`by` id"),
        ({"pool_by": "colour"}, "`pool_by` colour"),
        ({"by": "school"}, "`by` school: no artwork has a value"),
        ({"by": "rights", "rights": "public"}, f"`by` rights: all artworks have the same value, {OPEN}"),
        ({"by": "artist", "pools": 60}, "`by` artist: none of 60 pools"),
        ({"pools": 121}, "`pools` 121: there are only 120 artworks"),
        ({"pools": 5, "pool_by": "style"}, "`pools` 5: there are only 3 values in style"),
        ({"pools": 3, "pool_by": "style"}, "`by` style: none of 3 pools"),
        ({"n": 0}, "`n` 0"),
        ({"noise": 1.5}, "`noise` 1.5"),
        ({"pools": 0}, "`pools` 0"),
        ({"mode": "near"}, "`features`: "),
        ({"features": ("made",)}, "`features`: "),
        ({"mode": "near", "features": ("none",)}, "`features` none"),
        ({"annotator": ""}, "`annotator`"),
    ],
)
def test_impossible_draws_are_user_errors_with_a_remedy(archive, changes: dict, expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text) as caught:
        _simulate(archive, **{"annotator": "sim", "by": "style", "n": 10, **changes})
    assert "\n" not in str(caught.value)
    assert len(read_annotations(archive)) == 0


def test_an_empty_archive_is_a_user_error(tmp_path) -> None:
    with pytest.raises(UserError, match="`by` style: no artwork"):
        _simulate(Archive.create(str(tmp_path)), annotator="sim", by="style", n=1)
