"""systemd's timers with their drop-ins, and whether a log is due."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from chaos.survey import rotations, timers, units
from chaos.survey.root import CannotRead, Root
from tests.survey.surveying import machine, surveyed


def timer(*lines: str) -> str:
    return "\n".join(["[Unit]", "Description=x", "[Timer]", *lines, ""])


ENABLED = "/etc/systemd/system/timers.target.wants/a.timer"


def test_a_drop_in_of_etc_replaces_one_of_usr_with_its_name(tmp_path: Path) -> None:
    made = machine(
        tmp_path,
        {
            "/usr/lib/systemd/system/a.timer": timer("OnCalendar=01:00", "AccuracySec=1us"),
            "/usr/lib/systemd/system/a.timer.d/x.conf": timer("OnCalendar=", "OnCalendar=02:00"),
            "/etc/systemd/system/a.timer.d/x.conf": timer("OnCalendar=03:00"),
            "/etc/systemd/system/a.timer.d/y.conf": timer(
                "RandomizedDelaySec=1h 30min", "Unit=other.service"
            ),
            ENABLED: "",
        },
    )
    entries = timers.read(made).entries
    assert [(entry.schedule, entry.unit) for entry in entries] == [
        ("01:00", "other.service"),
        ("03:00", "other.service"),
    ]


def test_the_default_accuracy_is_a_minute_and_delays_add_up(tmp_path: Path) -> None:
    files = {"/etc/systemd/system/a.timer": timer("OnCalendar=01:00"), ENABLED: ""}
    (planned,) = surveyed(tmp_path / "a", files).planned
    assert (planned.starts[0].latest - planned.starts[0].earliest).total_seconds() == 60
    files["/etc/systemd/system/a.timer"] = timer(
        "OnCalendar=01:00", "RandomizedDelaySec=30m", "AccuracySec=10"
    )
    (planned,) = surveyed(tmp_path / "b", files).planned
    assert (planned.starts[0].latest - planned.starts[0].earliest).total_seconds() == 1810


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5min", 300),
        ("1h 30min", 5400),
        ("90", 90),
        ("1us", 1e-6),
        ("2h5s", 7205),
        ("1.5h", 5400),
        ("1w", 604800),
    ],
)
def test_time_spans_of_systemd_are_read(text: str, expected: float) -> None:
    assert units.seconds(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "soon", "5 parsecs", "-5"])
def test_a_time_span_that_systemd_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="time span"):
        units.seconds(text)


def rotation(tmp_path: Path, stanza: str, size: int, last: str = "2026-11-27") -> rotations.Rotation:
    made = machine(
        tmp_path,
        {
            "/etc/logrotate.conf": f"/var/log/a.log {{\n{stanza}\n}}\n",
            "/var/log/a.log": "x" * size,
            "/var/lib/logrotate/status": f'logrotate state -- version 2\n"/var/log/a.log" {last}-0:0:0\n',
        },
    )
    (found,) = rotations.read(made.root, date(2026, 11, 28)).logs
    return found


@pytest.mark.parametrize(
    ("stanza", "size", "last", "due"),
    [
        ("daily", 10, "2026-11-27", True),
        ("daily", 10, "2026-11-28", False),
        ("weekly", 10, "2026-11-23", False),
        ("weekly", 10, "2026-11-21", True),
        ("weekly 6", 10, "2026-11-27", True),  # the night ends on a Saturday
        ("weekly 6", 10, "2026-11-28", False),
        ("weekly 7", 10, "2026-11-22", False),
        ("monthly", 10, "2026-11-01", False),
        ("monthly", 10, "2026-10-31", True),
        ("size 1k", 1024, "2026-11-28", True),
        ("size 1k", 1023, "2020-01-01", False),
        ("size=1k", 1024, "2026-11-28", True),
        ("daily\nminsize 1k", 10, "2026-11-27", False),
        ("weekly\nmaxsize 1k", 2000, "2026-11-27", True),
        ("daily\nnotifempty", 0, "2026-11-27", False),
        ("daily # size 1k", 0, "2026-11-27", True),
    ],
)
def test_a_log_is_due_as_logrotate_decides(
    tmp_path: Path, stanza: str, size: int, last: str, due: bool
) -> None:
    assert rotation(tmp_path, stanza, size, last).due is due


def test_a_log_whose_last_rotation_is_not_recorded_may_be_due(tmp_path: Path) -> None:
    made = machine(tmp_path, {"/etc/logrotate.conf": "/var/log/a.log { daily\n }\n", "/var/log/a.log": "x"})
    (found,) = rotations.read(made.root, date(2026, 11, 28)).logs
    assert (found.due, found.because) == (None, "daily; its last rotation is not recorded")


def test_an_include_never_leaves_the_root(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("/var/log/a.log { daily\n }\n")
    made = machine(
        tmp_path / "root", {"/etc/logrotate.conf": f"include {tmp_path / 'outside'}\n", "/var/log/a.log": "x"}
    )
    found = rotations.read(made.root, date(2026, 11, 28))
    assert found.logs == []
    assert [each.place for each in found.unread] == [str(tmp_path / "outside")]


def test_a_directory_that_may_not_be_read_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = machine(
        tmp_path, {"/etc/logrotate.conf": "/var/log/app/*.log { daily\n }\n", "/var/log/app/a.log": "x"}
    )
    names = Root.names

    def refused(root: Root, directory: str) -> list[str]:
        if directory == "/var/log/app":
            raise CannotRead("Permission denied")
        return names(root, directory)

    monkeypatch.setattr(Root, "names", refused)
    found = rotations.read(made.root, date(2026, 11, 28))
    assert [str(each) for each in found.unread] == ["/var/log/app: Permission denied"]
    assert found.empty == []
