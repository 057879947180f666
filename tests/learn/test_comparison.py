from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cosine

from artsim.archive import Archive, Mistake
from artsim.learn.comparison import compare, person
from artsim.learn.contenders import contenders
from tests.learn.made_annotations import annotations_of
from tests.learn.made_models import model_of
from tests.made import add_features, make_archive, named, vectors_of

_IDS = named(119)
_POOLS = [_IDS[:50], _IDS[50:70], _IDS[70:119]]  # trained on, validated, held out
_KINDS = ["training", "validation", "verification"]
_MATRIX = np.random.default_rng(3).normal(size=(2, 5))


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Archive:
    archive = make_archive(tmp_path_factory.mktemp("comparison"), _IDS)
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {one: rng.normal(size=5) for one in _IDS})
    return archive


def _annotations():
    rng = np.random.default_rng(1)
    nines = [list(rng.choice(pool, 9, replace=False)) for pool in _POOLS for _ in range(30)]
    nines += [[*rng.choice(_POOLS[0], 4, replace=False), *rng.choice(_POOLS[2], 5, replace=False)] for _ in range(7)]
    return annotations_of(nines)


def _model(archive: Archive, name: str = "eye", matrix: np.ndarray = _MATRIX, kinds=tuple(_KINDS)):
    annotations = _annotations()
    rows = [
        (annotations.annotation_id[30 * part + i], annotations.images[30 * part + i], kind)
        for part, kind in enumerate(kinds)
        for i in range(30)
    ]
    return model_of(archive, name, "dots", matrix, rows)


def _naive(vectors: dict[str, np.ndarray], nines: np.ndarray) -> list[int]:
    out = []
    for anchor, positive, *negatives in nines:
        away = cosine(vectors[anchor], vectors[positive])
        out.append(1 + sum(cosine(vectors[anchor], vectors[one]) < away for one in negatives))
    return out


def test_before_and_after_on_what_was_seen_and_held_out(archive: Archive) -> None:
    _model(archive)
    annotations = _annotations()
    comparison = compare(contenders(archive, [["dots"]], ["eye"], 0), annotations)
    assert comparison.counts == {
        "held_out": 30,
        "held_out_with_seen_images": 0,
        "seen": 30,
        "crossing": 7,
        "validation": 30,
    }
    raw = {one: vector.astype(float) for one, vector in vectors_of(archive, "dots").items()}
    learned = {one: _MATRIX @ vector for one, vector in raw.items()}
    seen, held_out = annotations.images[:30], annotations.images[60:90]
    features, model = comparison.rows
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


def test_the_metric_is_that_asked_for(archive: Archive) -> None:
    (row,) = compare(contenders(archive, [["dots"]], [], 0), _annotations(), metric="euclidean").rows
    raw = vectors_of(archive, "dots")
    ranks = []
    for anchor, positive, *negatives in _annotations().images:
        away = [float(np.linalg.norm(raw[anchor] - raw[one])) for one in (positive, *negatives)]
        ranks.append(1 + sum(one < away[0] for one in away[1:]))
    assert row.before.value == pytest.approx(np.mean(ranks))
    assert row.before.n == 97


def test_all_rows_are_compared_on_what_none_has_seen(archive: Archive) -> None:
    """Two models, the one trained on what the other holds out: nothing is held out from both but the third part."""
    _model(archive, "one", kinds=("training", "verification", "verification"))
    _model(archive, "two", kinds=("verification", "training", "verification"))
    comparison = compare(contenders(archive, [["dots"]], ["one", "two"], 0), _annotations())
    assert comparison.counts["held_out"] == 30
    assert [row.after.n for row in comparison.rows[1:]] == [30, 30]
    one, two = comparison.rows[1:]
    assert one.after == two.after  # the same weights
    assert two.against_first == one.against_first
    assert one.after_seen != two.after_seen


def test_held_out_annotations_whose_images_were_seen_are_counted(archive: Archive) -> None:
    annotations = annotations_of([_POOLS[0][:9], list(reversed(_POOLS[0][:9]))])
    rows = [
        (one, nine, role)
        for one, nine, role in zip(
            annotations.annotation_id, annotations.images, ["training", "verification"], strict=True
        )
    ]
    model_of(archive, "random", "dots", _MATRIX, rows)
    counts = compare(contenders(archive, [], ["random"], 0), annotations).counts
    assert (counts["held_out"], counts["held_out_with_seen_images"], counts["seen"]) == (1, 1, 1)


def test_a_collapsed_model_scores_chance_and_one_of_nan_the_last_place(archive: Archive) -> None:
    _model(archive, "zeros", np.zeros((2, 5)))
    _model(archive, "nan", np.full((2, 5), np.nan))
    zeros, nan = compare(contenders(archive, [], ["zeros", "nan"], 0), _annotations()).rows
    for score in (zeros.after, zeros.after_seen):
        assert (score.value, score.low, score.high) == (4.5, 4.5, 4.5)
    for score in (nan.after, nan.after_seen):
        assert (score.value, score.low, score.high) == (8, 8, 8)
    assert (nan.against_first.value, nan.against_first.low) == (-3.5, -3.5)
    assert nan.against_first.p < 0.001


def test_only_seen_annotations_leave_the_rest_empty(archive: Archive) -> None:
    _model(archive)
    seen = _annotations().take(np.arange(30))
    features, model = compare(contenders(archive, [["dots"]], ["eye"], 0), seen).rows
    assert (features.before, features.against_first) == (None, None)
    assert (model.after_seen.n, model.before, model.after, model.gain) == (30, None, None, None)


def test_nothing_to_evaluate_on(archive: Archive) -> None:
    _model(archive)
    for rows, said in ((range(90, 97), "7 share images"), (range(30, 34), "4 validated one")):
        with pytest.raises(Mistake, match=said):
            compare(contenders(archive, [], ["eye"], 0), _annotations().take(np.array(rows)))


def test_a_person(tmp_path: Path) -> None:
    row = person("anna, again", np.array([1, 5, np.nan, 1.0]))
    assert (row.after.value, row.after.n) == (pytest.approx(7 / 3), 3)
    assert person("bert, again", np.full(3, np.nan)).after is None
