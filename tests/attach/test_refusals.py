"""What is missing, foreign, expired or a secret in plain sight is refused in one line, with nothing touched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from chaos import cli
from chaos.host.ports import free_port
from chaos.spec.target import Host
from tests.attach.files import experiment, target
from tests.midnight import PROJECT, Midnight

URL = "http://127.0.0.1:9"
SECRET = "hunter2-of-the-house"
NEVER = "consent: {owner: The tests, until: 2020-02-29}\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Midnight:
    """Where the files of a test lie; its reports and state would lie there, too."""
    monkeypatch.setenv("MIDNIGHT_REPORTS", str(tmp_path / "reports"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("MINE", SECRET)
    return Midnight(tmp_path)


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(list(argv))
    assert isinstance(ended.value.code, int)
    found = capsys.readouterr()
    return ended.value.code, found.out + found.err


def refused(
    place: Midnight, capsys: pytest.CaptureFixture[str], file: str, *words: str, more: str = ""
) -> None:
    """`run` with this target ends with 2 and one line that holds the words, and touches nothing."""
    code, text = said(capsys, "run", experiment(place, more), "--target", file)
    assert (code, text.count("\n")) == (2, 1), text
    for word in words:
        assert word in text
    assert SECRET not in text
    assert not (place.place / "reports").exists() and not (place.place / "state").exists()


FAULTS = {
    "logrotate": ("logrotate needs the handle 'logs'", ""),
    "batch_job": ("batch_job needs the handle 'jobs.nightly'", "  metrics_url: http://127.0.0.1:9\n"),
    "idle_drop": (
        "idle_drop needs the handle 'proxies.database'",
        "  databases: {primary: {admin_dsn: {env: MINE}, dsns: {api: {env: MINE}}}}\n",
    ),
    "reconnect_storm": (
        "reconnect_storm needs the handle 'databases.primary.crowd'",
        "  databases: {primary: {admin_dsn: {env: MINE}}}\n"
        "  proxies: {database: {api: 'http://127.0.0.1:9', name: db}}\n",
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
    code, text = said(capsys, "validate", str(place.place / "tiny.yaml"), "--target", file)
    assert code == 2 and words in text


def test_without_consent_or_after_its_last_day_a_target_is_refused(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(
        place,
        capsys,
        target(place, URL, consent=""),
        "mine.yaml:2: driver: 'attach' acts on what midnight did",
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
    code, text = said(capsys, "validate", target(place, URL, consent=NEVER))
    assert code == 2 and "expired on 2020-02-29" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            f"headers: {{X-Tenant: {SECRET}}}",
            "mine.yaml:9: options: headers: X-Tenant: must be a reference",
        ),
        (f"headers: {{Authorization: {SECRET}}}", "must not be a secret in plain text"),
        (f"headers: {{X-Tenant: {{value: {SECRET}}}}}", "must be a reference"),
        (f"headers: {{X-Tenant: {{env: {SECRET}}}}}", "must be the name of an environment variable"),
        (f"headers: {{X-Tenant: {{env: MINE, prefix: {SECRET}}}}}", "prefix must be a short word"),
        ("headers: {X-Tenant: {env: MINE, file: /x}}", "either {env: NAME} or {file: PATH}"),
        ("headers: {Content-Length: {env: MINE}}", "must be the name of a header that a request may set"),
        (
            f"databases: {{primary: {{admin_dsn: 'host=h password={SECRET}'}}}}",
            "admin_dsn: must not be a secret",
        ),
        (f"metrics_url: 'http://{SECRET}@127.0.0.1:9'", "must not carry a user or a password"),
        (
            "headers: {X-Tenant: {env: NOT_THERE}}",
            "headers: X-Tenant: environment variable NOT_THERE is not set",
        ),
        (
            "headers: {X-Tenant: {file: not/there}}",
            "headers: X-Tenant: file not/there cannot be read: No such",
        ),
        ("headers: {X-Tenant: {file: short}}", "file short has fewer than 4 characters"),
        ("headers: {X-Tenant: {file: lines}}", "file lines must be one line of printable characters"),
        ("headers: {X-Tenant: {file: umlaut}}", "headers: X-Tenant: must be ASCII"),
        ("headers: {X-Tenant: {file: empty}}", "file empty is empty"),
        (
            "jobs: {nightly: {argv: [ls], env: {A: {env: NOT_THERE}}}}",
            "jobs: nightly: env: A: environment var",
        ),
    ],
)
def test_a_secret_is_a_reference_to_what_is_there_and_no_message_shows_it(
    options: str,
    words: str,
    place: Midnight,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(place.place)
    for name, text in {
        "short": "abc\n",
        "lines": f"{SECRET}\n{SECRET}\n",
        "empty": "\n",
        "umlaut": "grün",
    }.items():
        place.file(name, text)
    refused(place, capsys, target(place, URL, f"  {options}\n"), words)


def test_a_secret_is_not_looked_for_until_a_run_begins(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    file = target(place, URL, "  headers: {X-Tenant: {env: NOT_THERE}}\n")
    assert said(capsys, "validate", file) == (0, f"{file}: a valid target\n")
    assert said(capsys, "run", experiment(place), "--target", file, "--dry-run")[0] == 0


@pytest.mark.parametrize(
    ("url", "options", "words"),
    [
        (
            "http://192.0.2.1:80",
            "",
            "mine.yaml:8: options: base_url: 192.0.2.1 is not this machine and not listed in `allow`",
        ),
        ("http://[2001:db8::1]", "", "2001:db8::1 is not this machine"),
        (
            "http://nowhere.invalid",
            "",
            "options: base_url: nowhere.invalid is not this machine and not listed in `allow`",
        ),
        (URL, "metrics_url: http://192.0.2.1", "options: metrics_url: 192.0.2.1 is not this machine"),
        (URL, "proxies: {db: {api: 'http://192.0.2.1', name: x}}", "proxies: db: api: 192.0.2.1 is not this"),
        (
            URL,
            "databases: {primary: {admin_dsn: {env: MINE}, proxied: '192.0.2.1:5'}}",
            "databases: primary: proxied: 192.0.2.1 is not this machine",
        ),
        ("ftp://127.0.0.1", "", "must be http://HOST[:PORT][/PATH]"),
        ("http://127.0.0.1:99999", "", "must be http://HOST[:PORT][/PATH]"),
    ],
)
def test_a_foreign_host_is_refused_in_any_part_of_the_file(
    url: str, options: str, words: str, place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(place, capsys, target(place, f"'{url}'", f"  {options}\n" if options else ""), words)


def test_a_foreign_host_that_the_file_itself_allows_is_valid(
    place: Midnight, capsys: pytest.CaptureFixture[str]
) -> None:
    allowed = target(place, "http://192.0.2.1:80", top="allow: [192.0.2.1]\n")
    assert said(capsys, "validate", allowed)[0] == 0
    other = target(place, "http://192.0.2.2:80", top="allow: [192.0.2.1]\n")
    assert said(capsys, "validate", other)[0] == 2


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        (f"host=192.0.2.1 password={SECRET}", "admin_dsn: '192.0.2.1' (192.0.2.1) is not this machine"),
        (f"postgresql://me:{SECRET}@127.0.0.1,192.0.2.1/db", "admin_dsn: must name exactly one host"),
        (
            f"host=127.0.0.1 hostaddr=192.0.2.1 password={SECRET}",
            "admin_dsn: must name exactly one host and no hostaddr",
        ),
        (f"dbname=db password={SECRET}", "admin_dsn: must name exactly one host"),
        (f"service=elsewhere password={SECRET}", "admin_dsn: must not contain 'service'"),
        (f"{SECRET}", "admin_dsn: is not a PostgreSQL connection string"),
    ],
)
def test_a_connection_string_names_one_host_that_may_be_aimed_at_and_is_never_shown(
    dsn: str,
    words: str,
    place: Midnight,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MINE_DSN", dsn)
    file = target(place, URL, "  databases: {primary: {admin_dsn: {env: MINE_DSN}}}\n")
    refused(place, capsys, file, f"options: databases: primary: {words}")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            "processes: {api: {pid: 2, name: x}}",
            "mine.yaml:9: options: processes: api: must be one of {pid: N}",
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
    assert said(capsys, "validate", str(PROJECT / "targets/attach-example.yaml"))[0] == 0
    code, text = said(capsys, "list")
    assert code == 0 and re.search(r"attach-example +attach +A service of your own", text)
    code, text = said(capsys, "stack", "up", "--target", "attach-example")
    assert code == 2 and "not started by midnight: nothing to start" in text


@pytest.mark.parametrize(
    ("host", "good"), [("example.com:80", False), ("example.com", True), ("::1", True), ("fe80::1", True)]
)
def test_a_host_that_is_allowed_has_no_port(host: str, good: bool) -> None:
    if good:
        assert TypeAdapter(Host).validate_python(host) == host
    else:
        with pytest.raises(ValidationError):
            TypeAdapter(Host).validate_python(host)
