"""Every benchmark can be imported; running them takes minutes."""

import importlib
from pathlib import Path

import pytest

_BENCHMARKS = sorted(path.stem for path in (Path(__file__).parents[2] / "benchmarks").glob("[a-z]*.py"))


@pytest.mark.parametrize("name", _BENCHMARKS)
def test_a_benchmark_can_be_imported(name: str) -> None:
    assert importlib.import_module(f"benchmarks.{name}").__doc__
