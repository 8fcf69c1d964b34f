"""A trend calls out what became worse while the verdict still says pass, and nothing else."""

from __future__ import annotations

import json
import random
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from chaos.checks.finding import Outcome
from chaos.history.entry import Entry, read_entry
from chaos.history.trend import Movement, Trend, trends
from chaos.reports.trend_html import render
from chaos.reports.trend_rows import spark, standing, summary
from tests.history.stored import Stored
from tests.typed import refusal, typed

NOISE = random.Random(7)


def night(at: int, tmp_path: Path, **changed: Any) -> Entry:
    figures = {"p99": 0.3 + NOISE.uniform(-0.03, 0.03), **changed.pop("figures", {})}
    return read_entry(Stored(at, figures=figures, **changed).write(tmp_path))


def movement(trend: Trend, name: str) -> Movement:
    return next(each for each in trend.movements if each.figure.name == name)


def one(entries: list[Entry], last: int = 100) -> Trend:
    (found,) = trends(entries, last)
    return found


def test_nights_like_those_before_are_not_a_regression(tmp_path: Path) -> None:
    trend = one([night(at, tmp_path) for at in range(20)])
    assert trend.regressions == ()
    assert {each.state for each in trend.movements} == {"steady"}


@pytest.mark.parametrize(
    ("figure", "given"),
    [
        ("p99", {"p99": 0.5}),
        ("availability", {"availability": 0.995}),
        ("recovery", {"recovery": 4.0}),
        ("rto", {"worst_outage": 9.0}),
        ("rpo", {"rpo": 2.0}),
    ],
)
def test_five_passing_nights_worse_than_all_before_are_a_regression(
    tmp_path: Path, figure: str, given: dict[str, float]
) -> None:
    entries = [night(at, tmp_path, figures=given if at >= 5 else {}) for at in range(10)]
    trend = one(entries)
    assert [each.figure.name for each in trend.regressions] == [figure]
    found = movement(trend, figure)
    assert found.p == pytest.approx(1 / 252)
    assert "worse by" in found.because
    assert "Mann-Whitney" in found.because
    assert f"REGRESSION: {found.figure.label}" in summary(trend)


def test_a_budget_that_burns_faster_is_a_regression(tmp_path: Path) -> None:
    entries = [night(at, tmp_path, budget=0.2 if at >= 8 else 0.01) for at in range(13)]
    assert [each.figure.name for each in one(entries).regressions] == ["budget"]


def test_a_figure_that_became_better_is_not_a_regression(tmp_path: Path) -> None:
    entries = [night(at, tmp_path, figures={"p99": 0.1} if at >= 10 else {}) for at in range(15)]
    assert movement(one(entries), "p99").state == "steady"


def test_a_worsening_too_small_to_matter_is_not_a_regression_however_certain(tmp_path: Path) -> None:
    entries = [night(at, tmp_path, figures={"p99": 0.3 + at * 1e-5}) for at in range(15)]
    assert movement(one(entries), "p99").state == "steady"


def test_a_single_bad_night_is_not_surely_worse(tmp_path: Path) -> None:
    entries = [night(at, tmp_path, figures={"p99": 2.0} if at == 14 else {}) for at in range(15)]
    assert movement(one(entries), "p99").state == "steady"


@pytest.mark.parametrize("nights", [2, 4, 9])
def test_with_fewer_than_five_nights_on_a_side_it_is_advisory_and_says_so(
    tmp_path: Path, nights: int
) -> None:
    worse = nights - nights // 2
    entries = [night(at, tmp_path, figures={"p99": 0.9} if at >= worse else {}) for at in range(nights)]
    trend = one(entries)
    found = movement(trend, "p99")
    assert found.state == "advisory"
    assert "at least 5 per side required" in found.because
    assert trend.regressions == ()


def test_a_single_night_has_nothing_to_compare_with(tmp_path: Path) -> None:
    assert movement(one([night(1, tmp_path)]), "p99").state == "too little"


def test_failed_nights_are_shown_and_not_compared(tmp_path: Path) -> None:
    entries = [night(at, tmp_path) for at in range(10)]
    entries += [night(at, tmp_path, verdict="fail", figures={"p99": 9.0}) for at in range(10, 15)]
    trend = one(entries)
    assert movement(trend, "p99").values[-1] == 9.0
    assert trend.regressions == ()
    assert "the newest of them: fail" in summary(trend)


