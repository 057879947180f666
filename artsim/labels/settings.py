"""The options that decide what heads learn, as their card stores them."""

from dataclasses import replace
from typing import Any

from artsim.labels.options import LabelsOptions

_SETTINGS = (
    *("columns", "separator", "level_separator", "date_edges", "min_count", "group_by"),
    *("weights", "accuracy", "threshold"),
    *("head", "hidden", "strength", "coverage", "limit", "rights", "seed"),
)
# Options that are left out if they change nothing, so that runs of versions without them can be resumed.
_LATER: dict[str, Any] = {"level_separator": None, "hidden": None, "strength": None, "head": "logistic"}
_OF_RUN = ("limit", "rights", "seed")  # an evaluation has its own


def settings_of(options: LabelsOptions) -> dict[str, Any]:
    """Returns the options that decide the heads, as JSON stores them."""
    values = {name: getattr(options, name) for name in _SETTINGS}
    values = {name: value for name, value in values.items() if name not in _LATER or value != _LATER[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def options_of(card: Any, options: LabelsOptions) -> LabelsOptions:
    """Returns the options of a training that a card describes, with seed, limit and rights of ``options``."""
    query = card["query"]
    settings: dict[str, Any] = {name: query[name] for name in _SETTINGS if name in query and name not in _OF_RUN}
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    settings = {**_LATER, **settings}
    return replace(options, action="train", out=None, **settings)
