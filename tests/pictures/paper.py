"""Pages as they come out of a printer: printed by a browser, read back from the PDF."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pypdfium2 as pdfium

from tests.web.browser import Page

A4 = (8.27, 11.69)  # inches
LETTER = (8.5, 11.0)
SIZES = {"A4": A4, "Letter": LETTER}

_POINTS = 72  # in an inch


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page. Points from the lower left corner, as in the PDF."""

    text: str
    bottom: float


async def printed(page: Page, size: tuple[float, float]) -> bytes:
    """The open page as a PDF, with the margins of its own style."""
    answer = await page.send("Page.printToPDF", paperWidth=size[0], paperHeight=size[1])
    return base64.b64decode(answer["data"])


def texts(pdf: bytes) -> list[str]:
    """The text of each page."""
    with _opened(pdf) as document:
        return [_text(page) for page in document]


def drawn(pdf: bytes, place: Path, dpi: int = 80) -> Iterator[Path]:
    """Draw each page as PNG beside `place`."""
    with _opened(pdf) as document:
        for number, page in enumerate(document, start=1):
            file = place.with_name(f"{place.name}-{number}.png")
            page.render(scale=dpi / _POINTS).to_pil().save(file)
            yield file


@contextmanager
def _opened(pdf: bytes) -> Iterator[pdfium.PdfDocument]:
    with closing(pdfium.PdfDocument(pdf)) as document:
        yield document


def _text(page: pdfium.PdfPage) -> str:
    with closing(page.get_textpage()) as text:
        return str(text.get_text_bounded())
