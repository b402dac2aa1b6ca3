"""The page in a real browser, from a file and without a network: it sorts, filters, and leads to trials.

The tests are marked slow: they need Chromium and the package `playwright` of the extra `proofs`. `test_contents.py` has
what can be asked without them.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlpcli.report.contents import contents_of
from mlpcli.report.page import page_bytes
from mlpcli.results.files.csv_text import table
from mlpcli.results.folders.read_folder import read_folder
from mlpcli.results.summary import Configuration, summarize, summary_columns
from tests.plot.folders import run_folder, sweep_folder

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.slow


def scored(values: Any, seed: int) -> float:
    """The deeper the better, and a little by seed."""
    return 0.7 + 0.05 * values["depth"] + (0.02 if values["norm"] == "b<i>atch" else 0.0) + 0.001 * seed**2


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a sweep and a run."""
    folder = tmp_path_factory.mktemp("results")
    path = sweep_folder(folder / "my sweep", {"depth": [1, 2, 10], "norm": ["none", "b<i>atch"]}, score=scored)
    found = read_folder(path)
    members = [Configuration(tuple(mine[0].options.values()), mine, 0) for mine in found.configurations.values()]
    rows = summarize(members, found.varied, found.metric)
    (path / "summary.csv").write_text(table(summary_columns(found.varied, found.metric), rows))
    file = folder / "report.html"
    file.write_bytes(page_bytes([contents_of(path), contents_of(run_folder(folder / "run"))]))
    return file


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    assert CHROMIUM, "install Chromium for this test"
    with sync_playwright() as driver:
        options = ["--no-sandbox", "--enable-unsafe-swiftshader"]
        started = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(browser: Any, page_file: Path) -> Iterator[dict[str, Any]]:
    """The page on a wide light screen and on a narrow dark one; nothing may be asked for or go wrong on either."""
    asked: list[str] = []
    wrong: list[str] = []
    opened = {}
    for name, width, scheme, fragment in (("wide", 1280, "light", ""), ("narrow", 390, "dark", "#my%20sweep/5")):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.set_default_timeout(120_000)
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if line.type == "error" else None)
        page.goto(page_file.as_uri() + fragment)
        page.wait_for_selector("html[data-ready=yes]")
        opened[name] = page
    yield opened
    assert all(url.startswith((page_file.as_uri(), "data:", "blob:")) for url in asked)
    assert wrong == []


@pytest.fixture
def wide(pages: dict[str, Any]) -> Any:
    """The wide page without a filter, with the best trial chosen."""
    page = pages["wide"]
    if page.locator('[data-table="Configurations"] input').first.input_value():
        page.locator('[data-table="Configurations"] input').first.fill("")
    page.evaluate("select(states[0], 17, { follow: false })")
    return page


@pytest.fixture
def narrow(pages: dict[str, Any]) -> Any:
    """The narrow page, which was opened with the address of a trial."""
    return pages["narrow"]


def column(page: Any, title: str, at: int) -> list[str]:
    """The visible cells of one column of a table."""
    found: list[str] = page.eval_on_selector_all(
        f'article[data-result="0"] [data-table="{title}"] tbody tr:not([hidden])',
        f"rows => rows.map(row => row.cells[{at}].textContent)",
    )
    return found


def test_tables_sort_as_numbers_and_filter_with_their_charts(wide: Any) -> None:
    page = wide
    section = page.locator('[data-table="Configurations"]').first
    depth = section.locator("th").nth(1).get_by_role("button")
    depth.click()
    assert column(page, "Configurations", 1) == ["1", "1", "2", "2", "10", "10"]
    assert section.locator("th[aria-sort=ascending]").inner_text().startswith("depth")
    depth.click()
    assert column(page, "Configurations", 1) == ["10", "10", "2", "2", "1", "1"]
    section.get_by_role("searchbox").fill("depth>=2 norm=none")
    assert column(page, "Configurations", 1) == ["10", "2"]
    assert section.locator("output").inner_text() == "2 of 6 rows"
    names = 'document.querySelector("[data-chart=curves] .plot").data.map(line => line.name)'
    assert page.evaluate(names)[:2] == ["depth 10, norm none", "depth 2, norm none"]
    section.get_by_role("searchbox").fill("depth == 2 and norm == 'none'")  # as list --where takes it
    assert column(page, "Configurations", 1) == ["2"]
    section.get_by_role("searchbox").fill("depth != 2 norm = none")
    assert column(page, "Configurations", 1) == ["10", "1"]
    section.get_by_role("searchbox").fill("ATCH")
    assert set(column(page, "Configurations", 2)) == {"b<i>atch"}
    section.get_by_role("searchbox").fill("")
    assert len(column(page, "Configurations", 0)) == 6


def test_the_best_trial_is_chosen_at_first_and_a_row_chooses_another(wide: Any) -> None:
    page = wide
    detail = page.locator(".detail").first
    assert detail.locator("h2").inner_text() == "Trial my sweep/17"
    page.locator('[data-table="Configurations"] tr[data-key="5"]').click()
    assert detail.locator("h2").inner_text() == "Trial my sweep/2"  # the best seed of the worst configuration
    assert detail.locator("code").inner_text() == "mlpcli train --depth 1 --seed 2 --threads 1"
    assert page.url.endswith("#my%20sweep/2")
    lines = page.evaluate('document.querySelector("[data-chart=curves] .plot").data.map(line => line.name)')
    assert lines[-1] == "trial 2"
    charts = page.evaluate('[...document.querySelectorAll(".detail")][0].querySelectorAll(".js-plotly-plot").length')
    assert charts == 2


def test_a_point_leads_to_its_trial(wide: Any) -> None:
    page = wide
    chart = page.locator('[data-chart="options"] .plot').first
    chart.scroll_into_view_if_needed()
    box = chart.locator(".trace.scatter").first.locator("path.point").last.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector('[data-chart="options"] .hoverlayer .hovertext')
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function('!document.querySelector(".detail h2").textContent.endsWith("/17")')
    number = page.locator(".detail h2").first.inner_text().rpartition("/")[2]
    assert page.url.endswith(f"#my%20sweep/{number}")
    assert page.locator(".detail .facts").first.inner_text().startswith("depth 1 · norm none · seed")


def test_an_address_with_a_trial_opens_it(narrow: Any) -> None:
    assert narrow.locator(".detail h2").first.inner_text() == "Trial my sweep/5"


@pytest.mark.parametrize(("name", "colour"), [("wide", "rgb(255, 255, 255)"), ("narrow", "rgb(15, 19, 24)")])
def test_widths_themes_and_charts(name: str, colour: str, pages: dict[str, Any]) -> None:
    page = pages[name]
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == colour
    drawn = page.eval_on_selector_all("[data-chart]:not([hidden])", "all => all.map(one => one.dataset.chart)")
    assert drawn == ["trial", "curves", "options", "parallel", "differences", "trial"]
    assert page.locator(".js-plotly-plot").count() == 2 + 1 + 2 + 1 + 1 + 2
    words = page.eval_on_selector_all("svg text", "all => all.map(one => one.textContent)")
    assert "depth 10, norm b<i>atch" in words


def test_it_prints_in_light_colours(narrow: Any) -> None:
    assert narrow.pdf(format="A4").startswith(b"%PDF")
    font = 'document.querySelector("[data-chart=curves] .plot").layout.font.color'
    narrow.evaluate('dispatchEvent(new Event("beforeprint"))')
    assert narrow.evaluate(font) == "#1b1f24"
    narrow.evaluate('dispatchEvent(new Event("afterprint"))')
    assert narrow.evaluate(font) == "#e6edf3"
