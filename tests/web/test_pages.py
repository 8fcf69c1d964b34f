"""The pages of `midnight web` show what the memory knows, and never more than text."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from chaos import database
from chaos.schedule.tables import occurrences
from tests.history import stored
from tests.history.stored import Stored
from tests.web.pages import Site

HOSTILE = "<script>alert(1)<\u2044script>\"'><img src=x onerror=alert(2)>"


def texts(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


@pytest.fixture
def of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of night 0 began yesterday evening."""
    yesterday = datetime.now().astimezone() - timedelta(days=1)
    monkeypatch.setattr(
        stored, "FIRST", yesterday.replace(hour=23, minute=0, second=0, microsecond=0).astimezone(UTC)
    )


def test_without_any_run_every_page_says_so() -> None:
    site = Site()
    assert "No run yet" in site.get("/").text
    for path in ("/", "/runs", "/trend", "/schedules"):
        assert site.get(path).status_code == 200, path


@pytest.mark.usefixtures("of_today")
def test_last_night_is_counted_by_verdict(reports: Path) -> None:
    Stored(experiment="one").write(reports)
    Stored(experiment="two", verdict="fail", exit_code=1).write(reports)
    Stored(-3, experiment="one", verdict="unknown").write(reports)
    site = Site()
    front = site.get("/").text
    text = texts(front)
    assert re.search(r"Last night, .*?: 1 fail, 1 pass", text)
    (link,) = re.findall(r'href="([^"]+)">All runs of this night', front)
    assert "2 runs," in site.get(link.replace("&amp;", "&")).text
    assert "FAIL: availability as planted" in text


@pytest.mark.usefixtures("of_today")
def test_a_night_of_the_calendar_leads_to_its_runs(reports: Path) -> None:
    Stored(-1, verdict="fail", exit_code=1).write(reports)
    Stored(0).write(reports)
    site = Site()
    front = site.get("/").text
    (link,) = re.findall(r'<a class="mark fail" href="([^"]+)"', front)
    found = texts(site.get(link.replace("&amp;", "&")).text)
    assert "1 run," in found
    assert "FAIL: availability as planted" in found


@pytest.mark.usefixtures("of_today")
def test_a_drill_is_overdue_after_31_days(reports: Path) -> None:
    drill = {"drill": True}
    Stored(-40, experiment="dr-a", target="old", about=drill).write(reports)
    Stored(-10, experiment="dr-a", target="recent", about=drill).write(reports)
    Stored(-5, experiment="dr-a", target="never", about=drill, verdict="fail", exit_code=1).write(reports)
    text = texts(Site().get("/").text)
    assert re.search(r" old \S+ \S+ 4[01]\.\d of 31 days ! overdue", text)
    assert re.search(r" recent \S+ \S+ 1[01]\.\d of 31 days ✓ in time", text)
    assert re.search(r" never never – ! overdue", text)


@pytest.mark.parametrize("path", ["/", "/runs", "/trend"])
@pytest.mark.usefixtures("of_today")
def test_a_hostile_name_is_text(reports: Path, path: str) -> None:
    Stored(experiment=HOSTILE, target=HOSTILE, profile=HOSTILE, about={"drill": True}).write(reports)
    page = Site().get(path).text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.usefixtures("of_today")
def test_links_to_hostile_names_lead_to_their_pages(reports: Path) -> None:
    run = Stored(experiment=HOSTILE, target="a/b?c#d").write(reports)
    site = Site()
    page = site.get(f"/runs/{run.id}").text
    (trend,) = re.findall(r'href="(/trend/[^"]+)"', page)
    answer = site.get(trend.replace("&amp;", "&"))
    assert answer.status_code == 200
    assert "1 run passed or failed" in answer.text
    assert "<script" not in answer.text


def test_a_hostile_verdict_file_is_text(reports: Path) -> None:
    run = Stored().write(reports)
    finding = {"check": "<b>c", "name": "<b>n", "outcome": "<b>o", "measured": "<b>m", "unit": 3}
    document = {
        "verdict": "<b>v",
        "headline": "<b>h",
        "reasons": ["<b>r", 3],
        "fixes": [7, {"what": "<b>w", "why": "<b>y"}],
        "findings": [finding],
    }
    run.verdict.write_text(json.dumps(document))
    page = Site().get(f"/runs/{run.id}").text
    assert "<b>" not in page
    assert {f"&lt;b&gt;{letter}" for letter in "vhrwynom"} <= set(re.findall(r"&lt;b&gt;.", page))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"verdict": 3}', '{"findings": {"a": 1}, "reasons": "x"}', "\x00"]
)
def test_a_torn_verdict_does_not_break_the_page(reports: Path, text: str) -> None:
    site = Site()
    run = Stored(1).write(reports)
    assert site.get(f"/runs/{run.id}").status_code == 200  # so that it is in the index
    run.verdict.write_text(text)
    assert site.get(f"/runs/{run.id}").status_code == 200
    assert Site().get("/").status_code == 200


