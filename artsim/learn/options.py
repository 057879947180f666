"""The options by which jobs.train and jobs.tune configure an experiment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from artsim.errors import UserError
from artsim.learn.backbones.recipe import FinetuneRecipe
from artsim.learn.recipe import Recipe
from artsim.learn.workers import ALONE, Workers, parse_workers
from artsim.options import REQUIRED, ArchiveOptions, recipe_settings, setting


@dataclass(frozen=True, kw_only=True)
class ExperimentOptions(ArchiveOptions):
    """Inputs, annotations, split, and every setting of a recipe. Raises ``UserError`` if options conflict."""

    features: tuple[str, ...] | None = setting(
        None,
        "train a head on these features; several are concatenated (default: the recommended features)",
        metavar="NAME[:PCA]",
    )
    finetune: str | None = setting(None, "fine-tune this backbone end to end instead", metavar="BACKBONE")
    weights: str | None = setting(
        None,
        "with `finetune`: folder with the weights to start from, BACKBONE.safetensors or BACKBONE.pth",
        metavar="FOLDER",
    )
    whiten: bool = setting(False, "with a PCA in `features`: scale its components to variance 1")
    annotator: tuple[str, ...] | None = setting(
        None, "annotators whose annotations are used (default: all)", metavar="NAME"
    )
    links: bool = setting(False, "learn from links instead of annotations")
    split: str = setting(
        "folds",
        "folds: train on all annotations and score by cross-validation. The others hold out a fifth of the annotations "
        "as the test set, at random or so that no image (no group) is in both sets; annotations in between are "
        "excluded",
        choices=("folds", "image-disjoint", "group-disjoint", "random"),
    )
    split_by: str | None = setting(
        None,
        "catalog column of the groups, such as artist: also score on unseen groups; never mine negatives from the "
        "anchor's group",
        metavar="COLUMN",
    )
    recipe: Mapping[str, Any] = recipe_settings(Recipe, FinetuneRecipe)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.features and self.finetune:
            raise UserError("`features` and `finetune`: choose one of them")
        if self.weights and not self.finetune:
            raise UserError("`weights` needs `finetune`; stored features are already extracted")
        if self.finetune:
            _check_backbone(self.finetune)


@dataclass(frozen=True, kw_only=True)
class TrainOptions(ExperimentOptions):
    """The experiment and its model."""

    name: str = setting(REQUIRED, "name of the model; the same command resumes it")
    workers: Workers = setting(
        ALONE,
        "processes that share each batch, each on its own GPU if there are any; MIN:MAX uses what is available",
        parse=parse_workers,
        metavar="N or MIN:MAX",
    )
    embed: bool = setting(False, "after training, compute the vectors of the whole archive as features/NAME")
    again: bool = setting(False, "replace the existing model")


def _check_backbone(name: str) -> None:
    from artsim.vision.backbones import network_name, parse_feature  # not needed for --help

    try:
        network_name(parse_feature(name).backbone)
    except UserError as user_error:
        raise UserError(str(user_error).replace("`backbones`", "`finetune`")) from user_error
