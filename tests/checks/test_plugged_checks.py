"""A check of a plug-in is judged after the shipped ones; one that cannot be used is `unknown` with the reason."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.checks import registered
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.shipped import SHIPPED
from chaos.checks.verdict import judge
from chaos.reports.cards import key_figures
from chaos.reports.rows import finding_row
from tests.checks.synthetic import Night
from tests.midnight import Midnight

MODULE = """
from chaos.checks.check import Check
from chaos.checks.finding import Finding, Outcome

def judge(judged):
    hits = len(judged.observation)
    outcome = Outcome.PASS if hits <= {most} else Outcome.FAIL
    return [Finding("few_hits", outcome, hits, {most}, "count", f"{{hits}} hits due")]

few_hits = Check("few_hits", judge)
"""

Plugged = Callable[..., list[Finding]]


def install(place: Path, text: str, name: str = "few_hits") -> None:
    """A package with one check, as pip leaves it."""
    (place / "midnight_few_hits.py").write_text(text)
    metadata = place / "midnight_few_hits-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: midnight-few-hits\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text(f"[midnight.checks]\n{name} = midnight_few_hits:few_hits\n")


@pytest.fixture
def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plugged]:
    """The findings of a night judged with a plug-in's check, but for those of the shipped ones."""

    def forget() -> None:
        registered.every.cache_clear()
        registered.by_name.cache_clear()
        registered.described.cache_clear()

    def judged(text: str, name: str = "few_hits") -> list[Finding]:
        install(tmp_path, text, name)
        forget()
        found = judge(Judged(*Night().write(tmp_path / "night")))
        return list(
            found.findings[len(judge(Judged(*Night().write(tmp_path / "other")), SHIPPED).findings) :]
        )

    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "midnight_few_hits", raising=False)
    yield judged
    monkeypatch.undo()
    forget()


@pytest.mark.parametrize(("most", "outcome"), [(1000, Outcome.PASS), (10, Outcome.FAIL)])
def test_a_plugin_check_is_judged_after_the_shipped_ones(
    most: int, outcome: Outcome, plugged: Plugged
) -> None:
    (found,) = plugged(MODULE.format(most=most))
    assert (found.check, found.outcome, found.because) == ("few_hits", outcome, "600 hits due")
    assert list(registered.by_name()) == [*(check.name for check in SHIPPED), "few_hits"]


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("few = 1\n", "AttributeError: module 'midnight_few_hits' has no attribute 'few_hits'"),
        ("few_hits = print\n", "TypeError: midnight_few_hits:few_hits: must be a Check, got <built-in"),
        (MODULE.replace("{{hits}} hits", "{{1 / 0}}"), "ZeroDivisionError"),
        (MODULE.replace('Check("few_hits"', 'Check("other"'), "must have the name 'few_hits', got 'other'"),
        (MODULE.replace("Outcome.FAIL", "'fail'"), "an outcome must be an Outcome, got 'fail'"),
        (MODULE.replace('due")]', 'due", {{1: {{2}}}})]'), "not JSON serializable"),
    ],
)
def test_a_plugin_check_that_cannot_be_used_is_unknown_with_the_reason(
    text: str, because: str, plugged: Plugged
) -> None:
    (found,) = plugged(text.format(most=10) if "{" in text else text)
    assert (found.check, found.name, found.outcome) == ("few_hits", "few_hits", Outcome.UNKNOWN)
    assert because in found.because
    assert "Traceback" in found.evidence["traceback"]


def test_it_says_itself_how_its_findings_count_and_are_shown(plugged: Plugged) -> None:
    says = ', about="run", section="recovery", at_least=True, cards={{"few_hits": "hits at most"}})'
    (found,) = plugged(MODULE.replace('"few_hits", judge)', f'"few_hits", judge{says}').format(most=1000))
    check = registered.described("few_hits")
    assert (check.is_judgement, check.is_told, check.section) == (False, False, "recovery")
    assert [(card.label, card.value) for card in key_figures([found])] == [("hits at most", "600")]
    assert finding_row(found).allowed == "≤ 1,000", "only a ratio can be one that must be reached"
    assert finding_row(dataclasses.replace(found, unit="ratio", allowed=0.5)).allowed == "≥ 50 %"


def test_findings_of_a_plugin_that_is_gone_or_broken_are_shown_as_any_other(plugged: Plugged) -> None:
    (found,) = plugged("import no_such_module\n")
    for name in ("few_hits", "never_installed"):
        check = registered.described(name)
        assert (check.name, check.about, check.section, check.cards) == (name, "target", "other", {})
    assert finding_row(found).label == "few hits"


def test_a_name_that_is_taken_stays_with_the_shipped_check(plugged: Plugged) -> None:
    (found,) = plugged(MODULE.format(most=10), "latency")
    assert (found.check, found.outcome) == ("latency", Outcome.UNKNOWN)
    assert "duplicate check name 'latency'" in found.because
    assert registered.by_name()["latency"] in SHIPPED


def test_the_command_judges_with_it_and_a_broken_one_never_costs_the_verdict(tmp_path: Path) -> None:
    class WithPlugin(Midnight):
        @property
        def environment(self) -> dict[str, str]:
            return {**super().environment, "PYTHONPATH": str(tmp_path)}

    midnight = WithPlugin(tmp_path)
    Night().write(tmp_path / "night")
    assert midnight("judge", str(tmp_path / "night")).code == 0
    install(tmp_path, MODULE.format(most=10))
    done = midnight("judge", str(tmp_path / "night"), "--json")
    assert (done.code, json.loads(done.out)["verdict"]) == (1, "fail")
    (tmp_path / "midnight_few_hits.py").write_text("import no_such_module\n")
    done = midnight("judge", str(tmp_path / "night"), "--json")
    (found,) = (each for each in json.loads(done.out)["findings"] if each["check"] == "few_hits")
    assert (done.code, found["outcome"]) == (3, "unknown")
    assert "no_such_module" in found["evidence"]["traceback"]
    assert "bug in midnight" not in done.err
