"""Fine-tuning of a small untrained network on generated pictures; the results apply to any network."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from artsim.errors import UserError
from artsim.extract.plan import make_plans
from artsim.learn.backbones.network import Backbone, parameter_groups
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.backbones.trainer import BackboneTrainer
from artsim.learn.losses import make_loss
from artsim.vision.backbones import parse_feature
from artsim.vision.inference import Engine
from tests.learn.two_workers import two_workers

SIZE = 32
EXACT = FinetuneRecipe(precision="float32", batch=6, micro_batch=6, learning_rate=1e-3)


def plan_for(name="test_efficientnet"):
    return make_plans([parse_feature(f"{name}+{SIZE}")], "random")[0]


PLAN = plan_for()


def made(images=24, annotations=10, seed=0):
    """Noisy squares of one color each, and annotations: only the positive has the anchor's color."""
    rng = np.random.default_rng(seed)
    color = np.arange(images) % 4
    palette = np.array([[220, 30, 30], [30, 220, 30], [30, 30, 220], [200, 200, 40]])
    squares = np.clip(palette[color][:, None, None] + rng.normal(0, 40, (images, SIZE, SIZE, 3)), 0, 255)
    rows = []
    for _ in range(annotations):
        anchor = rng.integers(images)
        same = np.flatnonzero((color == color[anchor]) & (np.arange(images) != anchor))
        rows.append([anchor, rng.choice(same), *rng.choice(np.flatnonzero(color != color[anchor]), 7, replace=False)])
    return squares.astype(np.uint8), np.array(rows)


def trainer_for(recipe=EXACT, plan=PLAN, **how):
    squares, judged = made()
    return BackboneTrainer(plan, squares, np.arange(len(squares)), judged[:7], judged[7:], recipe, **how)


def batch_norms(trainer):
    norms = (m for m in trainer.backbone.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm))
    return [tensor.clone() for norm in norms for tensor in norm.state_dict().values()]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_batch_norms_are_frozen_and_all_other_layers_train(precision):
    trainer = trainer_for(replace(EXACT, precision=precision))
    norms, before = batch_norms(trainer), {k: t.clone() for k, t in trainer.tensors().items()}
    trainer.train_epoch(0)
    trainer.validate()
    trainer.train_epoch(1)
    assert norms and all(torch.equal(a, b) for a, b in zip(norms, batch_norms(trainer), strict=True))
    after = trainer.tensors()
    assert {tensor.dtype for tensor in trainer.backbone.parameters()} == {torch.float32}, "autocast, not a cast"
    changed = {name for name in after if not torch.equal(after[name], before[name])}
    assert changed == {n for n, p in trainer.backbone.descriptor.model.named_parameters() if p.requires_grad}
    assert {name for name in after if name not in changed and "bn" not in name} == {
        "classifier.weight",
        "classifier.bias",
    }


