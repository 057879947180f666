from pathlib import Path

import pytest

from artsim.archive import Archive, UserError
from artsim.learn.annotations import Annotations
from artsim.learn.links import Link, add_links
from artsim.learn.splits import split
from artsim.learn.train_links import link_annotations
from tests.made import make_archive, named

_IDS = named(120)
_OF_THREE = [(_IDS[start], _IDS[start + 1], _IDS[start + 2]) for start in range(0, 90, 3)]  # clusters: chains of two


def _linked(tmp_path: Path, *more: tuple[int, int, str]) -> Archive:
    archive = make_archive(tmp_path / "archive", _IDS[:3])
    chains = [pair for one, two, three in _OF_THREE for pair in ((one, two), (three, two))]
    links = [(one, other, "POSITIVE") for one, other in chains]
    links += [(_IDS[one], _IDS[other], verdict) for one, other, verdict in more]
    add_links(archive, [Link(*link, "epfl", None, None) for link in links])
    return archive


def _cluster(one: str) -> int:
    return int(one[-4:]) // 3


def _of(annotations: Annotations, anchor: str) -> list[list[str]]:
    return [nine for nine in annotations.images.tolist() if nine[0] == anchor]


def test_every_positive_link_is_asked_from_both_ends(tmp_path: Path) -> None:
    found = link_annotations(_linked(tmp_path), set(_IDS), seed=3)
    pairs = sorted((nine[0], nine[1]) for nine in found.images)
    assert pairs == sorted(
        pair for one, two, three in _OF_THREE for a, b in ((one, two), (two, three)) for pair in ((a, b), (b, a))
    )
    assert len(set(found.annotation_id)) == len(found) == 120
    for nine in found.images.tolist():
        assert len(set(nine)) == 9
        assert all(_cluster(one) != _cluster(nine[0]) for one in nine[2:])


def test_what_was_refused_is_a_negative(tmp_path: Path) -> None:
    refused = [(0, 40, "NEGATIVE"), (50, 0, "WRONG"), (0, 110, "NEGATIVE"), (0, 40, "NEGATIVE"), (0, 2, "NEGATIVE")]
    found = link_annotations(_linked(tmp_path, *refused), set(_IDS), seed=3)
    for nine in _of(found, _IDS[0]):
        assert {_IDS[40], _IDS[50], _IDS[110]} <= set(nine[2:])
        assert _IDS[2] not in nine[2:]  # others have tied it to the anchor
    assert all(_IDS[0] in nine[2:] for nine in _of(found, _IDS[40]))


def test_of_many_refused_there_are_seven(tmp_path: Path) -> None:
    refused = [(0, place, "NEGATIVE") for place in range(90, 110)]
    (nine,) = _of(link_annotations(_linked(tmp_path, *refused), set(_IDS), seed=3), _IDS[0])
    assert set(nine[2:]) <= set(_IDS[90:110])


def test_kindred_are_no_negatives(tmp_path: Path) -> None:
    kindred = [(0, place, "SIMILAR") for place in range(3, 75, 3)]
    found = link_annotations(_linked(tmp_path, *kindred), set(_IDS), seed=3)
    (nine,) = _of(found, _IDS[0])
    assert all(_cluster(one) >= 25 for one in nine[2:])


def test_images_that_are_not_usable_are_not_used(tmp_path: Path) -> None:
    refused = [(0, 100, "NEGATIVE")]
    found = link_annotations(_linked(tmp_path, *refused), set(_IDS) - {_IDS[4], _IDS[100]}, seed=3)
    assert {_IDS[4], _IDS[100]}.isdisjoint(found.images.flat)
    assert len(found) == 116


def test_a_split_between_pools_loses_nothing(tmp_path: Path) -> None:
    found = link_annotations(_linked(tmp_path), set(_IDS), seed=3)
    training, verification = split(found, "image-disjoint")
    assert len(training) + len(verification) == len(found)
    assert set(found.images[training].flat).isdisjoint(found.images[verification].flat)


def test_too_few_links_are_said(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive", _IDS[:3])
    with pytest.raises(UserError, match="--links: no positive link"):
        link_annotations(archive, set(_IDS), seed=0)
    add_links(archive, [Link(_IDS[0], _IDS[1], "POSITIVE", "epfl", None, None)])
    with pytest.raises(UserError, match="only 0 linked images are unrelated to"):
        link_annotations(archive, set(_IDS), seed=0)
