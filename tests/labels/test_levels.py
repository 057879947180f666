"""Tasks with levels: their labels, their probabilities, and predictions that never contradict each other."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from artsim.archive import Archive, UserError
from artsim.labels import logistic
from artsim.labels import tasks as task_module
from artsim.labels.calibration import Goals, log_loss, log_prior
from artsim.labels.heads import Head, Level, activated, ranking
from artsim.labels.logistic import fit_heads
from artsim.labels.options import LabelsOptions
from artsim.labels.predictions import predict
from artsim.labels.tasks import Task, _tasks, check_columns, strata, with_levels

_GOALS = Goals(accuracy=0.8, threshold=None, coverage=0.9, balanced=True)
_PARENTS = np.array([0, 0, 0, 1, 1, 2])  # the last type is not divided


def _options(*columns: str, **given: object) -> LabelsOptions:
    return LabelsOptions(action="train", name="n", columns=columns, min_count=2, **given)


def _levels(count: int = 900, seed: int = 0) -> tuple[np.ndarray, list[Task]]:
    """Vectors of three types that are easy to tell apart, two of which have subtypes that are harder to tell apart."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 6, count)
    x = rng.normal(size=(count, 8)).astype(np.float32)
    x[np.arange(count), _PARENTS[labels]] += 4
    x[np.arange(count), 3 + labels % 5] += 1.5
    subtypes = np.eye(6, dtype=bool)[labels]
    subtypes[:, 5] = False
    subtypes[rng.random(count) < 0.3] = False  # a type without a subtype
    types = Task("type", ("a", "b", "c"), np.eye(3, dtype=bool)[_PARENTS[labels]], False, {})
    names = ("a > 1", "a > 2", "a > 3", "b > 1", "b > 2", "c")
    return x, [types, Task("style", names, subtypes, False, {}, _PARENTS)]


def test_the_levels_of_two_columns_and_of_one_are_the_same() -> None:
    types = ["painting"] * 6 + ["print"] * 3 + [None, "painting", "print"]
    styles = ["oil", "oil", "oil", "fresco", "fresco", "rare", "etching", "etching", "?", "oil", None, " "]
    frame = pd.DataFrame({"type": types, "style": styles})
    above, below = _tasks(frame, "type>style", _options("type>style"))
    assert (above.name, above.labels, above.parents) == ("type", ("painting", "print"), None)
    assert (below.name, below.labels) == ("style", ("painting > oil", "painting > fresco", "print"))
    assert below.parents is not None and below.parents.tolist() == [0, 0, 1]
    assert below.targets.sum(axis=0).tolist() == [3, 2, 0]
    assert below.left_out == {"painting > rare": 1, "print > etching": 2}
    joined = [f"{kind} /{style or ''}" if kind else None for kind, style in zip(types, styles, strict=True)]
    one = _tasks(pd.DataFrame({"type": joined}), "type", _options("type", level_separator="/"))
    assert [task.name for task in one] == ["type", "type-2"]
    for first, second in zip((above, below), one, strict=True):
        assert first.labels == second.labels and np.array_equal(first.targets, second.targets)
    assert with_levels([above, below, above]) == [[above, below], [above]]


@pytest.mark.parametrize("value", ["", ">", ">>>>", "a>" * 500_000, "\x00>\x1b", ">a", "a>\n>b"])
def test_odd_values_have_no_odd_levels(value: str) -> None:
    frame = pd.DataFrame({"type": [value] * 3 + ["a > b"] * 3 + ["a > c"] * 3 + ["d"] * 3})
    tasks = _tasks(frame, "type", _options("type", level_separator=">"))
    assert {label for task in tasks for label in task.labels} == {"a", "d", "a > b", "a > c"}


