"""The experiment configuration of a training or a sweep, and the plan fixed at its start so that it can resume."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow.parquet as pq
import torch
from safetensors.torch import save

from artsim.archive import Archive, Keys
from artsim.archive.damaged_files import intact, intact_table, intact_tensors
from artsim.learn.epochs import Trainer
from artsim.learn.plan import COUNTS, Plan, make_plan
from artsim.learn.recipe import Recipe


class Learner(Protocol):
    """What the driver needs from the thing being trained: heads on features, or a backbone."""

    def kept_tensors(self) -> dict[str, torch.Tensor]:
        """Returns the tensors that a model keeps besides the trained ones; a resumed run gets them back."""

    def usable(self, ids: Iterable[str]) -> set[str]:
        """Returns the ids that it can learn from."""

    def untrained_vectors(self, ids: Sequence[str]) -> np.ndarray:
        """Returns the vectors before training, float32 (n, d)."""

    def shared_data(self, ids: Sequence[str], recipe: Any, seed: int) -> Any:
        """Returns what all workers need to train on these images; it is sent to them once."""

    def trainer(
        self,
        shared: Any,
        training: np.ndarray,
        validation: np.ndarray,
        recipe: Any,
        seed: int,
        groups: np.ndarray,
        pool: np.ndarray,
    ) -> Callable[[], Trainer]:
        """Returns a function that makes the ``Trainer`` on each worker; ``shared`` is what ``shared_data`` returned.

        ``training``, ``validation`` and ``pool`` hold indices into the ``ids`` of ``shared_data``, and ``groups``
        has a value for each of these ids.
        """

    def card(self) -> dict[str, Any]:
        """The model's kind and inputs."""


@dataclass(frozen=True)
class Experiment:
    """All settings that determine a model. Another configuration under the same name is a user error."""

    inputs: dict[str, Any]  # the options that make the learner
    recipe: Recipe
    annotators: list[str] | None
    links: bool
    split: str
    split_by: str | None
    seed: int
    public_only: bool


EXPERIMENT_KEYS: Keys = {"inputs": dict, "recipe": dict}  # of a configuration as JSON stores it

_FORMER_SETTINGS = {"at_once": "micro_batch"}  # settings of a recipe that had another name in earlier versions

MakeLearner = Callable[[dict[str, torch.Tensor] | None], Learner]  # called with the kept tensors, or None at the start


def with_current_names(settings: Any) -> Any:
    """Returns a stored configuration with the current names of its settings. What has no recipe is returned as is."""
    if not isinstance(settings, dict) or not isinstance(settings.get("recipe"), dict):
        return settings
    recipe = {_FORMER_SETTINGS.get(name, name): value for name, value in settings["recipe"].items()}
    return {**settings, "recipe": recipe}


def difference(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Returns the earlier settings that differ from the current ones, as text; both as JSON stores them."""
    flat_settings = [{**settings, **settings["inputs"], **settings["recipe"]} for settings in (before, now)]
    keys = [key for key in flat_settings[0] | flat_settings[1] if key not in ("inputs", "recipe")]
    texts = {
        key: str(flat_settings[0].get(key)) for key in keys if flat_settings[0].get(key) != flat_settings[1].get(key)
    }
    return ", ".join(f"a different {key}" if "{" in value else f"{key} {value}" for key, value in texts.items())


def load_or_make_plan(
    archive: Archive, folder: str, experiment: Experiment, make_learner: MakeLearner
) -> tuple[Learner, Plan]:
    """Returns the learner and the plan stored in ``folder``; makes and stores them if there are none.

    Later annotations don't change a stored plan.
    """
    kept, rows = f"{folder}/kept.safetensors", f"{folder}/annotations.parquet"
    remedy = f"remove the folder {archive.store.address(folder)} and run the same command again to start over"
    counts = intact(archive.store, f"{folder}/plan.json", of="run", remedy=remedy, keys=dict.fromkeys(COUNTS, int))
    if counts is not None:
        tensors = intact_tensors(archive.store, kept, of="run", remedy=remedy)
        return make_learner(tensors), Plan(intact_table(archive.store, rows, of="run", remedy=remedy), counts)
    learner = make_learner(None)
    plan = make_plan(
        archive,
        learner.usable,
        annotators=experiment.annotators,
        links=experiment.links,
        kind=experiment.split,
        column=experiment.split_by,
        seed=experiment.seed,
        public_only=experiment.public_only,
    )
    with archive.store.replace(rows) as draft:
        pq.write_table(plan.rows, draft)
    with archive.store.replace(kept) as draft:
        Path(draft).write_bytes(save(learner.kept_tensors()))
    archive.write_json(f"{folder}/plan.json", plan.counts)
    return learner, plan
