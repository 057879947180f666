"""Settings of Ray Data for the datasets of artsim. A program that uses Ray Data itself keeps its own."""

import contextlib
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def data_settings() -> Iterator[None]:
    """Within this context, new datasets wait for the cluster and raise the errors of workers as they are.

    Ray Data's own limits do not fit: it would give up after half an hour without a result, and collect small results.
    """
    from ray.data import DataContext

    context = DataContext.get_current().copy()
    context.enable_progress_bars = False  # ``progress`` shows the job's rows, not Ray's blocks
    context.enable_operator_progress_bars = False
    context.execution_no_progress_timeout_s = -1
    context.raise_original_map_exception = True
    context.target_max_block_size = 1  # byte; each row is a separate block, which is passed on immediately
    # A worker that runs its maximum number of concurrent calls is fully used; then the pool grows if CPUs are free.
    context.autoscaling_config.actor_pool_util_upscaling_threshold = 1.0
    with DataContext.current(context):
        yield


@contextlib.contextmanager
def quiet_log() -> Iterator[None]:
    """Within this context, Ray Data's lines go to the log of the run and not to the terminal.

    It logs an error that it also raises.
    """
    logger, terminal = logging.getLogger("ray.data"), _terminal_handlers(logging.getLogger("ray"))
    level, propagate, own = logger.level, logger.propagate, _terminal_handlers(logger)
    logger.setLevel(logging.WARNING)
    logger.propagate = True  # to Ray's logger, which has the handler of the run's log
    for handler in own:
        logger.removeHandler(handler)
    for handler in terminal:
        handler.addFilter(_is_not_of_data)
    try:
        yield
    finally:
        for handler in terminal:
            handler.removeFilter(_is_not_of_data)
        for handler in own:
            logger.addHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


def _terminal_handlers(logger: logging.Logger) -> list[logging.Handler]:
    return [handler for handler in logger.handlers if type(handler).__module__ == "ray._private.log"]


def _is_not_of_data(record: logging.LogRecord) -> bool:
    return not record.name.startswith("ray.data")
