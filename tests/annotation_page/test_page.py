import base64
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from artsim.annotation_page.page import Page, check_out, page_data, page_html, write_page
from artsim.annotations.annotations import read_annotations
from artsim.annotations.import_file import import_annotations
from artsim.annotations.text_format import quoted
from artsim.archive import Archive, UserError
from tests.learn.made_annotations import catalog_of
from tests.made import jpeg

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>&amp;\u2028{{data}}{{policy}}'\"\u202e"
IDS = [
    f"m:{name}" for name in [*'ab"', "c, d", " e ", "#f", "g\u2028h", "# mode: near", "'i", "天\u0301", "k.jpg", "</l>"]
]


def page_of(images: list[list[str]], mode: str = "near", **pictures: list[bytes]) -> Page:
    ids = {artwork_id for annotation in images for artwork_id in annotation}
    about = {
        artwork_id: {"title": HOSTILE, "artist": HOSTILE, "date_text": None, "year_from": 1900} for artwork_id in ids
    }
    shown = {artwork_id: [jpeg("red"), jpeg("blue")] for artwork_id in ids} | pictures
    return Page("0123456789ab", mode, "Änna O'Neil", np.array(images, dtype=object), about, shown)


def read_page(html: str) -> dict[str, Any]:
    """Returns the page's data; like a browser, ends the element at the first end tag."""
    begin = html.index(">", html.index('<script id="data" type="application/json"')) + 1
    data: dict[str, Any] = json.loads(html[begin : html.index("</script", begin)])
    return data


def downloaded(data: dict[str, Any], answers: list[int]) -> str:
    """Returns the file that the page downloads for these answers (-1: skipped), like ``lines()`` of page.js."""
    lines = [data["first"]]
    for annotation, answer in zip(data["choices"], answers, strict=False):
        if answer >= 0:
            anchor, *candidates = annotation
            positive = candidates.pop(answer)
            lines.append(",".join(data["works"][place]["name"] for place in [anchor, positive, *candidates]))
    return "\n".join([*lines, ""])


def test_what_the_page_downloads_is_imported_whatever_the_ids(tmp_path: Path) -> None:
    archive: Archive = catalog_of(tmp_path / "archive", [{"id": artwork_id} for artwork_id in IDS])
    images = [IDS[:9], IDS[3:], [*IDS[5:], *IDS[:2]]]
    data = read_page(page_html(page_data(page_of(images))))
    file = tmp_path / data["file"]
    file.write_text(downloaded(data, [7, -1, 0]), encoding="utf-8")
    report = import_annotations(archive, str(file), annotator="anna", mode=None, collection=None, public_only=False)
    assert (report["rows_in"], report["rows_out"], report["rows_failed"]) == (2, 2, 0)
    annotations = read_annotations(archive)
    assert annotations.images.tolist() == [[IDS[0], IDS[8], *IDS[1:8]], images[2]]
    assert annotations.mode.tolist() == ["near", "near"]


@pytest.mark.parametrize(("given", "kept"), [(None, "uncertain"), ("random", "random")])
def test_the_mode_is_that_of_the_file_or_what_was_said(tmp_path: Path, given: str | None, kept: str) -> None:
    archive = catalog_of(tmp_path / "archive", [{"id": artwork_id} for artwork_id in IDS])
    data = page_data(page_of([IDS[:9]], "uncertain"))
    (tmp_path / "f").write_text(downloaded(data, [3]), encoding="utf-8")
    import_annotations(archive, str(tmp_path / "f"), annotator="anna", mode=given, collection=None, public_only=False)
    assert read_annotations(archive).mode.tolist() == [kept]


def test_titles_from_outside_are_text_alone() -> None:
    html = page_html(page_data(page_of([IDS[:9]])))
    assert html.count("<script") == html.count("</script>") == 2
    assert "<img src=x" not in html and "\u2028" not in html
    assert html.count("{{") == 9 * 2 * HOSTILE.count("{{")  # text that looks like a placeholder stays
    assert {work["title"] for work in read_page(html)["works"]} == {HOSTILE}
    script = html[html.rindex("<script>") :]
    for unsafe in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
        assert unsafe not in script


def test_the_policy_allows_the_page_s_own_style_and_script_alone() -> None:
    html = page_html(page_data(page_of([IDS[:9]])))
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    style, script = (re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.S)[-1] for tag in ("style", "script"))
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": f"'sha256-{_digest(style)}'",
        "script-src": f"'sha256-{_digest(script)}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert html.index("Content-Security-Policy") < html.index("<style>")
    assert not re.search(r"\s(style|on\w+)=", html[: html.index('<script id="data"')])  # a hash allows no attributes
    assert not re.search(r"(https?:)?//[a-z]", re.sub(r"^\s*//.*$|\s// .*$", "", html, flags=re.M))


def test_pictures_are_small_jpegs_inside_the_page() -> None:
    data = page_data(page_of([IDS[:9]]))
    for work in data["works"]:
        for name in ("small", "large"):
            head, _, content = work[name].partition(",")
            assert head == "data:image/jpeg;base64"
            assert Image.open(io.BytesIO(base64.b64decode(content))).format == "JPEG"


def test_a_choice_with_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    page = page_of([IDS[:9], IDS[3:]], **{IDS[0]: []})
    check_out(str(tmp_path / "deep" / "page.html"))
    assert write_page(str(tmp_path / "deep" / "page.html"), page) == 1
    data = read_page((tmp_path / "deep" / "page.html").read_text(encoding="utf-8"))
    assert [data["works"][place]["name"] for place in data["choices"][0]] == [
        quoted(artwork_id) for artwork_id in IDS[3:]
    ]
    assert len(data["works"]) == 9 and [path.name for path in (tmp_path / "deep").iterdir()] == ["page.html"]
    with pytest.raises(UserError, match="every drawn annotation has a picture that can't be read"):
        write_page(str(tmp_path / "none.html"), page_of([IDS[:9]], **{IDS[0]: []}))


def test_the_page_does_not_tell_where_the_archive_is() -> None:
    page = page_of([IDS[:9]])
    assert "--archive ARCHIVE --annotator 'Änna O'\"'\"'Neil' --file " in page_data(page)["command"]
    assert page.download == "annotations-nna-O-Neil-0123456789ab.txt"
    assert page.command("s3://b/a b").startswith("python -m jobs.annotations import --archive 's3://b/a b'")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
