"""Scores of classifiers, computed again row by row."""

import numpy as np
import pytest

from artsim.metrics.classification import (
    balanced_accuracy,
    calibration_error,
    class_table,
    conformal_quantile,
    confusion,
    top_hits,
)

_RNG = np.random.default_rng(3)
_CLASSES = 5
_PROBABILITIES = _RNG.dirichlet(np.ones(_CLASSES), 200)
_labels = np.array([_RNG.choice(_CLASSES, p=row) for row in _PROBABILITIES])
_TARGETS = np.eye(_CLASSES, dtype=bool)[_labels]
_predicted = _PROBABILITIES.argmax(axis=1)


@pytest.mark.parametrize("k", [1, 3])
def test_top_hits(k: int) -> None:
    rows = zip(_PROBABILITIES, _labels, strict=True)
    naive = [label in sorted(range(_CLASSES), key=lambda c, row=row: -row[c])[:k] for row, label in rows]
    assert top_hits(_PROBABILITIES, _TARGETS, k).tolist() == naive
    assert 0 < sum(naive) < 200


def test_balanced_accuracy() -> None:
    recalls = [(_predicted[_labels == number] == number).mean() for number in range(_CLASSES)]
    assert balanced_accuracy(_predicted, _TARGETS) == pytest.approx(np.mean(recalls))
    assert balanced_accuracy(np.zeros(4, int), np.eye(3, dtype=bool)[[0, 0, 0, 1]]) == 0.5  # no row of the third class


def test_calibration_error() -> None:
    confidence = _PROBABILITIES.max(axis=1)
    correct = _predicted == _labels
    naive = 0.0
    for low in range(15):
        inside = [i for i in range(200) if low / 15 <= confidence[i] < (low + 1) / 15]
        if inside:
            naive += len(inside) / 200 * abs(np.mean(confidence[inside]) - np.mean(correct[inside]))
    assert calibration_error(confidence, correct) == pytest.approx(naive)
    assert calibration_error(np.ones(4), np.array([True, True, True, False])) == 0.25


def test_the_confusion_matrix_and_the_table_of_classes() -> None:
    matrix = confusion(_predicted, _TARGETS)
    table = class_table(_predicted, _TARGETS, list("abcde"))
    for row in range(_CLASSES):
        for column in range(_CLASSES):
            assert matrix[row, column] == sum((_labels == row) & (_predicted == column))
        right = matrix[row, row]
        others = [matrix[row, column] * (column != row) for column in range(_CLASSES)]
        precision, recall = right / sum(_predicted == row), right / sum(_labels == row)
        assert table[row] == {
            "label": "abcde"[row],
            "artworks": sum(_labels == row),
            "precision": round(precision, 3),
            "recall": round(recall, 3),
            "f1": round(2 * precision * recall / (precision + recall), 3),
            "taken_for": "abcde"[int(np.argmax(others))],
        }


def test_a_row_with_several_targets_is_confused_only_if_none_is_predicted() -> None:
    targets = np.array([[True, True, False], [True, True, False]])
    assert confusion(np.array([1, 2]), targets).tolist() == [[0, 0, 1], [0, 1, 1], [0, 0, 0]]


def test_conformal_sets_are_those_of_mapie_and_cover_new_rows() -> None:
    mapie = pytest.importorskip("mapie.classification")
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 1200)
    x = rng.normal(size=(1200, 6)) + 1.2 * np.eye(4, 6)[labels]
    model = LogisticRegression().fit(x[:200], labels[:200])
    conformal = mapie.SplitConformalClassifier(model, confidence_level=0.8, conformity_score="lac", prefit=True)
    conformal.conformalize(x[200:400], labels[200:400])
    theirs = conformal.predict_set(x[400:])[1][:, :, 0]
    scores = 1 - model.predict_proba(x[200:400])[np.arange(200), labels[200:400]]
    ours = 1 - model.predict_proba(x[400:]) <= conformal_quantile(scores, 0.8)
    assert np.array_equal(ours, theirs)
    covered = ours[np.arange(800), labels[400:]].mean()
    assert 0.74 < covered < 0.86  # 0.8 within three standard errors of both samples


def test_a_quantile_of_too_few_rows_is_infinite() -> None:
    assert conformal_quantile(np.array([0.1, 0.2]), 0.9) == float("inf")
    assert conformal_quantile(np.linspace(0.1, 0.9, 9), 0.9) == 0.9