def test_micro_batches_are_halved_on_out_of_memory_with_the_same_gradients(monkeypatch):
    whole, small = (
        trainer_for(replace(EXACT, batch=7, micro_batch=7)),
        trainer_for(replace(EXACT, batch=7, micro_batch=7)),
    )
    passes, loss_of = [], small._loss

    def short_of_memory(judged, batch):
        passes.append(len(judged))
        if len(judged) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return loss_of(judged, batch)

    monkeypatch.setattr(small, "_loss", short_of_memory)
    assert small.train_epoch(0)["loss"] == pytest.approx(whole.train_epoch(0)["loss"], rel=1e-4)
    assert passes == [7, 3, *[1] * 7]
    for expected, actual in zip(whole.backbone.parameters(), small.backbone.parameters(), strict=True):
        if expected.requires_grad:
            torch.testing.assert_close(expected.grad, actual.grad, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("loss", [{"loss": "listwise"}, {"loss": "triplet", "reduction": "sum", "intra_margin": 0.1}])
def test_accumulated_gradients_match_one_pass(loss):
    results = {}
    for micro_batch in (2, 7):
        trainer = trainer_for(replace(EXACT, batch=7, micro_batch=micro_batch, **loss))
        value = trainer.train_epoch(0)["loss"]
        results[micro_batch] = value, [p.grad.clone() for p in trainer.backbone.parameters() if p.requires_grad]
    assert results[2][0] == pytest.approx(results[7][0], rel=1e-4)
    for first, second in zip(results[2][1], results[7][1], strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-5)


def test_the_first_loss_matches_the_descriptors():
    squares, judged = made()
    backbone = Backbone(PLAN)
    with torch.no_grad():
        vectors = backbone(torch.from_numpy(squares))
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(vectors)))
    anchor, positive, negatives = (vectors[judged[:7, place]] for place in (0, 1, slice(2, 9)))
    expected = make_loss(EXACT)(anchor, positive, negatives).item()
    assert trainer_for(replace(EXACT, batch=7)).train_epoch(0)["loss"] == pytest.approx(expected, rel=1e-4)


def test_each_image_is_computed_once_per_pass():
    trainer = trainer_for(replace(EXACT, batch=7, micro_batch=7))
    sizes = []
    trainer.backbone.register_forward_pre_hook(lambda _, pixels: sizes.append(len(pixels[0])))
    trainer.train_epoch(0)
    assert sizes == [len(np.unique(trainer.training))] and sizes[0] < trainer.training.size


@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet", "test_vit"])
def test_learning_rates_decay_toward_the_stem(name):
    backbone = Backbone(plan_for(name) if name != "test_vit" else make_plans([parse_feature(name)], "random")[0])
    groups = parameter_groups(backbone, replace(EXACT, learning_rate=1.0, layer_decay=0.5, weight_decay=0.3))
    names = {id(p): n for n, p in backbone.descriptor.model.named_parameters() if p.requires_grad}
    placed = {names[id(p)]: group for group in groups for p in group["params"]}
    assert len(placed) == len(names) == sum(len(group["params"]) for group in groups), "each once"
    rates = {name: group["lr"] for name, group in placed.items()}
    stem, last = ("patch_embed.proj.weight", "norm.weight") if name == "test_vit" else (next(iter(rates)), None)
    assert rates[stem] == min(rates.values()) < max(rates.values()) <= 1
    if last:
        assert rates[last] == max(rates.values())
    assert all(np.log2(rate) == int(np.log2(rate)) for rate in rates.values()), "powers of the decay"
    for parameter_name, group in placed.items():
        spared = backbone.descriptor.model.get_parameter(parameter_name).ndim <= 1 or parameter_name in (
            "pos_embed",
            "cls_token",
        )
        assert group["weight_decay"] == (0 if spared else 0.3), parameter_name
    equal = parameter_groups(backbone, replace(EXACT, layer_decay=1.0))
    assert {group["lr"] for group in equal} == {EXACT.learning_rate}


def test_a_level_trains_only_the_layers_before_it():
    trainer = trainer_for(plan=plan_for("test_efficientnet@1"))
    before = trainer.tensors()
    trainer.train_epoch(0)
    changed = {name for name, tensor in trainer.tensors().items() if not torch.equal(tensor, before[name])}
    assert any(name.startswith("blocks.0") for name in changed)
    assert not any(name.startswith(("blocks.3", "conv_head")) for name in changed)


@pytest.mark.slow
def test_training_brings_matching_images_together():
    trainer = trainer_for(replace(EXACT, batch=3))
    losses = [trainer.train_epoch(epoch)["loss"] for epoch in range(6)]
    assert losses[-1] < 0.5 * losses[0]
    assert trainer.validate().mean() < 1.5


