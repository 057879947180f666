from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cosine

from artsim.encoders.discriminant import Covariance
from artsim.learn.heads import trainer as module
from artsim.learn.heads.trainer import HeadTrainer
from artsim.learn.losses import make_loss
from artsim.learn.recipe import Recipe
from tests.learn.two_workers import two_workers

_RECIPE = Recipe(hidden=6, dropout=0.0, batch=10, epochs=3, learning_rate=0.01)
_RNG = np.random.default_rng(11)
_KIND = _RNG.integers(0, 6, 90)  # what the curator sees: faint in the first dimensions
_VECTORS = (_RNG.normal(size=(90, 16)) * ([0.4] * 6 + [2.0] * 10)).astype(np.float32)
_VECTORS[np.arange(90), _KIND] += 1.5


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Uses one thread; several would wait for each other at each step while other processes use the cores."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _annotations(images: np.ndarray, count: int) -> np.ndarray:
    rows = []
    while len(rows) < count:
        annotation = _RNG.choice(images, 9, replace=False)
        if _KIND[annotation[0]] == _KIND[annotation[1]] and not (_KIND[annotation[2:]] == _KIND[annotation[0]]).any():
            rows.append(annotation)
    return np.array(rows)


_TRAINING = _annotations(np.arange(60), 43)
_VALIDATION = _annotations(np.arange(60, 90), 20)


def _trainer(recipe: Recipe = _RECIPE, **settings: object) -> HeadTrainer:
    return HeadTrainer(_VECTORS, _TRAINING, _VALIDATION, recipe, **settings)


def _weights(trainer: HeadTrainer) -> list[np.ndarray]:
    return [tensor.numpy() for tensor in trainer.tensors().values()]


def test_training_learns_the_curator_s_criterion() -> None:
    recipe = replace(_RECIPE, dropout=0.3, hidden=32)
    trainer = HeadTrainer(_VECTORS, _annotations(np.arange(60), 300), _VALIDATION, recipe)
    before = trainer.validate().mean()
    losses = [trainer.train_epoch(epoch)["loss"] for epoch in range(20)]
    assert losses[-1] < 0.7 * losses[0]
    assert trainer.validate().mean() < before - 0.5


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "listwise"},
        {"loss": "triplet", "margin": 0.5},
        {"loss": "triplet", "margin": 0.5, "swap": True, "intra_margin": 0.3},
        {"loss": "contrastive", "margin": 0.9, "intra_margin": 0.1},
    ],
)
@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_step_matches_the_naive_computation(settings: dict[str, Any], distance: str, reduction: str) -> None:
    """Each distinct image of a batch goes through the head once; the gradient is that of separate passes."""
    recipe = replace(_RECIPE, batch=12, distance=distance, reduction=reduction, **settings)
    trainer, naive = _trainer(recipe), _trainer(recipe)
    rows = _TRAINING[:12]
    total = trainer._step(rows)
    expected = torch.zeros(())
    for annotation in rows:
        embedded = [naive.head(torch.from_numpy(_VECTORS[[image]])) for image in annotation]
        expected = expected + make_loss(recipe)(embedded[0], embedded[1], torch.stack(embedded[2:], 1))
    if reduction == "mean":
        expected = expected / len(rows)
    expected.backward()
    assert float(total) == pytest.approx(expected.item(), rel=1e-5)
    for parameter, naive_parameter in zip(trainer.head.parameters(), naive.head.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, naive_parameter.grad, rtol=1e-3, atol=1e-5)


def test_the_optimizer_uses_the_recipe_settings() -> None:
    """AdamW's first step: lr times the sign of the gradient, and the weights' decay."""
    trainer = _trainer(replace(_RECIPE, weight_decay=0.5))
    before = [parameter.detach().clone() for parameter in trainer.head.parameters()]
    trainer._step(_TRAINING[:10])
    for old, new in zip(before, trainer.head.parameters(), strict=True):
        expected = old * (1 - 0.01 * 0.5) - 0.01 * new.grad / (new.grad.abs() + 1e-8)
        torch.testing.assert_close(new.detach(), expected, rtol=1e-4, atol=1e-6)


def test_each_annotation_trains_once_an_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, seen = _trainer(), []
    monkeypatch.setattr(trainer, "_step", lambda judged: seen.append(judged) or torch.zeros(()))
    trainer.train_epoch(0)
    trainer.train_epoch(1)
    assert [len(batch) for batch in seen] == 2 * [10, 10, 10, 10, 3]
    first, second = (np.concatenate(batches) for batches in (seen[:5], seen[5:]))
    assert sorted(first.tolist()) == sorted(second.tolist()) == sorted(_TRAINING.tolist())
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize("head", ["discriminant", "residual"])
@pytest.mark.parametrize("negatives", ["own", "semihard", "hard"])
def test_a_restored_state_continues_identically(tmp_path: Path, negatives: str, head: str) -> None:
    recipe = replace(_RECIPE, dropout=0.4, negatives=negatives, mined=3, head=head)
    whole = _trainer(recipe)
    for epoch in range(2):
        whole.train_epoch(epoch)
    torch.save(whole.state(), sink := tmp_path / "state.pt")
    torch.manual_seed(999)  # random draws in the meantime have no effect
    resumed = _trainer(
        recipe, total=Covariance(np.zeros(16), np.eye(16))
    )  # the state restores the fit, even if the archive has changed
    resumed.restore(torch.load(sink, weights_only=True))
    for epoch in range(2, 5):
        assert whole.train_epoch(epoch) == resumed.train_epoch(epoch)
        assert whole.validate().tolist() == resumed.validate().tolist()
    for expected, actual in zip(_weights(whole), _weights(resumed), strict=True):
        assert expected.tolist() == actual.tolist()


