"""Options as fields of frozen dataclasses: default, help text and valid values are stated once."""

import types
from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar, get_args

from artsim.errors import UserError


def setting(default: Any, about: str, *, choices: tuple[str, ...] = (), least: float = 0, below: float = 1e9) -> Any:
    """Returns a dataclass field: its default, its option's help text, and its valid values."""
    return field(default=default, metadata={"help": about, "choices": choices, "least": least, "below": below})


@dataclass(frozen=True)
class Settings:
    """Base of a job's settings. A value out of range, or not among the choices, is a user error that names it."""

    def __post_init__(self) -> None:
        for spec in fields(self):
            _check(spec, getattr(self, spec.name))


_Chosen = TypeVar("_Chosen", bound=Settings)


def flag(name: str) -> str:
    """The option that sets a field: ``--weight-decay`` for ``weight_decay``."""
    return f"--{name.replace('_', '-')}"


def add_options(job: Any, *recipes: type[Settings]) -> None:
    """Adds an option for each setting of these recipes. An option left out is None, for the recipe's default."""
    known: dict[str, list[tuple[type[Settings], Field[Any]]]] = {}
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


def chosen(options: Any, recipe: type[_Chosen], *others: type[Settings]) -> _Chosen:
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
