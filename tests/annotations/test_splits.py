import numpy as np
import pytest

from artsim.annotations.annotations import Annotations
from artsim.annotations.splits import disjoint_splits, split
from artsim.archive import UserError
from tests.learn.made_annotations import annotations_of


def _drawn(rng: np.random.Generator, n: int, images: int, pools: int = 1) -> Annotations:
    """Random annotations of nine images from one of several pools, as ``simulate`` draws them."""
    members = np.array_split(rng.permutation(images), pools)
    return annotations_of(
        [[f"i{image}" for image in rng.choice(members[rng.integers(pools)], 9, replace=False)] for _ in range(n)]
    )


def _images(annotations: Annotations, rows: np.ndarray) -> set[str]:
    return {image for row in rows for image in annotations.images[row]}


def _check(annotations: Annotations, kind: str, training, verification, groups=None) -> None:
    """Checks with plain loops that training and test set do not overlap and exclude only what overlaps."""
    assert training.dtype == verification.dtype == np.int64
    assert len(training) and len(verification)
    assert np.all(np.diff(training) > 0) and np.all(np.diff(verification) > 0)
    assert not set(training.tolist()) & set(verification.tolist())
    if kind == "random":
        return
    groups = groups or {}
    held = {groups.get(image, image) for image in _images(annotations, verification)}
    assert not held & {groups.get(image, image) for image in _images(annotations, training)}
    for row in set(range(len(annotations))) - set(training.tolist()) - set(verification.tolist()):
        assert held & {groups.get(image, image) for image in annotations.images[row]}


@pytest.mark.parametrize("seed", range(60))
def test_training_and_test_share_nothing(seed: int) -> None:
    """Sparse and dense annotations, with and without pools and groups."""
    rng = np.random.default_rng(seed)
    pools = int(rng.integers(1, 7))
    images = int(rng.integers(12 * pools, 900))
    annotations = _drawn(rng, int(rng.integers(7, 300)), images, pools)
    groups = {f"i{number}": f"g{rng.integers(200)}" for number in range(0, images, 1 + seed % 3)}
    share = float(rng.uniform(0.05, 0.6))
    count = int(rng.integers(2, 7))
    for kind, given in (("image-disjoint", None), ("group-disjoint", groups), ("random", None)):
        try:
            training, verification = split(annotations, kind, share=share, seed=seed, groups=given)
            _check(annotations, kind, training, verification, given)
            pairs = disjoint_splits(annotations, kind, count=count, seed=seed, groups=given)
        except UserError as mistake:  # all annotations are connected
            assert "training or test set would be empty" in str(mistake)
            assert kind == "group-disjoint" or (kind == "image-disjoint" and images < 20)
            continue
        assert len(pairs) == count
        for training, verification in pairs:
            _check(annotations, kind, training, verification, given)
        tested = [row for _, verification in pairs for row in verification.tolist()]
        assert len(set(tested)) == len(tested)


def test_pools_exclude_nothing_and_give_the_share() -> None:
    annotations = _drawn(np.random.default_rng(0), 1000, 900, pools=5)
    training, verification = split(annotations, "image-disjoint", seed=3)
    assert len(training) + len(verification) == 1000
    assert 0.15 < len(verification) / 1000 < 0.25
    pairs = disjoint_splits(annotations, "image-disjoint", seed=3)
    assert sorted(row for _, verification in pairs for row in verification) == list(range(1000))
    assert all(len(training) + len(verification) == 1000 for training, verification in pairs)
    inner = annotations.take(training)  # four pools are left: two of the five folds must share one
    for inner_training, inner_test in disjoint_splits(inner, "image-disjoint", seed=3):
        _check(inner, "image-disjoint", inner_training, inner_test)
        assert len(inner_training) > 0.6 * len(inner)


def test_groups_within_pools_exclude_nothing() -> None:
    rows = [[f"{row % 6}/{row}/{number}" for number in range(9)] for row in range(120)]
    annotations = annotations_of(rows)
    groups = {image: f"artist {image[0]}" for image in annotations.ids()}
    training, verification = split(annotations, "group-disjoint", groups=groups, seed=1)
    _check(annotations, "group-disjoint", training, verification, groups)
    assert (len(training), len(verification)) == (100, 20)
    pairs = disjoint_splits(annotations, "group-disjoint", count=3, groups=groups)
    assert [(len(training), len(verification)) for training, verification in pairs] == [(80, 40)] * 3


def test_disjoint_annotations_are_split_exactly() -> None:
    annotations = annotations_of([[f"{row}/{number}" for number in range(9)] for row in range(50)])
    for kind in ("image-disjoint", "random"):
        training, verification = split(annotations, kind, share=0.3, seed=2)
        assert (len(training), len(verification)) == (35, 15)
        pairs = disjoint_splits(annotations, kind, count=4)
        assert sorted(len(verification) for _, verification in pairs) == [12, 12, 13, 13]


def test_both_sides_are_never_empty() -> None:
    annotations = annotations_of([[f"{row}/{number}" for number in range(9)] for row in range(3)])
    for share in (0.01, 0.5, 0.99):
        training, verification = split(annotations, "image-disjoint", share=share)
        assert len(training) >= 1 and len(verification) >= 1 and len(training) + len(verification) == 3


def test_the_greedy_choice_excludes_less_than_a_random_one() -> None:
    rng = np.random.default_rng(0)
    annotations = _drawn(rng, 1000, 1000)
    training, verification = split(annotations, "image-disjoint", seed=0)
    _check(annotations, "image-disjoint", training, verification)
    assert len(verification) >= 0.2 * (len(training) + len(verification))
    chance = []
    for _ in range(5):  # as many annotations, held out at random
        held = rng.choice(1000, len(verification), replace=False)
        held_images = _images(annotations, held)
        chance.append(sum(held_images.isdisjoint(images) for images in annotations.images))
    assert len(training) > 1.5 * max(chance)


def test_the_same_seed_repeats_the_split() -> None:
    annotations = _drawn(np.random.default_rng(5), 200, 300, pools=10)
    first, again, other = (split(annotations, "image-disjoint", seed=seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_repeated_annotations_stay_together() -> None:
    rows = [[f"{row}/{number}" for number in range(9)] for row in range(20)]
    annotations = annotations_of(rows + rows)
    _, verification = split(annotations, "image-disjoint", seed=0)
    assert {row + 20 if row < 20 else row - 20 for row in verification.tolist()} == set(verification.tolist())


@pytest.mark.parametrize(
    ("call", "expected_text"),
    [
        (lambda a: split(a, "disjoint"), "image-disjoint, group-disjoint, random"),
        (lambda a: split(a, "group-disjoint"), "groups"),
        (lambda a: split(a, "random", share=1.0), "share of 1.0"),
        (lambda a: split(a.take(np.arange(1)), "random"), "1 annotations"),
        (lambda a: disjoint_splits(a, "random", count=1), "1 folds"),
        (lambda a: disjoint_splits(a, "random", count=99), "99 folds"),
        (
            lambda a: split(a, "group-disjoint", groups=dict.fromkeys(a.ids(), "one")),
            "training or test set would be empty",
        ),
    ],
)
def test_impossible_splits_are_user_errors(call, expected_text: str) -> None:
    annotations = _drawn(np.random.default_rng(0), 20, 40)
    with pytest.raises(UserError, match=expected_text):
        call(annotations)
