"""A small untrained network that learns labels from generated pictures; the results apply to any network."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from artsim.extract.plan import make_plans
from artsim.learn.backbones.augmentation import augmentation, mix
from artsim.learn.backbones.classifier import ClassifierTrainer, _class_weights
from artsim.learn.backbones.label_recipe import LabelRecipe
from artsim.learn.epochs import epochs
from artsim.vision.backbones import parse_feature
from tests.learn.two_workers import two_workers

_SIZE = 32
_PLAN = make_plans([parse_feature(f"test_efficientnet+{_SIZE}")], "random")[0]
_PLAIN = LabelRecipe(
    precision="float32", batch=8, micro_batch=8, mixup=0, randaugment=0, dropout=0, label_smoothing=0, frozen_epochs=0
)


def _pictures(images: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Noisy squares, and their labels in two tasks: the color, and whether the square is bright; some are missing."""
    rng = np.random.default_rng(0)
    color, bright = np.arange(images) % 3, np.arange(images) // 3 % 2
    palette = np.array([[160, 20, 20], [20, 160, 20], [20, 20, 160]])
    values = palette[color] + 80 * bright[:, None]
    squares = np.clip(values[:, None, None] + rng.normal(0, 20, (images, _SIZE, _SIZE, 3)), 0, 255).astype(np.uint8)
    labels = np.stack([color, bright], axis=1)
    labels[5::7, 1] = -1
    return squares, labels


def _trainer(recipe: LabelRecipe = _PLAIN, **how: object) -> ClassifierTrainer:
    squares, labels = _pictures()
    images = np.arange(len(squares))
    training, validation = images[:36], images[36:]
    arguments = (_PLAN, squares, images, labels, (3, 2), training, validation)
    trainer = ClassifierTrainer(*arguments, recipe, **how)
    trainer.augment = lambda pixels: pixels
    return trainer


def test_the_loss_is_the_sum_of_the_tasks_weighted_mean_cross_entropies() -> None:
    trainer = _trainer()
    torch.nn.init.normal_(trainer.network.heads.tasks[0].weight)
    batch = trainer.training[3:11]
    expected = 0.0
    for task, logits in enumerate(trainer.logits(batch)):
        labels, counts = (
            trainer.labels[batch, task],
            np.bincount(trainer.labels[:36, task][trainer.labels[:36, task] >= 0]),
        )
        weights = counts.sum() / (len(counts) * counts)
        terms = [
            -weights[label] * float(torch.log_softmax(row, 0)[label])
            for row, label in zip(logits, labels, strict=True)
            if label >= 0
        ]
        expected += sum(terms) / sum(weights[label] for label in labels if label >= 0)
    assert trainer._loss(batch, trainer._terms(batch)).item() == pytest.approx(expected, rel=1e-4)


def test_smoothed_targets_and_missing_labels() -> None:
    trainer = _trainer(replace(_PLAIN, label_smoothing=0.3), balanced=False)
    targets = trainer._targets(np.array([0, 5]), 1)
    torch.testing.assert_close(targets, torch.tensor([[0.85, 0.15], [0.0, 0.0]]))
    np.testing.assert_allclose(trainer._targets(np.array([0]), 0), [[0.8, 0.1, 0.1]], rtol=1e-6)


def test_balanced_weights_make_classes_equally_important() -> None:
    weights = _class_weights(np.array([0, 0, 0, 1, -1]), 3, True)
    np.testing.assert_allclose(weights, [4 / 6, 2, 0])
    np.testing.assert_array_equal(_class_weights(np.array([0, 0, 1]), 3, False), [1, 1, 1])


def test_only_heads_are_trained_while_the_backbone_is_frozen() -> None:
    trainer = _trainer(replace(_PLAIN, frozen_epochs=1, epochs=2))
    states = [trainer.tensors()]
    for epoch in range(2):
        trainer.train_epoch(epoch)
        states.append(trainer.tensors())
    changed = [
        {name for name in after if not torch.equal(before[name], after[name])} for before, after in pairwise(states)
    ]
    assert {name.partition(".")[0] for name in changed[0]} == {"labels"}
    assert len({name for name in changed[1] if not name.startswith("labels.")}) > 10


def test_it_learns_both_tasks_and_the_best_epoch_is_kept() -> None:
    trainer = _trainer(replace(_PLAIN, epochs=6, head_learning_rate=0.02))
    before = trainer.validate()
    *_, progress = epochs(trainer, trainer.recipe)
    after = [epoch["cross_entropy"] for epoch in progress.history]
    assert min(after) < before.mean() / 2
    for task, logits in enumerate(trainer.logits(trainer.validation)):
        known = trainer.labels[36:, task] >= 0
        assert (logits.argmax(1).numpy() == trainer.labels[36:, task])[known].mean() > 0.8


def test_validation_is_the_mean_over_an_images_labels() -> None:
    trainer = _trainer()
    trainer.train_epoch(0)
    measured = trainer.validate()
    outputs = trainer.logits(trainer.validation)
    for row, image in enumerate(trainer.validation):
        terms = [
            float(trainer.weights[task][label] * F.cross_entropy(outputs[task][row : row + 1], torch.tensor([label])))
            for task, label in enumerate(trainer.labels[image])
            if label >= 0
        ]
        assert measured[row] == pytest.approx(np.mean(terms), rel=1e-5)


def test_a_resumed_training_equals_an_uninterrupted_one() -> None:
    recipe = replace(_PLAIN, mixup=0.4, dropout=0.2, frozen_epochs=1, epochs=3)
    whole, first, second = (_trainer(recipe) for _ in range(3))
    for epoch in range(3):
        whole.train_epoch(epoch)
    first.train_epoch(0)
    second.restore(first.state())
    for epoch in (1, 2):
        second.train_epoch(epoch)
    for name, tensor in whole.tensors().items():
        torch.testing.assert_close(tensor, second.tensors()[name], msg=name)


def test_a_mixture_has_the_share_of_each_picture() -> None:
    torch.manual_seed(3)
    pictures = torch.arange(4.0).repeat_interleave(3).reshape(4, 1, 1, 3)
    mixture, others, share = mix(pictures, 0.5)
    assert 0 < share < 1
    torch.testing.assert_close(mixture, share * pictures + (1 - share) * pictures[others])


@pytest.mark.parametrize("magnitude", [0, 9])
def test_augmented_pictures_differ_and_keep_their_shape(magnitude: int) -> None:
    pictures = torch.from_numpy(_pictures()[0][:4])
    changed = augmentation(_SIZE, magnitude)(pictures)
    assert changed.shape == pictures.shape and changed.dtype == torch.uint8
    assert not torch.equal(changed, pictures)


def _worker(rank: int, folder: object) -> None:
    torch.save(_state(), f"{folder}/{rank}.pt")


def _state() -> dict[str, torch.Tensor]:
    trainer = _trainer(replace(_PLAIN, frozen_epochs=1, epochs=2, batch=7))
    for epoch in range(2):
        trainer.train_epoch(epoch)
    return trainer.tensors()


@pytest.mark.slow
def test_two_workers_train_the_same_network_as_one(tmp_path) -> None:
    two_workers(_worker, tmp_path)
    alone, (first, second) = _state(), (torch.load(tmp_path / f"{rank}.pt") for rank in range(2))
    for name, tensor in alone.items():
        assert torch.equal(first[name], second[name]), name
        torch.testing.assert_close(first[name], tensor, rtol=1e-2, atol=1e-3, msg=name)
