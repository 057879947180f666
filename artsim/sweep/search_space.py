"""The search space of a sweep: settings of a recipe, each a range or choices, as Optuna distributions."""

import types
from collections.abc import Sequence
from dataclasses import Field, fields, replace
from typing import Any, get_args

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from artsim.errors import UserError
from artsim.options import Settings

SHORT = {"margin": "m", "intra_margin": "m2", "learning_rate": "lr"}
_LONG = {short: name for name, short in SHORT.items()}
_NEVER = ("epochs", "patience", "resolution")  # the search itself stops trials; images are decoded once for all trials

Space = dict[str, BaseDistribution]  # by field names of the recipe
Setting = dict[str, Any]  # of a trial: values of the searched fields of the recipe


def parse_space(texts: Sequence[str], recipe: Settings) -> Space:
    """Returns the space that texts such as ``m=0:1``, ``lr=1e-5:1e-2:log``, ``swap=true,false`` define.

    Raises a user error for a name that is not a setting, and for values that the recipe does not accept.
    """
    known = {spec.name: spec for spec in fields(recipe) if spec.name not in _NEVER}
    space: Space = {}
    for text in texts:
        name, _, values = text.partition("=")
        name = _LONG.get(name, name.replace("-", "_"))
        if name not in known:
            searchable = ", ".join(SHORT.get(setting, setting) for setting in known)
            raise UserError(f"`space` {text}: {name} can't be searched; choose one of {searchable}")
        if name in space:
            raise UserError(f"`space` {text}: {name} is given twice")
        space[name] = _distribution(text, values, known[name], recipe)
    return space


def _distribution(text: str, values: str, recipe_field: Field[Any], recipe: Settings) -> BaseDistribution:
    low, *high_and_scale = values.split(":")
    parsed = [
        _value(text, word, recipe_field) for word in ([low, high_and_scale[0]] if high_and_scale else values.split(","))
    ]
    try:
        for value in parsed:
            replace(recipe, **{recipe_field.name: value})
    except UserError as user_error:
        raise UserError(f"`space` {text}: {user_error}") from user_error
    if not high_and_scale:
        if len(set(parsed)) < max(len(parsed), 2):
            raise UserError(f"`space` {text}: give two or more different choices, or a range LOW:HIGH or LOW:HIGH:log")
        return CategoricalDistribution(parsed)
    if high_and_scale[1:] not in ([], ["log"]) or not all(type(value) in (int, float) for value in parsed):
        raise UserError(f"`space` {text}: a range must be LOW:HIGH or LOW:HIGH:log, with numbers")
    if not parsed[0] < parsed[1] or (high_and_scale[1:] and parsed[0] <= 0):
        raise UserError(
            f"`space` {text}: LOW must be less than HIGH"
            + (", and more than 0 in a log range" * bool(high_and_scale[1:]))
        )
    kind: Any = IntDistribution if isinstance(parsed[0], int) else FloatDistribution
    return kind(*parsed, log=bool(high_and_scale[1:]))


def _value(text: str, word: str, recipe_field: Field[Any]) -> Any:
    optional = isinstance(recipe_field.type, types.UnionType)
    kind: Any = get_args(recipe_field.type)[0] if optional else recipe_field.type
    if optional and word == "none":
        return None
    if kind is bool:
        if word not in ("true", "false"):
            raise UserError(f"`space` {text}: {recipe_field.name} must be true or false")
        return word == "true"
    try:
        return kind(word)
    except ValueError as error:
        expected = "a whole number" if kind is int else "a number"
        raise UserError(f"`space` {text}: {word or 'an empty value'} is not {expected}") from error
