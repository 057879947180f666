"""What jobs know of the cluster."""

import pytest

from artsim import cluster


def test_a_cluster_that_grows_counts_what_may_come(monkeypatch: pytest.MonkeyPatch) -> None:
    there = [
        {"Alive": True, "Resources": {"memory": 1.0}},
        {"Alive": True, "Resources": {"CPU": 4.0}},
        {"Alive": False, "Resources": {"CPU": 9.0}},
    ]
    monkeypatch.setattr("ray.nodes", lambda: there)
    monkeypatch.delenv("ARTSIM_NODES", raising=False)
    assert (cluster.nodes(), cluster.cpus(), cluster.gpus()) == ([{"CPU": 0, "GPU": 0}, {"CPU": 4, "GPU": 0}], 4, 0)
    monkeypatch.setenv("ARTSIM_NODES", '[[2, {"CPU": 16}], [1, {"CPU": 8, "GPU": 1}]]')
    assert cluster.nodes() == [{"CPU": 16, "GPU": 0}, {"CPU": 16, "GPU": 0}, {"CPU": 8, "GPU": 1}]
    assert (cluster.cpus(), cluster.gpus()) == (40, 1)
