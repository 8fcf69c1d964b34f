"""Errors that the target logged are told in every report, beside the chain, and change no verdict."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from chaos.checks.logged import LoggedRow, _row, logged
from chaos.checks.rejudge import judge_run
from chaos.record.events import ErrorsRead, LoggedError, LoggedFrame
from chaos.record.journal import Journal, Writer
from chaos.record.store import RunDir
from chaos.reports.html import render
from chaos.reports.terminal import print_verdict
from chaos.reports.verdict_json import write_verdict
from tests.reports.stored_run import LENGTH, PLAY, write_run

FRAMES = (
    LoggedFrame("/srv/app/conversations.py", 41, "list_conversations"),
    LoggedFrame("/srv/app/routes.py", 9, "get"),
)
POOL = LoggedError(
    language="python",
    exception="sqlalchemy.exc.TimeoutError",
    raised="app.Unavailable",
    message="QueuePool limit reached (Background on this error at: https://sqlalche.me/e/20/3o7r)",
    count=412,
    first=PLAY + 59.2,
    last=PLAY + 90.0,
    frames=FRAMES,
    stack="Traceback (most recent call last):\n<script>&\n",
)
UNDATED = LoggedError(language="log", exception="ERROR", message="no date", count=1)
MORE = [LoggedError(language="log", exception="ERROR", message=f"kind {n}", count=1) for n in range(3)]


def with_errors(run: RunDir, **read: object) -> RunDir:
    """The run with its logs read."""
    lines = run.events.read_text().splitlines(keepends=True)
    run.events.write_text("".join(lines[:-1]))
    writer = Writer(run.events)
    writer.event(ErrorsRead(PLAY + LENGTH + 7.5, **read))  # type: ignore[arg-type]
    writer.close()
    with run.events.open("a") as file:
        file.write(lines[-1])
    return run


@pytest.fixture
def run(tmp_path: Path) -> RunDir:
    read = {"errors": 416, "files": 3, "bytes": 4711, "groups": (POOL, UNDATED, *MORE), "left_out": 0}
    return with_errors(write_run(tmp_path / "run"), **read, unread=("/var/log/x.gz: damaged",))


def shown(run: RunDir) -> str:
    text = io.StringIO()
    print_verdict(run, judge_run(run), Console(file=text, width=250))
    return text.getvalue()


def test_a_sentence_says_what_how_often_since_when_and_where() -> None:
    row = LoggedRow("QueuePool limit reached", "conversations.py:41 in list_conversations", POOL)
    assert row.sentence(PLAY + 27.6) == (
        "QueuePool limit reached: 412 times from +31.6 s, at conversations.py:41 in list_conversations"
    )
    assert LoggedRow("ERROR: no date", "", UNDATED).sentence(PLAY) == "ERROR: no date: 1 time"


def test_a_group_of_different_messages_is_not_titled_with_one_of_them() -> None:
    mixed = replace(POOL, messages=2, exception="psycopg.OperationalError", message="FATAL:  too many")
    assert _row(mixed, []).sentence(PLAY) == (
        "OperationalError: 412 times from +59.2 s, at conversations.py:41 in list_conversations, "
        "most often: FATAL: too many"
    )
    same = _row(replace(mixed, messages=1), [])
    assert same.sentence(PLAY).startswith("OperationalError: FATAL: too many: 412 times from +59.2 s")


def test_an_error_is_placed_between_the_links_around_its_first_occurrence(run: RunDir) -> None:
    verdict = judge_run(run)
    found = logged(Journal(run), verdict.links)
    assert found is not None
    moved = [link for link in verdict.links if link.at is not None]
    before = [link for link in moved if (link.at or 0) <= PLAY + 59.2]
    after = [link for link in moved if (link.at or 0) > PLAY + 59.2]
    assert before and after, "the night has links on both sides"
    assert (found.rows[0].follows, found.rows[0].precedes) == (before[-1], after[0])
    assert (found.rows[1].follows, found.rows[1].precedes) == (None, None)


def test_the_report_has_a_section_with_every_group_and_what_was_not_read(run: RunDir) -> None:
    html = render(Journal(run), judge_run(run))
    assert "Errors in the logs" in html
    assert "TimeoutError: QueuePool limit reached" in html and "raised as app.Unavailable" in html
    assert "+59.2 s" in html and "conversations.py:41 in list_conversations" in html
    assert "&lt;script&gt;&amp;" in html and "<script>&" not in html
    assert "Not read: /var/log/x.gz: damaged" in html
    assert "ERROR: kind 2" in html


def test_a_terminal_shows_the_three_most_frequent_and_what_was_not_read(run: RunDir) -> None:
    lines = [line for line in shown(run).splitlines() if line.startswith("log")]
    assert lines[0].startswith(
        "logged: TimeoutError: QueuePool limit reached: 412 times from +59.2 s, "
        "at conversations.py:41 in list_conversations; after "
    )
    assert lines[1:] == [
        "logged: ERROR: no date: 1 time",
        "logged: ERROR: kind 0: 1 time",
        "logged: 2 other kinds of errors: see the report",
        "logs not read: /var/log/x.gz: damaged",
    ]


def test_the_json_verdict_has_the_groups_with_their_links(run: RunDir) -> None:
    document = json.loads(write_verdict(run, judge_run(run)).read_text())["logged"]
    assert (document["errors"], document["files"], document["unread"]) == (
        416,
        3,
        ["/var/log/x.gz: damaged"],
    )
    group = document["groups"][0]
    assert group["because"].startswith("TimeoutError: QueuePool limit reached: 412 times from +59.2 s")
    assert group["frames"][0] == {
        "file": "/srv/app/conversations.py",
        "line": 41,
        "function": "list_conversations",
    }
    assert (group["follows"], group["precedes"]) == ("pool_exhausted", "database_full")


def test_errors_in_the_logs_change_no_finding_and_no_outcome(tmp_path: Path) -> None:
    quiet = write_run(tmp_path / "quiet", pain=0.0)
    before = judge_run(quiet)
    after = judge_run(with_errors(quiet, errors=412, groups=(POOL,), files=1))
    assert (after.outcome, after.headline, after.findings) == (
        before.outcome,
        before.headline,
        before.findings,
    )
    assert before.logged is None and after.logged is not None


def test_logs_that_were_read_and_hold_no_error_are_told_and_logs_never_read_are_not(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", pain=0.0)
    assert "Errors in the logs" not in render(Journal(run), judge_run(run))
    assert "logged" not in judge_run(run).to_json()
    with_errors(run, files=2)
    assert "None was logged during the play: 2 files read." in render(Journal(run), judge_run(run))
    assert "logged:" not in shown(run)
