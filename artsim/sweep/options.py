"""The options of a sweep."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from artsim.errors import UserError
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.options import ExperimentOptions
from artsim.learn.recipe import Recipe
from artsim.learn.workers import ALONE, Workers, parse_workers
from artsim.options import REQUIRED, recipe_settings, setting


@dataclass(frozen=True, kw_only=True)
class TuneOptions(ExperimentOptions):
    """The experiment, the settings to search, and how many to try."""

    name: str = setting(REQUIRED, "name of the sweep; the same command resumes it")
    trials: int = setting(
        64, "number of trials, each with other settings; a higher number continues a finished sweep", least=1
    )
    space: tuple[str, ...] = setting(
        ("m=0:1", "m2=0:1"),
        "settings to search: m (`margin`), m2 (`intra_margin`), lr (`learning_rate`) or any other setting, as "
        "LOW:HIGH, LOW:HIGH:log or A,B,...",
        metavar="NAME=VALUES",
    )
    folds: int | None = setting(
        None,
        "folds of the cross-validation that scores a setting (default: 3; 1 with `finetune`)",
        least=1,
        metavar="N",
    )
    # triplet is the loss with m and m2; it is also the base if the loss is searched
    recipe: Mapping[str, Any] = recipe_settings(Recipe, FinetuneRecipe, loss="triplet")
    workers: Workers = setting(
        ALONE,
        "with `finetune`: processes that share each batch of a trial",
        parse=parse_workers,
        metavar="N or MIN:MAX",
    )
    again: bool = setting(False, "replace the existing sweep")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.finetune and self.workers != ALONE:
            raise UserError("`workers`: only with `finetune`; without it, each trial runs in one process")
        if self.finetune and self.folds not in (None, 1):
            raise UserError(
                "`folds`: not with `finetune`; each trial fine-tunes the backbone once, validated as in jobs.train"
            )
