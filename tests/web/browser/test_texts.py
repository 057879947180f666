"""Searching by text in a browser: offered only with image-text features; an address brings the same view."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from artsim.archive import Archive
from tests.vision.tiny_clip import add_tiny_features, register
from tests.web.browser.conftest import Open
from tests.web.browser.test_views import query_of
from tests.web.conftest import HOSTILE

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shown(shown: Archive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with pytest.MonkeyPatch.context() as patch:
        register(tmp_path_factory.mktemp("config"), patch)
        add_tiny_features(shown)
        yield shown


def _first_name(page: Any) -> str:
    """The name of the first artwork found; names arrive after the pictures."""
    first = page.locator(".panel .thumbs > .thumb:first-child:not([aria-label='Artwork'])")
    first.wait_for()
    name: str = first.get_attribute("aria-label")
    return name


def test_a_text_finds_pictures_by_keyboard_and_by_its_address(visit: Open) -> None:
    page = visit("?filter=style:Realism")
    page.keyboard.press("/")
    page.keyboard.type("red boats at night")
    page.get_by_role("button", name=re.compile("Show what looks like")).wait_for()
    page.keyboard.press("ArrowUp")  # from the box nothing is above it
    assert page.evaluate("document.activeElement.id") == "search"
    for _ in range(page.locator(".offers button").count()):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".panel .thumbs .thumb").first.wait_for()
    assert page.locator(".panel .thumbs .thumb").count() == 10
    assert (query_of(page)["text"], query_of(page)["filter"]) == (["red boats at night"], ["style:Realism"])
    first = _first_name(page)
    page.go_back()
    page.locator(".panel").wait_for(state="detached")
    page.go_forward()
    assert _first_name(page) == first
    page.get_by_label("What the artworks should show").fill("a horse")
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url(re.compile("text=a\\+horse"))
    page.locator(".pane").first.focus()
    page.keyboard.press("Escape")
    page.locator(".panel").wait_for(state="detached")
    assert "text" not in query_of(page)


def test_a_hostile_text_in_an_address_is_only_words(visit: Open) -> None:
    page = visit("?text=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E%E2%80%AE" + HOSTILE[:9])
    page.locator(".panel .thumbs .thumb").first.wait_for()
    assert page.locator(".panel img[src=x]").count() == 0
    assert page.get_by_label("What the artworks should show").input_value().startswith("<img src=x")


def test_without_such_features_nothing_is_offered(visit: Open) -> None:
    def without(route):
        route.fulfill(json=route.fetch().json() | {"text_features": []})

    page = visit("?text=boats", routes={"**/api/archive": without})
    page.keyboard.press("/")
    page.keyboard.type("harbour")
    page.locator(".offer.all").wait_for()
    assert page.locator(".offer.all").count() == 1
    assert page.locator(".panel").count() == 0


def test_words_that_were_searched_are_offered_again_only_when_typed(visit: Open) -> None:
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("forest")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=forest"))
    page.wait_for_timeout(500)
    assert page.locator(".offers").count() == 0
    page.keyboard.press("Backspace")
    page.keyboard.type("t")
    page.get_by_role("button", name=re.compile("Show what looks like.*forest")).wait_for()


def test_a_clustering_that_is_shown_is_no_filter(visit: Open) -> None:
    page = visit("?text=boats&tab=clusters&cluster=three")
    page.locator(".panel .thumbs .thumb").first.wait_for()
    assert page.locator(".panel .fault").count() == 0
