"""The tables of the bench: printed, and put into docs/bench.md between two marks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.attack import BenchError

DOCUMENT = Path(__file__).parent.parent / "docs/bench.md"
BEGIN, END = "<!-- begin bench -->", "<!-- end bench -->"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A markdown table, its columns aligned so that it reads well in a terminal."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    padded = [[cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines]
    padded.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in padded)


def write(text: str, document: Path = DOCUMENT) -> None:
    """Replace what stands between the marks. Raises BenchError where they are not."""
    before = document.read_text()
    head, begun, rest = before.partition(BEGIN)
    _, ended, tail = rest.partition(END)
    if not begun or not ended:
        raise BenchError(f"{document} has no place for the tables: {BEGIN} and {END}")
    document.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")
