"""The options of jobs.labels."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from artsim.errors import UserError
from artsim.learn.backbones.label_recipe import LabelRecipe
from artsim.learn.workers import ALONE, Workers, parse_workers
from artsim.options import REQUIRED, DataOptions, recipe_settings, setting

DATE_EDGES = (1350, 1450, 1550, 1650, 1750, 1850, 1950, 2000)
_LATEST = 10_000
# options that only a training uses and that have no default
_TRAINING = ("columns", "features", "finetune", "pretrained", "threshold", "level_separator", "hidden", "strength")


@dataclass(frozen=True, kw_only=True)
class LabelsOptions(DataOptions):
    """What to do, and the options of all actions. Raises ``UserError`` for options that do not fit the action."""

    action: str = setting(
        REQUIRED,
        "what to do; the first word of the command line",
        choices=("train", "predict", "evaluate", "errors"),
        is_action=True,
    )
    name: str = setting(REQUIRED, "name of the trained heads and of their table in labels/")
    columns: tuple[str, ...] | None = setting(
        None,
        "train: catalog columns to learn, such as style; date is the period of year_from and year_to; in type>style, "
        "each type has its own styles",
        metavar="COLUMN",
    )
    features: tuple[str, ...] | None = setting(
        None,
        "train: features to learn from; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    finetune: str | None = setting(
        None, "train: fine-tune this backbone end to end instead; it becomes the model NAME", metavar="BACKBONE"
    )
    pretrained: str | None = setting(
        None,
        "with `finetune`: folder with the weights to start from, BACKBONE.safetensors or BACKBONE.pth",
        metavar="FOLDER",
    )
    workers: Workers = setting(
        ALONE,
        "with `finetune`: processes that share each batch, each on its own GPU if there are any; MIN:MAX uses what is "
        "available",
        parse=parse_workers,
        metavar="N or MIN:MAX",
    )
    recipe: Mapping[str, Any] = recipe_settings(LabelRecipe)
    head: str = setting(
        "logistic",
        "train: a logistic regression per column, or mlp: one hidden layer that all columns share",
        choices=("logistic", "mlp"),
    )
    hidden: int | None = setting(None, "with `head` mlp: units of the hidden layer (default: 128)", least=1)
    strength: float | None = setting(
        None,
        "train: inverse strength of the L2 penalty, as scikit-learn's C (default: chosen by cross-validation)",
        least=1e-12,
        metavar="C",
    )
    separator: str | None = setting(
        None, "train: a value may list several labels, separated by this text", metavar="TEXT"
    )
    level_separator: str | None = setting(
        None,
        "train: a value such as painting > landscape has levels, separated by this text; each level is predicted",
        metavar="TEXT",
    )
    date_edges: tuple[int, ...] = setting(
        DATE_EDGES, "train: first year of each period, ascending; everything before is one more period", metavar="YEAR"
    )
    min_count: int = setting(10, "train: leave out labels that fewer than N artworks have", least=2, metavar="N")
    group_by: str = setting(
        "artist",
        "train: in cross-validation, hold out artworks with the same value in this column together",
        metavar="COLUMN",
    )
    weights: str = setting(
        "balanced",
        "train: class weights in the loss: balanced gives all labels of a column the same total weight, equal gives "
        "all artworks the same weight",
        choices=("balanced", "equal"),
    )
    accuracy: float = setting(
        0.8, "train: mark uncertain predictions as abstained, so that this share of the others is right", below=1
    )
    threshold: float | None = setting(
        None,
        "train: mark predictions below this probability as abstained, instead of `accuracy`",
        below=1.000001,
        metavar="P",
    )
    coverage: float = setting(
        0.9, "train: share of artworks whose list of candidate labels contains the right one", below=1
    )
    limit: int = setting(
        200_000, "train, evaluate, errors: use at most N random labeled artworks", least=20, metavar="N"
    )
    again: bool = setting(False, "train: train again even if nothing has changed")
    out: str | None = setting(
        None, "evaluate, errors: folder for the files (default: in the archive, below labels/NAME)", metavar="FOLDER"
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.action == "train" and not self.columns:
            raise UserError("`columns`: train needs it")
        for option in (*_TRAINING, "again"):
            if getattr(self, option) and self.action != "train":
                raise UserError(f"`{option}`: {self.action} does not use it; train does")
        if self.hidden and self.head != "mlp":
            raise UserError("`hidden` needs `head` mlp")
        if self.finetune and (self.head != "logistic" or self.strength):
            raise UserError("`finetune`: does not work with `head` or `strength`; its heads are part of the network")
        if self.features and self.finetune:
            raise UserError("`features` and `finetune`: choose one of them")
        if self.separator and self.finetune:
            raise UserError("`separator` does not work with `finetune`: each artwork has one label of a column")
        if not self.finetune:
            for option in ("pretrained", *(name for name, value in self.recipe.items() if value is not None)):
                if option != "pretrained" or self.pretrained:
                    raise UserError(f"`{option}` needs `finetune`")
        if self.out and self.action not in ("evaluate", "errors"):
            raise UserError(f"`out`: {self.action} does not use it; evaluate and errors do")
        years = [0, *self.date_edges, _LATEST]
        if len(years) < 3 or any(first >= second for first, second in pairwise(years)):
            raise UserError(f"`date_edges` {' '.join(map(str, self.date_edges))}: must be ascending years from 1 on")
        for option, text in (("separator", self.separator), ("level_separator", self.level_separator)):
            if text is not None and not text:
                raise UserError(f"`{option}`: must not be empty")
        self._check_levels()

    def _check_levels(self) -> None:
        has_levels = any(">" in column for column in self.columns or ())
        if self.level_separator is not None and has_levels:
            raise UserError("`columns` and `level_separator`: separate levels either by columns or within one")
        if has_levels or self.level_separator is not None:
            for option in ("separator", "finetune"):
                if getattr(self, option):
                    words = "columns with levels" if has_levels else "`level_separator`"
                    raise UserError(f"`{option}`: does not work with {words}")
