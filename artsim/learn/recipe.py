"""Every setting of a training with its default, in one place: jobs.train and jobs.tune make their options of it."""

import types
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar, get_args

from artsim.mistake import Mistake


def setting(default: Any, about: str, *, choices: tuple[str, ...] = (), least: float = 0, below: float = 1e9) -> Any:
    """A field of a recipe: its default, what its option's help says, and which values make sense."""
    return field(default=default, metadata={"help": about, "choices": choices, "least": least, "below": below})


@dataclass(frozen=True)
class Recipe:
    """How to train. A value out of its range, or of none of the choices, is a Mistake that names the option."""

    head: str = setting(
        "discriminant",
        "what turns stored features into an embedding",
        choices=("discriminant", "residual", "linear", "mlp"),
    )
    hidden: int = setting(64, "units of the hidden layer; but for residual also the embedding's length", least=1)
    shrinkage: float = setting(
        0.5, "of the discriminant's covariance: 0 trusts the pairs alone, 1 takes all directions for alike", below=1.001
    )
    dropout: float = setting(0.3, "share of the standardised or projected input that is hidden in training", below=1)
    loss: str = setting("listwise", "what is made small", choices=("listwise", "triplet", "contrastive"))
    margin: float = setting(0.2, "m: how much farther than the positive a negative shall lie")
    intra_margin: float | None = setting(None, "m2: how far from the anchor a positive may lie")
    swap: bool = setting(False, "a negative's distance is that to the nearer of anchor and positive")
    distance: str = setting("cosine", "between embeddings", choices=("cosine", "euclidean"))
    temperature: float = setting(0.2, "of the listwise loss", least=1e-4)
    reduction: str = setting("mean", "of the losses of a batch", choices=("mean", "sum"))
    negatives: str = setting(
        "own",
        "the annotation's seven; or these, and mined ones of the archive as well",
        choices=("own", "semihard", "hard"),
    )
    mined: int = setting(7, "how many negatives are mined for each annotation", least=1)
    learning_rate: float = setting(3e-4, "of AdamW", least=1e-12)
    weight_decay: float = setting(0.05, "of AdamW")
    epochs: int = setting(60, "at most so many passes over the annotations", least=1)
    batch: int = setting(128, "annotations of a step, of all workers together", least=1)
    patience: int = setting(10, "epochs without a better validation before the training stops", least=1)

    def __post_init__(self) -> None:
        for one in fields(self):
            _check(one, getattr(self, one.name))


_Chosen = TypeVar("_Chosen", bound=Recipe)


def flag(name: str) -> str:
    """The option that sets a field: ``--weight-decay`` for ``weight_decay``."""
    return f"--{name.replace('_', '-')}"


def add_options(job: Any, *recipes: type[Recipe]) -> None:
    """Gives a job an option for each setting of these recipes; what nobody says is None, and the recipe's default."""
    known: dict[str, list[tuple[type[Recipe], Field[Any]]]] = {}
    for recipe in recipes:
        for one in fields(recipe):
            known.setdefault(one.name, []).append((recipe, one))
    for name, found in known.items():
        one = found[0][1]
        defaults = dict.fromkeys(str(each.default) for _, each in found if each.default not in (None, False))
        words = f"{one.metadata['help']} (default: {', '.join(defaults)})" if defaults else one.metadata["help"]
        job.option(flag(name), help=words, default=None, **_how(one))


def chosen(options: Any, recipe: type[_Chosen], *others: type[Recipe]) -> _Chosen:
    """The recipe that a job's options say. Mistake for an option that is of no use to it, only to the ``others``."""
    mine = {one.name for one in fields(recipe)}
    for name in [one.name for other in others for one in fields(other) if one.name not in mine]:
        if getattr(options, name) is not None:
            raise Mistake(f"{flag(name)}: of no use to what is trained here")
    said = {name: getattr(options, name) for name in mine}
    return recipe(**{name: value for name, value in said.items() if value is not None})


def _how(one: Field[Any]) -> dict[str, Any]:
    """The settings of an option, as argparse takes them."""
    if one.type is bool:
        return {"action": "store_true"}  # whatever can be on or off is off by default
    if one.metadata["choices"]:
        return {"choices": one.metadata["choices"]}
    return {"type": get_args(one.type)[0] if isinstance(one.type, types.UnionType) else one.type, "metavar": "N"}


def _check(one: Field[Any], value: Any) -> None:
    about = one.metadata
    if about["choices"]:
        if value not in about["choices"]:
            raise Mistake(f"{flag(one.name)} {value}: there are {', '.join(about['choices'])}")
    elif value is not None and not about["least"] <= value < about["below"]:  # NaN is in no range
        raise Mistake(f"{flag(one.name)} {value}: at least {about['least']:g} and less than {about['below']:g}")