def test_results_depend_only_on_the_seed() -> None:
    recipe = replace(_RECIPE, dropout=0.4)
    runs = []
    for seed in (1, 1, 2):
        trainer = _trainer(recipe, seed=seed)
        trainer.train_epoch(0)
        runs.append([weights.tolist() for weights in _weights(trainer)])
    assert runs[0] == runs[1] != runs[2]


def test_the_global_generator_is_unchanged() -> None:
    before = torch.random.get_rng_state()
    _trainer(replace(_RECIPE, dropout=0.4)).train_epoch(0)
    assert torch.equal(before, torch.random.get_rng_state())


def test_standardization_uses_only_training_images() -> None:
    seen = _VECTORS[sorted(set(_TRAINING.flat))].astype(np.float64)
    head = _trainer(replace(_RECIPE, head="residual")).head
    np.testing.assert_allclose(head.mean.numpy(), seen.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(head.scale.numpy(), 1 / seen.std(0), rtol=1e-4)


def test_validation_is_the_rank_of_the_positive() -> None:
    trainer = _trainer()
    trainer.train_epoch(0)
    embedding = trainer.head.eval()(torch.from_numpy(_VECTORS)).detach().numpy()
    expected = []
    for anchor, positive, *others in _VALIDATION:
        distance = cosine(embedding[anchor], embedding[positive])
        expected.append(1 + sum(cosine(embedding[anchor], embedding[negative]) < distance for negative in others))
    assert trainer.validate().tolist() == expected


@pytest.mark.parametrize(("value", "rank"), [(0.0, 4.5), (float("nan"), 8.0)])
def test_a_collapsed_model_scores_chance(value: float, rank: float) -> None:
    trainer = _trainer(replace(_RECIPE, head="linear"))
    with torch.no_grad():
        trainer.head.transform[1].weight.fill_(value)
    assert trainer.validate().tolist() == [rank] * len(_VALIDATION)


def test_without_validation_there_are_no_ranks() -> None:
    assert HeadTrainer(_VECTORS, _TRAINING, _VALIDATION[:0], _RECIPE).validate().shape == (0,)


def test_mining_adds_negatives_and_excludes_validation_images(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, seen = _trainer(replace(_RECIPE, negatives="hard", mined=2), groups=_KIND), []
    step = trainer._step
    monkeypatch.setattr(trainer, "_step", lambda judged: seen.append(judged) or step(judged))
    for epoch in range(3):
        trainer.train_epoch(epoch)
    rows = np.concatenate(seen)
    assert rows.shape == (3 * len(_TRAINING), 11)
    mined = rows[:, 9:]
    assert not np.isin(mined, _VALIDATION).any()
    assert (_KIND[mined] != _KIND[rows[:, :1]]).all()
    assert len(set(mined.flat)) > 5
    only = _trainer(replace(_RECIPE, negatives="semihard", mined=2), pool=np.arange(20, 60))
    assert set(only._mine_negatives(_TRAINING, np.random.default_rng(0)).flat) <= set(range(20, 60))


@pytest.mark.slow
def test_two_workers_match_one_with_the_whole_batch(tmp_path: Path) -> None:
    """Real processes over gloo. 43 annotations in batches of 6: the last has one, so one worker gets none."""
    recipes = [
        replace(_RECIPE, batch=6),
        replace(_RECIPE, batch=6, head="residual"),
        replace(_RECIPE, batch=6, loss="triplet", reduction="sum", head="mlp"),
        replace(_RECIPE, batch=7, loss="contrastive", margin=0.8, head="linear", negatives="hard"),
    ]
    two_workers(_train_all, tmp_path, recipes)
    for index, recipe in enumerate(recipes):
        alone = _trainer(recipe)
        losses = [alone.train_epoch(epoch)["loss"] for epoch in range(3)]
        for rank in range(2):
            result = torch.load(tmp_path / f"{index}-{rank}.pt", weights_only=True)
            assert result["losses"] == pytest.approx(losses, rel=1e-5)
            for name, tensor in alone.tensors().items():
                torch.testing.assert_close(result["tensors"][name], tensor, rtol=1e-3, atol=1e-5)


def _train_all(rank: int, folder: Path, recipes: list[Recipe]) -> None:
    for index, recipe in enumerate(recipes):
        trainer = module.HeadTrainer(_VECTORS, _TRAINING, _VALIDATION, recipe)
        losses = [trainer.train_epoch(epoch)["loss"] for epoch in range(3)]
        torch.save({"losses": losses, "tensors": trainer.tensors()}, folder / f"{index}-{rank}.pt")
