import pytest

from artsim.errors import UserError
from artsim.learn.workers import ALONE, Workers, parse_workers, resources_per_worker


@pytest.mark.parametrize(("text", "workers"), [("1", ALONE), ("3", Workers(3, 3)), ("1:4", Workers(1, 4))])
def test_worker_counts_are_parsed(text: str, workers: Workers) -> None:
    assert parse_workers(text) == workers
    assert str(workers) == text


@pytest.mark.parametrize("text", ["0", "two", "4:1", "0:2", "1:2:3", ""])
def test_invalid_worker_counts_are_user_errors(text: str) -> None:
    with pytest.raises(UserError, match=text):
        parse_workers(text)


@pytest.mark.parametrize(
    ("machines", "gpus", "workers", "expected"),
    [
        ([2], 0, "1", {"CPU": 2, "GPU": 0}),
        ([5], 0, "2", {"CPU": 2, "GPU": 0}),
        ([16], 4, "4", {"CPU": 4, "GPU": 1}),
        ([1, 1, 1, 1], 0, "2", {"CPU": 1, "GPU": 0}),
        ([4, 2], 0, "2", {"CPU": 2, "GPU": 0}),
        ([8, 8], 0, "1:4", {"CPU": 4, "GPU": 0}),
        ([1], 0, "1:4", {"CPU": 1, "GPU": 0}),
        ([2], 0, "3", "3: the cluster has 2 CPUs"),
        ([16], 1, "2", "2: the cluster has 1 GPUs"),
    ],
)
def test_workers_share_the_cluster(
    monkeypatch: pytest.MonkeyPatch, machines: list[int], gpus: int, workers: str, expected: dict[str, int] | str
) -> None:
    nodes = [{"CPU": cpus, "GPU": gpus} for cpus in machines]
    monkeypatch.setattr("artsim.runtime.nodes", lambda: nodes)
    monkeypatch.setattr("artsim.runtime.connection.nodes", lambda: nodes)
    if isinstance(expected, dict):
        assert resources_per_worker(parse_workers(workers)) == expected
    else:
        with pytest.raises(UserError, match=f"`workers` {expected}"):
            resources_per_worker(parse_workers(workers))
