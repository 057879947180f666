"""Finding artworks: the map, words, filters, years; every view has an address."""

import io
import re
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from PIL import Image

from tests.web.browser.conftest import NO_PICTURE, Open
from tests.web.conftest import COUNT, IDS

pytestmark = pytest.mark.slow


def query_of(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def total(page: Any, expected: str) -> None:
    page.locator(".total", has_text=re.compile(f"^{expected}$")).wait_for()


def test_a_click_opens_an_artwork_and_escape_closes_it(visit: Open) -> None:
    page = visit("?years=1700-1801&layout=list&q=forest")  # one match, in the middle
    total(page, f"1 of {COUNT} artworks")
    box = page.locator(".pane").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    page.locator(".tip", has_text="Forest number 1").wait_for()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.locator(".panel h2", has_text="Forest number 1").wait_for()
    assert query_of(page)["work"] == [IDS[1]]
    page.keyboard.press("Escape")
    page.locator(".panel").wait_for(state="detached")
    assert "work" not in query_of(page)


def test_an_artwork_without_an_image_says_why(visit: Open) -> None:
    page = visit(f"?work={NO_PICTURE}", routes={"**/api/similar?*": lambda route: route.fulfill(json=[])})
    page.locator(".panel .no-picture", has_text=re.compile("^No image: corrupt file$")).wait_for()
    page.locator(".panel .note", has_text="No similar artworks: this artwork has no features").wait_for()
    assert page.locator(".panel .fault").count() == page.locator(".panel .picture").count() == 0
    page.goto(page.url.split("?")[0] + f"?q={quote(NO_PICTURE)}&layout=list")
    total(page, f"1 of {COUNT} artworks")
    box = page.locator(".pane").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    page.locator(".tip .no-picture", has_text="No image: corrupt file").wait_for()
    page.locator("#search").fill("portrait 6")
    page.locator(".offers .thumb .absent", has_text="No image").wait_for()


def test_filters_count_and_go_back(visit: Open) -> None:
    page = visit()
    total(page, f"{COUNT} artworks")
    page.locator("details", has_text="Style").get_by_label("Cubism").check()
    total(page, f"20 of {COUNT} artworks")
    page.locator("details", has_text="Artist").get_by_label("Painter A").check()
    total(page, f"7 of {COUNT} artworks")
    assert query_of(page)["filter"] == ["style:Cubism", "artist:Painter A"]
    page.go_back()
    total(page, f"20 of {COUNT} artworks")
    page.go_forward()
    total(page, f"7 of {COUNT} artworks")
    page.get_by_role("button", name="Clear all").click()
    total(page, f"{COUNT} artworks")


def test_words_are_found_by_keyboard_alone(visit: Open) -> None:
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("brigde")  # a typing error
    page.locator(".offers .thumb").first.wait_for()
    page.keyboard.press("Enter")
    total(page, f"10 of {COUNT} artworks")
    assert query_of(page)["q"] == ["brigde"]
    page.keyboard.press("Escape")
    page.locator(".pane").focus()
    page.keyboard.press("Enter")
    page.locator(".panel h2", has_text="Bridge number").wait_for()


def test_the_box_shows_only_words_that_filter_the_map(visit: Open) -> None:
    page = visit()
    box = page.locator("#search")
    box.fill("bridge")
    page.locator(".offers .thumb", has_text="Bridge").first.click()
    page.locator(".panel h2", has_text="Bridge number").wait_for()
    assert box.input_value() == "" and "q" not in query_of(page)
    box.fill("bridge")
    page.locator(".offer.all").click()
    total(page, f"10 of {COUNT} artworks")
    box.fill("bridge 11")
    page.locator(".offers .thumb", has_text="Bridge").first.click()
    page.locator(".panel h2", has_text="Bridge number 11").wait_for()
    assert box.input_value() == "bridge" and query_of(page)["q"] == ["bridge"]
    box.fill("harbour")
    page.get_by_role("link", name="Clusters").click()
    page.locator("h1", has_text="Clusters").wait_for()
    assert box.input_value() == "bridge"


def test_offered_artworks_have_equal_tiles_whatever_their_titles(visit: Open) -> None:
    page = visit()
    page.locator("#search").fill("made 0000")  # its title has thousands of words
    page.locator(".offer.all", has_text=re.compile("^Show the artwork with “made 0000”$")).wait_for()
    page.locator(".offers .caption", has_text="long long").wait_for()
    long = page.locator(".offers .thumb").bounding_box()
    page.locator("#search").fill("portrait")
    page.locator(".offer.all", has_text="Show all 10 artworks with “portrait”").wait_for()
    page.locator(".offers .caption", has_text="Portrait number").nth(5).wait_for()
    assert {each.bounding_box()["width"] for each in page.locator(".offers .thumb").all()} == {long["width"]}
    assert long["width"] < 80 and long["height"] < 120


def test_a_value_is_offered_as_a_filter(visit: Open) -> None:
    page = visit()
    page.get_by_role("searchbox", name=re.compile("Search artists")).fill("painter b")
    page.locator(".offer:not(.all)", has_text="Painter B").click()
    total(page, f"13 of {COUNT} artworks")
    assert query_of(page)["filter"] == ["artist:Painter B"]


def test_the_years_have_handles(visit: Open) -> None:
    page = visit()
    handle = page.get_by_role("slider", name="Earliest year")
    handle.focus()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    total(page, f"6 of {COUNT} artworks")  # those that may be of 1839: the years of an artwork are a span
    assert query_of(page)["years"] == ["1839-1839"]


def test_a_link_shows_the_same_view(visit: Open) -> None:
    link = f"?layout=grid&color=style&at=0.3000,0.2000,2.50&filter=style:Cubism&work={IDS[4]}"
    page = visit(link)
    total(page, f"20 of {COUNT} artworks")
    page.locator(".panel h2", has_text="Harbour number 4").wait_for()
    assert page.get_by_label("Color", exact=True).input_value() == "style"
    assert page.get_by_label("Arrange", exact=True).input_value() == "grid"
    page.wait_for_timeout(300)
    assert query_of(page)["at"] == ["0.3000,0.2000,2.50"]


def test_the_map_moves_by_keyboard_and_says_where_it_is(visit: Open) -> None:
    page = visit("?layout=grid")
    page.locator(".pane").focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    page.wait_for_url(re.compile(r"at=.*,1\.00"))
    before, address = float(query_of(page)["at"][0].split(",")[0]), page.url
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: url != address)
    assert float(query_of(page)["at"][0].split(",")[0]) > before
    assert page.locator(".tip[role=status]").inner_text()
    page.keyboard.press("0")
    page.wait_for_url(lambda url: "at=" not in url)


