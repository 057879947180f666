from pathlib import Path

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.encoders import embed as module
from artsim.encoders.embed import PendingVectors, _embed_partition, embed_archive
from artsim.encoders.model import HeadEncoder, Model
from artsim.space.features import Space
from tests.encoders.test_model import _model
from tests.made import CLOSED, add_features, make_archive, named, vectors_of

_IDS = named(40)


@pytest.fixture
def archive(tmp_path) -> Archive:
    archive = make_archive(tmp_path / "archive", _IDS, rights=dict.fromkeys(_IDS[30:], CLOSED))
    rng = np.random.default_rng(2)
    add_features(archive, "one", {artwork_id: rng.normal(size=6) for artwork_id in _IDS} | {_IDS[7]: None}, shuffled=1)
    add_features(archive, "two", {artwork_id: rng.normal(size=9) for artwork_id in _IDS[:35]} | {_IDS[9]: None})
    return archive


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Embeds in this process, without Ray."""

    class _Data:
        def __init__(self, items: list, **_: object) -> None:
            self.items = items

        def map(self, work: object, **_: object) -> "_Data":
            return _Data([work(item) for item in self.items])  # type: ignore[operator]

    monkeypatch.setattr("artsim.runtime.connect", lambda **_: None)
    monkeypatch.setattr("artsim.runtime.rows_of", lambda dataset: dataset.items)
    monkeypatch.setattr("artsim.runtime.wait_for", lambda needs: None)
    monkeypatch.setattr("artsim.runtime.dataset_of", lambda rows, blocks: _Data(rows))


def _expected(archive: Archive, model: Model, ids: list[str]) -> dict[str, np.ndarray]:
    return dict(zip(ids, model.vectors(archive, ids), strict=True))


def _same(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert set(found) == set(expected)
    for artwork_id, vector in expected.items():
        np.testing.assert_allclose(found[artwork_id], vector, rtol=1e-5, atol=1e-6)


def test_every_image_with_all_features_is_embedded(archive: Archive, here: None) -> None:
    model = _model(archive, ["one", "two:3"])
    report = embed_archive(archive, model, public_only=False)
    good = [artwork_id for artwork_id in _IDS[:35] if artwork_id not in (_IDS[7], _IDS[9])]
    _same(vectors_of(archive, "eye"), _expected(archive, model, good))
    rows = archive.table("features/eye").find(_IDS, ["id", "error", "sha256"]).to_pylist()
    assert [row["id"] for row in rows if row["error"]] == [_IDS[7], _IDS[9]]
    hashes = archive.table("images").find(_IDS, ["id", "sha256"]).to_pylist()
    assert [row["sha256"] for row in rows] == [row["sha256"] for row in hashes[:35]]
    waiting = report.pop("rows_waiting")
    assert sum(report.pop("failures").values()) == 2
    assert report == {"table": "features/eye", "rows_in": 35 - 2 + 2 + waiting, "rows_out": 33, "rows_failed": 2}
    Space(archive, ["eye:2"]).find(good)


def test_a_second_run_embeds_only_new_images(archive: Archive, here: None) -> None:
    model = _model(archive, ["one"])
    assert embed_archive(archive, model, public_only=False)["rows_in"] == 40
    assert embed_archive(archive, model, public_only=False)["rows_in"] == 0
    table = archive.table("features/one")
    shard = next(shard for shard in range(archive.shards) if table.parts(shard))
    part = table.parts(shard)[0]
    rows = table.read(shard, part)
    hashes = rows["sha256"].to_pylist()
    changed = rows.set_column(3, "sha256", [["new bytes", *hashes[1:]]])
    archive.table("features/one", rows.schema).write(shard, part, changed)
    assert embed_archive(archive, model, public_only=False)["rows_in"] == 1


def test_another_model_of_the_name_replaces_all_rows(archive: Archive, here: None) -> None:
    embed_archive(archive, _model(archive, ["one"]), public_only=False)
    before, other = vectors_of(archive, "eye"), _model(archive, ["two"])
    with pytest.raises(UserError, match=r"features/eye already exist, written by another model; `again` replaces"):
        embed_archive(archive, other, public_only=False)
    _same(vectors_of(archive, "eye"), before)
    assert embed_archive(archive, other, public_only=False, again=True)["rows_out"] == 34
    _same(
        vectors_of(archive, "eye"),
        _expected(archive, other, [artwork_id for artwork_id in _IDS[:35] if artwork_id != _IDS[9]]),
    )


def test_an_empty_feature_folder_can_be_written(archive: Archive, here: None) -> None:
    Path(archive.uri, "features/eye").mkdir()
    assert embed_archive(archive, _model(archive, ["one"]), public_only=False)["rows_out"] == 39


def test_vectors_that_are_no_numbers_are_rows_with_an_error(archive: Archive, here: None) -> None:
    rng = np.random.default_rng(3)
    odd = {artwork_id: rng.normal(size=6) for artwork_id in _IDS}
    odd[_IDS[20]][2], odd[_IDS[21]][0] = np.nan, np.inf
    add_features(archive, "odd", odd)
    report = embed_archive(archive, _model(archive, ["odd:3"]), public_only=False)
    assert (report["rows_out"], report["rows_failed"]) == (38, 2)
    assert report["failures"] == {"its features hold NaN or infinity": 2}
    rows = archive.table("features/eye").find(_IDS[20:22], ["vector", "error"]).to_pylist()
    assert rows == [{"vector": None, "error": "its features hold NaN or infinity"}] * 2
    broken = _model(archive, ["one"], "broken")
    broken.tensors["transform.1.0.weight"][:] = np.nan
    report = embed_archive(archive, broken, public_only=False)
    assert (report["rows_out"], report["rows_failed"]) == (0, 40)
    assert not vectors_of(archive, "broken")


def test_features_of_a_backbone_are_not_overwritten(archive: Archive) -> None:
    before = vectors_of(archive, "one")
    with pytest.raises(UserError, match=r"features/one belong to a backbone.*; choose another model name"):
        embed_archive(archive, _model(archive, ["two"], "one"), public_only=False)
    _same(vectors_of(archive, "one"), before)


def test_protected_artworks_can_be_excluded(archive: Archive, here: None) -> None:
    assert embed_archive(archive, _model(archive, ["one"]), public_only=True)["rows_in"] == 30
    assert set(vectors_of(archive, "eye")) == set(_IDS[:30]) - {_IDS[7]}


def test_outdated_features_are_not_embedded(archive: Archive) -> None:
    """If only one of the features has an image's new bytes, the image waits; no vector mixes old and new."""
    model = _model(archive, ["one", "two"])
    table = archive.table("features/two")
    shard = next(shard for shard in range(archive.shards) if len(table.parts(shard)) > 0)
    part = table.parts(shard)[0]
    rows = table.read(shard, part)
    stale = rows["id"][0].as_py()
    hashes = ["old bytes", *rows["sha256"].to_pylist()[1:]]
    archive.table("features/two", rows.schema).write(shard, part, rows.set_column(3, "sha256", [hashes]))
    find = PendingVectors(
        archive, archive.table("features/one"), archive.table("features/eye", module.features(4)), False
    )
    done = _embed_partition(HeadEncoder(model, archive), find, shard, part, "run")
    assert done["rows_waiting"] >= 1
    assert archive.table("features/eye").find([stale]) is None
    assert done["rows_in"] == sum(done[name] for name in ("rows_out", "rows_failed", "rows_waiting"))


def test_results_of_a_partition_committed_on_a_lost_machine_are_reported(archive: Archive) -> None:
    encoder, table = HeadEncoder(_model(archive, ["one"]), archive), archive.table("features/one")
    shard = next(shard for shard in range(archive.shards) if len(table.parts(shard)) > 0)
    part = table.parts(shard)[0]
    find = PendingVectors(archive, table, archive.table("features/eye", module.features(4)), False)
    done = _embed_partition(encoder, find, shard, part, "run")
    assert done["rows_in"] == table.rows_in(shard, part)
    assert _embed_partition(encoder, find, shard, part, "run") == done
    assert _embed_partition(encoder, find, shard, part, "another run")["rows_in"] == 0
