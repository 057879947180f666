import shutil
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from artsim.archive import Archive, UserError
from artsim.encoders.heads import Head
from artsim.encoders.model import FORMAT, ROLES, Model, about_feature, load_model, pca_tensors
from artsim.learn.recipe import Recipe
from artsim.space.features import Space
from tests.made import add_features, make_archive, named, vectors_of

_IDS = named(60)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = make_archive(tmp_path / "archive", _IDS)
    rng = np.random.default_rng(2)
    add_features(
        archive, "one", {artwork_id: rng.normal(size=6) * 5 + 1 for artwork_id in _IDS} | {_IDS[7]: None}, shuffled=1
    )
    add_features(archive, "two", {artwork_id: rng.normal(size=9) for artwork_id in _IDS})
    for name in ("one", "two"):
        archive.write_json(f"features/{name}/_about.json", {"network": "net", "weights_hash": f"of {name}", "more": 1})
    return archive


def _model(archive: Archive, specs: list[str], name: str = "eye") -> Model:
    space = Space(archive, specs, whiten=True)
    torch.manual_seed(4)
    recipe = Recipe(hidden=4, head="mlp")
    head = Head(space.find(_IDS[:1]).shape[1], recipe)
    head.fit(torch.tensor(space.find(_IDS[:7])), np.arange(7)[None], None, recipe)
    card = {
        "format": FORMAT,
        "kind": "head",
        "inputs": [{"features": spec, "about": about_feature(archive, spec.partition(":")[0])} for spec in specs],
        "recipe": asdict(recipe),
        "dimension": 4,
    }
    rows = [("a", _IDS[:9], "training"), ("b", _IDS[9:18], "validation"), ("c", _IDS[18:27], "verification")]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return Model(name, card, {**head.state_dict(), **pca_tensors(space)}, pa.table(columns, schema=ROLES))


def _naive(archive: Archive, model: Model, image_id: str) -> list[float]:
    """Embeds an image with the model's tensors: PCA, unit length, join, standardize, two layers."""
    parts = []
    for index, spec in enumerate(model.card["inputs"]):
        vector = vectors_of(archive, spec["features"].partition(":")[0])[image_id].astype(np.float64)
        if f"pca.{index}.mean" in model.tensors:
            mean, matrix = (model.tensors[f"pca.{index}.{part}"].numpy() for part in ("mean", "matrix"))
            vector = [sum((x - m) * w for x, m, w in zip(vector, mean, column, strict=True)) for column in matrix.T]
        parts.append(np.array(vector))
    if len(parts) > 1:
        parts = [part / np.sqrt(sum(part**2)) for part in parts]
    t = {name: tensor.double().numpy() for name, tensor in model.tensors.items()}
    x = (np.concatenate(parts) - t["mean"]) * t["scale"]
    hidden = np.maximum(t["transform.1.0.weight"] @ x + t["transform.1.0.bias"], 0)
    return (t["transform.1.2.weight"] @ hidden + t["transform.1.2.bias"]).tolist()


@pytest.mark.parametrize("specs", [["one"], ["two:3"], ["two:5", "one"]])
def test_a_saved_model_loads_unchanged(archive: Archive, specs: list[str]) -> None:
    model = _model(archive, specs)
    model.save(archive)
    again = load_model(archive, "eye")
    assert (again.card, again.rows.to_pydict(), again.hash) == (model.card, model.rows.to_pydict(), model.hash)
    modes = {path.stat().st_mode for path in Path(archive.uri, "models", "eye").iterdir()}
    assert len(modes) == 1, "who may read one file may read all"
    asked = [_IDS[30], _IDS[3], _IDS[12]]
    embedded = again.vectors(archive, asked)
    assert embedded.dtype == np.float32
    for artwork_id, vector in zip(asked, embedded.tolist(), strict=True):
        assert vector == pytest.approx(_naive(archive, model, artwork_id), abs=1e-4)
    blocks = {
        artwork_id: vector
        for ids, vectors in again.blocks(archive)
        for artwork_id, vector in zip(ids, vectors, strict=True)
    }
    assert set(blocks) == set(vectors_of(archive, "one" if "one" in specs else "two"))
    np.testing.assert_allclose(blocks[_IDS[12]], embedded[2], rtol=1e-5)


def test_training_images_are_listed(archive: Archive) -> None:
    assert _model(archive, ["one"]).training_images() == set(_IDS[:18])


def test_a_model_works_in_another_archive(archive: Archive, tmp_path: Path) -> None:
    """The PCA that was fitted on the first archive is part of the model."""
    model = _model(archive, ["two:4"])
    model.save(archive)
    shutil.copytree(Path(archive.uri, "models", "eye"), tmp_path / "carried")
    other = make_archive(tmp_path / "other", _IDS[:20])
    with pytest.raises(UserError, match=r"`features` two: .*no such features"):
        load_model(other, str(tmp_path / "carried")).encoder(other)
    add_features(other, "two", {artwork_id: vectors_of(archive, "two")[artwork_id] for artwork_id in _IDS[:20]})
    with pytest.raises(UserError, match="features/two: the model carried was trained on different features"):
        load_model(other, str(tmp_path / "carried")).encoder(other)
    other.write_json("features/two/_about.json", {"network": "net", "weights_hash": "of two", "more": 2})
    carried = load_model(other, str(tmp_path / "carried"))
    assert carried.name == "carried"
    assert carried.vectors(other, _IDS[:20]).tolist() == model.vectors(archive, _IDS[:20]).tolist()


def test_invalid_models_are_user_errors(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"eye: no model of this name.*none yet; create one with jobs\.train"):
        load_model(archive, "eye")
    model = _model(archive, ["one"])
    model.save(archive)
    with pytest.raises(UserError, match=r"nose: no model .* the archive has eye"):
        load_model(archive, "nose")
    archive.write_json("models/eye/card.json", {**model.card, "format": 99})
    with pytest.raises(UserError, match="eye: model format 99"):
        load_model(archive, "eye")


def test_a_model_without_a_card_does_not_exist(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer killed between two files leaves no model, and never a mixture of two."""
    _model(archive, ["one"]).save(archive)
    monkeypatch.setattr(Archive, "write_json", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        _model(archive, ["two"]).save(archive)
    monkeypatch.undo()
    with pytest.raises(UserError, match="eye: no model"):
        load_model(archive, "eye")


def test_other_weights_have_another_hash(archive: Archive) -> None:
    model = _model(archive, ["one"])
    tensors = {name: tensor.clone() for name, tensor in model.tensors.items()}
    tensors["transform.1.0.bias"][2] += 1e-6
    assert Model("eye", model.card, tensors, model.rows).hash != model.hash
    shuffled = dict(reversed(model.tensors.items()))
    assert Model("eye", model.card, shuffled, model.rows).hash == model.hash


@pytest.mark.parametrize(
    ("file", "content"), [("card.json", b"{"), ("model.safetensors", b"\0" * 40), ("annotations.parquet", None)]
)
def test_a_damaged_model_is_a_user_error_that_names_the_file(
    archive: Archive, file: str, content: bytes | None
) -> None:
    _model(archive, ["one"]).save(archive)
    path = Path(archive.uri, "models/eye", file)
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    with pytest.raises(UserError, match=f"models/eye/{file}: this file of the model is missing or damaged"):
        load_model(archive, "eye")
