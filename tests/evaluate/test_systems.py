from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from artsim.archive import Archive, UserError
from artsim.encoders.backbone import card_of
from artsim.encoders.model import FORMAT, ROLES, Model
from artsim.evaluate.systems import comparable, systems, without_vector
from artsim.extract.plan import make_plans
from artsim.vision.backbones import parse_feature
from tests.learn.made_annotations import annotations_of
from tests.learn.made_models import model_of
from tests.made import add_features, make_archive, named

_IDS = named(60)
_NINES = [_IDS[start : start + 9] for start in range(0, 54, 9)]


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = make_archive(tmp_path / "archive", _IDS, shards=2)
    rng = np.random.default_rng(0)
    add_features(archive, "dots", {artwork_id: rng.normal(size=4) for artwork_id in _IDS} | {_IDS[3]: None})
    add_features(archive, "more", {artwork_id: rng.normal(size=3) for artwork_id in _IDS[:50]} | {_IDS[5]: None})
    return archive


def test_each_feature_alone_then_stacked_then_each_model(archive: Archive) -> None:
    model_of(archive, "eye", "dots", np.eye(4), [])
    entries = systems(archive, [["dots", "more:2"], ["more:2"], ["dots"]], ["eye"], 0)
    assert [entry.label for entry in entries] == ["dots", "more:2", "dots + more:2", "eye"]
    assert [len(entry.models) for entry in entries] == [0, 0, 0, 1]
    assert entries[2].source.find([_IDS[0]]).shape == (1, 6)
    np.testing.assert_allclose(entries[3].source.find(_IDS[:3]), entries[0].source.find(_IDS[:3]), rtol=1e-6)
    np.testing.assert_array_equal(entries[3].before.find(_IDS[:3]), entries[0].source.find(_IDS[:3]))


def test_a_model_can_be_given_by_path(archive: Archive, tmp_path: Path) -> None:
    other = make_archive(tmp_path / "other", _IDS[:9])
    add_features(other, "dots", {artwork_id: np.ones(4) for artwork_id in _IDS[:9]})
    model_of(other, "far", "dots", np.eye(4), [])
    (entry,) = systems(archive, [], [f"{other.uri}/models/far"], 0)
    assert (entry.label, entry.note) == ("far", "a head on dots")


@pytest.mark.parametrize(
    ("features", "models", "expected_text"),
    [([["none"]], [], "`features` none"), ([], ["none"], "none: no model of this name")],
)
def test_missing_systems_are_user_errors(archive: Archive, features: list, models: list, expected_text: str) -> None:
    with pytest.raises(UserError, match=expected_text):
        systems(archive, features, models, 0)


def test_features_written_by_a_model_count_as_learned(archive: Archive) -> None:
    """The model's cross-validation counts for its features only if they are used alone and in full."""
    model = model_of(archive, "eye", "dots", np.eye(4), [])
    add_features(archive, "eye", {artwork_id: np.eye(4)[row % 4] + row for row, artwork_id in enumerate(_IDS)})
    archive.write_json("features/eye/_about.json", {"model_hash": model.hash})
    more, eye, both = systems(archive, [["more", "eye"]], [], 0)
    assert [more.note, eye.note, both.note] == ["untrained", "written by eye", "written by eye"]
    assert [[model.name for model in entry.models] for entry in (more, eye, both)] == [[], ["eye"], ["eye"]]
    assert [entry.tested and entry.tested.name for entry in (more, eye, both)] == [None, "eye", None]
    (part,) = systems(archive, [["eye:2"]], [], 0)
    assert (part.models[0].name, part.tested) == ("eye", None)
    archive.write_json("features/eye/_about.json", {"model_hash": "of another model"})
    with pytest.raises(UserError, match="`features` eye: written by a model that is not models/eye"):
        systems(archive, [["eye"]], [], 0)


def test_a_head_on_features_of_a_model_is_learned_by_both(archive: Archive) -> None:
    first = model_of(archive, "first", "dots", np.eye(4), [])
    add_features(archive, "first", {artwork_id: np.ones(4) for artwork_id in _IDS})
    archive.write_json("features/first/_about.json", {"model_hash": first.hash})
    model_of(archive, "second", "first", np.eye(4), [])
    first_entry, second_entry = systems(archive, [], ["first", "second"], 0)
    assert [model.name for model in second_entry.models] == ["second", "first"]
    assert first_entry.tested is first_entry.models[0]
    assert second_entry.tested is None


def test_without_vector_lists_ids_without_a_vector(archive: Archive) -> None:
    model_of(archive, "eye", "dots", np.eye(4), [])
    dots, more, both, eye = systems(archive, [["dots", "more"]], ["eye"], 0)
    requested = [*_IDS[:10], _IDS[55], "stranger"]
    assert without_vector(archive, dots, requested) == {_IDS[3], "stranger"}
    assert without_vector(archive, more, requested) == {_IDS[5], _IDS[55], "stranger"}
    assert without_vector(archive, both, requested) == {_IDS[3], _IDS[5], _IDS[55], "stranger"}
    assert without_vector(archive, eye, requested) == {_IDS[3], "stranger"}


@pytest.mark.slow
def test_a_fine_tuned_backbone(tmp_path: Path) -> None:
    """Its vectors come from the images; ``before`` is set only if the archive has features of the same weights."""
    archive = make_archive(tmp_path / "archive", _IDS[:12], pictures={_IDS[4]: None})
    plan = make_plans([parse_feature("test_resnet.r160_in1k")], "random")[0]
    about = {"format": FORMAT, **card_of(plan), "recipe": {}, "dimension": plan.dimensions[0]}
    rows = pa.Table.from_pylist([{"annotation_id": "x", "images": _IDS[:9], "role": "training"}], schema=ROLES)
    Model("tuned", about, plan.state, rows).save(archive)
    (entry,) = systems(archive, [], ["tuned"], 0)
    assert (entry.label, entry.note, entry.before) == ("tuned", "fine-tuned test_resnet.r160_in1k", None)
    assert without_vector(archive, entry, _IDS[:13]) == {_IDS[4], _IDS[12]}
    assert entry.source.find(_IDS[:3]).shape == (3, plan.dimensions[0])
    add_features(archive, "test_resnet.r160_in1k", {artwork_id: np.ones(3) for artwork_id in _IDS[1:12]})
    for weights_hash, same in (("another", False), (plan.weights_hash, True)):
        archive.write_json("features/test_resnet.r160_in1k/_about.json", {"weights_hash": weights_hash})
        (entry,) = systems(archive, [], ["tuned"], 0)
        assert (entry.before is not None) == same
    assert without_vector(archive, entry, _IDS[:13]) == {_IDS[0], _IDS[4], _IDS[12]}


def test_comparable_annotations_have_vectors_in_all_systems(archive: Archive) -> None:
    entries = systems(archive, [["dots", "more"]], [], 0)
    annotations = comparable(archive, entries, annotations_of([*_NINES, [*_IDS[42:50], _IDS[50]]]))
    assert annotations.images.tolist() == _NINES[1:5]  # the first has ids 3 and 5; the last two have ids from 50 on
    assert len(comparable(archive, entries, annotations_of([]))) == 0
