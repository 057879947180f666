"""Where a small actor goes that a whole run hangs on: to the driver, whose machine can't be lost without the run."""

from typing import Any


def beside_driver() -> dict[str, Any]:
    """Options of an actor that takes no CPU and lives on the driver's machine."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return {"num_cpus": 0, "scheduling_strategy": here}
