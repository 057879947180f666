"""The map keeps what it has drawn: after moves, zooms and changes it shows what it would draw anew."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.web.browser.conftest import Open

pytestmark = pytest.mark.slow

_MAP = "async () => { window.map = (await import('/static/session.js')).session.map; }"
_DRAWN = """() => new Promise((done) => {
  const isFinished = () => !map.pending && map.panes.every(({ painter }) => painter.isFinished);
  const look = () => (isFinished() ? done() : requestAnimationFrame(look));
  look();
})"""
# a graphics card that draws little in a frame
_SLOW = "() => Object.assign(map.pace, { begin: () => ({ left: 1000 }), end() {} })"
_FRAMES = """count => new Promise((done) => {
  const next = () => (count-- ? requestAnimationFrame(next) : done());
  next();
})"""
_ANEW = "() => { for (const { painter } of map.panes) painter.remove(); map.redraw(); }"
_IN_SIGHT = """() => {
  const { camera, after, element } = map.panes[0];
  const box = element.getBoundingClientRect();
  const inside = ([n, x, y]) => x > 80 && y > 20 && x < camera.width - 20 && y < camera.height - 20;
  const numbers = Array.from({ length: map.archive.count }, (_, n) => n);
  const places = numbers.map((n) => [n, ...camera.toPane(after[2 * n], after[2 * n + 1])]);
  return places.filter(inside).map(([n, x, y]) => [n, box.left + x, box.top + y]);
}"""
_COUNTED = """() => {
  window.calls = 0;
  const { draw } = map.sprites;
  map.sprites.draw = (...all) => (calls++, draw.apply(map.sprites, all));
}"""


def opened(visit: Open, query: str) -> Any:
    page = visit(query, viewport={"width": 1000, "height": 560})
    page.wait_for_selector("html[data-sprites]", state="attached")
    page.evaluate(_MAP)
    return page


def picture(page: Any) -> np.ndarray:
    """The pixels of the map when nothing is left to draw."""
    page.mouse.move(5, 5)
    page.wait_for_timeout(200)  # the map asks for larger thumbnails once the camera is still
    page.wait_for_load_state("networkidle")
    page.evaluate(_DRAWN)
    shot = page.screenshot(clip=page.locator(".map").bounding_box())
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)


def differing(a: np.ndarray, b: np.ndarray) -> float:
    """The share of pixels that differ visibly; by the rounding of float32, an edge may fall on the next pixel."""
    return float((np.abs(a - b).max(axis=2) > 24).mean())


def drag(page: Any, *steps: tuple[int, int]) -> None:
    x, y = 650, 300
    page.mouse.move(x, y)
    page.mouse.down()
    for dx, dy in steps:
        x, y = x + dx, y + dy
        page.mouse.move(x, y)
        page.evaluate(_FRAMES, 2)
    page.mouse.up()


def wheel(page: Any, *turns: int) -> None:
    page.mouse.move(700, 280)
    for turn in turns:
        page.mouse.wheel(0, turn)
        page.evaluate(_FRAMES, 2)


@pytest.mark.parametrize(
    ("query", "slow"),
    [("?layout=flat&color=style", True), ("?layout=grid&at=0.5,0.3,2", False), ("?layout=grid&layout2=time", True)],
)
def test_after_moves_the_map_is_as_if_drawn_anew(visit: Open, query: str, slow: bool) -> None:
    page = opened(visit, query)
    if slow:
        page.evaluate(_SLOW)
    shown = [picture(page)]
    moves = [
        lambda: drag(page, (-40, 13), (-31, 8), (7, -60), (-90, 2), (300, 0)),
        lambda: wheel(page, -200, -150, -90),
        lambda: drag(page, (-500, 13), (-31, -400)),
        lambda: wheel(page, 200, 300),
        lambda: page.locator("details", has_text="Style").get_by_label("Cubism").check(),
        lambda: page.set_viewport_size({"width": 911, "height": 577}),
    ]
    for move in moves:
        move()
        shown.append(picture(page))
        assert differing(shown[-2], shown[-1]) > 0.005 if shown[-2].shape == shown[-1].shape else move is moves[-1]
        page.evaluate(_ANEW)
        assert differing(shown[-1], picture(page)) < 0.001


def test_the_artwork_under_the_pointer_is_found_after_a_drag(visit: Open) -> None:
    page = opened(visit, "?layout=grid&at=0.5,0.4,1")
    drag(page, (-120, 40), (-35, -77))
    picture(page)
    places = page.evaluate(_IN_SIGHT)
    assert len(places) > 4
    for n, x, y in places:
        page.mouse.move(x, y)
        page.locator(f".tip img[src*='/thumbnails/{n}.jpg']").wait_for(state="attached")


def test_nothing_is_drawn_while_the_map_is_still(visit: Open) -> None:
    page = opened(visit, "?layout=grid")
    picture(page)
    page.evaluate(_COUNTED)
    page.mouse.move(650, 300)
    page.mouse.move(670, 320)
    page.evaluate(_FRAMES, 5)
    assert page.evaluate("calls") == 0
    drag(page, (-30, 0))
    assert page.evaluate("calls") > 0
