"""Every setting of a training with its default; jobs.train and jobs.tune derive their options from it."""

import types
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar, get_args

from artsim.errors import UserError


def setting(default: Any, about: str, *, choices: tuple[str, ...] = (), least: float = 0, below: float = 1e9) -> Any:
    """Returns a field of a recipe: its default, its option's help text, and its valid values."""
    return field(default=default, metadata={"help": about, "choices": choices, "least": least, "below": below})


@dataclass(frozen=True)
class Recipe:
    """How to train. A value out of range, or not among the choices, is a user error that names the option."""

    head: str = setting(
        "discriminant",
        "what turns stored features into an embedding",
        choices=("discriminant", "residual", "linear", "mlp"),
    )
    hidden: int = setting(64, "units of the hidden layer; for residual also the embedding's length", least=1)
    shrinkage: float = setting(0.5, "shrinkage of the discriminant's covariance, 0 (none) to 1 (identity)", below=1.001)
    dropout: float = setting(
        0.3, "share of the standardised or projected input that is set to zero in training", below=1
    )
    loss: str = setting("listwise", "training loss", choices=("listwise", "triplet", "contrastive"))
    margin: float = setting(0.2, "m: how much farther than the positive a negative must be")
    intra_margin: float | None = setting(None, "m2: how far from the anchor a positive may be")
    swap: bool = setting(False, "measure a negative's distance to the nearer of anchor and positive")
    distance: str = setting("cosine", "distance between embeddings", choices=("cosine", "euclidean"))
    temperature: float = setting(0.2, "temperature of the listwise loss", least=1e-4)
    reduction: str = setting("mean", "how the losses of a batch are combined", choices=("mean", "sum"))
    negatives: str = setting(
        "own",
        "own: the annotation's seven; semihard, hard: also negatives mined from the archive",
        choices=("own", "semihard", "hard"),
    )
    mined: int = setting(7, "how many negatives are mined for each annotation", least=1)
    learning_rate: float = setting(3e-4, "learning rate of AdamW", least=1e-12)
    weight_decay: float = setting(0.05, "weight decay of AdamW")
    epochs: int = setting(60, "maximum number of passes over the annotations", least=1)
    batch: int = setting(128, "annotations per step, over all workers", least=1)
    patience: int = setting(10, "epochs without a better validation score before the training stops", least=1)

    def __post_init__(self) -> None:
        for spec in fields(self):
            _check(spec, getattr(self, spec.name))


_Chosen = TypeVar("_Chosen", bound=Recipe)


def flag(name: str) -> str:
    """The option that sets a field: ``--weight-decay`` for ``weight_decay``."""
    return f"--{name.replace('_', '-')}"


def add_options(job: Any, *recipes: type[Recipe]) -> None:
    """Adds an option for each setting of these recipes. An option left out is None, for the recipe's default."""
    known: dict[str, list[tuple[type[Recipe], Field[Any]]]] = {}
    for recipe in recipes:
        for spec in fields(recipe):
            known.setdefault(spec.name, []).append((recipe, spec))
    for name, definitions in known.items():
        spec = definitions[0][1]
        defaults = dict.fromkeys(
            str(definition.default) for _, definition in definitions if definition.default not in (None, False)
        )
        help_text = f"{spec.metadata['help']} (default: {', '.join(defaults)})" if defaults else spec.metadata["help"]
        job.option(flag(name), help=help_text, default=None, **_how(spec))


def chosen(options: Any, recipe: type[_Chosen], *others: type[Recipe]) -> _Chosen:
    """Returns the recipe that a job's options specify. Raises a user error for options that only ``others`` use."""
    names = {spec.name for spec in fields(recipe)}
    for name in [spec.name for other in others for spec in fields(other) if spec.name not in names]:
        if getattr(options, name) is not None:
            raise UserError(f"{flag(name)} does not apply to this kind of training; remove it")
    values = {name: getattr(options, name) for name in names}
    return recipe(**{name: value for name, value in values.items() if value is not None})


def _how(one: Field[Any]) -> dict[str, Any]:
    """The settings of an option, as argparse takes them."""
    if one.type is bool:
        return {"action": "store_true"}  # every boolean setting is off by default
    if one.metadata["choices"]:
        return {"choices": one.metadata["choices"]}
    return {"type": get_args(one.type)[0] if isinstance(one.type, types.UnionType) else one.type, "metavar": "N"}


def _check(one: Field[Any], value: Any) -> None:
    about = one.metadata
    if about["choices"]:
        if value not in about["choices"]:
            raise UserError(f"{flag(one.name)} {value}: choose one of {', '.join(about['choices'])}")
    elif value is not None and not about["least"] <= value < about["below"]:  # NaN is in no range
        raise UserError(
            f"{flag(one.name)} {value}: must be at least {about['least']:g} and less than {about['below']:g}"
        )
