"""The options of a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from artsim.errors import UserError
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.options import ExperimentOptions
from artsim.learn.recipe import Recipe
from artsim.learn.workers import ALONE, Workers, parse_workers
from artsim.options import REQUIRED, recipe_settings, setting

_LOSS = "triplet"  # the loss with m and m2; it is also the base if the loss is searched
_WITH_LABELS = ("name", "labels", "trials", "space", "again", "seed", "rights", "recipe")


@dataclass(frozen=True, kw_only=True)
class TuneOptions(ExperimentOptions):
    """The experiment, the settings to search, and how many to try."""

    name: str = setting(REQUIRED, "name of the sweep; the same command resumes it")
    labels: str | None = setting(
        None,
        "search settings of the heads that jobs.labels trained under this name instead: strength, head, hidden, "
        "weights; their score is the top-1 accuracy on unseen groups",
        metavar="NAME",
    )
    trials: int = setting(
        64, "number of trials, each with other settings; a higher number continues a finished sweep", least=1
    )
    space: tuple[str, ...] | None = setting(
        None,
        "settings to search: m (`margin`), m2 (`intra_margin`), lr (`learning_rate`) or any other setting, as "
        "LOW:HIGH, LOW:HIGH:log or A,B,... (default: m=0:1 m2=0:1; strength=1e-5:1:log with `labels`)",
        metavar="NAME=VALUES",
    )
    folds: int | None = setting(
        None,
        "folds of the cross-validation that scores a setting (default: 3; 1 with `finetune`)",
        least=1,
        metavar="N",
    )
    recipe: Mapping[str, Any] = recipe_settings(Recipe, FinetuneRecipe, loss=_LOSS)
    workers: Workers = setting(
        ALONE,
        "with `finetune`: processes that share each batch of a trial",
        parse=parse_workers,
        metavar="N or MIN:MAX",
    )
    again: bool = setting(False, "replace the existing sweep")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.labels:
            self._check_alone()
        if not self.finetune and self.workers != ALONE:
            raise UserError("`workers`: only with `finetune`; without it, each trial runs in one process")
        if self.finetune and self.folds not in (None, 1):
            raise UserError(
                "`folds`: not with `finetune`; each trial fine-tunes the backbone once, validated as in jobs.train"
            )

    def _check_alone(self) -> None:
        """Raises ``UserError`` if an option of a training on annotations is set, too."""
        defaults = {spec.name: spec.default for spec in fields(self)}
        given = [name for name in defaults if name not in _WITH_LABELS and getattr(self, name) != defaults[name]]
        given += [name for name, value in self.recipe.items() if value not in (None, _LOSS if name == "loss" else None)]
        if given:
            raise UserError(f"`{given[0]}`: not with `labels`, whose heads keep the other options of their training")
