"""Plots can be read without seeing colours: what is drawn in one panel differs in line, marker or hatch."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from chaos.checks.rejudge import judge_run
from chaos.record.journal import Journal, Sample, Writer
from chaos.record.store import RunDir
from chaos.reports.html import render
from chaos.reports.panels import OUTCOME_HATCHES, PANELS, Played
from chaos.reports.strokes import PROCESSES, VOLUMES
from chaos.reports.trend_html import MARKERS
from chaos.spec.experiment import Experiment
from tests.reports.stored_run import PLAY, write_run


def alike(axis: Axes) -> list[str]:
    """The names in a panel's legend that differ in their colour alone."""
    shapes = Counter[object]()
    for handle in axis.get_legend_handles_labels()[0]:
        shapes[_shape(handle)] += 1
    return [str(shape) for shape, count in shapes.items() if count > 1]


def _shape(handle: object) -> object:
    if isinstance(handle, Line2D):
        return "line", handle.get_linestyle(), str(handle._dash_pattern), handle.get_marker()  # type: ignore[attr-defined]
    assert isinstance(handle, PolyCollection)
    return "area", handle.get_hatch() or ""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    """A bad night with everything sampled that a panel can draw."""
    run = write_run(tmp_path_factory.mktemp("runs") / "fragile")
    writer = Writer(run.samples)
    more = {
        "process:proxy": ("cpu",),
        "process:replica": ("cpu",),
        "volume:wal": ("write_bps", "read_bps", "limit"),
    }
    for second in range(10):
        at = PLAY + 10.0 * second
        found = [Sample(at, source, gauge, 1.5 + second) for source, names in more.items() for gauge in names]
        writer.samples(found)
    writer.close()
    return run


def test_nothing_in_a_panel_differs_in_its_colour_alone(run: RunDir) -> None:
    journal = Journal(run)
    assert journal.play is not None
    played = Played(Experiment.model_validate(journal.manifest.experiment), journal, journal.play)
    several = 0
    for panel in PANELS:
        axis = Figure().add_subplot()
        panel.draw(axis, played)
        assert alike(axis) == [], panel.title
        several += len(axis.get_legend_handles_labels()[0]) > 1
    assert several >= 6


def test_two_lines_of_one_shape_are_found() -> None:
    axis = Figure().add_subplot()
    axis.plot([0, 1], [0, 1], color="red", label="a")
    axis.plot([0, 1], [1, 0], color="blue", label="b")
    assert alike(axis) != []


def test_every_outcome_process_and_volume_has_a_shape_of_its_own() -> None:
    for shapes in (
        list(OUTCOME_HATCHES.values()),
        [style for _, style in PROCESSES],
        [marker for _, marker in VOLUMES],
        [shape for each in MARKERS.values() for shape in each],
    ):
        assert all(one != other for one, other in combinations(shapes, 2)), shapes


def luminance(colour: str) -> float:
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_text_in_a_plot_has_the_contrast_of_text(run: RunDir) -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#9aa5b1", "#ffffff") < 4.5
    html = render(Journal(run), judge_run(run))
    texts = re.findall(r"<text style=\"([^\"]*)\"", html)
    colours = {found[1] for each in texts if (found := re.search(r"fill: (#[0-9a-f]{6})", each))}
    assert colours
    on_a_disc = "#ffffff"
    assert [each for each in colours - {on_a_disc} if contrast(each, "#e4e7eb") < 4.5] == []
