"""The page by keyboard, for screen readers, on a phone, light and dark."""

from pathlib import Path
from typing import Any

import pytest

from tests.web.browser.conftest import Open
from tests.web.conftest import IDS

pytestmark = pytest.mark.slow
AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"


def serious_faults(page: Any) -> list[str]:
    """Returns what axe-core finds serious or critical: rule and element."""
    if not AXE.exists():
        pytest.skip("axe-core is absent: run `npm ci`")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(
    ("scheme", "query"),
    [
        ("light", f"?work={IDS[4]}&filter=style:Cubism&color=style"),
        ("dark", f"?like={IDS[4]}&select={IDS[8]}&select={IDS[9]}"),
        ("light", "?tab=clusters"),
        ("dark", f"?tab=walk&from={IDS[2]}&to={IDS[30]}"),
        ("dark", "?tab=tables"),
        ("light", "?layout=time:style"),
    ],
)
def test_axe_finds_no_serious_fault(visit: Open, scheme: str, query: str) -> None:
    page = visit(query, color_scheme=scheme, bypass_csp=True)
    page.wait_for_load_state("networkidle")
    assert serious_faults(page) == []


def test_help_opens_and_closes_by_key(visit: Open) -> None:
    page = visit()
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Help").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Help").wait_for(state="detached")


def test_tabs_have_keys_and_the_first_stop_skips_to_the_content(visit: Open) -> None:
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    for key, title in (("2", "Clusters"), ("3", "Duplicates"), ("4", "Walk"), ("5", "The archive"), ("6", "Runs")):
        page.keyboard.press(key)
        page.locator("h1", has_text=title).wait_for()
    page.keyboard.press("1")
    page.locator(".pane").wait_for()


def test_space_selects_the_artwork_in_the_middle(visit: Open) -> None:
    page = visit("?layout=grid")
    page.locator(".pane").focus()
    page.keyboard.press(" ")
    page.locator(".tray", has_text="1 selected").wait_for()


def test_deep_zoom_opens_from_the_picture(visit: Open) -> None:
    page = visit(f"?work={IDS[4]}")
    page.get_by_role("button", name="Look closer").press("Enter")
    page.locator(".deep canvas").first.wait_for()
    page.keyboard.press("Escape")
    page.locator(".deep").wait_for(state="detached")


def test_a_phone_shows_one_thing_at_a_time(visit: Open) -> None:
    page = visit("", viewport={"width": 390, "height": 800}, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".side").is_hidden()
    page.get_by_role("button", name="Filters").tap()
    page.locator(".side").wait_for()
    page.get_by_role("button", name="Filters").tap()
    page.locator(".side").wait_for(state="hidden")
    page.locator(".pane").focus()
    page.keyboard.press("Enter")
    box = page.locator(".panel").bounding_box()
    assert box["width"] == 390
    page.get_by_role("button", name="Close the artwork").tap()
    page.locator(".panel").wait_for(state="detached")


def test_the_theme_is_kept(visit: Open) -> None:
    page = visit("", color_scheme="light")
    page.get_by_role("button", name="Light or dark").click()
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
