"""axe-core (https://github.com/dequelabs/axe-core), run over pages in headless Chromium."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.web import browser
from tests.web.browser import Page, browsing

SOURCE = Path(sys.prefix) / "axe/node_modules/axe-core/axe.min.js"

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

WIDTHS = (1280, 400)  # pixels: a screen and a phone

RUN = """axe.run(document, {runOnly: %s, resultTypes: ["violations"]}).then((found) => found.violations.flatMap(
    (rule) => rule.nodes.map((node) => `${rule.id}: ${rule.help}: ${node.target.join(" ")}: ${node.html}`)))"""

USED = "a, button, input:not([type=hidden]), select, textarea, summary"

UNREACHED = """[...document.querySelectorAll("%s")].filter((each) => each.getClientRects().length
    && !window.reached.has(each)).map((each) => each.outerHTML)"""
"""What a pointer can use and Tab did not reach."""


def needed() -> None:
    """Skip a test for want of a browser or of axe-core, saying what to install."""
    missing = [] if browser.PROGRAM else [browser.NONE]
    if not SOURCE.exists():
        missing.append("axe-core is not installed: install npm, then type `make axe`")
    browser.needed(missing)


async def check(page: Page, url: str) -> list[str]:
    """Return what is wrong with the page at `url`, at each width: rule and element, what Tab does not reach, and a
    page that has to be moved sideways."""
    found = []
    for width in WIDTHS:
        await page.resize(width)
        await page.open(url)
        await page.value("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        await page.value(SOURCE.read_text())
        found += [f"{width} px: {each}" for each in await page.value(RUN % json.dumps(RULES))]
        found += [f"{width} px: not reached by Tab: {each}" for each in await unreached(page)]
        if await page.value("document.documentElement.scrollWidth > window.innerWidth"):
            found.append(f"{width} px: wider than the window")
    return found


async def unreached(page: Page) -> list[str]:
    """Press Tab until the focus has been everywhere, and return what it never reached."""
    await page.value("window.reached = new Set(), document.activeElement.blur()")
    while True:
        await page.press("Tab")
        if not await page.value(
            "!reached.has(document.activeElement) && document.activeElement !== document.body"
            " && Boolean(reached.add(document.activeElement))"
        ):
            found: list[str] = await page.value(UNREACHED % USED)
            return found


def check_files(place: Path, files: Iterable[Path]) -> dict[str, list[str]]:
    """Return what is wrong with each of these files, by name; those with nothing wrong are left out."""

    async def checked() -> dict[str, list[str]]:
        async with browsing(place) as page:
            return {each.name: found for each in files if (found := await check(page, each.as_uri()))}

    return asyncio.run(checked())


def told(found: Mapping[str, list[str]]) -> str:
    """Return what is wrong as lines, empty if nothing is."""
    return "\n".join(f"{page}: {each}" for page, all_ in found.items() for each in all_)
