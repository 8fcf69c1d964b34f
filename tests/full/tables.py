"""The tables of the long proofs, each between two marks in a document."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.midnight import PROJECT

DOCUMENT = PROJECT / "docs/verdicts.md"


def write(
    name: str, header: Sequence[str], rows: Sequence[Sequence[object]], document: Path = DOCUMENT
) -> None:
    """Put the table in its place; what stood there is replaced."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    lines = [" | ".join(map(str, row)) for row in (header, ["---"] * len(header), *rows)]
    text = document.read_text()
    head, _, rest = text.partition(begin)
    _, found, tail = rest.partition(end)
    assert found, f"{document} has no place for the table {name!r}"
    table = "\n".join(f"| {line} |" for line in lines)
    document.write_text(f"{head}{begin}\n{table}\n{end}{tail}")
