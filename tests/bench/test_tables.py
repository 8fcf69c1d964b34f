"""A line of the table says plainly whether its aim was met; the document keeps what is around the table."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from bench import document
from bench.attack import BenchError
from bench.figures import Figure, at_least, at_most, below, told


@pytest.mark.parametrize(
    ("figure", "ratio", "met"),
    [
        (at_most("a", 1.0, 1.0, 1.0, "ms"), "1.00", "yes"),
        (at_most("a", 1.4, 1.0, 1.3, "ms"), "1.40", "MISSED"),
        (at_least("a", 150.0, 100.0, 1.5, "/s"), "1.50", "yes"),
        (at_least("a", 149.0, 100.0, 1.5, "/s"), "1.49", "MISSED"),
        (at_least("a", 5.0, 0.0, 1.5, "/s"), "∞", "yes"),
        (at_most("a", 1.0, None, 1.3, "ms"), "–", "–"),
        (at_most("a", math.inf, 1.0, 1.3, "ms"), "∞", "MISSED"),
        (told("a", 3.0, 2.0, "ms"), "1.50", "–"),
        (below("a", 3e8, 4e8, "MB"), "0.75", "yes"),
        (below("a", 1, 0, "count"), "∞", "MISSED"),
        (below("a", 0, 0, "count"), "0.00", "yes"),
    ],
)
def test_a_figure_has_its_ratio_and_says_whether_it_was_met(figure: Figure, ratio: str, met: str) -> None:
    assert (figure.cells[3], figure.cells[5]) == (ratio, met)


def test_values_are_shown_in_their_units() -> None:
    cells = at_most("processor time", 0.000523, 0.00098, 1.0, "ms").cells
    assert cells[1:3] == ["0.523 ms", "0.98 ms"]
    assert below("memory", 339_123_456, 4e8, "MB").cells[1] == "339 MB"
    assert told("missing", None, 2.0, "s").cells[1:3] == ["missing", "2 s"]


def test_the_table_replaces_what_stood_between_the_marks(tmp_path: Path) -> None:
    file = tmp_path / "bench.md"
    file.write_text(f"before\n{document.BEGIN}\nold\n{document.END}\nafter\n")
    document.write(document.table(["a", "b"], [["1", "long"]]), file)
    text = file.read_text()
    assert text.startswith(f"before\n{document.BEGIN}\n| a | b    |\n")
    assert text.endswith(f"| 1 | long |\n{document.END}\nafter\n")
    assert "old" not in text


def test_a_document_without_marks_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "bench.md"
    file.write_text("no marks")
    with pytest.raises(BenchError, match="has no place"):
        document.write("table", file)
    assert file.read_text() == "no marks"
