"""What is missing, expired or not there is refused in one line, with nothing touched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from chaos.host.ports import free_port
from tests.attach.files import experiment, target
from tests.attach.refusing import URL, refused
from tests.midnight import PROJECT, Midnight
from tests.typed import refusal, typed

NEVER = "consent: {owner: The tests, until: 2020-02-29}\n"


FAULTS = {
    "logrotate": ("logrotate needs the handle 'logs'", ""),
    "batch_job": ("batch_job needs the handle 'jobs.nightly'", "  ready_within: 5s\n"),
    "idle_drop": (
        "idle_drop needs the handle 'proxies.database'",
        "  databases: {primary: {admin_dsn: {env: MINE}, dsns: {api: {env: MINE}}}}\n",
    ),
    "reconnect_storm": (
        "reconnect_storm needs the handle 'proxies.database'",
        "  databases: {primary: {admin_dsn: {env: MINE}}}\n",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_needs_a_handle_the_target_lacks_is_refused_naming_it(
    fault: str, place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    words, options = FAULTS[fault]
    steps = f"steps:\n  - {{name: hurt, fault: {fault}, at: 1s, hold: 1s}}\n"
    line = len(Path(experiment(place, steps)).read_text().splitlines())
    file = target(place, URL, options)
    refused(place, capsys, file, f"tiny.yaml:{line}: step 'hurt': fault: {words}", more=steps)
    assert words in refusal(capsys, "validate", str(place.place / "tiny.yaml"), "--target", file)


def test_without_consent_or_after_its_last_day_a_target_is_refused(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(
        place,
        capsys,
        target(place, URL, consent=""),
        "mine.yaml:2: driver: 'attach' acts on a target that midnight did",
    )
    refused(
        place,
        capsys,
        target(place, URL, consent=NEVER),
        "mine.yaml:3: consent: until",
        "expired on 2020-02-29",
    )
    no_date = "consent: {owner: The tests, until: someday}\n"
    refused(
        place, capsys, target(place, URL, consent=no_date), "mine.yaml:3: consent: until", "got 'someday'"
    )
    assert "expired on 2020-02-29" in refusal(capsys, "validate", target(place, URL, consent=NEVER))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            "processes: {api: {pid: 2, name: x}}",
            "mine.yaml:13: options: processes: api: must be one of {pid: N}",
        ),
        ("processes: {api: {pid: 4194305}}", "options: processes: api: process 4194305 is not running"),
        (
            "processes: {api: {pid_file: no.pid}}",
            "processes: api: pid file no.pid cannot be read: No such file",
        ),
        ("processes: {api: {pid_file: bad.pid}}", "pid file bad.pid does not begin with a number"),
        ("processes: {api: {pid_file: gone.pid}}", "process 4194305, which gone.pid names, is not running"),
        ("processes: {api: {name: nobody-is-called-so}}", "no process named 'nobody-is-called-so'"),
        ("volumes: {data: not/there}", "options: volumes: data: not/there is not a directory"),
        ("logs: {directory: not/there, files: [a.log]}", "logs: directory: not/there is not a directory"),
        ("logs: {directory: ., files: [a.log], signal: USR7}", "must be a signal's name without SIG"),
        (
            "logs: {directory: ., files: [a.log], signal: USR1}",
            "logs: process: is not a role under processes",
        ),
        (
            "jobs: {nightly: {argv: [no-such-command]}}",
            "jobs: nightly: argv: 'no-such-command' is not a command",
        ),
        (
            "proxies: {db: {api: 'http://127.0.0.1:PORT', name: x}}",
            "options: proxies: db: Toxiproxy at http://127",
        ),
    ],
)
def test_a_part_that_the_file_names_but_that_does_not_exist_is_refused(
    options: str,
    words: str,
    place: Midnight,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(place.place)
    place.file("bad.pid", "not a number\n")
    place.file("gone.pid", "4194305\n")  # above the largest pid that Linux gives
    refused(place, capsys, target(place, URL, f"  {options.replace('PORT', str(free_port()))}\n"), words)


def test_a_name_that_two_processes_have_is_refused_with_their_pids(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"twin{os.getpid()}"
    argv = [name, "-c", "input()"]
    pair = [subprocess.Popen(argv, executable=sys.executable, stdin=subprocess.PIPE) for _ in range(2)]
    pids = ", ".join(str(pid) for pid in sorted(process.pid for process in pair))
    try:
        file = target(place, URL, f"  processes: {{api: {{name: {name}}}}}\n")
        refused(place, capsys, file, f"2 processes named {name!r} ({pids})")
    finally:
        for process in pair:
            process.communicate(b"\n", timeout=30)


def test_the_example_that_ships_is_valid_and_listed_and_nothing_brings_it_up(
    place: Midnight, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place.place)  # where nothing but what ships is found
    assert typed(capsys, "validate", str(PROJECT / "targets/attach-example.yaml")).code == 0
    listed = typed(capsys, "list")
    assert listed.code == 0 and re.search(r"attach-example +attach +A service of your own", listed.out)
    assert "not started by midnight: nothing to start" in refusal(
        capsys, "stack", "up", "--target", "attach-example"
    )
