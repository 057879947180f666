"""What the project promises about its own files: who imports whom, and that every option is documented."""

import ast
import importlib
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_FILES = sorted(path for folder in ("artsim", "jobs") for path in (_ROOT / folder).rglob("*.py"))
_JOBS = sorted(path.stem for path in (_ROOT / "jobs").glob("*.py") if path.stem != "__init__")

# Top to bottom. A file imports only from its own folder and from floors below.
_FLOORS = [
    {"jobs"},
    {"job"},
    {"preview"},
    {"summary"},
    {"web", "enrich"},
    {"scrape", "learn", "explore"},
    {"sources", "pictures", "features"},
    {"vision"},  # below the pictures: a thumbnail is opened and turned upright as every other image is
    {"measure", "archive", "sample"},
    {"cluster"},
    {"errors", "reasons"},
]


def _folder(module: str) -> str | None:
    """``artsim.archive.table`` is of archive, ``jobs.walk`` of jobs, ``numpy`` of none of ours."""
    head, *rest = module.split(".")
    if head == "jobs":
        return "jobs"
    return rest[0] if head == "artsim" and rest else None


def _imports(module: str, source: str) -> list[tuple[int, str]]:
    """Line and full name of everything that a module imports, wherever in the file."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*package, *([node.module] if node.module else [])])
            found += [(node.lineno, f"{origin}.{alias.name}") for alias in node.names]
    return found


def _floor(folder: str) -> int:
    for number, folders in enumerate(_FLOORS):
        if folder in folders:
            return number
    raise LookupError(f"{folder} is on no floor")


def _breaches(module: str, source: str) -> list[str]:
    """Every import of a module that goes up, or across to another folder of the same floor."""
    home = _folder(module)
    out = []
    for line, name in _imports(module, source):
        there = _folder(name)
        if home is None or there is None or there == home:
            continue
        if _floor(there) <= _floor(home):
            out.append(f"{module}:{line} imports {name}")
    return out


def _module(path: Path) -> str:
    return ".".join(path.relative_to(_ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", _FILES, ids=_module)
def test_a_file_imports_from_its_own_folder_and_from_floors_below(path: Path) -> None:
    assert _breaches(_module(path), path.read_text(encoding="utf-8")) == []


def test_every_folder_is_on_one_floor() -> None:
    there = {_folder(_module(path)) for path in _FILES} - {"__init__"}
    assert there - {None} <= set().union(*_FLOORS)
    assert sum(map(len, _FLOORS)) == len(set().union(*_FLOORS))


@pytest.mark.parametrize(
    ("module", "source", "breaches"),
    [
        ("artsim.archive.table", "from artsim.vision.check import open_image", 1),
        ("artsim.archive.table", "def late():\n    import artsim.vision.check", 1),
        ("artsim.archive.table", "from artsim import features", 1),
        ("artsim.scrape.row", "from artsim.explore.search import search", 1),
        ("artsim.vision.decode", "from artsim.pictures.sheet import Cell", 1),
        ("artsim.explore.walk", "import jobs.walk", 1),
        ("artsim.sample.motifs.city", "from ...vision import check", 1),
        ("artsim.sample.motifs.city", "from ..outlines import Rng\nfrom . import garden", 0),
        ("artsim.sample.motifs.__init__", "from ... import features", 1),
        ("artsim.job", "from artsim.archive import Archive\nfrom artsim.errors import UserError", 0),
        ("artsim.web.page", "from artsim.job import Job", 1),
        ("artsim.explore.walk", "import numpy\nfrom artsim import cluster\nfrom artsim.features import Space", 0),
        ("artsim.explore.walk", "from artsim.explore.search import search", 0),
        ("jobs.walk", "from artsim.job import Job\nfrom artsim.explore.journey import journey", 0),
    ],
)
def test_the_test_sees_a_breach(module: str, source: str, breaches: int) -> None:
    assert len(_breaches(module, source)) == breaches


@pytest.mark.parametrize(
    ("module", "source"),
    [("artsim.utils", "import artsim.archive"), ("artsim.archive.table", "from artsim.helpers import anything")],
)
def test_an_unknown_folder_is_refused(module: str, source: str) -> None:
    with pytest.raises(LookupError, match=r"utils|helpers"):
        _breaches(module, source)


@pytest.mark.parametrize("name", _JOBS)
def test_every_option_is_documented(name: str) -> None:
    job = importlib.import_module(f"jobs.{name}").job
    silent = [action.option_strings for action in job._parser._actions if not (action.help or "").strip()]
    assert silent == []
    assert job.name == name
