import numpy as np
import pytest

from artsim.annotation_page.choices import anchors_of, near_choices, random_choices, with_repeats
from artsim.annotation_page.pools import pools_of
from artsim.annotation_page.uncertain import entropies, most_uncertain, nearest_choices
from artsim.archive import UserError
from artsim.metrics.vectors import unit_length


def test_the_nine_are_different_and_of_one_pool() -> None:
    rng = np.random.default_rng(0)
    pool = np.array([*np.repeat([0, 1, 2], [9, 30, 200]), -1, -1])
    anchors = anchors_of(pool, [], 5, rng)
    assert sorted(anchors) == list(range(239))
    choices = random_choices(pool, anchors, rng)
    assert choices.shape == (239, 9) and (choices[:, 0] == anchors).all()
    for choice in choices:
        assert len(set(choice)) == 9 and len(set(pool[choice])) == 1


def test_every_candidate_is_as_likely_as_every_other() -> None:
    pool = np.zeros(12, np.int64)
    choices = random_choices(pool, np.zeros(4000, np.int64), np.random.default_rng(1))
    counts = np.bincount(choices[:, 1:].ravel(), minlength=12)
    assert counts[0] == 0 and np.abs(counts[1:] - 4000 * 8 / 11).max() < 150
    first = np.bincount(choices[:, 1], minlength=12)  # the position on the page gives no hint either
    assert np.abs(first[1:] - 4000 / 11).max() < 100


def test_anchors_judged_before_come_last_and_only_if_they_are_needed() -> None:
    pool, rng = np.zeros(50, np.int64), np.random.default_rng(0)
    assert set(anchors_of(pool, [3, 7, 9], 47, rng)) == set(range(50)) - {3, 7, 9}
    anchors = anchors_of(pool, [3, 7, 9], 49, rng)
    assert len(set(anchors)) == 49 and set(anchors[-2:]) < {3, 7, 9}


def test_near_candidates_are_near() -> None:
    near = {4: np.arange(10, 30), 5: np.arange(40, 48)}
    choices = near_choices(near, np.array([4, 5]), np.random.default_rng(0))
    assert set(choices[0, 1:]) < set(range(10, 30)) and set(choices[1, 1:]) == set(range(40, 48))
    assert choices[:, 0].tolist() == [4, 5]


def test_pools_stay_when_the_archive_grows() -> None:
    keys = [f"m:{number}" for number in range(1000)]
    before, after = pools_of(keys[:600], 9, None), pools_of(keys, 9, None)
    assert (after[:600] == before).all() and set(after) == {0, 1, 2, 3, 4}
    assert (pools_of(keys[::-1], 9, None)[::-1] == after).all()


@pytest.mark.parametrize(("count", "pools"), [(9, 1), (60, 1), (100, 2), (1000, 5)])
def test_a_small_archive_has_fewer_pools(count: int, pools: int) -> None:
    assert len(set(pools_of([str(number) for number in range(count)], 9, None))) == pools


def test_a_group_is_in_one_pool_and_a_pool_with_too_few_is_not_used() -> None:
    keys = [f"artist {number % 40}" for number in range(400)]
    pool = pools_of(keys, 9, 3)
    assert all(len({place for key, place in zip(keys, pool, strict=True) if key == group}) == 1 for group in set(keys))
    few = pools_of([str(number) for number in range(60)], 9, 7)
    sizes = np.bincount(few[few >= 0], minlength=7)
    assert (few == -1).any() and sizes[sizes > 0].min() >= 9


def test_too_few_artworks_for_the_pools_are_a_mistake() -> None:
    with pytest.raises(UserError, match="use fewer `pools`"):
        pools_of([str(number) for number in range(20)], 9, 10)
    with pytest.raises(UserError, match=r"no pool has 9 artworks; there are 8 in all$"):
        pools_of([str(number) for number in range(8)], 9, None)
    with pytest.raises(UserError, match="`pools` 0: must be 1 or more"):
        pools_of(["a"], 9, 0)


