"""What a sweep searches: settings of a recipe, each in a range or among choices, as Optuna's distributions."""

import types
from collections.abc import Sequence
from dataclasses import Field, fields, replace
from typing import Any, get_args

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from artsim.learn.recipe import Recipe
from artsim.mistake import Mistake

SHORT = {"margin": "m", "intra_margin": "m2", "learning_rate": "lr"}
_LONG = {short: name for name, short in SHORT.items()}
_NEVER = ("epochs", "patience", "resolution")  # the search stops trials by itself; pixels are made once for all

Space = dict[str, BaseDistribution]  # by the recipe's field names
Setting = dict[str, Any]  # of a trial: values of the searched fields of the recipe


def parse_space(texts: Sequence[str], recipe: Recipe) -> Space:
    """The space of texts such as ``m=0:1``, ``lr=1e-5:1e-2:log``, ``swap=true,false``.

    Mistake for a name that is no setting, and for values that the recipe does not take.
    """
    known = {one.name: one for one in fields(recipe) if one.name not in _NEVER}
    space: Space = {}
    for text in texts:
        name, _, values = text.partition("=")
        name = _LONG.get(name, name.replace("-", "_"))
        if name not in known:
            there = ", ".join(SHORT.get(one, one) for one in known)
            raise Mistake(f"--space {text}: {name} can't be searched; there are {there}")
        if name in space:
            raise Mistake(f"--space {text}: {name} is there twice")
        space[name] = _distribution(text, values, known[name], recipe)
    return space


def _distribution(text: str, values: str, one: Field[Any], recipe: Recipe) -> BaseDistribution:
    low, *rest = values.split(":")
    found = [_value(text, word, one) for word in ([low, rest[0]] if rest else values.split(","))]
    try:
        for value in found:
            replace(recipe, **{one.name: value})
    except Mistake as mistake:
        raise Mistake(f"--space {text}: {mistake}") from mistake
    if not rest:
        if len(set(found)) < max(len(found), 2):
            raise Mistake(f"--space {text}: two choices or more, each once; or a range LOW:HIGH, LOW:HIGH:log")
        return CategoricalDistribution(found)
    if rest[1:] not in ([], ["log"]) or not all(type(value) in (int, float) for value in found):
        raise Mistake(f"--space {text}: a range is LOW:HIGH or LOW:HIGH:log, of numbers")
    if not found[0] < found[1] or (rest[1:] and found[0] <= 0):
        raise Mistake(
            f"--space {text}: the low end comes first" + (", and a log range begins above 0" * bool(rest[1:]))
        )
    kind: Any = IntDistribution if isinstance(found[0], int) else FloatDistribution
    return kind(*found, log=bool(rest[1:]))


def _value(text: str, word: str, one: Field[Any]) -> Any:
    optional = isinstance(one.type, types.UnionType)
    kind: Any = get_args(one.type)[0] if optional else one.type
    if optional and word == "none":
        return None
    if kind is bool:
        if word not in ("true", "false"):
            raise Mistake(f"--space {text}: {one.name} is true or false")
        return word == "true"
    try:
        return kind(word)
    except ValueError as error:
        wanted = "a whole number" if kind is int else "a number"
        raise Mistake(f"--space {text}: {word or 'nothing'} is not {wanted}") from error
