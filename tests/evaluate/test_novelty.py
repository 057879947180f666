from pathlib import Path

import numpy as np
import pytest

from artsim.annotations.annotations import Annotations
from artsim.archive import Archive
from artsim.evaluate.novelty import LEVELS, novelty
from artsim.evaluate.systems import systems
from tests.learn.made_annotations import annotations_of, catalog_of, features_of
from tests.learn.made_models import model_of
from tests.made import make_archive, named

_IDS = named(90)
# one in seven has no artist
_ARTISTS = {image_id: f"artist {number // 6}" for number, image_id in enumerate(_IDS) if number % 7}


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    rows = [
        {
            "id": image_id,
            "source": "made",
            "image_url": f"file:///{image_id}",
            "artist": _ARTISTS.get(image_id),
            "rights": "CC0",
        }
        for image_id in _IDS
    ]
    archive = catalog_of(tmp_path_factory.mktemp("standing") / "archive", rows)
    features_of(archive, "dots", {image_id: np.random.default_rng(0).normal(size=4) for image_id in _IDS})
    return archive


def _annotations(seed: int = 2) -> Annotations:
    rng = np.random.default_rng(seed)
    return annotations_of([rng.choice(_IDS, 9, replace=False) for _ in range(120)])


def _levels(archive: Archive, annotations: Annotations, *, features: bool = False, metric: str = "cosine") -> list[str]:
    (entry,) = systems(archive, [["dots"]] if features else [], [] if features else ["eye"], 0)
    return [LEVELS[level] for level in novelty(archive, entry, annotations, metric).level]


def _rows(annotations: Annotations, roles: dict[int, str]) -> list[tuple[str, list[str], str]]:
    return [(annotations.annotation_id[row], annotations.images[row], role) for row, role in roles.items()]


@pytest.mark.parametrize("by", [None, "artist"])
def test_novelty_levels(archive: Archive, by: str | None) -> None:
    """Recomputes the levels with plain loops, for a model trained on twelve annotations or on two."""
    annotations = _annotations()
    for trained in (12, 2):
        model_of(
            archive, "eye", "dots", np.eye(4), _rows(annotations, dict.fromkeys(range(trained), "training")), by=by
        )
        known = {image_id for image_ids in annotations.images[:trained] for image_id in image_ids}
        artists = {_ARTISTS[image_id] for image_id in known if image_id in _ARTISTS}
        pairs = [set(image_ids[:2]) for image_ids in annotations.images[:trained]]
        expected = []
        for row, (anchor, positive, *_) in enumerate(annotations.images):
            if row < trained or {anchor, positive} in pairs:
                expected.append("seen")
            elif anchor in known or positive in known:
                expected.append("new_annotations")
            elif by and _ARTISTS.get(anchor) not in artists and _ARTISTS.get(positive) not in artists:
                expected.append("new_groups")
            else:
                expected.append("new_images")
        assert _levels(archive, annotations) == expected
    assert set(expected) == {"seen", "new_annotations", "new_images", *(["new_groups"] if by else [])}


def test_without_training_everything_is_new(archive: Archive) -> None:
    assert set(_levels(archive, _annotations(), features=True)) == {"untrained"}
    assert _levels(archive, annotations_of([])) == []


@pytest.mark.parametrize(
    ("split", "held_out"),
    [("random", "new_annotations"), ("image-disjoint", "new_images"), ("group-disjoint", "new_groups")],
)
def test_held_out_annotations_of_a_strict_split_have_its_level(archive: Archive, split: str, held_out: str) -> None:
    annotations = _annotations().take(np.arange(6))
    roles = {0: "training", 1: "validation", 2: "verification", 3: "verification"}
    model_of(archive, "eye", "dots", np.eye(4), _rows(annotations, roles), split=split, by="artist")
    assert _levels(archive, annotations)[:4] == ["seen", "validation", held_out, held_out]


def test_the_same_anchor_and_positive_are_seen(archive: Archive) -> None:
    """A trained pair is not new in another annotation, just as it is not new in another fold."""
    annotations = _annotations().take(np.arange(3))
    model_of(archive, "eye", "dots", np.eye(4), _rows(annotations, {0: "training", 1: "validation"}))
    again = annotations_of([[image_ids[1], image_ids[0], *_IDS[:7]] for image_ids in annotations.images])
    again.annotation_id[:] = ["x", "y", "z"]
    assert _levels(archive, again)[:2] == ["seen", "validation"]
    assert _levels(archive, again)[2].startswith("new_")


def test_groups_missing_from_the_catalog_are_not_new(archive: Archive, tmp_path: Path) -> None:
    annotations = _annotations()
    model_of(archive, "eye", "dots", np.eye(4), _rows(annotations, {0: "training"}), by="artist")
    other = make_archive(tmp_path / "other", sorted(set(_IDS) - set(annotations.images[0])))
    (entry,) = systems(archive, [], ["eye"], 0)
    levels = [LEVELS[level] for level in novelty(other, entry, annotations.take(np.arange(1, 60)), "cosine").level]
    assert set(levels) == {"new_images", "new_annotations"}


def test_the_lowest_level_of_several_models_counts(archive: Archive) -> None:
    annotations = _annotations().take(np.arange(20))
    first = model_of(archive, "first", "dots", np.eye(4), _rows(annotations, {0: "training"}))
    features_of(archive, "first", {image_id: np.ones(4) for image_id in _IDS})
    archive.write_json("features/first/_about.json", {"model_hash": first.hash})
    model_of(archive, "eye", "first", np.eye(4), _rows(annotations, {1: "training"}))
    assert _levels(archive, annotations)[:2] == ["seen", "seen"]
    known = {*annotations.images[0], *annotations.images[1]}
    naive = ["new_annotations" if known & set(image_ids[:2]) else "new_images" for image_ids in annotations.images[2:]]
    assert _levels(archive, annotations)[2:] == naive


def test_ranks_of_the_cross_validation(archive: Archive) -> None:
    annotations = _annotations().take(np.arange(4))
    ids = annotations.annotation_id
    held_out = [
        {"annotation_id": ids[0], "kind": "new_images", "fold": 0, "rank": 2.5, "before": 4.0},
        {"annotation_id": ids[2], "kind": "new_images", "fold": 3, "rank": 1.0, "before": 6.5},
        {"annotation_id": ids[2], "kind": "new_annotations", "fold": 0, "rank": 3.0, "before": 6.5},
        {"annotation_id": "of another archive", "kind": "new_images", "fold": 1, "rank": 8.0, "before": 8.0},
    ]
    rows = _rows(annotations, dict.fromkeys(range(3), "training"))
    model_of(archive, "eye", "dots", np.eye(4), rows, split="folds", held_out=held_out)
    (entry,) = systems(archive, [], ["eye"], 0)
    result = novelty(archive, entry, annotations, "cosine")
    assert set(result.tested) == {"new_images", "new_annotations"}
    np.testing.assert_array_equal(result.tested["new_images"].rank, [2.5, np.nan, 1, np.nan])
    np.testing.assert_array_equal(result.tested["new_images"].before, [4, np.nan, 6.5, np.nan])
    assert (result.tested["new_images"].folds, result.tested["new_annotations"].folds) == (3, 1)
    assert result.exactly("new_annotations").tolist()[:3] == [False, False, True]
    assert result.at_least("new_images").tolist()[:3] == [True, False, True]
    assert novelty(archive, entry, annotations, "euclidean").tested == {}