def test_the_entropy_is_that_of_the_softmax_computed_naively() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.normal(size=(60, 7))
    choices = np.array([rng.choice(60, 9, replace=False) for _ in range(25)])
    distances = np.array(
        [
            [1 - vectors[a] @ vectors[c] / np.linalg.norm(vectors[a]) / np.linalg.norm(vectors[c]) for c in others]
            for a, *others in choices.tolist()
        ]
    )
    temperature = np.median([sorted(row)[1] - sorted(row)[0] for row in distances])
    naive = []
    for row in distances:
        shares = np.exp(-row / temperature) / np.exp(-row / temperature).sum()
        naive.append(-sum(share * np.log(share) for share in shares))
    np.testing.assert_allclose(entropies(unit_length(vectors), choices), naive)
    np.testing.assert_allclose(entropies(unit_length(vectors * 1e-3), choices), naive)  # the scale does not matter


def test_the_entropy_of_what_is_clear_tied_or_not_a_number() -> None:
    vectors = np.eye(12)
    vectors[1] = vectors[0]
    vectors[11] = np.nan
    choices = np.array([[0, *range(1, 9)], [10, *range(1, 9)], [10, 11, *range(2, 9)]])
    clear, *_, tied, not_finite = entropies(vectors, choices[[0, 0, 0, 1, 2]])
    share = np.e / (np.e + 7)  # the gap of 1 is the median
    assert clear == pytest.approx(-share * np.log(share) - (1 - share) * np.log((1 - share) / 7))
    assert tied == pytest.approx(np.log(8)) and not_finite == -1
    collapsed = entropies(unit_length(np.ones((12, 4))), choices)
    np.testing.assert_allclose(collapsed, np.log(8))


def test_candidates_of_hard_choices_are_the_nearest_of_forty() -> None:
    rng = np.random.default_rng(5)
    unit = unit_length(rng.normal(size=(41, 4)))
    choices = nearest_choices(unit, np.zeros(41, np.int64), 10, 25, rng)
    assert choices[:, 0].tolist() == [*range(10), *range(10), *range(5)]
    for anchor, *candidates in choices.tolist():  # of 41 images, the forty nearest are all others
        order = sorted(
            (image for image in range(41) if image != anchor), key=lambda index: -float(unit[index] @ unit[anchor])
        )
        assert set(candidates) == set(order[:8])
    assert any(
        choice[1:] != sorted(choice[1:], key=lambda index: -float(unit[index] @ unit[choice[0]]))
        for choice in choices.tolist()
    )
    pool = np.repeat([0, 1, 2], [20, 16, 5])
    for choice in nearest_choices(unit, pool, 41, 82, rng):
        assert len(set(choice)) == 9 and len(set(pool[choice])) == 1 and pool[choice[0]] != 2


def test_uncertain_choices_share_no_anchor_and_few_images() -> None:
    rng = np.random.default_rng(0)
    choices = np.array([rng.choice(300, 9, replace=False) for _ in range(600)])
    uncertainty = rng.random(600)
    uncertainty[:5] = -1
    rows = most_uncertain(uncertainty, choices, 20)
    assert len(set(choices[rows, 0])) == 20 and (uncertainty[rows] >= 0).all()
    assert uncertainty[rows].mean() > 0.9
    seen: set[int] = set()
    for choice in choices[rows]:
        assert len(seen.intersection(choice.tolist())) <= 2
        seen.update(choice.tolist())


def test_fewer_uncertain_choices_where_anchors_are_few() -> None:
    choices = np.array([[0, *range(1, 9)], [0, *range(2, 10)], [1, 0, *range(2, 9)]])
    assert sorted(choices[most_uncertain(np.array([0.5, 0.9, 0.1]), choices, 9), 0]) == [0, 1]
    assert most_uncertain(np.array([0.5, 0.9, 0.1]), choices, 1).tolist() == [1]
    with pytest.raises(UserError, match="no finite vector"):
        most_uncertain(np.full(3, -1.0), choices, 2)


def test_repeats_come_late_with_their_candidates_in_another_order() -> None:
    rng = np.random.default_rng(0)
    choices = np.array([rng.choice(500, 9, replace=False) for _ in range(90)])
    both = with_repeats(choices, 10, rng)
    assert len(both) == 100 and (both[:45] == choices[:45]).all()
    first: dict[tuple[int, ...], int] = {}
    again = 0
    for row, choice in enumerate(both.tolist()):
        key = (choice[0], *sorted(choice[1:]))
        if key in first:
            again += 1
            assert row >= 45 and first[key] < 30 and choice != both[first[key]].tolist()
        else:
            first[key] = row
    assert again == 10 and len(first) == 90
