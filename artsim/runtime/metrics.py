"""Metrics that a cluster's Prometheus reads from Ray as ``ray_artsim_...``, with labels."""

from typing import Any

_counters: dict[str, Any] = {}
_gauges: dict[str, Any] = {}


def count(name: str, description: str, amount: float, **labels: str) -> None:
    """Adds to ``artsim_<name>``; ``description`` describes it. Costs nothing extra where Ray is connected."""
    from ray.util.metrics import Counter

    if name not in _counters:
        _counters[name] = Counter(f"artsim_{name}", description=description, tag_keys=tuple(labels))
    if amount > 0:
        _counters[name].inc(amount, tags=labels)


def gauge(name: str, description: str, value: float) -> None:
    """Sets ``artsim_<name>``; ``description`` describes it."""
    from ray.util.metrics import Gauge

    if name not in _gauges:
        _gauges[name] = Gauge(f"artsim_{name}", description=description)
    _gauges[name].set(value)


def spilled_bytes() -> int:
    """Returns the bytes that all machines of the cluster spilled to disk since they started; 0 if unknown."""
    import grpc
    import ray

    if not ray.is_initialized():
        return 0
    # What `ray memory --stats-only` calls; no public function returns it
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    try:
        state = get_state_from_address(ray.get_runtime_context().gcs_address)
        reply = get_memory_info_reply(state, timeout_seconds=10)
    except grpc.RpcError:  # for example, a machine was just lost
        return 0
    return int(reply.store_stats.spilled_bytes_total)
