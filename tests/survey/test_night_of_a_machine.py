"""A machine with more than forty entries of all kinds: each is found, in its zone, at its time, with no false
collision."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from apscheduler.jobstores.sqlalchemy import SQLAlchemyJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from chaos.survey import document, page, shown
from chaos.survey.machine import Machine
from chaos.survey.reading import Sources, Survey, survey
from chaos.survey.root import Root
from tests.survey.surveying import MACHINE, MANIFESTS, night, starts, surveyed

B, UTC = "Europe/Berlin", "UTC"
HOURLY = [f"{hour:02}:01" for hour in (22, 23, 0, 1, 2, 3, 4, 5)]
EXPECTED = {
    # kind, name: zone, starts of the night in Berlin
    ("run-parts", "stats"): (B, HOURLY),
    ("run-parts", "mlocate"): (B, ["03:05-22:50", "03:05-22:50"]),
    ("run-parts", "vacuum"): (B, ["03:25-23:10"]),
    ("run-parts", "invoices"): (B, ["03:45-23:30", "03:45-23:30"]),
    ("run-parts", "logrotate"): (B, []),
    ("cron", "pg_dump"): (B, ["01:30"]),
    ("cron", "close-day"): (B, ["00:00"]),
    ("cron", "sitemap"): (B, ["00:00"]),
    ("cron", "warm-up"): (B, []),
    ("cron", "report"): (B, []),
    ("cron", "check-queue"): (B, [f"{(22 + n // 12) % 24:02}:{n % 12 * 5:02}" for n in range(96)]),
    ("cron", "season"): (B, ["02:15"]),
    ("cron", "never-comes"): (B, []),
    ("cron", "sunday-only"): (B, []),
    ("cron", "twice"): (B, ["22:20", "23:20"]),
    ("cron", "at-noon"): (B, []),
    ("cron", "tokyo-orders"): ("Asia/Tokyo", ["01:30"]),
    ("cron", "new-york-orders"): ("America/New_York", ["02:00"]),
    ("cron", "keeps-berlin"): (B, ["03:40"]),
    ("cron", "complete"): (B, ["03:50"]),
    ("cron", "e2scrub_all"): (B, []),
    ("cron", "pgbackrest"): (B, ["04:25"]),
    ("cron", "restic"): (B, ["04:35"]),
    ("cron", "heartbeat"): (B, [f"{(22 + n // 6) % 24:02}:{n % 6 * 10:02}" for n in range(48)]),
    ("timer", "logrotate.timer"): (B, ["00:00-01:00"]),
    ("timer", "fstrim.timer"): (B, []),
    ("timer", "barman.timer"): (UTC, ["04:30"]),
    ("timer", "restic.timer"): (B, []),
    ("timer", "sydney.timer"): ("Australia/Sydney", ["01:30"]),
    ("timer", "quarter.timer"): (B, [f"{(22 + n // 4) % 24:02}:{n % 4 * 15:02}" for n in range(32)]),
    ("timer", "boot-only.timer"): (B, []),
    ("timer", "moved.timer"): (B, ["02:45"]),
    ("timer", "two-times.timer"): (B, ["23:10"]),
    ("timer", "two-times.timer", "*-*~01 23:50"): (B, []),
    ("timer", "masked.timer"): (B, []),
    ("timer", "disabled.timer"): (B, []),
    ("timer", "pg_dump@shop.timer"): (B, ["04:50"]),
    ("cronjob", "billing/invoices"): ("America/New_York", ["01:00"]),
    ("cronjob", "no-zone"): (UTC, ["02:20"]),
    ("cronjob", "stopped"): ("Europe/Paris", []),
    ("ofelia", "web/sweep"): ("Europe/London", ["04:05"]),
    ("ofelia", "web/ping"): ("Europe/London", []),
    ("ofelia", "worker/digest"): ("Europe/London", ["01:00"]),
    ("apscheduler", "billing"): (UTC, ["03:12"]),
    ("apscheduler", "paused"): (UTC, []),
}
COLLISIONS = [
    ("00:00", {"close-day", "sitemap"}, {"logrotate.timer"}),
    ("00:01", {"stats"}, {"logrotate.timer"}),
    ("01:00", {"worker/digest", "billing/invoices"}, set()),
    ("01:30", {"tokyo-orders", "pg_dump", "sydney.timer"}, set()),
]


def job() -> None:
    raise AssertionError("a job of a store that is only read was loaded")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Survey:
    url = f"sqlite:///{tmp_path_factory.mktemp('jobs') / 'jobs.db'}"
    scheduler = BackgroundScheduler(jobstores={"default": SQLAlchemyJobStore(url=url)}, timezone="UTC")
    scheduler.start(paused=True)
    at = datetime(2026, 11, 28, 3, 12, tzinfo=ZoneInfo(B))
    scheduler.add_job(job, "cron", hour=2, id="billing", next_run_time=at)
    scheduler.add_job(job, "cron", hour=2, id="paused").pause()
    sources = Sources(manifests=MANIFESTS, job_stores=[url])
    seen = survey(Machine(Root.of(MACHINE)), night(), sources)
    scheduler.shutdown()  # even a paused one then carries out what is due, and moves on to the next time
    return seen


def test_every_entry_is_found_in_its_zone_at_its_times(found: Survey) -> None:
    seen = {}
    for entry in found.entries:
        key: tuple[str, ...] = (entry.kind, entry.name)
        if key in seen:
            key = (*key, entry.schedule)
        seen[key] = (entry.zone, starts(found, entry))
    assert len(EXPECTED) >= 40
    assert seen == EXPECTED


def test_the_planted_collisions_are_found_and_no_other(found: Survey) -> None:
    seen = [
        (
            f"{found.night.local(each.at):%H:%M}",
            {entry.name for entry in each.sure},
            {entry.name for entry in each.may},
        )
        for each in found.collisions
    ]
    assert seen == COLLISIONS


def test_what_never_runs_says_why(found: Survey) -> None:
    off = {entry.name: entry.off for entry in found.entries if entry.off}
    assert off == {
        "e2scrub_all": "only where systemd does not run",
        "logrotate": "ends at once where systemd runs",
        "disabled.timer": "not enabled",
        "masked.timer": "masked",
        "stopped": "suspended",
        "paused": "paused",
    }


def test_each_file_and_line_that_cannot_be_read_has_one_line_with_the_reason(found: Survey) -> None:
    here = str(MANIFESTS[0].parent)
    lines = [str(each).replace(here, "M") for each in found.unread]
    places = [line.split(": ")[0] for line in lines]
    assert places == [
        "/etc/crontab:18",
        "/etc/crontab:19",
        "/etc/cron.d/cut-off:2",
        "/etc/cron.daily/not-executable",
        "/etc/anacrontab:7",
        "gone.timer",
        "/usr/lib/systemd/system/odd.timer:2",
        "/var/lib/celery/celerybeat-schedule",
        "M/cronjobs.yaml:26",
        "M/helm.yaml:2",
        "/etc/logrotate.d/broken:1",
    ]
    assert all(len(line) <= 300 and ": " in line for line in lines)


def test_logs_have_their_size_archives_frequency_and_whether_they_are_due(found: Survey) -> None:
    logs = {each.log: (each.size, each.archives, each.every, each.due) for each in found.rotations.logs}
    assert logs == {
        "/var/log/app/web.log": (3000, 1, "daily", True),
        "/var/log/app/audit.txt": (2000, 0, "at 1k", True),
    }
    assert found.rotations.empty == ["/etc/logrotate.d/app:12"]


def test_the_command_is_shown_without_its_input_and_without_its_secret(found: Survey) -> None:
    commands = {entry.name: entry.command for entry in found.entries}
    assert commands["close-day"] == "/usr/local/bin/close-day --date $(date +%F)"
    assert "geheim123" not in json.dumps(document.document(found)) + page.render(found)
    assert "restic backup /srv/files" in commands["restic"]


def test_text_fits_80_columns_and_names_every_entry(found: Survey) -> None:
    lines = list(shown.lines(found))
    body = lines[: lines.index("NOT READ")]
    assert max(map(len, body)) <= 80
    assert all(any(entry.name[:20] in line for line in body) for entry in found.entries)


def test_json_and_page_hold_every_entry(found: Survey) -> None:
    entries = json.loads(json.dumps(document.document(found)))["entries"]
    html = page.render(found)
    assert len(entries) == len(found.entries)
    assert all(entry.name in html and entry.source in html for entry in found.entries)
    assert "<script" not in html


def test_nothing_in_the_surveyed_files_is_markup_in_the_page(tmp_path: Path) -> None:
    found = surveyed(tmp_path, {"/etc/crontab": "0 1 * * * root /bin/<script>alert(1)</script>\n"})
    assert "<script" not in page.render(found)
