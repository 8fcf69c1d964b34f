"""The first line: one plain sentence of at most 160 characters, whatever was found, that never says more than was
shown."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos.checks import clauses, logs, recovery
from chaos.checks.course import Course, Worst
from chaos.checks.finding import Finding, Outcome, worst
from chaos.checks.headline import headline, reasons
from chaos.checks.judged import Judged
from chaos.checks.neighbours import Busy
from chaos.checks.plain import LONGEST, cut, plain
from chaos.checks.registered import by_name
from chaos.checks.verdict import Verdict, judge
from chaos.record.hits import Outcome as Hit
from chaos.record.journal import Event
from tests.checks.synthetic import STEP, Night, step_events

JARGON = re.compile(r"\bhits?\b|∞|not good|indeterminate|not exercised")
PLAYED = [(22, 40, Hit.TIMEOUT)]

_names = st.from_regex(r"\A[a-z][a-z0-9_-]{0,59}\Z")
_numbers = st.one_of(st.none(), st.floats(0, 1e9), st.just(math.inf))
_sentences = st.one_of(
    st.sampled_from(
        [
            "availability 70 % < 99 % (420 of 600 hits good)",
            "p99 ∞ > 2 s: the percentile falls on a hit that was not good",
            "undecided by indeterminate hits: worst outage > ∞ at worst",
            "not exercised",
        ]
    ),
    st.text(max_size=400),
)
_findings = st.builds(
    Finding,
    name=_names,
    outcome=st.sampled_from(Outcome),
    measured=_numbers,
    allowed=_numbers,
    unit=st.sampled_from(["ratio", "s", "count", "bytes", ""]),
    because=_sentences,
    evidence=st.sampled_from(
        [
            *({}, {"percentile": 99}, {"acknowledged": 140}, {"indeterminate": 3}),
            {"resource": f"entries:at /srv/{'a' * 200}.py:3 in get", "route": "read", "places": []},
            {"acknowledged": 140, "lost": 1e9, "expected": "between 1 and 1,000", "after": 7},
        ]
    ),
    check=st.sampled_from([*by_name(), "objectives", "of a plug-in"]),
)
_courses = st.builds(
    Course,
    played=st.floats(0, 1e6),
    silent=st.floats(0, 1e6),
    worst=st.one_of(
        st.none(),
        st.builds(Worst, st.floats(0, 1e6), st.booleans(), st.floats(0, 1e6), _names, st.floats(0, 1e6)),
    ),
    aborted=st.one_of(st.just(""), _sentences),
    busy=st.one_of(st.none(), st.builds(Busy, st.floats(0, 1), st.just("during the baseline"))),
)


@given(findings=st.lists(_findings, max_size=8), course=_courses)
def test_it_is_short_and_plain_and_never_better_than_the_worst_finding(
    findings: list[Finding], course: Course
) -> None:
    outcome = worst(finding.outcome for finding in findings)
    line = headline(outcome, findings, course, {"hits": 600, "good": 600, "outages": 0})
    assert len(line) <= LONGEST
    assert line.splitlines() == [line]
    assert not JARGON.search(line)
    assert not any(JARGON.search(reason) for reason in reasons(outcome, findings, [], course))
    word = re.split(r"[:,]", line)[0].rstrip(".")
    assert word in {"PASS", "PARTIAL", "FAIL", "UNKNOWN", "ABORTED"}
    if any(finding.outcome is Outcome.FAIL for finding in findings):
        assert word == "FAIL"
    if word in ("PASS", "PARTIAL"):
        assert not {Outcome.FAIL, Outcome.UNKNOWN} & {finding.outcome for finding in findings}


@given(text=st.text(max_size=300), longest=st.integers(2, 200))
def test_a_text_is_cut_to_its_length(text: str, longest: int) -> None:
    assert len(cut(text, longest)) <= longest


@given(text=_sentences)
def test_plain_words_stay_as_they_are(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def verdict(path: Path, **night: Any) -> Verdict:
    return judge(Judged(*Night(**night).write(path)))


def test_a_failure_says_how_long_and_after_which_step(tmp_path: Path) -> None:
    found = verdict(tmp_path, bad=PLAYED)
    assert found.headline == (
        "FAIL: for 18 s of 1m the service did not answer as it should; "
        "the worst outage (18 s) began 2 s after drop started."
    )
    assert found.reasons[0] == "availability 70 % < 99 % (420 of 600 requests good)"


@pytest.mark.parametrize(
    ("drop", "after"),
    [
        ((11.0, 12.0), "15 s after disk started"),  # long over: the service had been well since
        ((24.0, 24.3), "1 s after drop started"),  # over, but only just
        ((24.0, 30.0), "1 s after drop started"),
    ],
)
def test_the_outage_began_after_a_step_that_still_acted_or_just_had(
    tmp_path: Path, drop: tuple[float, float], after: str
) -> None:
    steps = [
        {"name": "disk", "fault": "logrotate", "at": 10, "hold": 40},
        {"name": "drop", "fault": "idle_drop", "at": drop[0], "hold": 1},
    ]
    acted = sorted([*step_events("disk", 10.0, 50.0), *step_events("drop", *drop)], key=lambda each: each.at)
    out = [(25.0, 40.0, Hit.BAD_STATUS)]
    assert after in verdict(tmp_path, changed={"steps": steps}, steps=acted, bad=out).headline


def test_lost_writes_come_before_the_details_of_an_outage(tmp_path: Path) -> None:
    found = verdict(tmp_path, bad=PLAYED, missing=(3,))
    assert found.headline.startswith(
        "FAIL: for 18 s of 1m the service did not answer as it should; 1 of 104 acknowledged writes were lost;"
    )


def test_an_abort_is_a_word_of_it(tmp_path: Path) -> None:
    stopped = {"reason": "aborted", "because": "stopped by SIGINT"}
    found = verdict(tmp_path, ended=stopped)
    assert found.headline.startswith("ABORTED: the play was stopped by SIGINT")
    failed = verdict(tmp_path / "failed", ended=stopped, missing=(3,))
    assert failed.headline.startswith("FAIL, ABORTED: 1 of 140 acknowledged writes were lost")


@pytest.mark.parametrize(
    ("night", "why", "what_to_do"),
    [
        ({"ended": None}, "it was killed", "run it again"),
        ({"readback": None}, "the ledger was not read back", "run it again"),
        ({"baseline": {"steady": False, "because": "p99 3 s"}}, "no steady state: p99 3 s", "look into why"),
        (
            {"steps": step_events("drop", *STEP, dose={"closed": 1.0})},
            "step drop had too little effect: 1 closed (at least 2 needed)",
            "larger dose",
        ),
        (
            {"steps": step_events("drop", *STEP, unproven="nobody came this way")},
            "step drop had no proven effect: nobody came this way",
            "",
        ),
        ({"doubted": [(20, 60)], "bad": PLAYED}, "the load generator itself was late", "quiet machine"),
        ({"sampled": False}, "no gauges of its connection pool", "gauges"),
    ],
)
def test_unknown_says_why_and_what_to_do(
    tmp_path: Path, night: dict[str, Any], why: str, what_to_do: str
) -> None:
    line = verdict(tmp_path, **night).headline
    assert line.startswith("UNKNOWN: ")
    assert why in line
    assert what_to_do in line


def test_a_busy_machine_is_the_reason_for_unknown(tmp_path: Path) -> None:
    looked = Event(1.0, "run", "machine", "looked", {"busy": 0.97})
    found = verdict(tmp_path, steps=[looked, *step_events("drop", *STEP)], doubted=[(20, 60)], bad=PLAYED)
    assert "; others used 97 % of the machine at the start; run it again" in found.headline
    assert found.headline.endswith("; run it again on a quiet machine.")
    assert "Other programs used 97 % of the machine at the start" in found.reasons


def test_what_a_quieter_machine_would_not_decide_is_not_put_down_to_it() -> None:
    because, read = "no log line was written", {"complete": True}
    lost = Finding("lost_log_lines", Outcome.UNKNOWN, 0, 0, "count", because, read, check=logs.NAME)
    first = headline(Outcome.UNKNOWN, [lost], Course(busy=Busy(0.97, "during the baseline")))
    assert first == (
        "UNKNOWN: no log line was written; set the log level so that each request is one line; see the reasons below."
    )
    slow = Finding("p99", Outcome.UNKNOWN, None, 2.0, "s", "p99 between 1 s and 3 s", check="latency")
    assert "run it again on a quiet machine" in headline(
        Outcome.UNKNOWN, [slow], Course(busy=Busy(0.97, "during the baseline"))
    )


def test_a_slow_percentile_has_no_infinity() -> None:
    slow = Finding("p99", Outcome.FAIL, math.inf, 2.0, "s", "p99 > 2 s", {"percentile": 99}, check="latency")
    assert list(clauses.failed([slow])) == ["more than 1 % of requests failed or took too long (limit 2 s)"]


def test_only_a_drill_is_back_after_a_loss() -> None:
    rto = Finding("rto", Outcome.PASS, 4.0, 900.0, "s", "RTO 4 s ≤ 15m", check=recovery.NAME)
    figures = {"hits": 600.0, "good": 598.0, "outages": 1.0}
    assert list(clauses.passed([rto], figures)) == [
        "598 of 600 requests were answered well",
        "the worst outage lasted 4 s",
    ]
    drilled = replace(rto, evidence={"spans": []})
    assert list(clauses.passed([drilled], figures)) == ["the service was back 4 s after the loss"]


def test_findings_beyond_the_first_are_counted_in_words() -> None:
    leak = Finding("leak", Outcome.FAIL, 1, 0, "", "a leak", check="leaks")
    said = reasons(Outcome.FAIL, [replace(leak, because=f"leak {number}") for number in range(8)], [])
    assert said[-1] == "and 4 more findings on leaks"
