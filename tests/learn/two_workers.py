"""Two processes that train together over gloo, without Ray."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import distributed, multiprocessing


def two_workers(work: Callable[..., None], folder: Path, *arguments: Any) -> None:
    """Calls ``work(rank, folder, *arguments)`` in two processes; raises if either raises."""
    multiprocessing.spawn(_worker, (work, folder, *arguments), nprocs=2)


def _worker(rank: int, work: Callable[..., None], folder: Path, *arguments: Any) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    work(rank, folder, *arguments)
    distributed.destroy_process_group()
    os._exit(0)  # gloo's threads still hold tensors and sometimes abort an interpreter that shuts down
