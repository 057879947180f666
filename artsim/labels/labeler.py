"""Labels one described image: loads trained heads once and answers in milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from artsim.archive import Archive, UserError
from artsim.labels import table
from artsim.labels.predictions import predict


@dataclass(frozen=True)
class Label:
    """A task's label of an image, and its ``top`` three with probabilities, the label first.

    The label is the most probable one; that of a lower level is the most probable one within the label above.
    ``abstained`` says that the probability is too low to be trusted. ``candidates`` hold the right label with the
    coverage that the training aimed at; they may be none.
    """

    task: str
    label: str
    probability: float
    top: list[tuple[str, float]]
    abstained: bool
    candidates: list[str]


class Labeler:
    """The trained heads ``labels/<name>``. ``features`` are the names of the features whose vectors it needs."""

    def __init__(self, archive: Archive, name: str) -> None:
        card = table.need_card(archive, name)
        self._space, self._heads = table.load_heads(archive, name, card)
        self._tasks = [(record["name"], record["labels"]) for record in card["tasks"]]
        self.features = [spec.name for spec in self._space.specs]

    def label(self, vectors: Mapping[str, np.ndarray]) -> list[Label]:
        """Returns the label of each task, from the image's vector of each feature, float32 (d,).

        Raises ``UserError`` if a vector is missing, has the wrong length, or holds NaN or infinity.
        """
        raw = []
        for name in self.features:
            if name not in vectors:
                raise UserError(f"features/{name}: a vector of them is needed to label an image")
            vector = np.asarray(vectors[name], np.float32)
            if vector.ndim != 1 or not np.isfinite(vector).all():
                raise UserError(f"features/{name}: the vector must be one row of finite numbers")
            raw.append(vector[None])
        try:
            projected = self._space.project(raw)
            predictions = [predict(head, projected) for head in self._heads]
        except ValueError as error:  # the matrices do not fit
            raise UserError(f"the vectors do not have the lengths of {self._space.title}") from error
        out = []
        for (task, labels), prediction in zip(self._tasks, predictions, strict=True):
            pairs = zip(prediction.top[0].tolist(), prediction.probabilities[0].tolist(), strict=True)
            top = [(labels[number], probability) for number, probability in pairs]
            candidates = [labels[number] for number in prediction.candidates.tolist()]
            out.append(Label(task, *top[0], top, bool(prediction.abstained[0]), candidates))
        return out
