import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.explore.walk import Walk, walk
from artsim.space.features import Space
from tests.made import CLOSED, add_features, make_archive, named, vectors_of

_IDS = named(150)
_USUAL = {"jitter": 1, "metric": "cosine", "seed": 0, "public_only": False}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    """A random cloud of points; every fourth artwork is protected."""
    archive = make_archive(
        tmp_path_factory.mktemp("walk"),
        _IDS,
        rights={image_id: CLOSED for i, image_id in enumerate(_IDS) if i % 4 == 3},
    )
    rng = np.random.default_rng(3)
    add_features(archive, "cloud", {image_id: rng.gamma(1.0, size=5) for image_id in _IDS})
    return archive


@pytest.mark.parametrize("metric", ["cosine", "euclidean", "cityblock", "correlation"])
@pytest.mark.parametrize("steps", [1, 4, 12])
def test_each_step_is_the_nearest_that_is_left(archive: Archive, metric: str, steps: int) -> None:
    start, end = _IDS[0], _IDS[77]
    way = walk(Space(archive, ["cloud"]), start, end, steps, **{**_USUAL, "metric": metric})
    assert way.ids == _naive(archive, start, end, steps, metric)
    assert len(way.ids) == len(way.distances) == len(way.around) == steps + 2
    assert (way.ids[0], way.ids[-1]) == (start, end)
    assert len(set(way.ids)) == steps + 2
    assert (way.distances[0], way.distances[-1]) == (0.0, 0.0)


def test_what_lies_around_is_no_artwork_twice(archive: Archive) -> None:
    way = walk(Space(archive, ["cloud"]), _IDS[0], _IDS[1], 8, **_USUAL)
    neighbors = [image_id for names in way.around for image_id in names]
    assert len(set(neighbors)) == len(neighbors) == 8 * 9
    assert not set(neighbors) & set(way.ids)
    assert (way.around[0], way.around[-1]) == ([], [])


def test_points_on_the_great_circle_have_equal_angles(tmp_path) -> None:
    """A quarter turn in eight steps takes an artwork every 10 degrees, at any distance from the origin."""
    rng = np.random.default_rng(0)
    angles = dict(zip(named(91), range(91), strict=True))
    vectors = {
        image_id: np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle)), 0]) * rng.uniform(0.1, 50)
        for image_id, angle in angles.items()
    }
    archive = make_archive(tmp_path, list(angles))
    add_features(archive, "circle", vectors)
    way = walk(Space(archive, ["circle"]), "made:0000", "made:0090", 8, **_USUAL)
    assert [angles[image_id] for image_id in way.ids] == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert max(way.distances) < 1e-6


def test_other_metrics_walk_the_straight_line(tmp_path) -> None:
    ids = named(41)
    archive = make_archive(tmp_path, ids)
    add_features(archive, "line", {image_id: [number, 2.0 * number, -3.0] for number, image_id in enumerate(ids)})
    way = walk(Space(archive, ["line"]), ids[40], ids[0], 7, **{**_USUAL, "metric": "euclidean"})
    assert way.ids == [ids[number] for number in range(40, -1, -5)]
    np.testing.assert_allclose(way.distances, 0, atol=1e-4)


def test_two_artworks_of_the_same_direction(tmp_path) -> None:
    archive = make_archive(tmp_path, named(12))
    add_features(archive, "same", {image_id: [1.0 + number, 1.0 + number] for number, image_id in enumerate(named(12))})
    way = walk(Space(archive, ["same"]), "made:0000", "made:0005", 3, **_USUAL)
    assert len(set(way.ids)) == 5
    assert max(way.distances) < 1e-6


def test_jitter_chooses_among_the_nearest_and_is_repeatable(archive: Archive) -> None:
    space = Space(archive, ["cloud"])

    def ids(jitter: int, seed: int) -> list[str]:
        return walk(space, _IDS[0], _IDS[77], 6, **{**_USUAL, "jitter": jitter, "seed": seed}).ids

    assert ids(5, 1) == ids(5, 1)
    assert len({tuple(ids(5, seed)) for seed in range(8)}) > 4
    assert {tuple(ids(1, seed)) for seed in range(4)} == {tuple(_naive(archive, _IDS[0], _IDS[77], 6, "cosine"))}
    for seed in range(8):
        way = ids(5, seed)
        assert len(set(way)) == 8
        for step in range(1, 7):
            candidates = _ranked(archive, _IDS[0], _IDS[77], 6, "cosine")[step - 1]
            candidates = [image_id for image_id in candidates if image_id not in {*way[:step], way[-1]}]
            assert way[step] in candidates[:5]
    firsts = {ids(5, seed)[1] for seed in range(40)}
    assert firsts == set(
        [
            image_id
            for image_id in _ranked(archive, _IDS[0], _IDS[77], 6, "cosine")[0]
            if image_id not in (_IDS[0], _IDS[77])
        ][:5]
    )


