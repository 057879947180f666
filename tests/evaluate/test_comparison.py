from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from artsim.archive import Archive, UserError
from artsim.evaluate.comparison import compare, person
from artsim.evaluate.systems import systems
from tests.learn.made_annotations import annotations_of
from tests.learn.made_models import model_of
from tests.made import add_features, make_archive, named, vectors_of

_IDS = named(119)
_POOLS = [_IDS[:50], _IDS[50:70], _IDS[70:119]]  # training, validation, test set
_KINDS = ["training", "validation", "verification"]
_MATRIX = np.random.default_rng(3).normal(size=(2, 5))


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    archive = make_archive(tmp_path_factory.mktemp("comparison"), _IDS)
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {artwork_id: rng.normal(size=5) for artwork_id in _IDS})
    return archive


def _annotations():
    rng = np.random.default_rng(1)
    images = [list(rng.choice(pool, 9, replace=False)) for pool in _POOLS for _ in range(30)]
    images += [[*rng.choice(_POOLS[0], 4, replace=False), *rng.choice(_POOLS[2], 5, replace=False)] for _ in range(7)]
    return annotations_of(images)


def _model(archive: Archive, name: str = "eye", matrix: np.ndarray = _MATRIX, kinds=tuple(_KINDS), split=None):
    annotations = _annotations()
    rows = [
        (annotations.annotation_id[30 * part + i], annotations.images[30 * part + i], kind)
        for part, kind in enumerate(kinds)
        for i in range(30)
    ]
    return model_of(archive, name, "dots", matrix, rows, split=split)


def _naive(vectors: dict[str, np.ndarray], drawn_images: np.ndarray) -> list[int]:
    out = []
    for anchor, positive, *negatives in drawn_images:
        distance = cosine(vectors[anchor], vectors[positive])
        out.append(1 + sum(cosine(vectors[anchor], vectors[negative]) < distance for negative in negatives))
    return out


def test_before_and_after_on_seen_and_held_out_annotations(archive: Archive) -> None:
    _model(archive)
    annotations = _annotations()
    comparison = compare(archive, systems(archive, [["dots"]], ["eye"], 0), annotations)
    assert comparison.counts == {"seen": 30, "validation": 30, "new_images": 30, "new_annotations": 7}
    assert (list(comparison.tables), comparison.measured) == (["new_images", "new_annotations"], 67)
    raw = {artwork_id: vector.astype(float) for artwork_id, vector in vectors_of(archive, "dots").items()}
    learned = {artwork_id: _MATRIX @ vector for artwork_id, vector in raw.items()}
    seen, held_out = annotations.images[:30], annotations.images[60:90]
    features, model = comparison.tables["new_images"]
    assert features.before.value == pytest.approx(np.mean(_naive(raw, held_out)))
    assert (features.before.n, features.after, features.before_seen, features.gain) == (30, None, None, None)
    assert features.against_first is None
    assert model.before_seen.value == pytest.approx(np.mean(_naive(raw, seen)))
    assert model.after_seen.value == pytest.approx(np.mean(_naive(learned, seen)))
    assert model.before == features.before
    assert model.after.value == pytest.approx(np.mean(_naive(learned, held_out)))
    gained = np.mean(_naive(raw, held_out)) - np.mean(_naive(learned, held_out))
    assert model.gain.value == pytest.approx(gained)
    assert model.against_first == model.gain
    for score in (model.before_seen, model.after_seen, model.before, model.after, model.gain):
        assert score.n == 30
        assert score.low <= score.value <= score.high


def test_the_given_metric_is_used(archive: Archive) -> None:
    comparison = compare(archive, systems(archive, [["dots"]], [], 0), _annotations(), metric="euclidean")
    (row,) = comparison.tables["untrained"]
    raw = vectors_of(archive, "dots")
    ranks = []
    for anchor, positive, *negatives in _annotations().images:
        distances = [float(np.linalg.norm(raw[anchor] - raw[candidate])) for candidate in (positive, *negatives)]
        ranks.append(1 + sum(distance < distances[0] for distance in distances[1:]))
    assert row.before.value == pytest.approx(np.mean(ranks))
    assert row.before.n == comparison.measured == 97


def test_the_newest_kind_is_the_first_table_and_has_seen_scores(archive: Archive) -> None:
    """The seven other annotations begin with two training images, so they are new annotations of known images."""
    _model(archive)
    tables = compare(archive, systems(archive, [["dots"]], ["eye"], 0), _annotations()).tables
    raw = vectors_of(archive, "dots")
    learned = {artwork_id: _MATRIX @ vector for artwork_id, vector in raw.items()}
    features, model = tables["new_annotations"]
    others = _annotations().images[90:]
    assert features.before.value == pytest.approx(np.mean(_naive(raw, others)))
    assert model.after.value == pytest.approx(np.mean(_naive(learned, others)))
    assert (model.before_seen, model.after_seen) == (None, None)
    assert tables["new_images"][1].after_seen.n == 30