@pytest.mark.parametrize(
    "run",
    [
        "none",
        "2026",
        "%",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e",
        "%00",
        "%ff",
        "%ed%a0%80",
        "a%0ab",
        "'",
        "20260901T000000Z",
    ],
)
@pytest.mark.parametrize("page", ["/runs/{}", "/runs/{}/report", "/live/{}", "/live/{}/events", "/trend/{}"])
def test_an_unknown_id_is_404(reports: Path, page: str, run: str) -> None:
    Stored().write(reports)
    assert Site().get(page.format(run)).status_code == 404


def test_a_report_is_served_in_a_sandbox(reports: Path) -> None:
    run = Stored().write(reports)
    site = Site()
    assert site.get(f"/runs/{run.id}/report").status_code == 404
    run.report.write_text("<p>the report</p><script>alert(1)</script>")
    answer = site.get(f"/runs/{run.id}/report")
    assert "the report" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "sandbox" in policy.split("; ")
    assert "script" not in policy
    assert f'href="/runs/{run.id}/report"' in site.get(f"/runs/{run.id}").text


def test_a_report_that_is_a_link_elsewhere_is_not_served(reports: Path, tmp_path: Path) -> None:
    run = Stored().write(reports)
    (tmp_path / "secret").write_text("secret")
    run.report.symlink_to(tmp_path / "secret")
    assert Site().get(f"/runs/{run.id}/report").status_code == 404


def test_filters_are_those_of_midnight_runs(reports: Path) -> None:
    Stored(0, experiment="one").write(reports)
    Stored(1, experiment="two", verdict="fail", exit_code=1).write(reports)
    Stored(2, experiment="two", profile="fragile").write(reports)
    site = Site()

    def found(query: str) -> list[str]:
        return re.findall(r"<b>(one|two)</b>", site.get(f"/runs?{query}").text)

    assert found("") == ["two", "two", "one"]
    assert found("experiment=two&verdict=fail") == ["two"]
    assert found("profile=fragile") == ["two"]
    assert found("since=2026-09-02&until=2026-09-02") == ["two"]
    assert found("git=0000000") == ["one"]
    assert found("experiment=three") == []


@pytest.mark.parametrize(
    "query", ["since=soon", "until=-", "verdict=green", "page=0", "page=-1", "page=x", "page=²"]
)
def test_a_wrong_filter_is_refused_in_one_line(query: str) -> None:
    answer = Site().get(f"/runs?{query}")
    assert answer.status_code == 400
    assert "must be" in answer.text


def test_the_list_is_paged(reports: Path) -> None:
    for night in range(120):
        Stored(night).write(reports)
    site = Site()
    seen: list[str] = []
    link = "/runs?verdict=pass"
    while link:
        page = site.get(link).text
        seen += re.findall(r'href="/runs/([^"/]+)"', page)
        link = next(iter(re.findall(r'rel="next" href="([^"]+)"', page)), "").replace("&amp;", "&")
    assert seen == [Stored(night).id for night in reversed(range(120))]


def test_a_trend_shows_a_plot_and_a_row_for_each_figure(reports: Path) -> None:
    for night in range(12):
        Stored(
            night, figures={"p99": 0.1 if night < 6 else 0.9, "recovery": float("inf") if night == 3 else 1.0}
        ).write(reports)
    page = Site().get("/trend/midnight").text
    assert "p99: regression" in texts(page)
    assert "REGRESSION: p99" in texts(page)
    assert len(re.findall(r"<polyline", page)) == len(re.findall(r"<figcaption", page))
    assert "∞" in page


def test_schedules_show_next_starts_pauses_and_misses(tmp_path: Path) -> None:
    file = tmp_path / "schedules.yaml"
    file.write_text('schedules:\n  - {name: nightly, experiment: smoke, when: "0 2 * * *"}\n')
    now = datetime.now(UTC)
    with database.connect(database.address()).begin() as connection:
        for hours, state in ((5, "missed"), (3, "ended")):
            connection.execute(
                insert(occurrences).values(
                    schedule="nightly", due_utc=now - timedelta(hours=hours), state=state, target="embedded",
                    because="<i>slept</i>", event="fail" if state == "ended" else None,
                )
            )  # fmt: skip
    site = Site(file)
    text = texts(site.get("/").text)
    assert re.search(r"nightly smoke embedded 0 2 \* \* \* UTC \d{4}-\d\d-\d\d 02:00 ", text)
    assert "F fail 1" in text
    history = site.get("/schedules?name=nightly").text
    assert "&lt;i&gt;slept" in history
    assert "M missed" in texts(history)


def test_a_mistake_in_the_schedule_file_does_not_hide_the_runs(tmp_path: Path, reports: Path) -> None:
    Stored().write(reports)
    file = tmp_path / "schedules.yaml"
    file.write_text("schedules: [{name: nightly}]\n")
    page = Site(file).get("/")
    assert page.status_code == 200
    assert "schedules.yaml" in texts(page.text)
    assert "availability as planted" in page.text


def test_reading_writes_nothing_but_the_index(reports: Path) -> None:
    run = Stored().write(reports)
    before = sorted(run.path.iterdir())
    site = Site()
    for path in ("/", "/runs", f"/runs/{run.id}", f"/live/{run.id}", "/trend/midnight", "/schedules"):
        assert site.get(path).status_code == 200
    assert sorted(run.path.iterdir()) == before