@pytest.mark.parametrize("layout", ["flat", "grid", "list", "time", "by:style", "time:style"])
def test_every_layout_is_drawn(visit: Open, layout: str) -> None:
    page = visit(f"?layout={layout}")
    page.wait_for_selector("html[data-sprites]", state="attached")
    box = page.locator(".pane").bounding_box()
    picture = Image.open(io.BytesIO(page.screenshot(clip=box)))
    assert len(picture.convert("RGB").getcolors(2**24) or []) > 100
    if layout in ("time", "by:style", "time:style"):
        assert page.locator(".name").count() > 1


def test_timelines_have_a_row_for_each_value_on_one_axis(visit: Open) -> None:
    page = visit("?layout=time")
    page.get_by_label("Arrange", exact=True).select_option("time:style")
    page.locator(".name.row", has_text="Cubism · 20").wait_for()
    names = page.locator(".name.row:visible")
    rows = {names.nth(index).inner_text(): names.nth(index).bounding_box() for index in range(names.count())}
    assert sorted(rows) == ["Cubism · 20", "Realism · 10", "not given · 10"]
    assert rows["Cubism · 20"]["x"] < rows["Realism · 10"]["x"] < rows["not given · 10"]["x"]  # from their first years
    assert rows["not given · 10"]["y"] == max(box["y"] for box in rows.values())
    years = page.locator(".name.sticks:visible")
    boxes = {int(each.inner_text()): each.bounding_box() for each in years.all()}
    across = {year: box["x"] for year, box in boxes.items()}
    assert sorted(across, key=lambda year: across[year]) == sorted(across) and min(across) == 1800
    page.locator(".pane").focus()
    for _ in range(4):  # the names stay in sight when the camera moves toward the right
        page.keyboard.press("+")
        page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: "at=" in url)  # the camera has moved
    pane = page.locator(".pane").bounding_box()
    left = [names.nth(index).bounding_box()["x"] for index in range(names.count())]
    assert left and min(left) >= pane["x"]
    page.get_by_label("Color", exact=True).select_option("style")
    page.get_by_label("Arrange", exact=True).select_option("time:cluster:three")
    page.locator(".name.row", has_text="in no cluster · 20").wait_for()
    assert query_of(page)["layout"] == ["time:cluster:three"]


def test_an_archive_without_a_map_names_the_job_that_makes_one(visit: Open) -> None:
    def without_maps(route: Any) -> None:
        about = route.fetch().json()
        by_id = [layout for layout in about["layouts"] if layout["method"] == "id"]
        route.fulfill(json=about | {"layouts": by_id, "default": about["default"] | {"layout": by_id[0]["name"]}})

    page = visit(routes={"**/api/archive": without_maps})
    page.locator(".map-hint", has_text="jobs.map").wait_for()
    page.get_by_role("button", name="Close this hint").click()
    page.locator(".map-hint").wait_for(state="detached")
    page = visit()
    assert page.locator(".map-hint").count() == 0


def test_two_layouts_side_by_side(visit: Open) -> None:
    page = visit("?layout=grid&layout2=time")
    assert page.locator(".pane").count() == 2
    page.get_by_role("button", name="Two maps side by side").click()
    page.wait_for_url(lambda url: "layout2" not in url)
    assert page.locator(".pane").count() == 1
