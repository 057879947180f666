"""Shared by the tests of sources: a local server, a fetcher that never sleeps, chunks as plain rows."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from artsim.archive.rejects import Reject
from artsim.http import json_client
from artsim.sources.records import Chunk
from tests.sources.server import Museum, running


@pytest.fixture
def museum() -> Iterator[Museum]:
    with running() as server:
        yield server


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the fetcher would have slept, each time."""
    slept: list[float] = []
    monkeypatch.setattr(json_client, "_sleep", slept.append)
    return slept


def rows_of(chunks: Iterable[Chunk]) -> list[dict[str, Any]]:
    return [row for chunk in chunks for row in chunk.rows.to_pylist()]


def rejects_of(chunks: Iterable[Chunk]) -> list[Reject]:
    return [reject for chunk in chunks for reject in chunk.rejects]
