from pathlib import Path

import pytest

from artsim.annotations.annotations import Annotations
from artsim.annotations.links import Link, add_links
from artsim.annotations.links_as_annotations import link_annotations
from artsim.annotations.splits import split
from artsim.archive import Archive, UserError
from tests.made import make_archive, named

_IDS = named(120)
_OF_THREE = [(_IDS[start], _IDS[start + 1], _IDS[start + 2]) for start in range(0, 90, 3)]  # clusters: chains of two


def _linked(tmp_path: Path, *more: tuple[int, int, str]) -> Archive:
    archive = make_archive(tmp_path / "archive", _IDS[:3])
    chains = [pair for first, second, third in _OF_THREE for pair in ((first, second), (third, second))]
    links = [(first, second, "POSITIVE") for first, second in chains]
    links += [(_IDS[first], _IDS[second], verdict) for first, second, verdict in more]
    add_links(archive, [Link(*link, "epfl", None, None) for link in links])
    return archive


def _cluster(image_id: str) -> int:
    return int(image_id[-4:]) // 3


def _of(annotations: Annotations, anchor: str) -> list[list[str]]:
    return [image_ids for image_ids in annotations.images.tolist() if image_ids[0] == anchor]


def test_every_positive_link_gives_two_annotations(tmp_path: Path) -> None:
    annotations = link_annotations(_linked(tmp_path), set(_IDS), seed=3)
    pairs = sorted((image_ids[0], image_ids[1]) for image_ids in annotations.images)
    assert pairs == sorted(
        pair
        for first, second, third in _OF_THREE
        for a, b in ((first, second), (second, third))
        for pair in ((a, b), (b, a))
    )
    assert len(set(annotations.annotation_id)) == len(annotations) == 120
    for image_ids in annotations.images.tolist():
        assert len(set(image_ids)) == 9
        assert all(_cluster(image_id) != _cluster(image_ids[0]) for image_id in image_ids[2:])


def test_negative_links_become_negatives(tmp_path: Path) -> None:
    refused = [(0, 40, "NEGATIVE"), (50, 0, "WRONG"), (0, 110, "NEGATIVE"), (0, 40, "NEGATIVE"), (0, 2, "NEGATIVE")]
    annotations = link_annotations(_linked(tmp_path, *refused), set(_IDS), seed=3)
    for image_ids in _of(annotations, _IDS[0]):
        assert {_IDS[40], _IDS[50], _IDS[110]} <= set(image_ids[2:])
        assert _IDS[2] not in image_ids[2:]  # other links relate it to the anchor
    assert all(_IDS[0] in image_ids[2:] for image_ids in _of(annotations, _IDS[40]))


def test_at_most_seven_negative_links_are_used(tmp_path: Path) -> None:
    refused = [(0, place, "NEGATIVE") for place in range(90, 110)]
    (image_ids,) = _of(link_annotations(_linked(tmp_path, *refused), set(_IDS), seed=3), _IDS[0])
    assert set(image_ids[2:]) <= set(_IDS[90:110])


def test_related_items_are_not_negatives(tmp_path: Path) -> None:
    related = [(0, place, "SIMILAR") for place in range(3, 75, 3)]
    annotations = link_annotations(_linked(tmp_path, *related), set(_IDS), seed=3)
    (image_ids,) = _of(annotations, _IDS[0])
    assert all(_cluster(image_id) >= 25 for image_id in image_ids[2:])


def test_unusable_images_are_excluded(tmp_path: Path) -> None:
    refused = [(0, 100, "NEGATIVE")]
    annotations = link_annotations(_linked(tmp_path, *refused), set(_IDS) - {_IDS[4], _IDS[100]}, seed=3)
    assert {_IDS[4], _IDS[100]}.isdisjoint(annotations.images.flat)
    assert len(annotations) == 116


def test_a_split_between_pools_excludes_nothing(tmp_path: Path) -> None:
    annotations = link_annotations(_linked(tmp_path), set(_IDS), seed=3)
    training, verification = split(annotations, "image-disjoint")
    assert len(training) + len(verification) == len(annotations)
    assert set(annotations.images[training].flat).isdisjoint(annotations.images[verification].flat)


def test_too_few_links_is_a_user_error(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", _IDS[:3])
    with pytest.raises(UserError, match="`links`: no positive link"):
        link_annotations(archive, set(_IDS), seed=0)
    add_links(archive, [Link(_IDS[0], _IDS[1], "POSITIVE", "epfl", None, None)])
    with pytest.raises(UserError, match="only 0 linked images are unrelated to"):
        link_annotations(archive, set(_IDS), seed=0)