@pytest.mark.parametrize(
    ("columns", "given", "words"),
    [
        (("type>style", "style"), {}, "style is given twice"),
        (("type>type",), {}, "type is given twice"),
        (("type>",), {}, "`columns` "),
        (("type>style",), {"separator": ";"}, "`separator`: does not work with columns with levels"),
        (("type>style",), {"finetune": "efficientnet_lite0"}, "`finetune`: does not work"),
        (("type>style",), {"level_separator": "/"}, "`columns` and `level_separator`"),
        (("type",), {"level_separator": ""}, "`level_separator`: must not be empty"),
        (("type",), {"level_separator": "/", "separator": ";"}, "`separator`: does not work"),
    ],
)
def test_levels_that_do_not_fit_are_user_errors(columns: tuple[str, ...], given: dict[str, str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        check_columns(_options(*columns, **given))


def test_the_probability_of_a_subtype_is_that_of_its_type_times_its_share() -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 4)).astype(np.float32)

    def head(count: int, temperature: float, level: Level | None = None) -> Head:
        weight, bias, shift = (rng.normal(size=size).astype(np.float32) for size in ((4, count), count, count))
        return Head(weight, bias, shift, False, temperature, 0.5, 0.9, 1.0, level=level)

    above = head(3, 2.0)
    below = head(6, 0.7, Level(above, _PARENTS))
    types = softmax((x @ above.weight + above.bias) / 2.0 + above.shift, axis=1)
    logits = (x @ below.weight + below.bias) / 0.7 + below.shift
    naive = np.zeros((40, 6))
    for row in range(40):
        for label in range(6):
            siblings = [other for other in range(6) if _PARENTS[other] == _PARENTS[label]]
            share = np.exp(logits[row, label]) / sum(np.exp(logits[row, other]) for other in siblings)
            naive[row, label] = types[row, _PARENTS[label]] * share
    answers = below.answers(x)
    assert answers.probabilities == pytest.approx(naive, rel=1e-4)
    assert answers.probabilities.sum(axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    for row in range(40):
        kind = int(types[row].argmax())
        inside = [label for label in range(6) if _PARENTS[label] == kind]
        label = max(inside, key=lambda one, row=row: naive[row, one])
        assert answers.labels[row] == label
        assert answers.abstained[row] == (types[row, kind] < 0.5 or naive[row, label] < 0.5)
    assert (answers.labels != naive.argmax(axis=1)).any()  # the most probable subtype may be of another type
    found = predict(below, x)
    assert np.array_equal(found.top[:, 0], answers.labels)
    assert found.probabilities[:, 0] == pytest.approx(answers.confidence)
    assert np.array_equal(found.top[:, 0], ranking(answers.probabilities, answers.labels).argmax(axis=1))


def test_loss_and_prior_of_a_level_are_those_given_the_type() -> None:
    _, (_, task) = _levels()
    targets = task.targets[task.known]
    logits = np.random.default_rng(2).normal(size=targets.shape)
    share = activated(logits, False, _PARENTS)
    assert log_loss(logits, targets, False, _PARENTS) == pytest.approx(-np.log(share[targets]).mean())
    prior = np.exp(log_prior(targets, False, _PARENTS))
    counts = targets.sum(axis=0)
    assert prior == pytest.approx([*(counts[:3] / counts[:3].sum()), *(counts[3:5] / counts[3:5].sum()), 1], abs=0.01)


def test_levels_are_fitted_calibrated_and_consistent() -> None:
    x, levels = _levels()
    known = np.arange(600)
    above, below = fit_heads(x[known], [task.of_rows(known) for task in levels], np.arange(600), _GOALS, seed=0)
    test = np.arange(600, 900)
    types, subtypes = above.answers(x[test]), below.answers(x[test])
    assert (levels[0].targets[test][np.arange(300), types.labels]).mean() > 0.95
    assert (_PARENTS[subtypes.labels] == types.labels).all()
    assert (subtypes.abstained >= types.abstained).all()
    sums = np.stack([subtypes.probabilities[:, kind == _PARENTS].sum(axis=1) for kind in range(3)], axis=1)
    assert sums == pytest.approx(types.probabilities, abs=1e-5)
    rows = levels[1].targets[test].any(axis=1)
    correct = levels[1].targets[test][np.arange(300), subtypes.labels][rows]
    assert correct.mean() > 0.55  # by chance 0.2
    kept = ~subtypes.abstained[rows]
    assert correct[kept].mean() > 0.7 and kept.mean() < types.probabilities.max(axis=1).mean()
    covered = (1 - subtypes.probabilities[rows] <= below.quantile)[levels[1].targets[test][rows]]
    assert 0.82 < covered.mean() < 0.97


def test_folds_are_stratified_by_the_lowest_level() -> None:
    _, (types, styles) = _levels(50)
    other = Task("date", ("x", "y"), np.eye(2, dtype=bool)[np.arange(50) % 2], False, {})
    found = strata([types, styles, other]).argmax(axis=1)
    for row in range(50):
        has_style = styles.targets[row].any()
        naive = styles.targets[row].argmax() if has_style else 6 + types.targets[row].argmax()
        assert found[row] == naive


def test_a_fold_without_a_type_can_be_fitted() -> None:
    x, levels = _levels(200)
    groups = np.where(levels[0].targets[:, 1], 0, np.arange(200))  # one group has all artworks of a type
    for head in fit_heads(x, levels, groups, _GOALS, seed=0):
        answers = head.answers(x)
        assert np.isfinite(answers.probabilities).all() and np.isfinite(head.temperature)


def test_a_level_is_calibrated_by_all_of_its_first_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    x, (types, styles) = _levels(600)
    rare = styles.targets.copy()
    rare[np.random.default_rng(0).permutation(600)[:300]] = False
    levels = [types, Task("style", styles.labels, rare, False, {}, _PARENTS)]
    monkeypatch.setattr(logistic, "CHOICE_ROWS", 50)
    monkeypatch.setattr(logistic, "CALIBRATION_ROWS", 100)
    original, counts = logistic.calibrated_head, []

    def counted(head: Head, logits: np.ndarray, targets: np.ndarray, *arguments: object) -> object:
        own = arguments[3]
        assert isinstance(own, np.ndarray)
        assert targets[own].any(axis=1).all()
        counts.append((int(own.sum()), len(own)))
        return original(head, logits, targets, *arguments)

    monkeypatch.setattr(logistic, "calibrated_head", counted)
    fit_heads(x, levels, np.arange(600), _GOALS, seed=0, strengths=(0.01,))
    assert [own for own, _ in counts] == [100, 100]
    assert counts[0][1] > 100 and counts[1][1] == 100


def test_the_order_of_labels_does_not_depend_on_hashes() -> None:
    code = """
import pandas as pd
from artsim.labels.options import LabelsOptions
from artsim.labels.tasks import _tasks
rows = [("a", "x")] * 5 + [("a", "y")] * 3 + [("b", "x")] * 2 + [("b", "y")] * 4 + [("c", "x")] * 3 + [("c", "y")] * 3
frame = pd.DataFrame(rows, columns=["type", "style"])
options = LabelsOptions(action="train", name="n", columns=("type>style",), min_count=2)
print(_tasks(frame, "type>style", options)[1].labels)
"""
    expected = ("a > x", "a > y", "b > y", "b > x", "c > x", "c > y")
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == str(expected)


def test_a_separator_within_a_label_is_replaced_before_labels_are_counted() -> None:
    frame = pd.DataFrame({"type": ["a > b"] * 4 + ["c"] * 2, "style": ["x>y", "x›y", "z", "z", "u", "u"]})
    above, below = _tasks(frame, "type>style", _options("type>style"))
    assert above.labels == ("a › b", "c")
    assert below.labels == ("a › b > x›y", "a › b > z", "c")


def test_values_are_split_before_they_are_tidied(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "a" * 150
    frame = pd.DataFrame({"type": [f"{long}\n{'b' * 150}"] * 2 + [f"{long}\nc"] * 2 + ["d"] * 2, "artist": None})
    options = _options("type", level_separator="\n")
    assert [len(task.labels) for task in _tasks(frame, "type", options)] == [2, 3]
    monkeypatch.setattr(task_module, "catalog_columns", lambda *_: frame)
    archive = Archive.__new__(Archive)
    assert len(task_module.read_tasks(archive, np.arange(6), options)[0]) == 2
    with pytest.raises(UserError, match=r"`level_separator` /: no value of type has a second level"):
        task_module.read_tasks(archive, np.arange(6), _options("type", level_separator="/"))
