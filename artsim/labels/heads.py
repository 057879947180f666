"""Heads on vectors: the logits of a task's labels, as calibrated probabilities, labels and abstentions."""

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True)
class Hidden:
    """A hidden layer that heads share: relu(vectors (n, d) @ ``weight`` (d, h) + ``bias`` (h,))."""

    weight: np.ndarray
    bias: np.ndarray

    def outputs(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the outputs for vectors, (n, h)."""
        return np.maximum(vectors @ self.weight + self.bias, 0)


@dataclass(frozen=True)
class Level:
    """What the head of a subtype needs of its type: the type's head, and the type of each label, int (c,)."""

    above: "Head"
    parents: np.ndarray


@dataclass(frozen=True)
class Answers:
    """Of n vectors: the probability of each label, float32 (n, c), the chosen labels, int (n,), and abstentions.

    ``abstained``, bool (n,), says that the head is not sure enough of its label.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    abstained: np.ndarray

    @property
    def confidence(self) -> np.ndarray:
        """The probability of the chosen label, (n,)."""
        return np.take_along_axis(self.probabilities, self.labels[:, None], axis=1)[:, 0]

    def rows(self, rows: np.ndarray) -> Self:
        """Returns the answers of some rows, in this order."""
        return type(self)(self.probabilities[rows], self.labels[rows], self.abstained[rows])


@dataclass(frozen=True)
class Head:
    """A fitted head. Logits are vectors (n, d) @ ``weight`` (d, c) + ``bias`` (c,); with ``hidden``, of its outputs.

    Calibrated logits are logits / ``temperature`` + ``shift`` (c,), which undoes the weights of the labels in training.

    Below ``threshold``, the head abstains. A label is a candidate if 1 - its probability is at most ``quantile``.
    ``strength`` is scikit-learn's C. With ``level``, the probability of a label is P(type) * P(label | type).
    """

    weight: np.ndarray
    bias: np.ndarray
    shift: np.ndarray
    has_several: bool
    temperature: float
    threshold: float
    quantile: float
    strength: float
    hidden: Hidden | None = None
    level: Level | None = None

    def answers(self, vectors: np.ndarray) -> Answers:
        """Returns the calibrated probabilities, the labels and the abstentions for vectors (n, d).

        Rows of probabilities sum to 1 unless the head has several labels. With ``level``, the label is the most
        probable subtype of the type that the head above chooses, and the head abstains wherever that one does.
        """
        own = self._own(self._logits(vectors) / np.float32(self.temperature) + self.shift)
        if self.level is None:
            return answered(own, self.threshold)
        above = self.level.above.answers(vectors)
        return answered(own * above.probabilities[:, self.level.parents], self.threshold, above, self.level.parents)

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """Returns the calibrated probability of each label, float32 (n, c)."""
        return self.answers(vectors).probabilities

    def uncalibrated(self, vectors: np.ndarray) -> Answers:
        """Returns the answers before the calibration, without abstentions."""
        own = self._own(self._logits(vectors))
        if self.level is None:
            return answered(own, -np.inf)
        above = self.level.above.uncalibrated(vectors)
        return answered(own * above.probabilities[:, self.level.parents], -np.inf, above, self.level.parents)

    def _logits(self, vectors: np.ndarray) -> np.ndarray:
        inputs = vectors if self.hidden is None else self.hidden.outputs(vectors)
        return np.asarray(inputs @ self.weight + self.bias)

    def _own(self, logits: np.ndarray) -> np.ndarray:
        return activated(logits, self.has_several, None if self.level is None else self.level.parents)


def answered(
    probabilities: np.ndarray, threshold: float, above: Answers | None = None, parents: np.ndarray | None = None
) -> Answers:
    """Returns the labels and abstentions for probabilities (n, c).

    With the answers of the head ``above`` and the type of each label, ``parents`` (c,), only subtypes of the chosen
    type are chosen: top-down prediction (Silla and Freitas 2011, "A survey of hierarchical classification across
    different application domains", Data Mining and Knowledge Discovery 22), so that levels never contradict each other.
    """
    if above is None or parents is None:
        labels = probabilities.argmax(axis=1)
        return Answers(probabilities, labels, probabilities.max(axis=1) < threshold)
    labels = np.where(parents == above.labels[:, None], probabilities, -1.0).argmax(axis=1)
    unsure = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0] < threshold
    return Answers(probabilities, labels, above.abstained | unsure)


def ranking(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns values (n, c) by which labels are ranked: the chosen one first, the others by probability."""
    return probabilities + (np.arange(probabilities.shape[1]) == labels[:, None])


def activated(logits: np.ndarray, has_several: bool, parents: np.ndarray | None = None) -> np.ndarray:
    """Returns probabilities for logits (n, c): of each label by itself, or of all, or of those with equal ``parents``.

    A softmax among the labels of each type gives P(label | type), as in YOLO9000's word tree (Redmon and Farhadi 2017).
    """
    from scipy.special import expit

    return np.asarray(expit(logits) if has_several else np.exp(log_softmax(logits, parents)))


def log_softmax(logits: np.ndarray, parents: np.ndarray | None = None) -> np.ndarray:
    """Returns the log of the softmax of logits (n, c), or of those with equal ``parents``, int (c,)."""
    from scipy.special import log_softmax as of_all

    if parents is None:
        return np.asarray(of_all(logits, axis=1))
    out = np.empty_like(logits)
    for parent in np.unique(parents):
        siblings = np.flatnonzero(parents == parent)
        out[:, siblings] = of_all(logits[:, siblings], axis=1)
    return out
