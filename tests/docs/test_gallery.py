"""The page of pictures shows every kind, and ``make gallery`` draws each picture that it shows."""

import re

from PIL import Image

from artsim.gallery.options import KINDS
from deploy.gallery import commands
from tests.docs.pages import ROOT, job_commands

_PAGE = ROOT / "docs" / "pictures.md"


def test_the_gallery_runs_the_commands_of_the_page() -> None:
    assert commands(_PAGE.read_text(encoding="utf-8")) == job_commands(_PAGE)


def test_every_kind_has_a_command_and_a_picture() -> None:
    drawn = [arguments for name, arguments in job_commands(_PAGE) if name == "picture"]
    assert {arguments[arguments.index("--kind") + 1] for arguments in drawn} == set(KINDS)
    outputs = [arguments[arguments.index("--out") + 1].removesuffix(".png") for arguments in drawn]
    shown = re.findall(r"\]\(gallery/([a-z]+)\.jpg\)", _PAGE.read_text(encoding="utf-8"))
    assert sorted(outputs) == sorted(shown)
    assert sorted(path.stem for path in (ROOT / "docs" / "gallery").glob("*")) == sorted(shown)


def test_the_pictures_are_small() -> None:
    for path in (ROOT / "docs" / "gallery").glob("*.jpg"):
        assert path.stat().st_size < 700_000, path
        with Image.open(path) as image:
            assert image.width == 1200
