"""Ray Data's statistics of a run: the times of each operator for the report, and the full text for ``stats``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from artsim.runtime.data_settings import quiet_log

if TYPE_CHECKING:
    from ray.data import Dataset

_operators: list[dict[str, Any]] = []
_texts: list[str] = []


def rows_of(dataset: "Dataset") -> Iterator[dict[str, Any]]:
    """Executes the dataset, yields its rows as they complete, and keeps its statistics for ``take_statistics``."""
    with quiet_log():
        yield from dataset.iter_rows()
    _operators.extend(map(_record, _in_order(dataset.get_stats_summary())))
    _texts.append(dataset.stats())


def _in_order(summary: Any) -> Iterator[Any]:
    for parent in summary.parents:
        yield from _in_order(parent)
    yield from summary.operators_stats


def _record(operator: Any) -> dict[str, Any]:
    times = operator.wall_time
    return {
        "name": operator.operator_name,
        "seconds": round(operator.time_total_s or 0.0, 2),
        "blocks": times.count if times else 0,
        "task_seconds": round(times.sum, 2) if times else 0.0,
    }


def take_statistics() -> tuple[list[dict[str, Any]], str]:
    """Returns the operators of all datasets since the last call, and ``Dataset.stats()`` of each, as one text.

    Of an operator: its name, ``seconds`` from its first to its last task, its ``blocks``, and the ``task_seconds`` that
    its tasks took together.
    """
    operators, text = list(_operators), "\n".join(_texts)
    _operators.clear()
    _texts.clear()
    return operators, text
