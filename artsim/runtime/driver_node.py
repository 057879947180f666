"""Places actors that a whole run depends on: on the driver's machine, whose loss ends the run anyway."""

from typing import Any


def beside_driver() -> dict[str, Any]:
    """Returns options of an actor that reserves no CPU and runs on the driver's machine."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    strategy = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return {"num_cpus": 0, "scheduling_strategy": strategy}
