"""Checks of the project's own files: imports respect the layers, and every job option is documented."""

import ast
import importlib
import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_FILES = sorted(path for folder in ("artsim", "jobs") for path in (_ROOT / folder).rglob("*.py"))
_JOBS = sorted(path.stem for path in (_ROOT / "jobs").glob("*.py") if path.stem != "__init__")

# Layers, from top to bottom. A file imports only from its own folder and from lower layers.
_LAYERS = [
    {"__init__"},  # artsim.open
    {"api"},
    {"jobs"},
    {"cli"},
    {"arguments"},
    {"preview", "run_log"},
    {"summary"},
    {"publish"},
    {"web"},
    {"gallery"},
    {"identify"},
    {"labels", "enrich", "clusters", "layouts", "duplicates"},
    {"explore", "annotation_page", "sweep", "evaluate"},
    {"learn"},
    {"encoders"},
    {"annotations"},
    {"scrape", "extract"},
    {"sources"},
    {"matching"},
    {"pictures", "space"},
    {"vision"},
    {"http"},
    {"metrics", "archive", "sample", "text"},
    {"runtime"},
    {"options", "failures"},
    {"errors"},
]


def _folder(module: str) -> str | None:
    """Returns a module's folder: archive for ``artsim.archive.table``, jobs for ``jobs.walk``, None for ``numpy``."""
    head, *names = module.split(".")
    if head == "jobs":
        return "jobs"
    return names[0] if head == "artsim" and names else None


def _imports(module: str, source: str) -> list[tuple[int, str]]:
    """Returns line and full name of every import in a module, also inside functions."""
    imports = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imports += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = module.split(".")[: -node.level] if node.level else []
            origin = ".".join([*package, *([node.module] if node.module else [])])
            imports += [(node.lineno, f"{origin}.{alias.name}") for alias in node.names]
    return imports


def _layer(folder: str) -> int:
    for number, folders in enumerate(_LAYERS):
        if folder in folders:
            return number
    raise LookupError(f"{folder} is in no layer")


def _breaches(module: str, source: str) -> list[str]:
    """Returns a module's imports from higher layers and from other folders of its own layer."""
    home = _folder(module)
    breaches = []
    for line, name in _imports(module, source):
        folder = _folder(name)
        if home is None or folder is None or folder == home:
            continue
        if _layer(folder) <= _layer(home):
            breaches.append(f"{module}:{line} imports {name}")
    return breaches


def _module(path: Path) -> str:
    return ".".join(path.relative_to(_ROOT).with_suffix("").parts)


@pytest.mark.parametrize("path", _FILES, ids=_module)
def test_a_file_imports_from_its_own_folder_and_from_lower_layers(path: Path) -> None:
    assert _breaches(_module(path), path.read_text(encoding="utf-8")) == []


def test_every_folder_is_on_one_layer() -> None:
    folders = {_folder(_module(path)) for path in _FILES}
    assert folders - {None} <= set().union(*_LAYERS)
    assert sum(map(len, _LAYERS)) == len(set().union(*_LAYERS))


@pytest.mark.parametrize(
    ("module", "source", "breaches"),
    [
        ("artsim.archive.table", "from artsim.vision.check import open_image", 1),
        ("artsim.archive.table", "def late():\n    import artsim.vision.check", 1),
        ("artsim.archive.table", "from artsim import space", 1),
        ("artsim.scrape.fetcher", "from artsim.explore.walk import walk", 1),
        ("artsim.vision.decode", "from artsim.pictures.contact_sheet import Cell", 1),
        ("artsim.explore.walk", "import jobs.walk", 1),
        ("artsim.sample.motifs.city", "from ...vision import check", 1),
        ("artsim.sample.motifs.city", "from ..outlines import Rng\nfrom . import garden", 0),
        ("artsim.sample.motifs.__init__", "from ... import space", 1),
        ("artsim.cli", "from artsim.archive import Archive\nfrom artsim.errors import UserError", 0),
        ("artsim.web.page", "from artsim.cli import Job", 1),
        ("artsim.explore.walk", "import numpy\nfrom artsim import runtime\nfrom artsim.space.features import Space", 0),
        ("artsim.explore.walk", "from artsim.space.search import search", 0),
        ("jobs.walk", "from artsim.cli import Job\nfrom artsim.explore.walk_report import journey", 0),
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


_FLAG = re.compile(r"(?<![\w-])--[a-z]")
_KNOW_FLAGS = {
    "artsim.cli": "the command line itself",
    "artsim.arguments": "the command line itself",
    "artsim.annotation_page.page": "the page shows the command that imports its annotations",
    "artsim.sample.tour": "the pipeline's file shows the command that runs it",
    "artsim.learn.curves": "names an option of tensorboard",
}


def _flags(source: str) -> list[str]:
    """Returns the strings of a module, also docstrings and parts of f-strings, that name an option as a flag."""
    strings = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
    return [text for text in strings if isinstance(text, str) and _FLAG.search(text)]


@pytest.mark.parametrize("path", [path for path in _FILES if _folder(_module(path)) != "jobs"], ids=_module)
def test_only_the_command_line_knows_flags(path: Path) -> None:
    """The library names options in backquotes; see ``artsim.arguments.with_flags``."""
    if _module(path) not in _KNOW_FLAGS:
        assert _flags(path.read_text(encoding="utf-8")) == []


def test_the_test_sees_a_flag() -> None:
    source = 'def f(k):\n    """Takes ``--k``."""\n    raise UserError(f"--split-by {k}: a -- b, x--y")\n'
    assert len(_flags(source)) == 2
    assert _flags('raise UserError(f"`split_by` {k}: a -- b, x--y")') == []
