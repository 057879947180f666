"""Runs: an evaluation, a sweep and a training as plots, by mouse and by keyboard."""

import re
from typing import Any

import pytest

from tests.web.browser.conftest import Open
from tests.web.browser.test_access import serious_faults
from tests.web.browser.test_views import query_of
from tests.web.made_runs import TRIALS

pytestmark = pytest.mark.slow
_BEST = min(TRIALS, key=lambda trial: trial["meanrank"])


def _reading(plot: Any) -> str:
    text: str = plot.locator("..").locator("..").locator(".reading").inner_text()
    return text


def test_an_evaluation_shows_values_by_mouse_and_keyboard(visit: Open) -> None:
    page = visit("?tab=runs")
    plot = page.get_by_role("application", name=re.compile("Meanrank, New images"))
    plot.locator(".dot").nth(2).hover()
    assert _reading(plot) == "eye, after: 1.40, 95% interval 1.20 to 1.70, n = 12"
    plot.focus()
    page.keyboard.press("Home")
    assert _reading(plot) == "efficientnet_lite0, before: 2.90, 95% interval 2.70 to 3.20, n = 12"
    page.get_by_label("Measure").select_option("recall@20")
    page.get_by_role("application", name=re.compile("recall@20, Queries")).wait_for()
    page.locator("td", has_text="p < 0.001").first.wait_for()


def test_a_sweep_links_its_plots_and_its_table(visit: Open) -> None:
    page = visit("?tab=runs")
    page.get_by_role("combobox", name="Run").select_option("sweep:margins")
    plot = page.get_by_role("application", name=re.compile("Trials by m and m2"))
    plot.locator(".trial").first.wait_for()
    assert plot.locator(".trial").count() == len(TRIALS)
    plot.focus()
    page.keyboard.press("Home")
    assert _reading(plot).startswith(f"Trial {_BEST['number']}: meanrank {_BEST['meanrank']:.3f}")
    assert page.locator(".trials tr.now th").inner_text() == str(_BEST["number"])
    assert page.locator(".curve.now").count() == 2  # on the parallel axes and among the curves
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("trial="))
    second = sorted(TRIALS, key=lambda trial: trial["meanrank"])[1]
    assert query_of(page)["trial"] == [str(second["number"])] and query_of(page)["run"] == ["sweep:margins"]
    page.reload()
    page.locator(".trials tr[aria-current] th", has_text=re.compile(f"^{second['number']}$")).wait_for()
    page.get_by_role("combobox", name="Up").select_option(label="meanrank")
    page.get_by_role("application", name=re.compile("Trials by m and meanrank")).wait_for()
    page.get_by_role("button", name=f"Show all {len(TRIALS)}").click()
    assert page.locator(".trials tbody tr").count() == len(TRIALS)


def test_a_training_shows_its_curves(visit: Open) -> None:
    page = visit("?tab=runs&run=model:eye")
    plot = page.get_by_role("application", name=re.compile("meanrank after each epoch"))
    plot.focus()
    page.keyboard.press("End")
    assert _reading(plot).startswith("Epoch 6: meanrank 1.17")
    box = plot.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 80)
    assert _reading(plot).startswith("Epoch 1: meanrank 2 ")


@pytest.mark.parametrize(
    ("scheme", "run"), [("light", "evaluation"), ("dark", "sweep:margins"), ("light", "model:eye")]
)
def test_axe_finds_no_serious_fault_in_runs(visit: Open, scheme: str, run: str) -> None:
    page = visit(f"?tab=runs&run={run}", color_scheme=scheme, bypass_csp=True)
    page.locator(".plot svg").first.wait_for()
    assert serious_faults(page) == []


def test_runs_fit_a_phone(visit: Open) -> None:
    page = visit("?tab=runs&run=sweep:margins", viewport={"width": 390, "height": 800})
    page.locator(".plot svg").first.wait_for()
    for part in ("main", ".search", ".top nav", ".plot >> nth=0"):
        box = page.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, part


def test_axes_of_extreme_values_end(visit: Open) -> None:
    page = visit("?tab=runs")
    plots = "import(new URL('static/plots.js', location.href).href)"
    assert len(page.evaluate(f"async () => (await {plots}).ticks(1, 1 + 2 ** -52)")) < 20
    assert page.evaluate(f"async () => (await {plots}).ticks(0, 10, 5)") == [0, 2, 4, 6, 8, 10]
    axis = page.evaluate(f"async () => (await {plots}).axisOf(new Array(300000).fill(1).concat(9))")
    assert (axis["low"], axis["high"]) == (1, 9)


def test_keys_of_the_browser_are_left_to_it(visit: Open) -> None:
    page = visit("?tab=runs")
    plot = page.get_by_role("application", name=re.compile("Meanrank, New images"))
    press = (
        "(plot, alt) => plot.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: 'ArrowLeft', altKey: alt, bubbles: true, cancelable: true}))"
    )
    plot.focus()
    assert [plot.evaluate(press, alt) for alt in (True, False)] == [True, False]  # whether the browser's action is left


def test_an_unknown_run_is_named_as_such(visit: Open) -> None:
    page = visit("?tab=runs&run=sweep:none")
    page.get_by_text("There is no such run.").wait_for()
    page.get_by_role("combobox", name="Run").select_option("sweep:margins")
    page.get_by_role("application", name=re.compile("Trials by m and m2")).wait_for()
