"""A report on paper: few pages, each with its number, the run and the verdict, and no heading without what it heads."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from tests.pictures import planted
from tests.pictures.paper import SIZES, printed, texts
from tests.web.browser import PROGRAM, browsing

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(PROGRAM is None, reason="no chromium on PATH"),
]

MOST = 7
HEADING = re.compile(r"<h[23][^>]*>(.*?)(?:<small>.*?)?</h[23]>", re.DOTALL)
FOOTER = re.compile(r": (PASS|FAIL|UNKNOWN)[A-Z, ]* page \d+ of \d+$")

Pages = list[list[str]]  # the lines of each page


@pytest.fixture(scope="module", params=["fragile", "starved", "drill"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp(request.param) / "run"
    make = {"fragile": planted.fragile, "starved": planted.starved, "drill": planted.drill}
    return make[request.param](place)


@pytest.fixture(scope="module")
def paper(report: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Pages]:
    """By size of the paper."""
    return asyncio.run(_printed(report, tmp_path_factory.mktemp("browser")))


async def _printed(report: Path, place: Path) -> dict[str, Pages]:
    async with browsing(place) as page:
        await page.open(report.as_uri())
        pdfs = {name: await printed(page, size) for name, size in SIZES.items()}
    return {name: [text.splitlines() for text in texts(pdf)] for name, pdf in pdfs.items()}


@pytest.mark.parametrize("size", SIZES)
def test_it_has_fewer_than_eight_pages(paper: dict[str, Pages], size: str) -> None:
    assert 2 <= len(paper[size]) <= MOST


@pytest.mark.parametrize("size", SIZES)
def test_each_page_bears_its_number_the_run_and_the_verdict(
    paper: dict[str, Pages], report: Path, size: str
) -> None:
    pages, html = paper[size], report.read_text()
    (run, verdict) = re.findall(r'bottom-left { content: "([^"]+): ([^":]+)"', html)[0]
    for number, lines in enumerate(pages, start=1):
        assert f"{run}: {verdict} page {number} of {len(pages)}" in lines


@pytest.mark.parametrize("size", SIZES)
def test_no_page_ends_with_a_heading(paper: dict[str, Pages], report: Path, size: str) -> None:
    headings = {
        " ".join(re.sub(r"<[^>]+>", " ", each).split()) for each in HEADING.findall(report.read_text())
    }
    assert "Repeat this run" in headings
    for lines in paper[size]:
        last = [line.strip() for line in lines if line.strip() and not is_footer(line)][-1]
        assert not any(last == heading or last.startswith(f"{heading} ") for heading in headings), last


@pytest.mark.parametrize("size", SIZES)
def test_nothing_that_a_click_would_open_is_left_closed(paper: dict[str, Pages], size: str) -> None:
    words = {line.strip() for lines in paper[size] for line in lines}
    assert not words & {"evidence", "stack", "Words used on this page"}


def is_footer(line: str) -> bool:
    return bool(FOOTER.search(line.strip()))
