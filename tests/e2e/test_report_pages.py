"""Reports in a real browser: drawn, sorted, printed, on a phone, in the dark; nothing fetched, no complaint."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from analytics.business.profit_report import Revenue, profit
from analytics.business.rates import rate_card
from analytics.reports.html import html
from analytics.reports.profit_page import profit_page
from tests.page_builders import HOSTILE, ROWS, whole_page

pytestmark = pytest.mark.chromium
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
READABLE = 4.5
"""Contrast of text that WCAG 2.2 asks for (1.4.3, AA)."""
CONTRASTS = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgba = (text) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const linear = (v) => v / 255 <= 0.04045 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element) => {
    const square = element instanceof SVGTextElement && element.parentElement.querySelector(":scope > rect");
    if (square && getComputedStyle(square).fill !== "none") return rgba(getComputedStyle(square).fill);
    for (let at = element; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll("body *")]
    .filter((e) => [...e.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((e) => !e.closest("script, style, noscript, [hidden]"))
    .filter((e) => e.checkVisibility({checkVisibilityCSS: true, checkOpacity: true}))
    .map((e) => {
      const style = getComputedStyle(e), back = light(behind(e));
      const front = light(rgba(e instanceof SVGElement ? style.fill : style.color));
      const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
      return [ratio, `${e.tagName} ${getComputedStyle(e).color} ${e.textContent.slice(0, 40)}`];
    });
}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Debian's own, so that nothing is downloaded; its sandbox does not work for root.
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pages") / "everything.html"
    file.write_text(html(whole_page()), encoding="utf-8")
    return file


class Opened:
    """A page, with all that it complained of and all that it asked for."""

    def __init__(self, context: BrowserContext, file: Path) -> None:
        self.told: list[str] = []
        self.asked: list[str] = []
        context.set_offline(True)
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(file.as_uri())
        self._own = file.as_uri()

    def is_quiet(self) -> None:
        assert self.told == []
        assert {url for url in self.asked if not url.startswith("data:")} == {self._own}
        assert self.page.evaluate("window.broken") is None

    def keep(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def opened(browser: Browser, file: Path, width: int = 1280, *, phone: bool = False) -> Opened:
    size = ViewportSize(width=width, height=900)
    return Opened(browser.new_context(viewport=size, color_scheme="light", has_touch=phone, is_mobile=phone), file)


@pytest.fixture(scope="module")
def wide(browser: Browser, report: Path) -> Iterator[Opened]:
    found = opened(browser, report)
    yield found
    found.is_quiet()


@pytest.fixture
def desk(wide: Opened) -> Opened:
    """One page for all tests that a wide screen is enough for, in the light."""
    wide.page.emulate_media(color_scheme="light", media="screen")
    wide.page.set_viewport_size({"width": 1280, "height": 900})
    return wide


def test_every_chart_is_drawn_in_the_file_alone(desk: Opened) -> None:
    charts = desk.page.locator("figure.chart")
    assert charts.count() == 9
    for chart in charts.all():
        if chart.locator(".no-chart").count():
            expect(chart).to_contain_text("no data")
            continue
        if chart.locator(".plot").count():
            assert chart.locator("svg").count() == 1
        assert chart.locator("svg").first.locator("path, rect").count() > 1
        expect(chart.locator("h3")).not_to_be_empty()


def test_a_missing_figure_says_no_data_and_why(desk: Opened) -> None:
    card = desk.page.locator(".card", has_text="Net promoter score")
    expect(card.locator(".value")).to_have_text("no data")
    expect(card.locator(".status")).to_have_text("not enough data only 3 answers, 5 are needed")
    assert desk.page.locator(".card.missing").count() == 3
    expect(desk.page.locator(".card", has_text="Users served")).to_contain_text("under-metered")


def test_names_are_shown_and_never_run(desk: Opened) -> None:
    expect(desk.page.locator("h1")).to_have_text(f"Business in October {HOSTILE}")
    assert desk.page.locator("script").count() == 3
    assert desk.page.locator("[onmouseover]").count() == 0
    assert HOSTILE in str(desk.page.locator("#chart-tenants details.values").text_content())


def test_a_formula_is_told_to_whoever_points_or_focuses(desk: Opened) -> None:
    tip = desk.page.locator("#tip")
    expect(tip).to_be_hidden()
    desk.page.locator(".card", has_text="Total revenue").hover()
    expect(tip).to_contain_text("Σ recognised revenue per day - approved credits")
    expect(tip).to_contain_text("kpis/1")
    expect(tip).to_contain_text("n = 1,042; 2026-10-01 to 2026-11-01")
    desk.page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    button = desk.page.get_by_role("button", name="How Profit margin is computed")
    button.focus()
    expect(tip).to_contain_text("100 × gross profit / total revenue")
    described = button.get_attribute("aria-describedby")
    expect(desk.page.locator(f"#{described}")).to_contain_text("100 × gross profit / total revenue")
    desk.page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_chart_tells_its_values_where_it_is_pointed_at(desk: Opened) -> None:
    plot = desk.page.locator("#chart-months .plot")
    plot.scroll_into_view_if_needed()
    plot.hover(position={"x": 250, "y": 120})
    tip = desk.page.locator("#chart-months .plot-tip")
    expect(tip).to_be_visible()
    expect(tip).to_contain_text(HOSTILE)
    assert re.search(r"revenue \$1,\d{3},000\.00", tip.inner_text().replace("\n", " "))
    desk.page.mouse.move(5, 5)


def amounts(page: Page) -> list[float]:
    shown = page.evaluate(
        "[...document.querySelectorAll('#tenants tbody tr')].map((row) => row.cells[3].dataset.v ?? '')"
    )
    return [float(value) if value else float("nan") for value in shown]


def test_a_table_is_sorted_by_click_and_by_keyboard_with_no_data_last(desk: Opened) -> None:
    head = desk.page.locator("#tenants th", has_text="Revenue")
    head.locator("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    known = [value for value in amounts(desk.page) if value == value]
    assert (len(known), known) == (53, sorted(known, reverse=True))
    assert amounts(desk.page)[:53] == known
    head.locator("button").focus()
    desk.page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert amounts(desk.page)[:53] == sorted(known)
    desk.page.locator("#tenants th button", has_text="Since").click()
    days = desk.page.locator("#tenants tbody tr:not([hidden]) td:nth-child(3)").all_inner_texts()
    assert (len(days), days) == (25, sorted(days))
    expect(head).to_have_attribute("aria-sort", "none")


def test_a_long_table_is_searched_and_shown_whole(desk: Opened) -> None:
    rows, count = desk.page.locator("#tenants tbody tr:visible"), desk.page.locator("#tenants .count")
    assert rows.count() == 25
    expect(count).to_have_text(f"25 of {ROWS} rows")
    desk.page.get_by_label("Find in Tenants").fill("TENANT-5")
    assert rows.count() == 10
    expect(count).to_have_text("10 of 10 found")
    desk.page.get_by_label("Find in Tenants").fill("")
    desk.page.get_by_role("button", name="Show all").click()
    assert rows.count() == ROWS
    desk.page.get_by_role("button", name="Show fewer").click()
    assert rows.count() == 25


def test_a_phone_needs_no_sideways_scrolling(browser: Browser, report: Path) -> None:
    phone = opened(browser, report, 390, phone=True)
    width = phone.page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth]")
    assert width == [390, 390, 390]
    assert phone.page.evaluate(
        "[...document.querySelectorAll('.plot svg, .heat')].every((e) => e.getBoundingClientRect().right <= 390)"
    )
    assert phone.page.evaluate("((e) => e.scrollWidth > e.clientWidth)(document.querySelector('#tenants .scroll'))")
    phone.page.get_by_role("button", name="How Profit margin is computed").tap()
    box = phone.page.locator("#tip").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    phone.keep("phone")
    phone.is_quiet()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_the_light_and_in_the_dark(desk: Opened, scheme: Literal["light", "dark"]) -> None:
    desk.page.emulate_media(color_scheme=scheme)
    background = desk.page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue = (int(part) for part in re.findall(r"\d+", background)[:3])
    assert (max(red, green, blue) < 60) if scheme == "dark" else (min(red, green, blue) > 230)
    measured = desk.page.evaluate(CONTRASTS)
    assert len(measured) > 400
    assert [entry for entry in measured if entry[0] < READABLE] == []
    desk.keep(scheme)


def test_it_prints_light_with_its_charts_and_all_formulas(desk: Opened) -> None:
    desk.page.emulate_media(color_scheme="dark")
    document = desk.page.pdf(prefer_css_page_size=True, print_background=True)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    (SCREENSHOTS / "print.pdf").write_bytes(document)
    assert document.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", document)) <= 9
    desk.page.set_viewport_size({"width": 688, "height": 900})  # A4 between its margins
    desk.page.emulate_media(media="print")
    assert desk.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for chart in desk.page.locator(".chart:has(.plot)").all():
        card, svg = chart.bounding_box(), chart.locator("svg").bounding_box()
        assert card is not None
        assert svg is not None
        assert svg["height"] > 100
        assert card["x"] < svg["x"]
        assert svg["x"] + svg["width"] < card["x"] + card["width"]
        assert svg["y"] + svg["height"] < card["y"] + card["height"]
    expect(desk.page.locator("#tip")).to_be_hidden()
    expect(desk.page.locator(".find")).to_be_hidden()
    expect(desk.page.locator(".notes")).to_contain_text("Σ recognised revenue per day - approved credits")
    desk.is_quiet()


@pytest.mark.parametrize("cents", [14900, None], ids=["known", "unknown"])
def test_the_profit_report_is_such_a_page(browser: Browser, tmp_path: Path, cents: int | None) -> None:
    revenue = Revenue(
        None if cents is None else cents * 10_000, "named", reason=None if cents else "revenue is unknown"
    )
    now = datetime(2026, 11, 4, tzinfo=UTC)
    (tmp_path / "profit.html").write_text(html(profit_page(profit(rate_card(), revenue, 1000, now))), encoding="utf-8")
    found = opened(browser, tmp_path / "profit.html")
    expect(found.page.locator(".card", has_text="Savings").locator(".value")).to_have_text("97.17\N{NO-BREAK SPACE}%")
    assert found.page.locator(".plot svg").count() == (4 if cents else 3)
    assert found.page.locator(".no-chart").count() == (0 if cents else 1)
    if cents:
        found.keep("profit")
    found.is_quiet()
