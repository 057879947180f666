"""Describing texts with an archive's features: refused without a text tower, or with other weights."""

from pathlib import Path

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.extract.outside_texts import TextDescriber
from artsim.vision import weights
from tests.made import make_archive, named
from tests.vision.tiny_clip import TINY, add_tiny_features, register, text_vector


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    register(tmp_path, monkeypatch)
    archive = make_archive(tmp_path / "archive", named(3))
    add_tiny_features(archive)
    return archive


def test_weights_are_loaded_once(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    load = weights.load_image_text
    monkeypatch.setattr(
        weights, "load_image_text", lambda name, folder, download: loaded.append(name) or load(name, folder)
    )
    describe = TextDescriber(archive, TINY)
    for text in ("red boats", "a horse", "red boats"):
        assert describe([text]) == pytest.approx(text_vector(text)[np.newaxis], abs=1e-6)
    assert loaded == [TINY]


def test_features_of_other_networks_and_other_weights_are_refused(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.write_json("features/eye/_about.json", {"model_hash": "0"})
    for name in ("eye", "none"):
        with pytest.raises(UserError, match=f"`features` {name}: its network reads no texts"):
            TextDescriber(archive, name)
    monkeypatch.setattr(weights, "fingerprint", lambda state: "0" * 16)
    with pytest.raises(UserError, match=f"`features` {TINY}: made with weights from random, but .* differ"):
        TextDescriber(archive, TINY)


def test_another_text_tower_is_refused(archive: Archive) -> None:
    path = f"features/{TINY}/_about.json"
    about = archive.read_json(path)
    archive.write_json(path, about | {"text_weights_hash": "0" * 16})
    with pytest.raises(UserError, match=f"`features` {TINY}: made with weights from random, but .* differ"):
        TextDescriber(archive, TINY)
    archive.write_json(path, {key: value for key, value in about.items() if key != "text_weights_hash"})
    TextDescriber(archive, TINY)  # an archive from before
