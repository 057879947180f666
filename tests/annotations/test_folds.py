"""Folds compared with naive loops: what they hold out, what they keep, and how much they lose."""

import numpy as np
import pytest

from artsim.annotations.folds import KINDS, NEW_ANNOTATIONS, NEW_GROUPS, NEW_IMAGES, cut


def _random(annotations: int, images: int, seed: int = 0) -> np.ndarray:
    """Annotations of nine different images each, drawn from all images."""
    rng = np.random.default_rng(seed)
    return np.array([rng.choice(images, 9, replace=False) for _ in range(annotations)])


@pytest.mark.parametrize("kind", [NEW_IMAGES, NEW_GROUPS])
def test_training_excludes_held_out_images_and_keeps_the_rest(kind: str) -> None:
    judged = _random(400, 300)
    groups = np.random.default_rng(1).integers(-1, 60, 300)
    tested: list[int] = []
    for fold in cut(judged, kind, groups=groups):
        held = {image for image in range(300) if fold.held_out[image]}
        if kind == NEW_GROUPS:
            for group in set(groups[sorted(held)].tolist()) - {-1}:
                assert {image for image in range(300) if groups[image] == group} <= held
        expected = []
        for row in judged.tolist():
            anchor, positive, *negatives = row
            if anchor not in held and positive not in held:
                expected.append([anchor, positive, *(-1 if negative in held else negative for negative in negatives)])
        assert fold.training.tolist() == expected
        for row in fold.test.tolist():
            seen = {image for annotation in expected for image in annotation}
            assert judged[row, 0] not in seen
            assert judged[row, 1] not in seen
        possible = [
            row for row, annotation in enumerate(judged.tolist()) if annotation[0] in held and annotation[1] in held
        ]
        if kind == NEW_IMAGES:
            assert fold.test.tolist() == possible
        assert set(fold.test.tolist()) <= set(possible)
        own = {row: (groups[judged[row, 0]], judged[row, 0]) for row in fold.test.tolist()}
        for row, unit in zip(fold.test.tolist(), fold.unit.tolist(), strict=True):
            for other, other_unit in zip(fold.test.tolist(), fold.unit.tolist(), strict=True):
                same = own[row][1] == own[other][1] or (kind == NEW_GROUPS and own[row][0] == own[other][0] >= 0)
                assert (unit == other_unit) == same
        tested += fold.test.tolist()
    assert len(tested) == len(set(tested))


def test_new_annotations_are_assigned_by_pair() -> None:
    judged = _random(90, 200)
    judged[30:60, :2] = judged[:30, 1::-1]  # the same pairs the other way round
    judged[60:75] = judged[75:]  # the same nine images with another choice
    judged[60:75, 1:3] = judged[60:75, 2:0:-1]
    folds = cut(judged, NEW_ANNOTATIONS)
    assert sorted(row for fold in folds for row in fold.test.tolist()) == list(range(90))
    for fold in folds:
        test = {frozenset(judged[row, :2].tolist()) for row in fold.test}
        assert test.isdisjoint(frozenset(annotation[:2]) for annotation in fold.training.tolist())
        image_sets = {frozenset(judged[row].tolist()) for row in fold.test}
        assert image_sets.isdisjoint(frozenset(annotation) for annotation in fold.training.tolist())
        assert len(fold.training) + len(fold.test) == 90
        assert (fold.training >= 0).all()
        assert 12 <= len(fold.test) <= 24


def test_few_random_annotations_are_unused() -> None:
    """With 3,000 annotations of 2,934 images, dealing single images would test a fifth and train folds on 64%."""
    judged = _random(3000, 2934)
    folds = cut(judged, NEW_IMAGES)
    assert len(folds) == 5
    assert sum(len(fold.test) for fold in folds) > 0.5 * 3000
    assert all(len(fold.training) > 0.68 * 3000 for fold in folds)
    sizes = [fold.held_out.sum() for fold in folds]
    assert max(sizes) < 1.3 * min(sizes)


@pytest.mark.parametrize("kind", KINDS)
def test_folds_depend_on_the_seed(kind: str) -> None:
    judged, groups = _random(60, 100), np.arange(100) // 4
    first, same, other = (
        [fold.test.tolist() for fold in cut(judged, kind, groups=groups, seed=seed)] for seed in (1, 1, 2)
    )
    assert first == same != other


@pytest.mark.parametrize("kind", KINDS)
def test_folds_that_test_nothing_are_left_out(kind: str) -> None:
    disjoint = np.array([range(9), range(9, 18)])
    folds = cut(disjoint, kind, groups=np.full(18, -1))
    assert [len(fold.test) for fold in folds] == [1, 1]
    assert all(len(fold.training) == 1 for fold in folds)
    alike = np.array([range(9)] * 5)
    assert cut(alike, kind, groups=np.zeros(9, np.int64)) == []


def test_large_groups_are_not_overrepresented() -> None:
    """One group of 100 images holds anchor and positive of 30% of annotations; 200 images are in groups of two."""
    groups = np.concatenate([np.zeros(100, np.int64), 1 + np.arange(200) // 2])
    rng = np.random.default_rng(5)
    rows = []
    for number in range(1200):
        side = np.arange(100) if number % 10 < 3 else np.arange(100, 300)
        pair = rng.choice(side, 2, replace=False)
        rows.append([*pair, *rng.choice(np.setdiff1d(np.arange(300), pair), 7, replace=False)])
    judged = np.array(rows)
    tested = np.concatenate([fold.test for fold in cut(judged, NEW_GROUPS, groups=groups)])
    assert len(tested) > 150
    assert abs((judged[tested, 0] < 100).mean() - 0.3) < 0.02


def test_folds_with_too_little_training_are_left_out() -> None:
    """One group has 240 of 300 images; without it, almost nothing is left to train on."""
    judged = _random(400, 300)
    folds = cut(judged, NEW_GROUPS, groups=np.where(np.arange(300) < 240, 0, np.arange(300)))
    assert folds
    assert all(len(fold.training) >= 200 for fold in folds)
