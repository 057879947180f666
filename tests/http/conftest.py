"""The catalog client is tested with the fixtures of the sources, which use it."""

from tests.sources.conftest import museum, naps

__all__ = ["museum", "naps"]
