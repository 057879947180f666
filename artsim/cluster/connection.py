"""Connects to the Ray cluster that is there, or starts one here; what it has."""

import logging
import os


def connect() -> None:
    """Joins the cluster of ``RAY_ADDRESS`` or one running on this machine; else starts one. Free when connected."""
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # Ray's own advice, instead of its warning
    # Ray's C++ parts complain of what Ray Data itself does at every start; what fails a job comes as an exception.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    if not ray.is_initialized():
        ray.init(logging_level=logging.ERROR, log_to_driver=False, include_dashboard=False)


def silence_ray_data() -> None:
    """Makes Ray Data show nothing of its own; for those who use it, since importing it takes most of a second."""
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False  # progress() below shows what the job counts, not Ray's blocks
    context.enable_operator_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)


def cpus() -> int:
    """The CPUs that the cluster has, or that its autoscaler could get; at least 1."""
    return max(_most("CPU"), 1)


def gpus() -> int:
    """The GPUs that the cluster has, or that its autoscaler could get."""
    return _most("GPU")


def cpus_of_machines() -> list[int]:
    """How many CPUs each machine has that has any; at least one machine with one."""
    import ray

    there = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    return [count for count in there if count] or [1]


def has_machines_without_gpu() -> bool:
    """Whether some machine of the cluster has CPUs and no GPU."""
    import ray

    there = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return any(resources.get("CPU") and not resources.get("GPU") for resources in there)


def _most(resource: str) -> int:
    import ray
    from ray._private.state import state

    there = int(ray.cluster_resources().get(resource, 0))
    could_be = state.get_max_resources_from_cluster_config() or {}  # None without an autoscaler
    return max(there, int(could_be.get(resource, 0)))
