import numpy as np

from artsim.duplicates.groups import grouped


def _grouped(count: int, known: dict[tuple[int, int], float], hidden: dict[tuple[int, int], float] | None = None):
    asked: list[tuple[int, int]] = []

    def check(pairs: np.ndarray) -> np.ndarray:
        asked.extend(map(tuple, pairs.tolist()))
        return np.array([(hidden or {}).get(tuple(pair), 0.0) for pair in pairs.tolist()])

    pairs = np.array([*known], np.int64).reshape(-1, 2)
    leader, confidence = grouped(pairs, np.array([*known.values()]), np.arange(count), 0.8, check)
    return leader.tolist(), confidence.tolist(), asked


def test_two_pairs_with_a_common_image_are_one_group_if_the_third_pair_agrees() -> None:
    leader, confidence, asked = _grouped(4, {(0, 1): 0.9, (1, 2): 0.95}, {(0, 2): 0.85})
    assert (leader, confidence) == ([0, 0, 0, -1], [0.9, 0.9, 0.85, 0.0])
    assert asked == [(0, 2)]


def test_a_pair_that_agrees_by_mistake_does_not_join_two_works() -> None:
    # 0, 1, 2 show one work and 3, 4, 5 another; 2 and 3 agree by mistake
    known = {(0, 1): 0.99, (0, 2): 0.98, (1, 2): 0.97, (3, 4): 0.96, (3, 5): 0.95, (4, 5): 0.99, (2, 3): 0.81}
    leader, confidence, _ = _grouped(6, known)
    assert leader == [0, 0, 0, 3, 3, 3]
    assert confidence == [0.99, 0.99, 0.98, 0.96, 0.96, 0.95]


def test_an_image_is_in_no_group_if_only_another_duplicate_resembles_it() -> None:
    leader, _, asked = _grouped(3, {(0, 1): 0.9, (1, 2): 0.9})
    assert (leader, asked) == ([0, 0, -1], [(0, 2)])


def test_pairs_below_the_threshold_are_no_duplicates() -> None:
    assert _grouped(3, {(0, 1): 0.79, (1, 2): 0.1}) == ([-1, -1, -1], [0.0, 0.0, 0.0], [])


def test_the_representative_has_the_lowest_rank() -> None:
    pairs, rank = np.array([[0, 1], [1, 2], [0, 2]]), np.array([2, 1, 0])
    leader, _ = grouped(pairs, np.ones(3), rank, 0.8, lambda more: np.zeros(len(more)))
    assert leader.tolist() == [2, 2, 2]


def test_every_member_agrees_with_its_representative_in_random_graphs() -> None:
    rng = np.random.default_rng(3)
    for _ in range(20):
        truth = rng.random((30, 30)) ** 3
        truth = np.maximum(truth, truth.T)
        pairs = np.unique(np.sort(rng.integers(0, 30, (60, 2)), axis=1), axis=0)
        pairs = pairs[pairs[:, 0] < pairs[:, 1]]
        scores = truth[tuple(pairs.T)]
        leader, confidence = grouped(pairs, scores, np.arange(30), 0.6, lambda more, of=truth: of[tuple(more.T)])
        for row, head in enumerate(leader.tolist()):
            if head >= 0 and head != row:
                assert leader[head] == head < row
                assert confidence[row] == truth[head, row] >= 0.6
            if head == row:
                members = [other for other in np.flatnonzero(leader == head) if other != head]
                assert confidence[head] == max(truth[head, other] for other in members)
