"""Describing images outside an archive: the same vectors as one network for each image, with weights loaded once."""

from pathlib import Path

import numpy as np
import pytest

from artsim.archive import Archive, UserError
from artsim.extract.outside_images import Describer
from artsim.extract.plan import make_plans
from artsim.extract.provenance import write_about
from artsim.vision import weights
from artsim.vision.backbones import parse_feature
from artsim.vision.check import BadImage
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from tests.made import jpeg, make_archive, named

BACKBONE = "test_resnet.r160_in1k"
NAMES = [BACKBONE, f"{BACKBONE}@2+std", f"{BACKBONE}+96"]
IMAGES = {f"{number}.jpg": jpeg(None, (200, 150), seed=number) for number in range(3)}


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    archive = make_archive(tmp_path, named(2))
    for name in NAMES:
        write_about(archive, make_plans([parse_feature(name)], "random"), "random", True)
    return archive


def _naive(name: str, data: bytes) -> np.ndarray:
    """Returns the vector of one image by a network made for it alone."""
    feature = parse_feature(name)
    engine = Engine(BACKBONE, [feature], weights.load(feature.backbone, "random")[0], "float32")
    return engine(np.stack(decode(data, [engine.descriptor.input], True)))[0][0]


def test_each_image_has_the_vector_of_each_feature(archive: Archive) -> None:
    names = [NAMES[1], NAMES[2], NAMES[0], NAMES[1]]
    described = Describer(archive, names)(IMAGES)
    assert len(described) == len(names)
    for name, vectors in zip(names, described, strict=True):
        assert vectors.dtype == np.float32
        assert vectors == pytest.approx(np.stack([_naive(name, data) for data in IMAGES.values()]), rel=1e-4, abs=1e-5)


def test_weights_are_loaded_once_and_kept(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    load = weights.load
    monkeypatch.setattr(weights, "load", lambda name, folder, download: loaded.append(name) or load(name, folder))
    describe = Describer(archive, NAMES)
    first, again = describe(IMAGES), describe(IMAGES)
    assert loaded == [BACKBONE]
    for vector, other in zip(first, again, strict=True):
        assert np.array_equal(vector, other)


def test_an_image_that_cannot_be_read_is_named(archive: Archive) -> None:
    with pytest.raises(BadImage, match=r"notes\.txt: not an image"):
        Describer(archive, NAMES[:1])({**IMAGES, "notes.txt": b"words"})


def test_other_weights_are_refused(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "fingerprint", lambda state: "0" * 16)
    with pytest.raises(UserError, match=f"`features` {BACKBONE}: made with weights from random, but .* differ"):
        Describer(archive, NAMES)


def test_features_of_no_backbone_are_refused(archive: Archive) -> None:
    archive.write_json("features/eye/_about.json", {"model_hash": "0"})
    for name in ("eye", "none"):
        with pytest.raises(UserError, match=f"`features` {name}: not computed by a backbone"):
            Describer(archive, [BACKBONE, name])
