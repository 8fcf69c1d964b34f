"""Bad answers, and what a target lacks, are told with the same sentences in terminal, page and JSON, and break none."""

from __future__ import annotations

import html
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from chaos.checks.finding import Outcome
from chaos.checks.rejudge import judge_run
from chaos.checks.verdict import Verdict
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.reports.html import render
from chaos.reports.terminal import print_verdict
from chaos.reports.verdict_json import as_text
from tests.reports.stored_run import PLAY, write_run

HOSTILE = r"<script>alert(1)</script> \x1b[2J [bold]not markup[/bold]"
SAMPLES = [
    {"at": PLAY, "route": 1, "outcome": "bad_status", "status": 400, "reason": "", "type": "text/html"},
    {"at": PLAY, "route": 0, "outcome": "refused", "status": 0, "reason": "refused", "type": ""},
]
LEFT_OUT = [
    {"kind": "step", "name": "drop", "because": "target 'mine' has no proxy 'database'"},
    {"kind": "limit", "name": "lost_writes", "because": "target 'mine' has no ledger"},
    {"kind": "limit", "name": "rpo", "because": "target 'mine' has no ledger"},
    {
        "kind": "slo",
        "name": "pool",
        "because": "target 'mine' shows no gauges of its pool, and no database to see it from",
    },
    {"kind": "requests", "name": "outbound", "because": "target 'mine' has no route with this role"},
]


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    """A night that felt nothing, but for three writes and two reads."""
    run = write_run(tmp_path / "run", pain=0.0)
    table = np.load(run.hits)
    in_play = np.flatnonzero(table["due"] >= PLAY)
    for code, outcome, status, count in ((1, Hit.BAD_STATUS, 400, 3), (0, Hit.REFUSED, 0, 2)):
        rows = [row for row in in_play if table["route"][row] == code][:count]
        table["outcome"][rows], table["status"][rows] = outcome, status
    np.save(run.hits, table)
    lines = [{**SAMPLES[0], "length": 60, "sample": HOSTILE}, {**SAMPLES[1], "length": 0, "sample": ""}]
    run.bad_answers.write_text("".join(f"{json.dumps(each)}\n" for each in ({"version": 2}, *lines)))
    return run


def shown(run: RunDir, verdict: Verdict) -> str:
    text = io.StringIO()
    print_verdict(run, verdict, Console(file=text, width=200))
    return text.getvalue()


def sentences(verdict: Verdict) -> list[str]:
    return [each for route in verdict.bad_answers.play for each in route.sentences()]


def test_terminal_page_and_json_tell_the_same_sentences(run: RunDir) -> None:
    verdict = judge_run(run)
    writes, reads = sentences(verdict)
    assert writes.startswith("3 of ") and f" writes answered 400: {HOSTILE}, first at +" in writes
    assert reads.startswith("2 of ") and " reads got no connection (refused), first at +" in reads
    document: dict[str, Any] = json.loads(as_text(verdict))["bad_answers"]
    assert [kind["said"] for route in document["play"] for kind in route["kinds"]] == [writes, reads]
    assert document["baseline"] == []
    terminal, page = shown(run, verdict), render(Journal(run), verdict)
    for sentence in (writes, reads):
        assert f"bad answers: {sentence}\n" in terminal
        assert html.escape(sentence, quote=True).replace("&#x27;", "&#39;").replace("&quot;", "&#34;") in page


def test_a_hostile_body_stays_text(run: RunDir) -> None:
    verdict = judge_run(run)
    assert "<script>alert" not in render(Journal(run), verdict)
    assert "\x1b" not in shown(run, verdict)


def test_a_run_of_an_earlier_version_has_counts_without_bodies(run: RunDir) -> None:
    run.bad_answers.unlink()
    writes, reads = sentences(judge_run(run))
    assert " writes answered 400, first at +" in writes
    assert " reads got no connection (refused), first at +" in reads


def lacking(run: RunDir) -> RunDir:
    document = json.loads(run.run_file.read_text())
    document["left_out"] = LEFT_OUT
    document["experiment"]["limits"]["lost_writes"] = None
    document["experiment"]["slos"] = [
        each for each in document["experiment"]["slos"] if each["name"] != "pool"
    ]
    run.run_file.write_text(json.dumps(document))
    return run


def test_what_the_target_lacks_is_not_exercised_with_its_reason(tmp_path: Path) -> None:
    run = lacking(write_run(tmp_path / "run", pain=0.0))
    verdict = judge_run(run)
    found = {each.name: each for each in verdict.findings if each.outcome is Outcome.NOT_EXERCISED}
    for each in LEFT_OUT:
        assert each["because"] in found[each["name"]].because
    terminal, page = shown(run, verdict), render(Journal(run), verdict)
    for text in ("lost writes: target 'mine' has no ledger", "outbound requests: target 'mine' has no route"):
        assert text in terminal
        assert text.replace("'", "&#39;") in page


def test_a_step_that_the_target_cannot_play_makes_a_pass_partial(tmp_path: Path) -> None:
    whole = judge_run(write_run(tmp_path / "whole", pain=0.0))
    assert (whole.outcome, whole.partial) == (Outcome.PASS, False)
    verdict = judge_run(lacking(write_run(tmp_path / "run", pain=0.0)))
    assert (verdict.outcome, verdict.partial) == (Outcome.PASS, True)
    assert verdict.headline.startswith("PARTIAL: passed, but drop was left out, so it proves little")


def test_without_its_ledger_named_as_lacking_an_unread_ledger_is_unknown(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", pain=0.0)
    run.readback.unlink()
    (found,) = (each for each in judge_run(run).findings if each.name == "lost_writes")
    assert found.outcome is Outcome.UNKNOWN
    assert Journal(run).manifest.lacking == ()
