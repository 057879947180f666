"""Heads: the fit, its calibration, abstention, labels that a fold lacks, several labels at once."""

import numpy as np
import pytest
from scipy.special import softmax

from artsim.labels.calibration import Goals, abstention, calibrate, folds, log_loss, log_prior
from artsim.labels.cross_validation import OutOfFold, vote
from artsim.labels.evaluate import score
from artsim.labels.heads import Answers, Head
from artsim.labels.label_errors import suspects
from artsim.labels.logistic import fit_heads
from artsim.labels.options import LabelsOptions
from artsim.labels.settings import options_of, settings_of
from artsim.labels.tasks import Task
from artsim.metrics.classification import calibration_error

_GOALS = Goals(accuracy=0.8, threshold=None, coverage=0.9, balanced=True)


def _blobs(count: int, classes: int, distance: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    x = rng.normal(size=(count, 8)) + distance * np.eye(classes, 8)[labels]
    return (100 + 5 * x).astype(np.float32), np.eye(classes, dtype=bool)[labels]


def _task(targets: np.ndarray, has_several: bool = False) -> Task:
    return Task("style", tuple(map(str, range(targets.shape[1]))), targets, has_several, {})


def fit_head(x: np.ndarray, task: Task, groups: np.ndarray, goals: Goals, seed: int) -> Head:
    return fit_heads(x, [task], groups, goals, seed)[0]


def test_the_log_loss_is_the_mean_of_minus_log_probabilities() -> None:
    logits = np.random.default_rng(0).normal(size=(20, 3))
    targets = np.eye(3, dtype=bool)[np.arange(20) % 3]
    naive = -np.mean([np.log(softmax(row)[number % 3]) for number, row in enumerate(logits)])
    assert log_loss(logits, targets, has_several=False) == pytest.approx(naive)
    p = 1 / (1 + np.exp(-logits))
    naive = -np.where(targets, np.log(p), np.log(1 - p)).sum() / 20
    assert log_loss(logits, targets, has_several=True) == pytest.approx(naive)


def test_the_calibration_recovers_temperature_and_prior() -> None:
    rng = np.random.default_rng(1)
    true = rng.normal(size=(20_000, 4)) * 2
    prior = np.log([0.7, 0.2, 0.08, 0.02])
    labels = np.array([rng.choice(4, p=p) for p in softmax(true + 0.5 * prior, axis=1)])
    temperature, share, _ = calibrate(3 * true, np.eye(4, dtype=bool)[labels], prior, has_several=False)
    assert temperature == pytest.approx(3, rel=0.05)
    assert share == pytest.approx(0.5, abs=0.05)


def test_the_log_prior_is_the_share_of_each_label() -> None:
    targets = np.eye(2, dtype=bool)[[0] * 300 + [1] * 100]
    assert np.exp(log_prior(targets, False)) == pytest.approx([0.75, 0.25], abs=0.01)
    assert np.exp(log_prior(targets, True)) == pytest.approx([3, 1 / 3], rel=0.02)


@pytest.mark.parametrize("has_several", [False, True])
def test_a_head_predicts_calibrated_probabilities(has_several: bool) -> None:
    x, targets = _blobs(3000, 5, 2.0)
    head = fit_head(x[:1500], _task(targets[:1500], has_several), np.arange(1500), _GOALS, seed=0)
    probabilities = head.probabilities(x[1500:])
    labels = targets[1500:].argmax(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    assert correct.mean() > 0.75
    if has_several:  # each label by itself
        assert calibration_error(probabilities.ravel(), targets[1500:].ravel()) < 0.05
    else:
        assert calibration_error(probabilities.max(axis=1), correct) < 0.05
        assert probabilities.sum(axis=1) == pytest.approx(np.ones(1500), abs=1e-5)
        sets = 1 - probabilities <= head.quantile
        assert 0.87 < sets[np.arange(1500), labels].mean() < 0.93
        kept = probabilities.max(axis=1) >= head.threshold
        assert 0.76 < correct[kept].mean() < 0.9


def test_the_weights_do_not_depend_on_scale_and_offset() -> None:
    x, targets = _blobs(400, 3, 2.0)
    first = fit_head(x, _task(targets), np.arange(400), _GOALS, seed=0)
    second = fit_head(x * 7 - 300, _task(targets), np.arange(400), _GOALS, seed=0)
    assert first.probabilities(x) == pytest.approx(second.probabilities(x * 7 - 300), abs=1e-2)


def test_a_label_of_a_single_group_is_learned_although_its_fold_cannot_know_it() -> None:
    x, targets = _blobs(300, 3, 4.0)
    groups = np.where(targets[:, 2], 0, np.arange(300))
    head = fit_head(x, _task(targets), groups, _GOALS, seed=0)
    assert (head.probabilities(x).argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.9
    assert np.isfinite(head.temperature) and head.temperature < 5


def test_a_fold_with_a_single_label_can_be_fitted() -> None:
    x, targets = _blobs(60, 2, 4.0)
    groups = np.where(targets[:, 0], 0, 1)  # each label has one group: half of the folds know one label only
    head = fit_head(x, _task(targets), groups, _GOALS, seed=0)
    assert (head.probabilities(x).argmax(axis=1) == targets.argmax(axis=1)).mean() > 0.9
    everywhere = np.column_stack([np.ones(60, bool), targets[:, 0]])
    head = fit_head(x, _task(everywhere, has_several=True), np.arange(60), _GOALS, seed=0)
    assert head.probabilities(x)[:, 0].min() > 0.9


def test_rows_without_a_label_are_left_out() -> None:
    x, targets = _blobs(400, 3, 3.0)
    garbage = np.full((50, 8), 1e4, np.float32)
    without = np.concatenate([targets, np.zeros((50, 3), bool)])
    first = fit_head(x, _task(targets), np.arange(400), _GOALS, seed=0)
    second = fit_head(np.concatenate([x, garbage]), _task(without), np.arange(450), _GOALS, seed=0)
    assert first.probabilities(x) == pytest.approx(second.probabilities(x), abs=0.05)


def test_folds_hold_out_whole_groups() -> None:
    groups = np.arange(100) // 7
    targets = np.eye(2, dtype=bool)[np.arange(100) % 2]
    tested = []
    for training, test in folds(targets, groups, 0):
        assert not set(groups[training]) & set(groups[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(100))
    rare = np.eye(10, dtype=bool)[np.arange(30) % 10]  # three rows of each label
    assert sorted(row for _, test in folds(rare, np.arange(30), 0) for row in test) == list(range(30))
    assert len(list(folds(targets, np.zeros(100, int), 0))) == 5  # a single group is split at random


def test_abstention_is_the_lowest_confidence_with_the_accuracy() -> None:
    rng = np.random.default_rng(2)
    confidence = np.round(rng.random(500), 2)
    correct = rng.random(500) < confidence
    chosen = abstention(confidence, correct, 0.8)
    enough = [c for c in np.unique(confidence) if sum(confidence >= c) >= 20 and correct[confidence >= c].mean() >= 0.8]
    assert chosen == min(enough)
    assert abstention(np.ones(500), np.zeros(500, bool), 0.8) == np.inf, "even a probability of 1 is below it"


def test_fewer_than_two_rows_have_no_folds_but_a_head() -> None:
    for count in (0, 1):
        assert list(folds(np.ones((count, 2), bool), np.arange(count), 0)) == []
        head = fit_head(
            np.ones((count, 4), np.float32), _task(np.eye(2, dtype=bool)[:count]), np.arange(count), _GOALS, 0
        )
        assert np.isfinite(head.probabilities(np.ones((3, 4), np.float32))).all()
        assert head.answers(np.ones((3, 4), np.float32)).abstained.all()


def test_a_vote_without_neighbors_has_no_shares() -> None:
    votes = vote(np.ones((2, 4), np.float32), np.empty((0, 4), np.float32), np.empty((0, 3), bool))
    assert votes.tolist() == [[0, 0, 0], [0, 0, 0]]


def test_the_calibration_error_before_is_that_of_the_labels_before() -> None:
    targets, before = np.eye(2, dtype=bool)[[0, 0]], np.array([[0.4, 0.6], [1.0, 0.0]], np.float32)
    after = np.array([[0.9, 0.1], [0.9, 0.1]], np.float32)
    uncalibrated, answers = (Answers(p, p.argmax(axis=1), np.zeros(2, bool)) for p in (before, after))
    result = OutOfFold(np.arange(2), targets, answers, uncalibrated, after, after > 0.5)
    assert score(result, np.arange(2), 0)["ece_before"] == 0.3  # 0.6 for a wrong label, 1.0 for a right one


def test_suspects_are_found_if_no_label_that_occurs_is_probable() -> None:
    probabilities = np.zeros((40, 3))
    probabilities[:, 2] = 1  # a label that no artwork has
    probabilities[:20, 0], probabilities[20:38, 1], probabilities[38, 0] = 0.5, 0.5, 0.5
    assert suspects(np.repeat([0, 1], 20), probabilities).tolist() == [38]


def test_settings_that_change_nothing_are_left_out() -> None:
    options = LabelsOptions(action="train", name="n", columns=("style",))
    later = {"level_separator", "hidden", "strength", "head"}
    assert not later & settings_of(options).keys()
    other = LabelsOptions(action="train", name="n", columns=("style",), head="mlp", hidden=8, strength=0.1)
    assert later - settings_of(other).keys() == {"level_separator"}
    for each in (options, other):
        assert options_of({"query": settings_of(each)}, options) == each
