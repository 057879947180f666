"""Heads that share a hidden layer: one perceptron for all tasks, fitted at once, with calibrated probabilities."""

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, log_softmax

from artsim.labels.calibration import (
    ABSENT,
    Calibrated,
    Goals,
    best_calibration,
    calibrated_head,
    first_known,
    folds,
    log_prior,
)
from artsim.labels.heads import Head, Hidden, Level
from artsim.labels.logistic import CALIBRATION_ROWS, CHOICE_ROWS
from artsim.labels.standardization import standardization, standardized
from artsim.labels.tasks import Task, strata

HIDDEN = 128  # units
STRENGTHS = (1e-2, 1e-1, 1.0)  # inverse strengths of the L2 penalty, as scikit-learn's C
_EPOCHS, _LEAST_STEPS, _BATCH, _LEARNING_RATE = 30, 600, 256, 3e-3
_DROPOUT = 0.5  # of the hidden units


def fit_mlp(
    vectors: np.ndarray,
    tasks: Sequence[Task],
    groups: np.ndarray,
    goals: Goals,
    seed: int,
    hidden: int = HIDDEN,
    strengths: tuple[float, ...] = STRENGTHS,
) -> list[Head]:
    """Fits one hidden layer and the heads of all tasks to vectors (n, d); the same ``seed`` gives the same heads.

    The losses of the tasks are added up, as in multi-task learning (Caruana 1997); a missing label adds nothing.
    ``groups``, int (n,), are held out together. Up to 5,000 random rows with a label of each task choose one strength
    for all tasks, by the summed log losses of calibrated out-of-fold predictions. Up to 10,000 with a label of each
    task calibrate its head, by out-of-fold predictions at this strength.
    """
    known = np.flatnonzero(np.any([task.targets.any(axis=1) for task in tasks], axis=0))
    sampled = np.random.default_rng(seed).permutation(known)
    priors = [_prior(task, goals.balanced) for task in tasks]
    samples = [first_known(task, sampled, CHOICE_ROWS) for task in tasks]
    rows = np.unique(np.concatenate(samples))
    parts = [task.of_rows(rows) for task in tasks]
    losses, all_logits = [], []
    for strength in strengths:
        logits = _out_of_fold(vectors[rows], parts, groups[rows], goals.balanced, seed, hidden, strength)
        all_logits.append(logits)
        losses.append(sum(map(_loss, parts, logits, priors, (np.isin(rows, sample) for sample in samples))))
    best = int(np.argmin(losses))
    logits, strength = all_logits[best], strengths[best]
    if any(len(task.known) > CHOICE_ROWS for task in tasks):
        samples = [first_known(task, sampled, CALIBRATION_ROWS) for task in tasks]
        rows = np.unique(np.concatenate(samples))
        parts = [task.of_rows(rows) for task in tasks]
        logits = _out_of_fold(vectors[rows], parts, groups[rows], goals.balanced, seed, hidden, strength)
    layer, outputs = _fit(
        vectors[known], [task.of_rows(known) for task in tasks], goals.balanced, seed, hidden, strength
    )
    calibrated: list[Calibrated] = []
    for task, part, (weight, bias), held_out, prior, sample in zip(
        tasks, parts, outputs, logits, priors, samples, strict=True
    ):
        above = calibrated[-1] if task.parents is not None else None
        level = None if above is None or task.parents is None else Level(above.head, task.parents)
        shift = np.zeros_like(bias)
        head = Head(weight, bias, shift, task.has_several, 1.0, 0.0, np.inf, strength, hidden=layer, level=level)
        labeled = part.known
        own = np.isin(rows[labeled], sample)
        calibrated.append(
            calibrated_head(head, held_out[labeled], part.targets[labeled], prior, goals, rows[labeled], own, above)
        )
    return [task.head for task in calibrated]


def _prior(task: Task, balanced: bool) -> np.ndarray:
    if not balanced:
        return np.zeros(len(task.labels))
    return log_prior(task.targets[task.known], task.has_several, task.parents)


def _loss(task: Task, logits: np.ndarray, prior: np.ndarray, own: np.ndarray) -> float:
    """Returns the log loss of a task's calibrated logits (n, c) of ``own`` rows, bool (n,), which have a label.

    Returns 0 if no fold knows the labels of the others.
    """
    loss = best_calibration(logits[own], task.targets[own], prior, task.has_several, task.parents)[2]
    return loss if np.isfinite(loss) else 0.0


def _out_of_fold(
    x: np.ndarray,
    tasks: Sequence[Task],
    groups: np.ndarray,
    balanced: bool,
    seed: int,
    hidden: int,
    strength: float,
) -> list[np.ndarray]:
    """Returns the out-of-fold logits of each task, float32 (n, c)."""
    out = [np.zeros((len(x), len(task.labels)), np.float32) for task in tasks]
    for training, test in folds(strata(tasks), groups, seed):
        parts = [task.of_rows(training) for task in tasks]
        layer, outputs = _fit(x[training], parts, balanced, seed, hidden, strength)
        features = layer.outputs(x[test])
        for logits, (weight, bias) in zip(out, outputs, strict=True):
            logits[test] = features @ weight + bias
    return out


