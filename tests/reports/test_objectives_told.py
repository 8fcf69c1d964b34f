"""Every form of an SLO is told in the report, with its budget, and the figures of each route are right."""

from __future__ import annotations

import numpy as np
import pytest

from chaos.checks.rejudge import judge_run
from chaos.checks.verdict import Verdict
from chaos.record.hits import Outcome, open_table, select
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports.cards import key_figures
from chaos.reports.html import render
from chaos.reports.page import Page, build
from chaos.reports.show import show_value
from chaos.spec.experiment import Experiment
from tests.reports.stored_run import EXPERIMENT, LENGTH, PLAY, ROUTES, write_run
from tests.reports.test_html import Text

SLOS = """\
slos:
  - {name: whole, availability: 99%}
  - {name: reads, availability: 99%, route: read, window: 10s}
  - {name: fast, latency: {share: 99%, below: 250ms}}
  - {name: slow, latency: {percentile: 95, below: 250ms}, step: storm}
  - {name: burning, availability: 99.9%, burn_rate: {at_most: 14.4, window: 60s, short: 5s}}
  - {name: all, availability: 100%}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunDir:
    return write_run(tmp_path_factory.mktemp("runs") / "fragile")


@pytest.fixture(scope="module")
def verdict(run: RunDir) -> Verdict:
    file = run.path.parent / "slo.yaml"
    file.write_text(SLOS)
    return judge_run(run, file)


@pytest.fixture(scope="module")
def page(run: RunDir, verdict: Verdict) -> Page:
    return build(Experiment.model_validate(EXPERIMENT), Journal(run), verdict, [])


def test_each_objective_appears_in_the_table_with_its_limit(page: Page) -> None:
    assert {row.label: row.allowed for row in page.objectives} == {
        "availability: whole": "≥ 99 %",
        "availability: reads": "≥ 99 %",
        "availability: all": "≥ 100 %",
        "latency: fast": "≥ 99 %",
        "latency: slow": "≤ 250 ms",
        "burn rate: burning": "≤ 14.4",
    }


def test_the_budget_of_each_ratio_appears_below_its_sentence(
    run: RunDir, verdict: Verdict, page: Page
) -> None:
    notes = {row.label: row.note for row in page.objectives}
    assert notes["latency: slow"] == ""
    assert notes["availability: all"] == "a target of 100 % has no error budget"
    whole = next(finding for finding in verdict.findings if finding.name == "whole")
    assert whole.measured is not None
    consumed = (1 - whole.measured) * LENGTH / (0.01 * 30 * 86400)
    assert (
        notes["availability: whole"]
        == f"this run would consume {consumed * 100:.4g} % of the 30d error budget"
    )
    text = Text(render(Journal(run), verdict)).text
    assert all(f"{row.because} {row.note}".strip() in text for row in page.objectives)
    assert verdict.to_json()["findings"][2]["evidence"]["budget_consumed"] == pytest.approx(consumed)


def test_cards_of_the_same_kind_are_distinguished_by_their_names(verdict: Verdict) -> None:
    labels = [card.label for card in key_figures(verdict.findings)]
    assert labels[:6] == ["whole", "reads", "all", "latency", "p95", "burn rate"]
    allowed = {card.label: card.allowed for card in key_figures(verdict.findings)}
    assert allowed["latency"] == "objective ≥ 99 %"
    assert allowed["burn rate"] == "objective ≤ 14.4"


def test_the_percentiles_of_each_route_are_those_of_its_hits(run: RunDir, page: Page) -> None:
    played = select(open_table(run.hits), PLAY, PLAY + LENGTH)
    latency = np.where(played["outcome"] == Outcome.GOOD, played["done"] - played["due"], np.inf)
    assert page.by_route.header == ["route", "hits", "availability", "p50", "p95", "p99"]
    assert [row[0] for row in page.by_route.rows] == list(ROUTES)
    for code, (_, hits, _, *percentiles) in enumerate(page.by_route.rows):
        of_route = np.sort(latency[played["route"] == code])
        ranks = [int(np.ceil(len(of_route) * percent / 100)) - 1 for percent in (50, 95, 99)]
        assert hits == f"{len(of_route):,}"
        assert percentiles == [show_value(float(of_route[rank]), "s") for rank in ranks]
