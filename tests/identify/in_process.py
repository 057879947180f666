"""Runs jobs.identify without Ray."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import ray


def without_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes jobs.identify call its worker in this process."""

    def process(partitions: Sequence[Any], kind: type, arguments: Sequence[Any], **_: Any) -> Iterator[dict[str, Any]]:
        identifier = kind(*arguments)
        return (identifier.process(partition, 0) for partition in partitions)

    for name in ("put", "get"):
        monkeypatch.setattr(ray, name, lambda value: value)
    monkeypatch.setattr("artsim.runtime.process_partitions", process)
    for name in ("connect", "start_attempts", "with_memory", "room_for"):
        monkeypatch.setattr(f"artsim.runtime.{name}", lambda *_, **__: None)