@pytest.mark.slow
@pytest.mark.parametrize("negatives", ["own", "semihard", "hard"])
def test_a_resumed_training_equals_an_uninterrupted_one(negatives, tmp_path):
    recipe = replace(EXACT, negatives=negatives, mined=2)
    through = trainer_for(recipe, seed=3)
    through.train_epoch(0)
    torch.save(through.state(), tmp_path / "state.pt")
    loss = through.train_epoch(1)["loss"]
    again = trainer_for(recipe, seed=3)
    again.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert again.train_epoch(1)["loss"] == loss
    for name, tensor in through.tensors().items():
        assert torch.equal(tensor, again.tensors()[name]), name
    np.testing.assert_array_equal(through.validate(), again.validate())


def test_mined_negatives_come_from_the_pool_and_no_known_group():
    squares, judged = made()
    groups, pool = np.arange(24) % 5, np.arange(24)[np.arange(24) % 4 > 0]
    recipe = replace(EXACT, negatives="hard", mined=3)
    trainer = BackboneTrainer(PLAN, squares, np.arange(24), judged, judged, recipe, groups=groups, pool=pool)
    mined = trainer._mine_negatives(judged, np.random.default_rng(0))
    assert mined.shape == (10, 3) and set(mined.flat) <= set(pool.tolist())
    for row, negatives_of_row in zip(judged, mined, strict=True):
        assert not set(groups[negatives_of_row]) & set(groups[row[:2]]) and not set(negatives_of_row) & set(row)


@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet@2+gem"])
def test_extraction_with_the_saved_tensors_matches_training(name):
    plan = plan_for(name)
    trainer = trainer_for(plan=plan)
    trainer.train_epoch(0)
    squares = made()[0]
    trainer.backbone.eval()
    with torch.no_grad():
        expected = trainer.backbone(torch.from_numpy(squares))
    engine = Engine(plan.network, plan.features, trainer.tensors(), "float32")
    torch.testing.assert_close(F.normalize(torch.from_numpy(engine(squares)[0])), expected, atol=1e-4, rtol=1e-3)


def test_settings_out_of_range_are_user_errors():
    with pytest.raises(UserError, match="`layer_decay`"):
        FinetuneRecipe(layer_decay=1.5)
    with pytest.raises(UserError, match="`resolution` 8"):
        FinetuneRecipe(resolution=8)
    assert FinetuneRecipe().learning_rate < 1e-3


def _work(rank, folder):
    torch.save(_steps(), folder / f"{rank}.pt")


def _steps():
    """Losses and gradients of batches of seven and of one (a worker gets none); ranks; then the loss of an epoch."""
    recipe = replace(EXACT, batch=7, micro_batch=2, learning_rate=1e-12, negatives="semihard", mined=2)
    trainer, steps = trainer_for(recipe), []
    mined = np.hstack([trainer.training, trainer._mine_negatives(trainer.training, np.random.default_rng(0))])
    for judged in (mined, mined[:1]):
        loss = trainer._step(judged)
        steps.append([loss, *(p.grad.clone() for p in trainer.backbone.parameters() if p.requires_grad)])
    return {"steps": steps, "ranks": trainer.validate().tolist(), "loss": trainer.train_epoch(0)["loss"]}


@pytest.mark.slow
def test_two_workers_match_one_with_the_whole_batch(tmp_path):
    two_workers(_work, tmp_path)
    alone, (first, second) = _steps(), (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    assert first["ranks"] == second["ranks"] == alone["ranks"]
    assert first["loss"] == second["loss"] == pytest.approx(alone["loss"], rel=1e-5)
    for first_step, second_step, expected in zip(first["steps"], second["steps"], alone["steps"], strict=True):
        torch.testing.assert_close((first_step[0] + second_step[0]) / 2, expected[0], rtol=1e-4, atol=1e-6)
        for a, b, joint in zip(first_step[1:], second_step[1:], expected[1:], strict=True):
            assert torch.equal(a, b), "workers go on alike"
            torch.testing.assert_close(a, joint, rtol=1e-3, atol=1e-5)
