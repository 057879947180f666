"""The page as files: complete, with relative addresses, without protected artworks, and safe with hostile titles."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from artsim.archive import Archive
from artsim.errors import UserError
from artsim.web.options import ExportSiteOptions
from artsim.web.published_site import export_site
from tests.web.conftest import COUNT, IDS, PROTECTED


@pytest.fixture(scope="module")
def site(shown: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("published") / "site"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("artsim.web.app.LIBRARIES", ())
        report = export_site(shown, ExportSiteOptions(out=str(out)))
    assert report["rows_out"] == COUNT - len(PROTECTED) and report["without_picture"] == 1
    return out


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_its_files_are_what_the_server_answers(site: Path, public: TestClient) -> None:
    for name in (
        "clusters/three",
        "columns/style",
        "columns/year_from",
        "layouts/flat",
        "layouts/grid",
        "colors",
        "tiles",
    ):
        assert (site / "api" / f"{name}.bin").read_bytes() == public.get(f"/api/{name}").content
    for name in ("clusters/three/info", "columns/style/values", "duplicates/copies", "artworks/3"):
        assert _json(site / "api" / f"{name}.json") == public.get(f"/api/{name}").json()
    colors = [np.frombuffer(file, np.uint8).astype(int) for file in ((site / "api" / "colors.bin").read_bytes(),
              public.get("/api/colors").content)]  # fmt: skip
    assert np.abs(colors[0] - colors[1]).max() <= 3  # those of tiles until thumbnails are stored
    for name in ("atlas/0.jpg", "thumbnails/3.jpg", "images/3.jpg"):
        assert (site / "api" / name).read_bytes() == public.get(f"/api/{name}").content
    assert _json(site / "api" / "similar" / "3.json") == public.get("/api/similar?n=3&k=60").json()
    records = _json(site / "api" / "records" / "0.json")
    assert records == public.get("/api/artworks?n=" + ",".join(str(n) for n in range(len(records)))).json()


def test_it_has_no_protected_artwork(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix in (".json", ".html"):
            assert not any(one in path.read_text(encoding="utf-8") for one in PROTECTED), path
            assert not any(one.replace(":", "-") in path.name for one in PROTECTED)
    assert len(list((site / "api" / "images").iterdir())) == COUNT - len(PROTECTED) - 1


def test_it_works_below_any_address(site: Path) -> None:
    for path in [*site.rglob("*.html"), *(site / "static").glob("*.js")]:
        assert re.findall(r"[\"'`(=]/(?:api|static)/", path.read_text(encoding="utf-8")) == [], path
    assert (site / "index.html").read_text(encoding="utf-8").count("static/published.js") == 1


def test_the_page_of_an_artwork_escapes_its_title_and_links_its_neighbours(site: Path) -> None:
    text = (site / "works" / "made-0000.html").read_text(encoding="utf-8")
    assert "<script" not in text and "javascript:" not in text and "&lt;script&gt;" in text
    links = re.findall(r"<li><a href='([^']+)'", text)
    assert links and all((site / "works" / link).exists() for link in links)


def test_words_have_no_case_accents_or_punctuation(site: Path) -> None:
    texts = _json(site / "api" / "words.json")
    assert texts[1].startswith(" portrait number 2 1802 painter c")
    assert len(texts) == COUNT - len(PROTECTED)


def test_a_folder_with_other_files_is_left_alone(
    shown: Archive, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artsim.web.app.LIBRARIES", ())
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="other files"):
        export_site(shown, ExportSiteOptions(out=str(tmp_path)))
    before = (site / "api" / "words.json").read_bytes()
    (site / "works" / "removed.html").touch()
    export_site(shown, ExportSiteOptions(out=str(site)))
    assert (site / "api" / "words.json").read_bytes() == before and not (site / "works" / "removed.html").exists()


def test_all_artworks_only_when_told(shown: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artsim.web.app.LIBRARIES", ())
    export_site(shown, ExportSiteOptions(out=str(tmp_path / "all"), rights="all"))
    assert _json(tmp_path / "all" / "api" / "ids.json") == IDS
    assert len(np.fromfile(tmp_path / "all" / "api" / "layouts" / "grid.bin", "<f4")) == 2 * COUNT
