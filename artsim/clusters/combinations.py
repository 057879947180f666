"""Combinations of methods and parameters that one run compares, and their names."""

import itertools
from dataclasses import dataclass
from typing import Any

from artsim.archive.valid_name import check_name
from artsim.clusters.options import ClusterOptions
from artsim.errors import UserError

_METHOD_PARAMETERS = {
    "hdbscan": ("min_cluster_size", "min_samples", "selection"),
    "optics": ("min_cluster_size", "min_samples"),
    "dbscan": ("eps", "min_samples"),
    "kmeans": ("k",),
    "trimmed-kmeans": ("k", "outliers"),
    "ward": ("k", "threshold"),
    "spectral": ("k",),
    "evoc": ("min_cluster_size",),
}
_PARAMETERS = tuple(dict.fromkeys(itertools.chain.from_iterable(_METHOD_PARAMETERS.values())))
_DEFAULTS: dict[str, tuple[Any, ...]] = {"min_cluster_size": (10,), "selection": ("eom",), "outliers": (0.1,)}


@dataclass(frozen=True)
class Combination:
    """A method and its parameters, by option name; ``name`` is that of its table below ``clusters/``."""

    name: str
    method: str
    parameters: dict[str, Any]

    @property
    def title(self) -> str:
        """Method and parameters as a person reads them."""
        words = (f"{key}={value:.12g}" if key != "selection" else value for key, value in self.parameters.items())
        return " ".join([self.method, *words])


def combinations(options: ClusterOptions, features: str) -> list[Combination]:
    """Returns every combination of methods and parameters; ``features`` is the name of the space.

    A single one is named as `name` says, or by features and method. Several are told apart by method and by the
    parameters that vary. Raises ``UserError`` if a parameter is missing or no method takes it.
    """
    methods = list(dict.fromkeys(options.method))
    for parameter in _PARAMETERS:
        if getattr(options, parameter) and not any(parameter in _METHOD_PARAMETERS[method] for method in methods):
            raise UserError(f"`{parameter}` does not apply to `method` {' '.join(methods)}; remove it")
    grid = [(method, parameters) for method in methods for parameters in _grid(options, method)]
    base = features if options.name is None else options.name
    if options.name is None and options.within is not None:
        base = options.within.replace(":", "-")
    varying = {
        parameter
        for method, parameters in grid
        for parameter, value in parameters.items()
        if any(other == method and value != values.get(parameter) for other, values in grid)
    }
    combined = []
    for method, parameters in grid:  # the names differ: so do the methods or the parameters that vary
        words = [] if options.name is not None and len(methods) == 1 else [method]
        if len(grid) > 1:
            words += [f"{key.replace('_', '-')}-{_word(parameters[key])}" for key in parameters if key in varying]
        name = "-".join([base, *words])
        check_name(name)
        combined.append(Combination(name, method, parameters))
    return combined


def _grid(options: ClusterOptions, method: str) -> list[dict[str, Any]]:
    values = {
        parameter: getattr(options, parameter) or _DEFAULTS.get(parameter) for parameter in _METHOD_PARAMETERS[method]
    }
    if method == "ward":  # alternatives, not a product
        single = [{key: value} for key in ("k", "threshold") for value in dict.fromkeys(values[key] or ())]
        if not single:
            raise UserError("`method` ward needs `k` or `threshold`")
        return single
    if "k" in values and not values["k"]:
        raise UserError(f"`method` {method} needs `k`, the number of clusters")
    given = {key: list(dict.fromkeys(value)) for key, value in values.items() if value}
    return [dict(zip(given, row, strict=True)) for row in itertools.product(*given.values())]


def _word(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.12g}".replace("+", "")
