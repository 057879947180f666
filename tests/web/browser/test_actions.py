"""Working with artworks: selections, examples, walks, clusters, duplicates, uploads."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.made import jpeg
from tests.web.browser.conftest import Open
from tests.web.browser.test_views import query_of, total
from tests.web.conftest import COUNT, IDS

pytestmark = pytest.mark.slow


def _with_upload(route: Any) -> None:
    """Says that pictures can be described; the features of the small archive are of no network."""
    route.fulfill(json=route.fetch().json() | {"upload": True})


def drag_over_all(page: Any) -> None:
    box = page.locator(".pane").first.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] - 5, steps=4)
    page.mouse.up()


def test_a_rectangle_selects_and_the_selection_is_saved(visit: Open) -> None:
    page = visit("?layout=list&filter=style:Realism")
    page.get_by_role("button", name=re.compile("Select a rectangle")).click()
    drag_over_all(page)
    page.locator(".tray", has_text="10 selected").wait_for()
    page.wait_for_url(re.compile("select="))
    assert sorted(query_of(page)["select"]) == sorted(IDS[1::4])
    with page.expect_download() as download:
        page.get_by_role("button", name="Ids").click()
    saved = Path(download.value.path()).read_text().split()
    assert sorted(saved) == sorted(IDS[1::4])


def test_a_link_brings_the_selection(visit: Open) -> None:
    page = visit(f"?select={IDS[3]}&select={IDS[7]}")
    page.locator(".tray", has_text="2 selected").wait_for()
    page.get_by_role("button", name="Clear the selection").click()
    page.locator(".tray").wait_for(state="detached")
    assert "select" not in query_of(page)


def test_more_like_two_less_like_one(visit: Open) -> None:
    page = visit(f"?work={IDS[8]}")
    page.get_by_role("button", name="More like this").click()
    page.locator(".votes .thumb").first.wait_for()
    assert query_of(page)["like"] == [IDS[8]]
    first = page.locator(".votes > div").first
    first.get_by_role("button", name="Less like this").click()
    page.wait_for_url(re.compile("unlike="))
    page.locator(".examples li.less").wait_for()
    assert len(query_of(page)["unlike"]) == 1
    page.keyboard.press("Escape")
    page.locator(".panel").wait_for(state="detached")


def test_a_cluster_is_shown_on_the_map(visit: Open) -> None:
    page = visit("?tab=clusters")
    assert page.locator(".card").count() == 2
    page.locator(".card").first.get_by_role("button", name="Show on the map").click()
    total(page, f"10 of {COUNT} artworks")
    assert query_of(page)["cluster"] == ["three:0"]


def test_duplicates_stand_side_by_side(visit: Open) -> None:
    page = visit("?tab=duplicates")
    page.locator(".twins").first.wait_for()
    assert page.locator(".twins").count() == 2
    assert page.locator(".twins").first.locator("img").count() == 2


def test_a_walk_plays(visit: Open) -> None:
    page = visit(f"?tab=walk&from={IDS[2]}&to={IDS[30]}")
    page.locator(".player li").first.wait_for()
    steps = page.locator(".player li").count()
    assert steps >= 3
    page.locator(".player li.now").get_by_role("button").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".player li").nth(1).get_attribute("aria-current") == "step"
    page.get_by_role("button", name="Play").click()
    page.locator(".player li:nth-child(3).now").wait_for()  # the strip moves on by itself


def test_a_picture_is_described(visit: Open, tmp_path: Path) -> None:
    answer = {
        "neighbours": [{"n": 3, "distance": 0.1}, {"n": 4, "distance": 0.2}],
        "same": {"n": 3, "evidence": {"distance": 0.1, "next": 0.2, "hash_bits": 2}},
        "votes": {"style": [{"label": "Cubism", "share": 0.7}]},
        "labels": {},
    }
    sent = []

    def describe(route: Any) -> None:
        sent.append(route.request)
        route.fulfill(body=json.dumps(answer), content_type="application/json")

    page = visit(routes={"**/api/archive": _with_upload, "**/api/describe": describe})
    picture = tmp_path / "photo.jpg"
    picture.write_bytes(jpeg())
    page.locator("input[type=file]").set_input_files(picture)
    page.locator(".same", has_text="very likely the same work").wait_for()
    assert page.locator(".panel .thumbs .thumb").count() == 2
    assert sent[0].headers["content-type"] == "image/jpeg" and sent[0].method == "POST"
    page.keyboard.press("Escape")
    page.locator(".panel").wait_for(state="detached")


def test_what_is_no_picture_is_refused(visit: Open, tmp_path: Path) -> None:
    page = visit(routes={"**/api/archive": _with_upload})
    drawing = tmp_path / "drawing.svg"
    drawing.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    page.locator("input[type=file]").set_input_files(drawing)
    page.locator(".message", has_text="not a picture").wait_for()


def test_a_hostile_title_is_only_text(visit: Open) -> None:
    page = visit(f"?work={IDS[0]}")
    title = page.locator(".panel h2")
    title.wait_for()
    assert title.inner_text().startswith("<script>alert(1)</script>")
    assert len(title.inner_text()) < 320
    assert title.locator("bdi[dir=auto]").count() == 1
    assert page.locator(".panel a[href^='javascript']").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(page.url.split("?")[0] + f"?work={IDS[4]}")
    assert page.locator(".panel a", has_text="At the museum").get_attribute("rel") == "noopener noreferrer"


def test_the_archive_lists_its_tables(visit: Open) -> None:
    held = []
    page = visit("?tab=tables", routes={"**/api/tables": lambda route: held.append(route)})
    page.locator(".wait", has_text="Loading tables…").wait_for()
    held.pop().continue_()
    page.locator("td", has_text="catalog").first.wait_for()
    runs = page.locator("table", has_text="Rows read")
    assert runs.locator("tbody tr").first.locator("td").first.inner_text() == "annotations: simulate"
    assert runs.locator("th", has_text="Rows written").count() == 1