def test_rows_are_compared_on_annotations_that_none_has_seen(archive: Archive) -> None:
    """Each of two models holds out what the other was trained on; the third part is new to both."""
    _model(archive, "one", kinds=("training", "verification", "verification"))
    _model(archive, "two", kinds=("verification", "training", "verification"))
    comparison = compare(archive, systems(archive, [["dots"]], ["one", "two"], 0), _annotations())
    assert comparison.counts == {"seen": 60, "validation": 0, "new_images": 30, "new_annotations": 7}
    for kind, count in (("new_images", 30), ("new_annotations", 7)):
        features, one, two = comparison.tables[kind]
        assert [row.after.n for row in (one, two)] == [features.before.n, one.before.n] == [count, count]
        assert one.after == two.after  # the same weights
        assert two.against_first == one.against_first
    _, one, two = comparison.tables["new_images"]
    assert one.after_seen != two.after_seen


def test_the_most_informed_model_decides_the_kind(archive: Archive) -> None:
    """One model held annotations out by images, the other at random; for both they are new annotations."""
    _model(archive, "one", split="image-disjoint")
    _model(archive, "two", split="random")
    comparison = compare(archive, systems(archive, [], ["one", "two"], 0), _annotations())
    assert comparison.counts == {"seen": 30, "validation": 30, "new_annotations": 37}


_TESTED = {  # rows tested by each kind of fold, of the thirty that the model was trained on
    "new_annotations": range(30),
    "new_images": range(4, 20),
}


def _cross_validated(archive: Archive, name: str, tested: dict[str, range], seed: int, by: str | None = None):
    """Saves a model trained on the first thirty annotations; returns its folds' (rank, before) by kind and row."""
    annotations, rng = _annotations(), np.random.default_rng(seed)
    rows = [(annotations.annotation_id[row], annotations.images[row], "training") for row in range(30)]
    ranks = {
        kind: {row: tuple(rng.integers(1, 9, 2).tolist()) for row in tested_rows}
        for kind, tested_rows in tested.items()
    }
    held_out = [
        {"annotation_id": rows[row][0], "kind": kind, "fold": row % 5, "rank": rank, "before": before}
        for kind, ranks_by_row in ranks.items()
        for row, (rank, before) in ranks_by_row.items()
    ]
    model_of(archive, name, "dots", _MATRIX, rows, split="folds", by=by, held_out=held_out)
    return ranks


def test_trained_annotations_are_scored_by_the_folds(archive: Archive) -> None:
    """Training annotations get the folds' ranks, others the model's; features are measured on the same rows."""
    ranks = _cross_validated(archive, "eye", _TESTED, 5)
    annotations = _annotations()
    comparison = compare(archive, systems(archive, [["dots"]], ["eye"], 0), annotations)
    raw = vectors_of(archive, "dots")
    learned = {artwork_id: _MATRIX @ vector for artwork_id, vector in raw.items()}
    known = set(annotations.images[:30].flat)
    new = {"new_images": [], "new_annotations": []}
    for row in range(30, 97):
        pair = annotations.images[row][:2]
        new["new_annotations" if known & set(pair) else "new_images"].append(row)
    assert list(comparison.tables) == ["new_images", "new_annotations"]
    for kind, (features, model) in comparison.tables.items():
        rows = [*_TESTED[kind], *new[kind]]
        others = annotations.images[new[kind]]
        after = [rank for rank, _ in ranks[kind].values()] + _naive(learned, others)
        before = [rank for _, rank in ranks[kind].values()] + _naive(raw, others)
        assert (comparison.counts[kind], features.before.n, model.after.n) == (len(rows), len(rows), len(rows))
        assert features.before.value == pytest.approx(np.mean(_naive(raw, annotations.images[rows])))
        assert model.before.value == pytest.approx(np.mean(before))
        assert model.after.value == pytest.approx(np.mean(after))
        assert model.gain.value == pytest.approx(np.mean(before) - np.mean(after))
        assert (model.cross_validated.annotations, model.cross_validated.folds) == (len(_TESTED[kind]), 5)
        assert model.note.startswith(f"{len(_TESTED[kind])} of {len(rows)} cross-validated, 5 folds; a head on dots")
        assert (features.cross_validated, features.note) == (None, "untrained")
    model = comparison.tables["new_images"][1]
    assert model.after_seen.value == pytest.approx(np.mean(_naive(learned, annotations.images[:30])))
    assert comparison.counts["seen"] == 30
    assert comparison.measured == 97


def test_models_are_compared_on_annotations_tested_by_all_folds(archive: Archive) -> None:
    one = _cross_validated(archive, "one", {"new_images": range(4, 20), "new_groups": range(9)}, 6, by="artist")
    two = _cross_validated(archive, "two", {"new_images": range(10, 26)}, 7)
    trained_on = _annotations().take(np.arange(30))
    comparison = compare(archive, systems(archive, [["dots"]], ["one", "two"], 0), trained_on)
    assert comparison.counts == {"seen": 30, "validation": 0, "new_images": 10}
    rows = comparison.tables["new_images"]
    assert [row.before.n for row in rows] == [10, 10, 10]
    for row, ranks in zip(rows[1:], (one, two), strict=True):
        assert row.after.value == pytest.approx(np.mean([ranks["new_images"][index][0] for index in range(10, 20)]))
        assert row.note == "cross-validated, 5 folds; a head on dots"
    alone = compare(archive, systems(archive, [], ["one"], 0), trained_on)
    assert {kind: rows[0].after.n for kind, rows in alone.tables.items()} == {"new_groups": 9, "new_images": 16}


