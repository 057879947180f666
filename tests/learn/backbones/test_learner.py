"""Fine-tuning a backbone on the archive's images, and embedding some or all of them."""

import tempfile
from dataclasses import asdict

import numpy as np
import pytest
import torch

from artsim import runtime
from artsim.encoders.backbone import BackboneEncoder, embed_backbone, plan_of
from artsim.errors import UserError
from artsim.learn.backbones.learner import BackboneLearner
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.vision.decode import decode
from artsim.vision.inference import Engine
from tests.made import add_features, jpeg, make_archive, named, vectors_of

NAME, TORN = "test_efficientnet", "made:0003"


@pytest.fixture
def archive(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return make_archive(tmp_path / "archive", named(20), pictures={TORN: jpeg(seed=3)[:300], "made:0004": None})


def learner(archive, name=NAME, resolution=48):
    return BackboneLearner(archive, name, "random", resolution, None)


def test_readable_images_are_usable(archive):
    assert learner(archive).usable([*named(20), "made:none"]) == set(named(20)) - {TORN, "made:0004"}


def test_the_network_can_be_rebuilt_from_the_card(archive):
    for name in (NAME, f"{NAME}@1+max"):
        ours = learner(archive, name)
        again = plan_of("eye", ours.card(), ours.plan.state)
        assert again.features[0].name == "eye" and again.weights == "models/eye"
        for field in ("network", "input", "dimensions", "weights_hash"):
            assert getattr(again, field) == getattr(ours.plan, field)
        level, pooling = again.features[0].level, again.features[0].pooling
        assert (level, pooling) == (ours.plan.features[0].level, ours.plan.features[0].pooling)


def test_vectors_have_unit_length_and_the_network_s_resolution(archive):
    plan = learner(archive).plan
    encoder = BackboneEncoder(plan, archive)
    ids = ["made:0007", "made:0001", "made:0002"]
    engine = Engine(plan.network, plan.features, plan.state, "auto")
    data = [archive.table("images").find([artwork_id], ["bytes"])["bytes"][0].as_py() for artwork_id in ids]
    expected = engine(np.stack([decode(content, [plan.input])[0] for content in data]))[0]
    assert plan.input.size == 48
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.find(ids), expected, atol=0.01)
    blocks = {artwork_id: vector for block in encoder.blocks() for artwork_id, vector in zip(*block, strict=True)}
    assert set(blocks) == set(named(20)) - {TORN, "made:0004"}
    np.testing.assert_allclose([blocks[artwork_id] for artwork_id in ids], expected, atol=0.01)
    with pytest.raises(UserError, match=TORN):
        encoder.find([*ids, TORN])


def test_untrained_vectors_come_from_the_archive_if_the_network_is_the_same(archive):
    ours, ids = learner(archive), ["made:0000", "made:0001"]
    computed = BackboneEncoder(ours.plan, archive).find(ids)
    np.testing.assert_array_equal(ours.untrained_vectors(ids), computed)
    stored = dict.fromkeys(ids, np.arange(ours.plan.dimensions[0]))
    name = f"{NAME}+48"  # the name that jobs.extract gives these features
    add_features(archive, name, stored)
    about = {"weights_hash": "another", "input": asdict(ours.plan.input)}
    archive.write_json(f"features/{name}/_about.json", about)
    np.testing.assert_array_equal(ours.untrained_vectors(ids), computed)
    archive.write_json(f"features/{name}/_about.json", about | {"weights_hash": ours.plan.weights_hash})
    np.testing.assert_array_equal(ours.untrained_vectors(ids)[0], stored[ids[0]])
    assert len(ours.untrained_vectors([*ids, "made:0002"])) == 3, "not all are there: computed"


def test_errors_name_the_option(archive):
    with pytest.raises(UserError, match="`finetune` no_such_net"):
        learner(archive, "no_such_net")
    with pytest.raises(UserError, match="`finetune` test_vit: the input size is fixed at 160 pixels"):
        learner(archive, "test_vit", 100)


@pytest.mark.slow
def test_a_trained_backbone_embeds_the_whole_archive(archive):
    ours, ids = learner(archive), [artwork_id for artwork_id in named(20) if artwork_id not in (TORN, "made:0004")]
    judged = np.stack([np.random.default_rng(seed).permutation(18)[:9] for seed in range(6)])
    recipe = FinetuneRecipe(batch=3)
    runtime.connect()  # stays connected for other tests of this process
    make = ours.trainer(
        ours.shared_data(ids, recipe, 0), judged[:4], judged[4:], recipe, 0, np.full(18, -1), np.arange(18)
    )
    trainer = make()
    trainer.train_epoch(0)
    plan = plan_of("eye", ours.card(), trainer.tensors())
    trainer.backbone.eval()
    with torch.no_grad():
        expected = trainer.backbone(trainer._pixels(np.arange(18))).numpy()
    report = embed_backbone(archive, plan, public_only=False)
    assert report == {"rows_in": 19, "rows_out": 18, "rows_failed": 1, "failures": {"damaged header": 1}}
    vectors = vectors_of(archive, "eye")
    np.testing.assert_allclose([vectors[artwork_id] for artwork_id in ids], expected, atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(list(vectors.values()), axis=1), 1, atol=1e-5)
    assert embed_backbone(archive, plan, public_only=False)["rows_in"] == 0
