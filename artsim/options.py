"""Options as fields of frozen dataclasses: names, types, defaults, help texts and valid values are stated once.

The command line, TOML files and calls from Python are derived from them (see artsim.arguments).
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, get_args

from artsim.errors import UserError

REQUIRED = MISSING  # the default of an option that must be given
_SEEDS = 1 << 32  # numpy and torch accept no larger seed


def setting(
    default: Any,
    about: str,
    *,
    choices: tuple[str, ...] = (),
    least: float = 0,
    below: float | None = None,
    metavar: str | None = None,
    parse: Callable[[str], Any] | None = None,
    const: Any = None,
    is_action: bool = False,
    is_secret: bool = False,
) -> Any:
    """Returns a dataclass field: its default, its option's help text, and its valid values.

    ``parse`` reads the value from text; ``const`` is the value of an option without one. The value of an ``is_action``
    field is the first word of a command line; that of an ``is_secret`` field is not in reports.
    """
    metadata = {
        "help": about,
        "choices": choices,
        "least": least,
        "below": below,
        "metavar": metavar,
        "parse": parse,
        "const": const,
        "is_action": is_action,
        "is_secret": is_secret,
    }
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Settings:
    """Base of a job's settings. A value out of range, or not among the choices, is a user error that names it."""

    largest: ClassVar[int] = 1 << 62  # whole numbers are below it

    def __post_init__(self) -> None:
        for spec in fields(self):
            if "recipes" in spec.metadata:
                known = settings_of(spec)
                for name, value in getattr(self, spec.name).items():
                    if name in known:
                        check_value(known[name][0], value, self.largest)
            elif "help" in spec.metadata:
                check_value(spec, getattr(self, spec.name), self.largest)


@dataclass(frozen=True, kw_only=True)
class JobOptions(Settings):
    """The options of every job."""

    seed: int = setting(
        0, "seed of the random numbers; with the same seed, runs on a CPU give the same result", least=float("-inf")
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.seed < _SEEDS:
            raise UserError(f"`seed` {self.seed}: must be between 0 and {_SEEDS - 1}")


@dataclass(frozen=True, kw_only=True)
class ArchiveOptions(JobOptions):
    """The options of every job on an existing archive."""

    rights: str = setting(
        "all",
        "public: use only artworks in the public domain or under a Creative Commons license",
        choices=("all", "public"),
    )

    @property
    def public_only(self) -> bool:
        """Whether protected artworks are excluded."""
        return self.rights == "public"


@dataclass(frozen=True, kw_only=True)
class DataOptions(ArchiveOptions):
    """The options of every job that runs on Ray Data."""

    stats: bool = setting(False, "also print the statistics of Ray Data, which runs the job, to stderr")


_Chosen = TypeVar("_Chosen", bound=Settings)


def recipe_settings(*recipes: type[Settings], **defaults: Any) -> Any:
    """Returns a dataclass field: the settings given for one of these recipes, by name.

    Each setting of the recipes becomes an option. ``defaults`` are used for settings that are not given.
    """
    return field(default_factory=lambda: dict(defaults), metadata={"recipes": recipes, "defaults": defaults})


def settings_of(spec: Field[Any]) -> dict[str, list[Field[Any]]]:
    """Returns the definitions of each setting in a field of ``recipe_settings``, one or more, by name."""
    known: dict[str, list[Field[Any]]] = {}
    for recipe in spec.metadata["recipes"]:
        for option in fields(recipe):
            known.setdefault(option.name, []).append(option)
    return known


def chosen(given: Mapping[str, Any], recipe: type[_Chosen], *others: type[Settings]) -> _Chosen:
    """Returns the recipe with these settings. Raises a user error for settings that only ``others`` use."""
    names = {spec.name for spec in fields(recipe)}
    for name in [spec.name for other in others for spec in fields(other) if spec.name not in names]:
        if given.get(name) is not None:
            raise UserError(f"`{name}` does not apply to this kind of training; remove it")
    return recipe(**{name: value for name, value in given.items() if value is not None and name in names})


def type_of(spec: Field[Any]) -> Any:
    """Returns the type of a field, without None."""
    if isinstance(spec.type, types.UnionType):
        return next(kind for kind in get_args(spec.type) if kind is not types.NoneType)
    return spec.type


def check_value(spec: Field[Any], value: Any, largest: int = Settings.largest) -> None:
    """Raises a user error if the field can't have this value."""
    least, below, choices = spec.metadata["least"], spec.metadata["below"], spec.metadata["choices"]
    if choices:
        for word in value if isinstance(value, tuple) else (value,):
            if word is not None and word not in choices:
                raise UserError(f"`{spec.name}` {word}: choose one of {', '.join(choices)}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        if below is not None and not least <= value < below:  # NaN is in no range
            raise UserError(f"`{spec.name}` {value}: must be at least {least:g} and less than {below:g}")
        if not value >= least:
            raise UserError(f"`{spec.name}` {value}: must be {least:g} or more")
        if value >= (largest if isinstance(value, int) else 1e9):
            raise UserError(f"`{spec.name}` {value}: too large")
