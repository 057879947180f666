"""Heads that share a hidden layer: what they learn, missing labels, levels, repeated fits."""

import numpy as np
import pytest
import torch

from artsim.labels import mlp
from artsim.labels.calibration import Goals
from artsim.labels.heads import Head
from artsim.labels.mlp import _fit, _TaskLoss, fit_mlp
from artsim.labels.tasks import Task

_GOALS = Goals(accuracy=0.8, threshold=None, coverage=0.9, balanced=True)
_PARENTS = np.array([0, 0, 1, 1])


def _rings(count: int, seed: int = 0) -> tuple[np.ndarray, list[Task]]:
    """Vectors whose first task is whether two signs agree, which no linear head can tell; and its two subdivisions."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 4))
    agree, side = (x[:, 0] * x[:, 1] > 0).astype(int), (x[:, 2] > 0).astype(int)
    x = (50 + 3 * np.sign(x) + x).astype(np.float32)
    first = Task("signs", ("differ", "agree"), np.eye(2, dtype=bool)[agree], False, {})
    names = ("differ > no", "differ > yes", "agree > no", "agree > yes")
    second = Task("side", names, np.eye(4, dtype=bool)[2 * agree + side], False, {}, _PARENTS)
    several = Task("several", ("agree", "side"), np.stack([agree, side], axis=1).astype(bool), True, {})
    return x, [first, second, several]


def _fitted(count: int = 500) -> tuple[np.ndarray, list[Task], list[Head]]:
    x, tasks = _rings(count + 300)
    training = np.arange(count)
    parts = [task.of_rows(training) for task in tasks]
    return x, tasks, fit_mlp(x[training], parts, training, _GOALS, 0, hidden=16, strengths=(1.0,))


@pytest.mark.slow
def test_a_hidden_layer_learns_what_a_line_cannot() -> None:
    x, tasks, heads = _fitted()
    test = np.arange(500, 800)
    for task, head in zip(tasks[:2], heads, strict=False):
        answers = head.answers(x[test])
        assert task.targets[test][np.arange(300), answers.labels].mean() > 0.85
        assert answers.probabilities.sum(axis=1) == pytest.approx(np.ones(300), abs=1e-4)
    assert (_PARENTS[heads[1].answers(x).labels] == heads[0].answers(x).labels).all()
    assert ((heads[2].probabilities(x[test]) > 0.5) == tasks[2].targets[test]).mean() > 0.85
    assert heads[0].hidden is heads[1].hidden is heads[2].hidden


def test_the_same_seed_gives_the_same_heads() -> None:
    x, tasks = _rings(60)
    (first, heads), (second, others) = (_fit(x, tasks, balanced=True, seed=3, hidden=4, strength=1.0) for _ in range(2))
    assert np.array_equal(first.weight, second.weight) and np.array_equal(first.bias, second.bias)
    for one, other in zip(heads, others, strict=True):
        assert np.array_equal(one[0], other[0]) and np.array_equal(one[1], other[1])


def test_the_loss_of_a_level_is_that_given_the_type_and_missing_labels_add_nothing() -> None:
    _, (_, task, _) = _rings(50)
    targets = task.targets.copy()
    targets[10:20] = False
    loss = _TaskLoss(Task("side", task.labels, targets, False, {}, _PARENTS), balanced=True)
    logits = np.random.default_rng(1).normal(size=(50, 4))
    naive, counts = [], targets.sum(axis=0)
    for row in [*range(10), *range(20, 50)]:
        label = int(targets[row].argmax())
        siblings = np.flatnonzero(_PARENTS[label] == _PARENTS)
        share = np.exp(logits[row, label]) / np.exp(logits[row, siblings]).sum()
        naive.append(-np.log(share) * counts[siblings].sum() / (2 * counts[label]))
    assert loss(torch.from_numpy(logits).float(), torch.arange(50)).item() == pytest.approx(np.mean(naive), rel=1e-4)
    assert loss(torch.zeros(10, 4), torch.arange(10, 20)).item() == 0


def test_a_label_without_rows_is_impossible_and_constant_inputs_are_ignored() -> None:
    x, (task, *_) = _rings(60)
    x[:, 3] = 7
    wider = Task("signs", ("differ", "agree", "none"), np.pad(task.targets, ((0, 0), (0, 1))), False, {})
    layer, ((weight, bias),) = _fit(x, [wider], balanced=True, seed=0, hidden=4, strength=1.0)
    assert bias[2] == -1e4 and not layer.weight[3].any()
    assert np.isfinite(weight).all() and np.isfinite(layer.bias).all()


def test_each_task_is_calibrated_by_rows_of_its_own_and_groups_are_held_out(monkeypatch: pytest.MonkeyPatch) -> None:
    x, (frequent, _, _) = _rings(400)
    rare = np.zeros((400, 2), bool)
    rare[:40] = frequent.targets[:40]
    tasks = [frequent, Task("rare", ("a", "b"), rare, False, {})]
    monkeypatch.setattr(mlp, "CHOICE_ROWS", 30)
    monkeypatch.setattr(mlp, "CALIBRATION_ROWS", 60)
    monkeypatch.setattr(mlp, "_EPOCHS", 1)
    monkeypatch.setattr(mlp, "_LEAST_STEPS", 1)
    original, split, counts, groups = mlp.calibrated_head, mlp.folds, [], np.arange(400) // 5

    def counted(*arguments: object) -> object:
        own = arguments[6]
        assert isinstance(own, np.ndarray)
        counts.append(int(own.sum()))
        return original(*arguments)  # type: ignore[arg-type]

    def checked(targets: np.ndarray, groups: np.ndarray, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
        parts = list(split(targets, groups, seed))
        assert all(not {*groups[training]} & {*groups[test]} for training, test in parts)
        assert all(len(np.unique(groups[test])) > 1 for _, test in parts)
        return parts

    monkeypatch.setattr(mlp, "calibrated_head", counted)
    monkeypatch.setattr(mlp, "folds", checked)
    fit_mlp(x, tasks, groups, _GOALS, 0, hidden=2, strengths=(1.0,))
    assert counts == [60, 40]
