"""Runs combinations of method and parameters: one in this process, several in parallel on Ray."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from artsim import runtime
from artsim.archive import UserError
from artsim.clusters.combinations import Combination
from artsim.clusters.comparison import quality
from artsim.clusters.constraints import Constraints
from artsim.clusters.methods import Clustering, cluster
from artsim.clusters.vectors import Vectors

Result = tuple[Clustering, dict[str, Any]]  # a clustering and its scores


def results(
    combinations: Sequence[Combination], vectors: Vectors, constraints: Constraints | None, seed: int, resamples: int
) -> Iterator[tuple[Combination, Result]]:
    """Yields each combination with its clustering and scores as it completes.

    ``resamples`` is the number of resamples for the stability. Raises ``UserError`` as ``cluster`` does.
    """
    if len(combinations) == 1:
        yield combinations[0], _clustered(vectors.values, vectors.raw, constraints, combinations[0], seed, resamples)
        return
    import ray

    runtime.connect()
    runtime.wait_for({"CPU": 1})
    shared = [ray.put(value) for value in (vectors.values, vectors.raw, constraints)]
    task: Any = ray.remote(num_cpus=1)(_clustered_on_one_core)
    waiting = {task.remote(*shared, combination, seed, resamples): combination for combination in combinations}

    def completed() -> Iterator[dict[str, Any]]:
        while waiting:
            done, _ = ray.wait(list(waiting), num_returns=1)
            try:
                result = ray.get(done[0])
            except ray.exceptions.RayTaskError as error:
                if isinstance(error.cause, UserError):
                    raise error.cause from error
                raise
            yield {"rows": 1, "result": (waiting.pop(done[0]), result)}

    for row in runtime.progress(completed(), len(combinations), "combinations"):
        yield row["result"]


def _clustered_on_one_core(*arguments: Any) -> Result:
    import numba

    numba.set_num_threads(1)  # one task per CPU
    return _clustered(*arguments)


def _clustered(
    vectors: np.ndarray,
    raw: np.ndarray | None,
    constraints: Constraints | None,
    combination: Combination,
    seed: int,
    resamples: int,
) -> Result:
    method, parameters = combination.method, combination.parameters
    clustering = cluster(method, parameters, vectors, raw=raw, seed=seed, constraints=constraints)
    return clustering, quality(clustering, method, parameters, vectors, raw, seed, resamples)