def test_a_single_held_out_fold_is_named(archive: Archive) -> None:
    _cross_validated(archive, "eye", {"new_images": range(5, 6)}, 8)
    comparison = compare(archive, systems(archive, [], ["eye"], 0), _annotations().take(np.arange(6)))
    (row,) = comparison.tables["new_images"]
    assert row.note == "one held-out fold; a head on dots"


def test_without_inputs_the_fold_ranks_before_training_are_used(archive: Archive) -> None:
    """Without the untrained features of a fine-tuned backbone, ``before`` is unknown for new annotations."""
    ranks = _cross_validated(archive, "eye", _TESTED, 5)
    entries = [replace(entry, before=None) for entry in systems(archive, [], ["eye"], 0)]
    (row,) = compare(archive, entries, _annotations().take(np.arange(30))).tables["new_images"]
    assert row.before.value == pytest.approx(np.mean([before for _, before in ranks["new_images"].values()]))
    assert (row.gain.n, row.before_seen, row.after_seen.n) == (16, None, 30)
    (row,) = compare(archive, entries, _annotations()).tables["new_images"]
    assert (row.before, row.gain) == (None, None)
    assert row.after.n > 16


def test_folds_with_another_distance_are_ignored(archive: Archive) -> None:
    _cross_validated(archive, "eye", _TESTED, 5)
    entries = systems(archive, [["dots"]], ["eye"], 0)
    comparison = compare(archive, entries, _annotations().take(np.arange(30)), metric="euclidean")
    assert (list(comparison.tables), comparison.counts) == (["seen"], {"seen": 30, "validation": 0})
    assert comparison.tables["seen"][1].after_seen.n == 30
    assert comparison.remarks == [
        "eye was cross-validated by cosine distance: with `metric` euclidean, the annotations it "
        "was trained on count only as seen."
    ]
    assert compare(archive, entries, _annotations()).remarks == []


def test_single_features_of_a_model_are_scored_by_its_folds(archive: Archive) -> None:
    ranks = _cross_validated(archive, "eye", _TESTED, 5)
    (entry,) = systems(archive, [], ["eye"], 0)
    add_features(archive, "eye", dict(zip(_IDS, entry.source.find(_IDS), strict=True)))
    archive.write_json("features/eye/_about.json", {"model_hash": entry.models[0].hash})
    trained_on = _annotations().take(np.arange(30))
    (row,) = compare(archive, systems(archive, [["eye"]], [], 0), trained_on).tables["new_images"]
    assert row.after.value == pytest.approx(np.mean([rank for rank, _ in ranks["new_images"].values()]))
    assert row.note == "cross-validated, 5 folds; written by eye"
    stacked = compare(archive, systems(archive, [["eye", "dots"]], [], 0), trained_on)
    assert (list(stacked.tables), stacked.counts["seen"]) == (["seen"], 30)


def test_a_collapsed_model_scores_chance_and_nan_ranks_last(archive: Archive) -> None:
    _model(archive, "zeros", np.zeros((2, 5)))
    _model(archive, "nan", np.full((2, 5), np.nan))
    zeros, nan = compare(archive, systems(archive, [], ["zeros", "nan"], 0), _annotations()).tables["new_images"]
    for score in (zeros.after, zeros.after_seen):
        assert (score.value, score.low, score.high) == (4.5, 4.5, 4.5)
    for score in (nan.after, nan.after_seen):
        assert (score.value, score.low, score.high) == (8, 8, 8)
    assert (nan.against_first.value, nan.against_first.low) == (-3.5, -3.5)
    assert nan.against_first.p < 0.001


def test_with_only_seen_annotations_held_out_scores_are_empty(archive: Archive) -> None:
    _model(archive)
    seen = _annotations().take(np.arange(30))
    features, model = compare(archive, systems(archive, [["dots"]], ["eye"], 0), seen).tables["seen"]
    assert (features.before, features.against_first) == (None, None)
    assert (model.after_seen.n, model.before, model.after, model.gain) == (30, None, None, None)


def test_without_annotations_to_evaluate_is_a_user_error(archive: Archive) -> None:
    _model(archive)
    with pytest.raises(UserError, match="no annotations to evaluate on: 4 of 4 chose the best epoch"):
        compare(archive, systems(archive, [], ["eye"], 0), _annotations().take(np.arange(30, 34)))


def test_the_row_of_a_person(tmp_path: Path) -> None:
    row = person("anna, again", np.array([1, 5, np.nan, 1.0]))
    assert (row.after.value, row.after.n) == (pytest.approx(7 / 3), 3)
    assert person("bert, again", np.full(3, np.nan)).after is None
