"""Fixtures of the sample tests: a small museum, made once, and its site."""

from collections.abc import Iterator

import pytest

from artsim.sample.museum import Museum, make
from artsim.sample.site import serve


@pytest.fixture(scope="session")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Museum:
    return make(tmp_path_factory.mktemp("museum"), works=20)


@pytest.fixture(scope="session")
def base(museum: Museum) -> Iterator[str]:
    with serve(museum.folder) as address:
        yield address
