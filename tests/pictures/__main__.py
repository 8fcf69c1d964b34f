"""`make pictures`: draw what a person reads as PNG and PDF, to be looked at.

Runs that are given (`--night`, `--drill`: directories below `reports/`) are drawn as they are; those that are not are
planted. `--docs` also writes the picture of the README and the sample report, from the given night.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from chaos.play import stored
from chaos.record.store import RunDir
from tests.midnight import PROJECT
from tests.pictures import planted
from tests.pictures.paper import SIZES, drawn, printed
from tests.web.browser import Page, browsing

PLACE = PROJECT / "dist/pictures"
WIDTHS = (1280, 400)
README = PROJECT / "docs/report.png"
SAMPLE = PROJECT / "reports/sample/fragile.html"
README_SIZE = (1120, 1300)  # pixels: the first screen and the chain
LARGEST = 400_000  # bytes of a picture that the repository carries


async def screenshot(page: Page, file: Path, width: int, height: int | None = None) -> None:
    """The open page at this width, whole or down to `height`."""
    await page.send(
        "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
    )
    whole = int(await page.value("document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": width, "height": min(whole, height or whole), "scale": 1}
    answer = await page.send("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    file.write_bytes(base64.b64decode(answer["data"]))
    print(f"{file}  {clip['width']} x {clip['height']}")


async def pictures(page: Page, name: str, url: str, *, paper: bool) -> None:
    """Screenshots at both widths; with `paper`, PDFs of both sizes with their pages."""
    await page.open(url)
    for width in WIDTHS:
        await screenshot(page, PLACE / f"{name}-{width}.png", width)
    await page.send("Emulation.clearDeviceMetricsOverride")
    for size, inches in SIZES.items() if paper else ():
        pdf = await printed(page, inches)
        file = PLACE / f"{name}-{size}.pdf"
        file.write_bytes(pdf)
        print(f"{file}  {len(list(drawn(pdf, PLACE / f'{name}-{size}')))} pages")


async def for_the_docs(page: Page, report: Path) -> None:
    """The README's picture and the sample."""
    await page.open(report.as_uri())
    await screenshot(page, README, *README_SIZE)
    SAMPLE.write_text(anywhere(report.read_text()))
    for file in (README, SAMPLE):
        if file.stat().st_size > LARGEST:
            raise SystemExit(f"{file} is larger than {LARGEST:,} bytes")


def anywhere(html: str) -> str:
    """The report as it would be on any machine: without the places and the kernel of this one."""
    kernel = platform.release()
    for here, there in (
        (str(PROJECT), "/srv/midnight"),
        (sys.base_prefix, "/usr/local"),
        (kernel, kernel.partition("-")[0]),
    ):
        html = html.replace(here, there)
    return html.replace("-dirty<", "<")


async def draw(night: Path | None, drill: Path | None, *, docs: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="midnight-pictures-") as place:
        root = Path(place)
        reports = {
            "fragile": stored.report(RunDir(night)) if night else planted.fragile(root / "fragile"),
            "starved": planted.starved(root / "starved"),
            "drill": stored.report(RunDir(drill)) if drill else planted.drill(root),
        }
        async with browsing(root / "browser") as page:
            for name, report in reports.items():
                await pictures(page, name, report.absolute().as_uri(), paper=True)
            with planted.web(root / "web") as url:
                await pictures(page, "web", url, paper=False)
            if docs and night is not None:
                await for_the_docs(page, reports["fragile"].absolute())


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="make pictures")
    parser.add_argument("--night", type=Path)
    parser.add_argument("--drill", type=Path)
    parser.add_argument("--docs", action="store_true")
    given = parser.parse_args(arguments)
    if given.docs and given.night is None:
        parser.error("--docs needs --night, a night that was played on the fragile profile")
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True)
    asyncio.run(draw(given.night, given.drill, docs=given.docs))


if __name__ == "__main__":
    main()
