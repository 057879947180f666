"""Statistics of Ray Data: the operators of a run for its report, and the text for --stats."""

import pytest

from artsim import runtime

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


def test_operators_of_a_run_are_taken_once() -> None:
    runtime.connect(data=True)
    runtime.take_statistics()
    dataset = runtime.dataset_of([{"x": number} for number in range(6)], 3)
    rows = list(runtime.rows_of(dataset.map_batches(_doubled, batch_size=None).map_batches(_kept, batch_size=None)))
    assert sorted(row["x"] for row in rows) == [0, 2, 4, 6, 8, 10]
    operators, text = runtime.take_statistics()
    assert [(operator["name"], operator["blocks"]) for operator in operators] == [
        ("FromItems", 3),
        ("MapBatches(_doubled)->MapBatches(_kept)", 6),
    ]
    assert all(operator["task_seconds"] >= 0 and operator["seconds"] >= 0 for operator in operators)
    assert "Operator 1 MapBatches(_doubled)->MapBatches(_kept): 3 tasks executed" in text
    assert runtime.take_statistics() == ([], "")


def _doubled(batch: dict) -> dict:
    return {"x": 2 * batch["x"]}


def _kept(batch: dict) -> dict:
    return batch