def _fit(
    x: np.ndarray, tasks: Sequence[Task], balanced: bool, seed: int, hidden: int, strength: float
) -> tuple[Hidden, list[tuple[np.ndarray, np.ndarray]]]:
    """Returns the hidden layer, for vectors as they are, and weight (h, c) and bias (c,) of each task.

    Vectors (n, d) are standardized. Adam minimizes the mean losses plus |weights|^2 / (2 n strength), the penalty of
    scikit-learn's C, with a learning rate that falls to 0 by a cosine. A label without rows gets probability 0.
    """
    generator = torch.Generator().manual_seed(seed)
    mean, scale = standardization(x)
    inputs = torch.from_numpy(standardized(x, mean, scale))
    losses = [_TaskLoss(task, balanced) for task in tasks]
    sizes = [len(task.labels) for task in tasks]
    first, second = _uniform((x.shape[1], hidden), generator), _uniform((hidden, sum(sizes)), generator)
    biases = [torch.zeros(hidden, requires_grad=True), torch.zeros(sum(sizes), requires_grad=True)]
    optimizer = torch.optim.Adam([first, second, *biases], lr=_LEARNING_RATE)
    batches = -(-len(x) // _BATCH)
    epochs = max(_EPOCHS, -(-_LEAST_STEPS // batches))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * batches)
    for _ in range(epochs):
        for batch in torch.randperm(len(x), generator=generator).split(_BATCH):
            units = torch.relu(inputs[batch] @ first + biases[0])
            kept = torch.rand(units.shape, generator=generator) >= _DROPOUT
            logits = (units * kept / (1 - _DROPOUT) @ second + biases[1]).split(sizes, dim=1)
            loss = torch.stack(
                [task_loss(values, batch) for task_loss, values in zip(losses, logits, strict=True)]
            ).sum()
            penalty = (first.square().sum() + second.square().sum()) / (2 * len(x) * strength)
            optimizer.zero_grad()
            (loss + penalty).backward()
            optimizer.step()
            schedule.step()
    weight = first.detach().double().numpy() * scale[:, None]
    bias = biases[0].detach().double().numpy() - mean @ weight
    layer = Hidden(weight.astype(np.float32), bias.astype(np.float32))
    outputs = []
    for own, own_bias, task in zip(
        second.detach().split(sizes, dim=1), biases[1].detach().split(sizes), tasks, strict=True
    ):
        present = torch.from_numpy(task.targets.any(axis=0) | _is_alone(task.parents, len(task.labels)))
        outputs.append((own.contiguous().numpy(), torch.where(present, own_bias, ABSENT).numpy()))
    return layer, outputs


class _TaskLoss:
    """The mean loss of a task over the labeled rows of a batch, in which labels have equal weights if ``balanced``."""

    def __init__(self, task: Task, balanced: bool) -> None:
        targets = task.targets
        self._known, self._has_several = torch.from_numpy(targets.any(axis=1)), task.has_several
        self._targets = torch.from_numpy(targets).float()
        counts = targets.sum(axis=0)
        parents = np.zeros(len(counts), int) if task.parents is None else task.parents
        self._siblings = [torch.from_numpy(np.flatnonzero(parents == parent)) for parent in np.unique(parents)]
        weights = np.ones(len(counts))
        if balanced and task.has_several:
            weights = (targets.any(axis=1).sum() - counts + 1) / np.maximum(counts, 1)
        elif balanced:
            for siblings in map(np.asarray, self._siblings):
                present = np.count_nonzero(counts[siblings])
                weights[siblings] = counts[siblings].sum() / np.maximum(present * counts[siblings], 1)
        self._weights = torch.from_numpy(weights).float()

    def __call__(self, logits: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Returns the loss of logits (b, c) for the rows ``batch``, int (b,)."""
        known = self._known[batch]
        logits, targets = logits[known], self._targets[batch][known]
        if len(logits) == 0:
            return logits.sum()
        if self._has_several:
            losses = binary_cross_entropy_with_logits(logits, targets, pos_weight=self._weights, reduction="none")
            return losses.sum(dim=1).mean()
        logs = torch.zeros_like(logits)
        for siblings in self._siblings:
            logs = logs.index_copy(1, siblings, log_softmax(logits[:, siblings], dim=1))
        return -(logs * targets * self._weights).sum(dim=1).mean()


def _is_alone(parents: np.ndarray | None, count: int) -> np.ndarray:
    """Returns whether each of ``count`` labels is the only one of its type, bool (c,)."""
    return np.zeros(count, bool) if parents is None else np.bincount(parents)[parents] == 1


def _uniform(shape: tuple[int, int], generator: torch.Generator) -> torch.Tensor:
    """Returns weights, uniform within 1 / sqrt(inputs), as ``torch.nn.Linear`` has them."""
    limit = 1 / np.sqrt(shape[0])
    return torch.empty(shape).uniform_(-limit, limit, generator=generator).requires_grad_()