def test_a_walk_of_public_artworks(archive: Archive) -> None:
    way = walk(Space(archive, ["cloud"]), _IDS[0], _IDS[1], 20, **{**_USUAL, "public_only": True})
    shown = {*way.ids, *(image_id for names in way.around for image_id in names)}
    assert {_IDS.index(image_id) % 4 for image_id in shown} == {0, 1, 2}


def test_every_artwork_can_be_walked_over(archive: Archive) -> None:
    space = Space(archive, ["cloud"])
    way = walk(space, _IDS[0], _IDS[1], len(_IDS) - 2, **_USUAL)
    assert sorted(way.ids) == _IDS
    with pytest.raises(UserError, match="`steps` 149: needs 151 artworks, only 150 can be used"):
        walk(space, _IDS[0], _IDS[1], len(_IDS) - 1, **_USUAL)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"end": _IDS[0]}, "`to` made:0000"),
        ({"steps": 0}, "`steps` 0"),
        ({"jitter": 0}, "`jitter` 0"),
        ({"jitter": -100}, "`jitter` -100"),
        ({"metric": "manhatten"}, "`metric` manhatten"),
        ({"start": "stranger"}, "stranger: no such id in the catalog"),
        ({"end": "stranger"}, "stranger: no such id in the catalog"),
    ],
)
def test_mistakes(archive: Archive, change: dict, said: str) -> None:
    arguments = {"start": _IDS[0], "end": _IDS[1], "steps": 3, **_USUAL, **change}
    with pytest.raises(UserError, match=said):
        walk(Space(archive, ["cloud"]), **arguments)


def _points(archive: Archive, start: str, end: str, steps: int, metric: str) -> list[np.ndarray]:
    """Returns the points of the walk in float64: on the great circle (cosine) or the line between both ends."""
    a, b = (vectors_of(archive, "cloud")[image_id].astype(np.float64) for image_id in (start, end))
    if metric != "cosine":
        return [a + (b - a) * step / (steps + 1) for step in range(1, steps + 1)]
    a /= np.linalg.norm(a)
    across = b - (b @ a) * a
    across /= np.linalg.norm(across)
    angle = np.arctan2(b @ across, b @ a)
    return [a * np.cos(angle * i / (steps + 1)) + across * np.sin(angle * i / (steps + 1)) for i in range(1, steps + 1)]


def _ranked(archive: Archive, start: str, end: str, steps: int, metric: str) -> list[list[str]]:
    """Returns, for each point, all artworks sorted by their distance to it."""
    from scipy.spatial import distance

    vectors = vectors_of(archive, "cloud")
    measure = getattr(distance, metric)
    return [
        sorted(vectors, key=lambda name: measure(point, vectors[name].astype(np.float64)))
        for point in _points(archive, start, end, steps, metric)
    ]


def _naive(archive: Archive, start: str, end: str, steps: int, metric: str) -> list[str]:
    way = [start]
    for ranked in _ranked(archive, start, end, steps, metric):
        way.append(next(image_id for image_id in ranked if image_id not in (*way, end)))
    return [*way, end]


def test_a_walk_says_how_far_each_artwork_is_from_the_way(archive: Archive) -> None:
    from scipy.spatial.distance import cosine

    way: Walk = walk(Space(archive, ["cloud"]), _IDS[0], _IDS[77], 5, **_USUAL)
    vectors = vectors_of(archive, "cloud")
    points = _points(archive, _IDS[0], _IDS[77], 5, "cosine")
    expected = [cosine(point, vectors[image_id]) for point, image_id in zip(points, way.ids[1:-1], strict=True)]
    np.testing.assert_allclose(way.distances[1:-1], expected, atol=1e-6)
