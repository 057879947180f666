"""Reports how much the object store spilled to disk, which slows a job down."""


def spilled_bytes() -> int:
    """Returns the bytes that all machines of the cluster spilled to disk since they started; 0 if unknown."""
    import grpc
    import ray

    if not ray.is_initialized():
        return 0
    from ray._private.internal_api import get_memory_info_reply, get_state_from_address

    try:
        state = get_state_from_address(ray.get_runtime_context().gcs_address)
        reply = get_memory_info_reply(state, timeout_seconds=10)
    except grpc.RpcError:  # for example, a machine was just lost
        return 0
    return int(reply.store_stats.spilled_bytes_total)
