"""The page in headless Chromium, drawn in software: time until it is usable, frames while panning, bytes.

python -m benchmarks.page_browser
python -m benchmarks.page_browser --works 10000 100000 1000000 --folder /tmp/page

Each size runs three times in a new browser, with the atlas drawn beforehand; the median counts. A page is usable when
its map is on the screen and answers to input.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Browser, sync_playwright

from benchmarks.claims import Claim, conclude
from benchmarks.page import MOST_DRAWN, empty_atlas, make, served
from tests.web.browser.chromium import CHROMIUM, SOFTWARE

_GOALS = {10_000: 2.0, 100_000: 5.0, 1_000_000: 20.0}  # works: seconds until the page is usable
_RUNS = 3
_WATCH = """() => {
  window.frames = []; window.tasks = [];
  let last = performance.now();
  const frame = (now) => { frames.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
}"""


def measure(browser: Browser, address: str) -> dict[str, float]:
    """Opens the page and pans its map; returns seconds, milliseconds of frames and tasks, and megabytes received."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    received = [0]
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(address)
    page.wait_for_selector("html[data-usable]", timeout=120_000)
    marks = "name => performance.getEntriesByName(name)[0].startTime / 1000"
    usable = page.evaluate(marks, "usable")
    page.wait_for_selector("html[data-sprites]", timeout=120_000)
    sprites = page.evaluate(marks, "sprites")
    bytes_received = sum(received)
    page.evaluate(_WATCH)
    page.mouse.move(900, 500)
    page.mouse.down()
    for step in range(120):
        page.mouse.move(900 - 3 * step, 500 - step)
    page.mouse.up()
    frames, tasks = page.evaluate("() => [frames, tasks]")
    page.close()
    return {
        "usable": usable,
        "sprites": sprites,
        "megabytes": bytes_received / 1e6,
        "frame": statistics.median(frames),
        "task": max(tasks, default=0.0),
    }


def run(works: int, folder: Path) -> dict[str, float]:
    """Serves an archive of this size; returns the medians of ``measure``."""
    uri, cache = folder / f"archive-{works}", folder / "cache"
    if not (uri / "clusters" / "groups" / "_about.json").exists():
        make(uri, works)
    if works > MOST_DRAWN:
        empty_atlas(uri, cache)
    with served(str(uri), cache) as (address, _, _), sync_playwright() as engine:
        pages = requests.get(f"{address}/api/archive", timeout=600).json()["atlas"]["pages"]
        for number in range(pages):
            requests.get(f"{address}/api/atlas/{number}.jpg", timeout=600).raise_for_status()
        turns = []
        for _ in range(_RUNS):
            browser = engine.chromium.launch(executable_path=str(CHROMIUM), args=SOFTWARE)
            turns.append(measure(browser, address))
            browser.close()
    return {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--works", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the archives")
    parser.add_argument("--folder", help="keeps the archives and the cache here")
    parser.add_argument("--quick", action="store_true", help="only 2,000 works")
    options = parser.parse_args()
    claims = []
    with tempfile.TemporaryDirectory() as temporary:
        for works in [2_000] if options.quick else options.works:
            measured = run(works, Path(options.folder or temporary))
            claims += _claims(works, measured)
    conclude("page_browser", claims)


def _claims(works: int, measured: dict[str, Any]) -> list[Claim]:
    at = f"{works:,} works; sprites after {measured['sprites']:.1f} s, {measured['megabytes']:.1f} MB received"
    goal = next((seconds for size, seconds in _GOALS.items() if works <= size), _GOALS[1_000_000])
    return [
        Claim("usable, s", measured["usable"], goal, at, False),
        Claim("median frame while panning, ms", measured["frame"], 33.0, at, False),
        Claim("longest task while panning, ms", measured["task"], 200.0, at, False),
    ]


if __name__ == "__main__":
    main()
