"""What jobs know about the cluster: its nodes, CPUs, GPUs and memory."""

import contextlib

import pytest

from artsim import runtime
from artsim.errors import ServiceUnavailable


def test_an_autoscaling_cluster_counts_its_possible_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    nodes = [
        {"Alive": True, "Resources": {"memory": 1.0}},
        {"Alive": True, "Resources": {"CPU": 4.0}},
        {"Alive": False, "Resources": {"CPU": 9.0}},
    ]
    monkeypatch.setattr("ray.nodes", lambda: nodes)
    monkeypatch.delenv("ARTSIM_NODES", raising=False)
    assert (runtime.nodes(), runtime.cpus(), runtime.gpus()) == (
        [{"CPU": 0, "GPU": 0, "memory": 1}, {"CPU": 4, "GPU": 0, "memory": 0}],
        4,
        0,
    )
    monkeypatch.setenv("ARTSIM_NODES", '[[2, {"CPU": 16}], [1, {"CPU": 8, "GPU": 1}]]')
    no_memory = {"memory": 0}
    large, small = {"CPU": 16, "GPU": 0, **no_memory}, {"CPU": 8, "GPU": 1, **no_memory}
    assert runtime.nodes() == [large, large, small]
    assert (runtime.cpus(), runtime.gpus()) == (40, 1)


def test_machines_with_little_memory_hold_fewer_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    units = [{"memory": 1e9}, {"CPU": 8.0, "memory": 4.5e9}, {"CPU": 2.0, "memory": 16e9}]
    monkeypatch.setattr("ray.nodes", lambda: [{"Alive": True, "Resources": resources} for resources in units])
    monkeypatch.delenv("ARTSIM_NODES", raising=False)
    needs = runtime.with_memory({"CPU": 1, "GPU": 0}, 10**9)
    assert needs == {"CPU": 1, "GPU": 0, "memory": 10**9}
    assert runtime.room_for(needs) == 4 + 2
    assert runtime.room_for({"CPU": 1}) == 8 + 2
    assert runtime.room_for({"CPU": 4}) == 2
    assert runtime.room_for({"CPU": 16}) == 1  # the process waits for a large enough machine
    large = runtime.with_memory({"CPU": 1}, 10**11)
    assert (large["memory"], runtime.room_for(large)) == (4_500_000_000, 1 + 2)
    del units[1:]  # a head whose workers have not started yet
    assert (runtime.with_memory({"CPU": 1}, 10**9), runtime.room_for({"CPU": 1})) == ({"CPU": 1}, 1)
    monkeypatch.setenv("ARTSIM_NODES", '[[2, {"CPU": 16}], [1, {"CPU": 8, "memory": 2e10}]]')
    assert runtime.with_memory({"CPU": 1}, 10**9) == {"CPU": 1}  # not every machine states its memory


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_a_timed_out_start_is_retried_once(monkeypatch: pytest.MonkeyPatch, failures: int) -> None:
    tried: list[str] = []

    def init(address: str, **_: object) -> None:
        tried.append(address)
        if len(tried) <= failures:
            raise Exception("The current node timed out during startup. This could happen because ...")

    monkeypatch.setattr("ray.init", init)
    monkeypatch.setattr("ray.is_initialized", lambda: False)
    monkeypatch.setattr("artsim.runtime.connection._address", lambda: "local")
    monkeypatch.setattr("artsim.runtime.connection.on_loopback", lambda: contextlib.nullcontext({}))
    with pytest.raises(ServiceUnavailable, match="did not start in time") if failures > 1 else contextlib.nullcontext():
        runtime.connect()
    assert tried == ["local"] * min(failures + 1, 2)
