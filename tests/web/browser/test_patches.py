"""What matches in two artworks: by mouse, by keyboard, on a phone. The server's answer is made up here."""

import re
from typing import Any

import pytest

from tests.web.browser.conftest import UNKNOWN, Open
from tests.web.browser.test_access import serious_faults
from tests.web.browser.test_views import query_of
from tests.web.conftest import CROP, IDS, WHOLE

pytestmark = pytest.mark.slow
_LINK = f"?work={IDS[CROP]}&match={IDS[WHOLE]}"


_ANSWER = {
    "backbone": "tiny",
    "score": 31.5,
    "images": [
        {"n": CROP, "width": 400, "height": 300, "box": [0.05, 0.05, 0.95, 0.7], "patch": 0.04},
        {"n": WHOLE, "width": 640, "height": 480, "box": [0.4, 0.2, 0.9, 0.6], "patch": 0.04},
    ],
    "lines": [
        {
            "a": [0.1 + 0.12 * (n % 7), 0.1 + 0.1 * (n // 7)],
            "b": [0.42 + 0.07 * (n % 7), 0.25 + 0.06 * (n // 7)],
            "similarity": round(0.99 - n / 100, 2),
            "rank": (n * 11) % 35,
        }
        for n in range(35)
    ],
}


def _asked(visit: Open, query: str, **settings: Any) -> Any:
    routes = {"**/api/matches?*": lambda route: route.fulfill(json=_ANSWER)}
    return visit(query, routes=routes, **settings)


def _dialog(page: Any) -> Any:
    dialog = page.get_by_role("dialog", name="What matches")
    dialog.locator(".match").first.wait_for()
    return dialog


def test_a_similar_work_shows_what_matches(visit: Open) -> None:
    page = _asked(visit, f"?work={IDS[CROP]}")
    page.get_by_role("button", name=re.compile("What matches in .* number 30")).click()
    dialog = _dialog(page)
    assert query_of(page)["match"] == [IDS[WHOLE]]
    assert dialog.locator(".match").count() == 20
    dialog.get_by_role("combobox", name="Lines").select_option("10")
    assert dialog.locator(".match").count() == 10
    line = dialog.locator(".match .reach").nth(3)
    point = line.evaluate(
        "line => { const middle = line.getPointAtLength(line.getTotalLength() / 2), box = line.ownerSVGElement"
        ".getBoundingClientRect(); return [box.left + middle.x, box.top + middle.y]; }"
    )
    page.mouse.move(*point)
    dialog.locator(".closer", has_text=re.compile(r"Match \d+ of \d+")).wait_for()
    assert dialog.locator(".closer svg").count() == 2
    assert dialog.locator(".match-box").count() == 2
    dialog.get_by_label("boxes").uncheck()
    assert dialog.locator(".match-box").count() == 0
    dialog.get_by_role("button", name="Close what matches").click()
    dialog.wait_for(state="detached")
    assert "match" not in query_of(page)
    page.go_back()
    _dialog(page)


def test_matches_are_stepped_through_by_keyboard(visit: Open) -> None:
    page = _asked(visit, _LINK)
    dialog = _dialog(page)
    page.keyboard.press("ArrowRight")
    dialog.locator(".closer", has_text="Match 1 of").wait_for()
    page.keyboard.press("ArrowRight")
    dialog.locator(".closer", has_text="Match 2 of").wait_for()
    page.keyboard.press("ArrowLeft")
    dialog.locator(".closer", has_text="Match 1 of").wait_for()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    page.locator(".panel h2", has_text=f"number {CROP}").wait_for()
    assert "match" not in query_of(page) and query_of(page)["work"] == [IDS[CROP]]


def test_a_phone_shows_the_pictures_below_each_other(visit: Open) -> None:
    page = _asked(visit, _LINK, viewport={"width": 390, "height": 800}, has_touch=True)
    dialog = _dialog(page)
    first, second = (dialog.locator(".compare-stage image").nth(index).bounding_box() for index in range(2))
    assert first["y"] + first["height"] < second["y"]
    assert dialog.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")


def test_a_comparison_that_fails_is_explained(visit: Open) -> None:
    page = visit(f"?work={IDS[CROP]}&match={UNKNOWN}")
    page.get_by_role("dialog", name="What matches").locator(".fault", has_text="no such artwork").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_serious_fault_in_matches(visit: Open, scheme: str) -> None:
    page = _asked(visit, _LINK, color_scheme=scheme, bypass_csp=True)
    _dialog(page)
    page.keyboard.press("ArrowRight")
    assert serious_faults(page) == []