def test_the_banner_is_green_only_if_something_was_compared_and_the_newest_run_passed(tmp_path: Path) -> None:
    few = [night(0, tmp_path / "few"), night(1, tmp_path / "few")]
    assert standing(one(few[:1])) is Outcome.UNKNOWN
    assert "too few passing runs to compare" in summary(one(few[:1]))
    assert '<h1 class="unknown">' in render([one(few[:1])])
    many = [night(at, tmp_path / "many") for at in range(10)]
    assert standing(one(many)) is Outcome.PASS
    failed = [*many, night(10, tmp_path / "many", verdict="fail")]
    assert standing(one(failed)) is Outcome.FAIL
    worse = [night(at, tmp_path / "worse", figures={"p99": 0.9} if at >= 5 else {}) for at in range(10)]
    assert standing(one(worse)) is Outcome.FAIL


def test_nights_without_a_verdict_are_left_out_and_counted(tmp_path: Path) -> None:
    entries = [night(0, tmp_path), night(1, tmp_path, verdict="unknown"), night(2, tmp_path, verdict=None)]
    trend = one(entries)
    assert (len(trend.nights), trend.unknown, trend.without_verdict) == (1, 1, 1)
    assert "1 unknown, 1 without a verdict left out" in summary(trend)
    assert summary(one(entries[1:])) == "no run passed or failed: 1 unknown, 1 without a verdict"


def test_nights_that_exercised_fewer_links_are_not_history(tmp_path: Path) -> None:
    milder = ("pass", "pass", "pass", "unknown")
    entries = [night(at, tmp_path, effects=milder, figures={"p99": 0.1}) for at in range(10)]
    entries += [night(at, tmp_path) for at in range(10, 15)]
    assert movement(one(entries), "p99").state != "regression"


def test_profiles_and_targets_are_never_mixed(tmp_path: Path) -> None:
    entries = [night(at, tmp_path, profile=("fragile", "hardened")[at % 2]) for at in range(6)]
    assert [(trend.profile, len(trend.nights)) for trend in trends(entries, 2)] == [
        ("fragile", 2),
        ("hardened", 2),
    ]


def test_a_percentile_that_became_infinite_is_a_regression(tmp_path: Path) -> None:
    entries = [night(at, tmp_path, figures={"p99": None} if at >= 6 else {}) for at in range(11)]
    assert [each.figure.name for each in one(entries).regressions] == ["p99"]


def test_a_spark_has_a_bar_for_each_night_and_a_gap_for_what_was_not_measured() -> None:
    assert spark([1.0, None, 2.0, float("inf")]) == "▁·██"
    assert spark([3.0, 3.0]) == "▁▁"
    assert len(spark([1.0] * 99)) == 30


def test_the_page_is_well_formed_and_carries_everything_it_shows(tmp_path: Path) -> None:
    entries = [
        night(at, tmp_path, target="<script>", figures={"p99": None} if at == 3 else {}) for at in range(12)
    ]
    text = render(trends(entries, 30))
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    tags: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append(tag)
            assert not [
                name for name, value in attrs if name == "src" or (name == "href" and "//" in str(value))
            ]

    Tags().feed(text)
    assert "svg" in tags
    assert tags.count("tr") >= 12


def test_the_command_shows_it_and_writes_a_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path))
    for at in range(12):
        night(at, tmp_path, figures={"p99": 0.9} if at >= 7 else {})
    page = tmp_path / "trend.html"
    for options, expected in (
        (["--html-file", str(page)], "REGRESSION: p99"),
        (["--json"], '"state": "regression"'),
    ):
        done = typed(capsys, "trend", "midnight", *options)
        assert (done.code, expected in done.out) == (0, True)
    assert page.stat().st_size > 10_000
    assert ">104 %<" not in page.read_text()
    (document,) = json.loads(typed(capsys, "trend", "midnight", "--json", "--last", "3").out)
    assert [len(document["nights"]), len(document["figures"][0]["values"])] == [3, 3]
    for wrong in (["nothing"], ["midnight", "--html-file", str(tmp_path / "nowhere/trend.html")]):
        refusal(capsys, "trend", *wrong)
