"""The example of docs/python.md runs as it is written."""

import re

import pytest

from artsim.archive import Archive
from tests.docs.pages import ROOT
from tests.made import jpeg

_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_the_example_runs(tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "pictures").mkdir()
    for number in range(6):
        (tmp_path / "pictures" / f"{number}.jpg").write_bytes(jpeg(seed=number))
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in _BLOCK.findall((ROOT / "docs" / "python.md").read_text(encoding="utf-8")):
        exec(block, names)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "0"
    assert "(6, 4)" in printed
    assert (tmp_path / "near.png").stat().st_size > 0
    archive = Archive.open("archives/pictures")
    assert [archive.table(name).count() for name in ("catalog", "images", "features/efficientnet_lite0")] == [6, 6, 6]
