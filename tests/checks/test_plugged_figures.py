"""A figure of a plug-in that cannot be used costs its value and one `unknown`; without the plug-in, its values stay."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.checks import figures
from chaos.checks.finding import Outcome
from chaos.checks.judged import Judged
from chaos.checks.verdict import Verdict, judge
from chaos.gate.compare import compare
from chaos.history.index import open_index
from chaos.history.query import Query
from chaos.history.trend import trends
from chaos.reports.html import render
from tests.checks.synthetic import Night
from tests.history.stored import Stored
from tests.plugging import install

GOOD = """
from chaos.checks import Figure, Room, Tolerance

def bad(run):
    return run.hits["hits"] - run.hits["good"]

plugged = Figure("bad_hits", "count", "bad hits", bad, least=1.0, room=Room(Tolerance(), Tolerance()))
"""

Judging = Callable[..., Verdict]


@pytest.fixture
def judging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Judging]:
    """Judge a night with this figure of a plug-in."""

    def judged(text: str, name: str = "bad_hits") -> Verdict:
        install(tmp_path, "figures", name, text)
        figures.plugged.cache_clear()
        return judge(Judged(*Night().write(tmp_path / "night")))

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "midnight_bad_hits", raising=False)
    yield judged
    monkeypatch.undo()
    figures.plugged.cache_clear()


def test_its_value_is_in_the_verdict_and_in_the_report(judging: Judging, tmp_path: Path) -> None:
    found = judging(GOOD)
    assert (found.outcome, found.figures["bad_hits"]) == (Outcome.PASS, 0.0)
    page = render(Judged(*Night().write(tmp_path / "again")).journal, found)
    assert "More figures" in page and "bad hits" in page


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("plugged = print\n", "must be a Figure, got <built-in"),
        (GOOD.replace('"bad_hits"', '"bad hits"'), "must have the name 'bad_hits'"),
        (GOOD.replace("return run", "return 1 / 0 * run"), "ZeroDivisionError"),
        (GOOD.replace("return run", "return float('inf') or run"), "must measure a finite number or None"),
        (GOOD.replace(", bad, ", ", None, "), "must have `measure`"),
        (GOOD.replace("least=1.0", "metric='hits'"), "cannot have `recall`, `rank`, `indexed` or `metric`"),
        (GOOD.replace("least=1.0", "rank=90"), "cannot have `recall`, `rank`, `indexed` or `metric`"),
        (GOOD.replace("least=1.0", "indexed=False"), "cannot have `recall`, `rank`, `indexed` or `metric`"),
    ],
)
def test_one_that_cannot_be_used_is_unknown_with_the_reason_and_the_others_are_measured(
    text: str, because: str, judging: Judging
) -> None:
    found = judging(text)
    (finding,) = (each for each in found.findings if each.check == "figures")
    assert (finding.name, finding.outcome, found.outcome) == ("bad_hits", Outcome.UNKNOWN, Outcome.UNKNOWN)
    assert because in finding.because and "Traceback" in finding.evidence["traceback"]
    assert found.figures["bad_hits"] is None
    assert found.figures["availability"] == 1.0


def test_a_name_that_is_taken_stays_with_the_shipped_figure(judging: Judging) -> None:
    found = judging(GOOD.replace("bad_hits", "availability"), "availability")
    assert "duplicate figure name 'availability'" in found.findings[-1].because
    assert [figure.name for figure in figures.every()].count("availability") == 1


def test_the_history_is_as_it_was_while_the_plugin_is_away_and_whole_once_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reports, site = tmp_path / "reports", tmp_path / "site"
    site.mkdir()
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(reports))
    monkeypatch.syspath_prepend(str(site))
    for number in range(10):
        Stored(night=number, figures={"bad_hits": 40.0 if number >= 5 else 1.0}).write(reports)

    def told() -> tuple[list[str], list[float | None]]:
        """What got worse, and the figure in each entry of the index."""
        figures.plugged.cache_clear()
        index = open_index(pytest.fail)
        entries = index.find(Query())
        index.close()
        (trend,) = trends(entries, last=30)
        worse = [each.figure.name for each in trend.regressions]
        return worse, [entry.figures.get("bad_hits") for entry in entries]

    values = [1.0] * 5 + [40.0] * 5
    assert told() == ([], values)
    install(site, "figures", "bad_hits", GOOD)
    assert told() == (["bad_hits"], values), "indexed before it was installed"
    (site / "midnight_bad_hits-1.dist-info/entry_points.txt").unlink()
    Stored(night=10).write(reports)
    assert told() == ([], [*values, None])
    install(site, "figures", "more", "import no_such_module\n")
    assert told() == ([], [*values, None]), "one that cannot be imported is left out"
    figures.plugged.cache_clear()


def test_a_gate_compares_only_what_is_installed_and_was_measured(judging: Judging) -> None:
    def outcome(now: float | None, before: float | None) -> list[str]:
        stored = [{"figures": {"hits": 2000, "bad_hits": each}} for each in (now, before)]
        first, second = map(figures.recalled, stored)
        return [case.outcome for case in compare(first, [second], {}) if case.name == "bad_hits"]

    assert outcome(3, 1) == []
    judging(GOOD)
    assert (outcome(3, 1), outcome(1, 3)) == (["fail"], ["pass"])
    assert outcome(3, None) == ["not exercised"], "the baseline is older than the plug-in"
    assert outcome(None, 3) == ["unknown"]
