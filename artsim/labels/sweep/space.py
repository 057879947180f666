"""The settings of heads that a sweep may search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from artsim.errors import UserError
from artsim.labels import mlp
from artsim.labels.options import LabelsOptions
from artsim.options import Settings, setting
from artsim.sweep.search_space import Space, parse_space

_DEFAULT = ("strength=1e-5:1:log",)


@dataclass(frozen=True)
class HeadSettings(Settings):
    """The options of jobs.labels that can be searched; the defaults only show their types."""

    strength: float = setting(1e-2, "", least=1e-12)
    head: str = setting("logistic", "", choices=("logistic", "mlp"))
    hidden: int = setting(mlp.HIDDEN, "", least=1)
    weights: str = setting("balanced", "", choices=("balanced", "equal"))


def space_of(texts: Sequence[str] | None, base: LabelsOptions) -> Space:
    """Returns the space that texts such as ``strength=1e-4:1:log`` define around the options of a training."""
    known = {spec.name: getattr(base, spec.name) for spec in fields(HeadSettings)}
    space = parse_space(texts or _DEFAULT, HeadSettings(**{key: value for key, value in known.items() if value}))
    if "hidden" in space and "head" not in space and base.head != "mlp":
        raise UserError("`space` hidden: only `head` mlp has a hidden layer; search head=logistic,mlp, too")
    return space


def with_setting(base: LabelsOptions, chosen: Mapping[str, Any]) -> LabelsOptions:
    """Returns the options of a trial. A logistic regression ignores the size of the hidden layer."""
    values = dict(chosen)
    if values.get("head", base.head) != "mlp":
        values["hidden"] = None
    return replace(base, **values)
