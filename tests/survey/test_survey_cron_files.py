"""Crontabs, scripts and anacron as they are found: complete, partial, broken and odd."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos.survey import anacron, crontabs
from chaos.survey.machine import Machine
from chaos.survey.root import CannotRead, Root
from tests.survey.surveying import machine, surveyed


def unread(found: list[object]) -> list[str]:
    return [str(each) for each in found]


def test_a_copied_etc_alone_is_read_as_etc(tmp_path: Path) -> None:
    (tmp_path / "cron.d").mkdir()
    (tmp_path / "cron.d/job").write_text("0 1 * * * root /bin/job\n")
    (tmp_path / "timezone").write_text("Asia/Tokyo\n")
    copied = Machine(Root.of(tmp_path))
    (entry,) = crontabs.read(copied).entries
    assert (entry.name, entry.zone, entry.source) == ("job", "Asia/Tokyo", "/etc/cron.d/job:1")
    with pytest.raises(CannotRead, match="not part of the copied /etc"):
        copied.root.text("/var/spool/cron/root")


@pytest.mark.parametrize("link", ["/secret", "../../../../../../secret", "/etc/../secret"])
def test_no_link_leads_out_of_the_root(tmp_path: Path, link: str) -> None:
    (tmp_path / "secret").write_text("0 1 * * * root /bin/outside\n")
    root = tmp_path / "root"
    made = machine(root, {"/etc/cron.d/honest": "0 1 * * * root /bin/inside\n"})
    (root / "etc/cron.d/link").symlink_to(link)
    (root / "etc/cron.d/absolute").symlink_to(tmp_path / "secret")
    found = crontabs.read(made)
    assert [entry.name for entry in found.entries] == ["inside"]
    assert [each.place for each in found.unread] == ["/etc/cron.d/absolute", "/etc/cron.d/link"]


def test_a_link_inside_the_root_is_followed(tmp_path: Path) -> None:
    made = machine(tmp_path, {"/srv/tables/app": "0 1 * * * root /bin/inside\n"})
    (tmp_path / "etc/cron.d").mkdir()
    (tmp_path / "etc/cron.d/app").symlink_to("/srv/tables/app")
    assert [entry.name for entry in crontabs.read(made).entries] == ["inside"]


def test_a_fifo_a_loop_a_binary_and_a_huge_file_are_one_line_each(tmp_path: Path) -> None:
    made = machine(tmp_path, {"/etc/cron.d/good": "0 1 * * * root /bin/job\n"})
    below = tmp_path / "etc/cron.d"
    os.mkfifo(below / "pipe")
    (below / "loop").symlink_to("loop")
    (below / "binary").write_bytes(b"\0\1\2")
    with (below / "huge").open("wb") as file:
        file.truncate(5_000_000)
    (below / "folder").mkdir()
    found = crontabs.read(made)
    assert len(found.entries) == 1
    assert {each.place.rpartition("/")[2]: each.reason for each in found.unread} == {
        "pipe": "is not a regular file",
        "loop": "too many symbolic links",
        "binary": "is not a text file",
        "huge": "is larger than 4 MB",
        "folder": "is not a regular file",
    }


def test_debian_ignores_names_with_a_dot_and_cron_tz(tmp_path: Path) -> None:
    table = "CRON_TZ=Asia/Tokyo\n0 1 * * * root /bin/job\n"
    debian = machine(
        tmp_path, {"/etc/debian_version": "12\n", "/etc/cron.d/a": table, "/etc/cron.d/a.b": table}
    )
    found = crontabs.read(debian)
    (entry,) = found.entries
    assert (entry.zone, entry.notes) == ("UTC", ("Debian's cron ignores CRON_TZ=Asia/Tokyo",))
    assert unread(list(found.unread)) == ["/etc/cron.d/a.b: Debian's cron ignores a name with this character"]


@pytest.mark.parametrize(
    ("line", "shell", "user"),
    [
        ("0 1 * * *\troot\t/bin/a  b", "/bin/a b", "root"),
        ("  0 1 * * * root /bin/a%input%more", "/bin/a", "root"),
        (r"0 1 * * * root date +\%H", "date +%H", "root"),
        ("@daily root /bin/a", "/bin/a", "root"),
        ("-0 1 * * * root /bin/a", "/bin/a", "root"),
    ],
)
def test_a_line_is_split_as_cron_splits_it(tmp_path: Path, line: str, shell: str, user: str) -> None:
    made = machine(tmp_path, {"/etc/crontab": f"{line}\n"})
    (entry,) = crontabs.read(made).entries
    assert (entry.command, entry.user) == (shell, user)


@pytest.mark.parametrize(
    "line", ["hello", "0 1 * * *", "0 1 * * * root", "@daily", "@often root /bin/a", "0 1 * *"]
)
def test_a_line_that_is_no_entry_is_reported_with_its_number(tmp_path: Path, line: str) -> None:
    made = machine(tmp_path, {"/etc/crontab": f"# a comment\n{line}\n"})
    found = crontabs.read(made)
    assert found.entries == []
    assert [each.place for each in found.unread] == ["/etc/crontab:2"]


def test_run_parts_of_a_crontab_is_left_to_anacron_where_that_is_installed(tmp_path: Path) -> None:
    line = "25 6 * * * root test -x /usr/sbin/anacron || { cd / && run-parts --report /etc/cron.daily; }\n"
    table = "1 5 cron.daily run-parts /etc/cron.daily\n"
    without = machine(tmp_path / "without", {"/etc/crontab": line, "/etc/cron.daily/a": "#!/bin/sh\n"})
    having = machine(
        tmp_path / "having",
        {"/etc/crontab": line, "/etc/cron.daily/a": "#!/bin/sh\n", "/etc/anacrontab": table},
    )
    for made in (without, having):
        (made.root.base / "etc/cron.daily/a").chmod(0o755)
    (script,) = crontabs.read(without).entries
    assert (script.name, script.schedule, script.off) == ("a", "25 6 * * *", "")
    (starter,) = crontabs.read(having).entries
    assert starter.off == "left to anacron"
    (script,) = anacron.read(having).entries
    assert (script.kind, script.name, script.schedule) == ("run-parts", "a", "1 5")


def test_scripts_that_nothing_runs_say_so(tmp_path: Path) -> None:
    made = machine(tmp_path, {"/etc/cron.daily/a": "#!/bin/sh\n"})
    (tmp_path / "etc/cron.daily/a").chmod(0o755)
    (entry,) = crontabs.read(made).entries
    assert entry.off == "no crontab runs /etc/cron.daily"


@pytest.mark.parametrize(
    ("stamp", "due"),
    [("20261121", True), ("20261122", False), ("20261128", False), ("not a date", True), (None, True)],
)
def test_a_weekly_anacron_job_is_due_a_week_after_its_stamp(
    tmp_path: Path, stamp: str | None, due: bool
) -> None:
    files = {"/etc/anacrontab": "START_HOURS_RANGE=0-5\n7 10 weekly /bin/a\n"}
    if stamp is not None:
        files["/var/spool/anacron/weekly"] = f"{stamp}\n"
    found = surveyed(tmp_path, files)
    middle = [
        start
        for each in found.planned
        for start in each.starts
        if found.night.local(start.earliest).day == 28
    ]
    assert bool(middle) == due


def test_a_zone_that_nothing_names_is_said_to_be_taken(tmp_path: Path) -> None:
    made = machine(tmp_path, {"/etc/localtime": "TZif2"})
    assert made.zone_is_taken
    assert not machine(tmp_path, {"/etc/timezone": "Asia/Tokyo\n"}).zone_is_taken
    assert not machine(tmp_path / "bare").zone_is_taken
