"""A service that midnight did not start is played on and judged by what its file says of it, and no more."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.host.ports import free_port
from chaos.record.journal import Journal
from chaos.record.redact import MASK
from tests.attach.files import RECORDS, experiment, target
from tests.attach.processes import arguments
from tests.attach.service import HEADER, Service
from tests.midnight import Midnight
from tests.typed import typed

KEY, TOKEN = "key of-the\\'house", "ey0.long.token"
HEADERS = f"""\
  headers:
    {HEADER}: {{env: MINE_API_KEY}}
    Authorization: {{file: TOKEN_FILE, prefix: "Bearer "}}
"""


pytestmark = pytest.mark.real


@pytest.fixture
def headers(midnight: Midnight, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two headers of a target's options, one from the environment and one from a file."""
    monkeypatch.setenv("MINE_API_KEY", KEY)
    return HEADERS.replace("TOKEN_FILE", midnight.file("token", f"{TOKEN}\n"))


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[str]:
    """The name of a process that has a child of the same name."""
    program = tmp_path / f"sleeper{os.getpid()}"
    shutil.copy(shutil.which("sh") or "", program)
    process = subprocess.Popen([program, "-c", f"{program} -c 'read never'; true"], stdin=subprocess.PIPE)
    yield program.name
    process.communicate(timeout=10)


def written(place: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below a directory, with its name as a part of what it holds."""
    for path in place.rglob("*"):
        if path.is_file():
            yield path, str(path).encode() + path.read_bytes()


def test_an_address_and_routes_are_enough_for_a_verdict_and_a_report(
    midnight: Midnight, service: Service
) -> None:
    done = midnight("run", experiment(midnight), "--target", target(midnight, service.url))

    assert done.code == 0, done.err + done.out
    assert midnight.outcomes()["availability: availability"] == "pass"
    report = midnight.run.report.read_text()
    assert "The tests, until 2999-12-31" in report
    assert f"--target {midnight.place / 'mine.yaml'}" in report
    assert Journal(midnight.run).manifest.target["consent"]["owner"] == "The tests"
    ready = [event for event in midnight.events() if event.phase == "ready" and event.source == "target"]
    assert ready[0].detail == {"handles": ["base_url"]}


@pytest.mark.usefixtures("own_place")
def test_a_service_that_begins_to_fail_is_a_violation(
    midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    service.bad_after = 25
    done = typed(capsys, "run", experiment(midnight), "--target", target(midnight, service.url))
    assert done.code == 1, done.printed


@pytest.mark.full
def test_headers_reach_the_service_everywhere_and_are_written_nowhere(
    midnight: Midnight, service: Service, headers: str
) -> None:
    service.wants = (KEY, f"Bearer {TOKEN}")
    file = target(midnight, service.url, headers, top="ready: /ready\n", ledger=RECORDS)
    process = midnight.start("run", experiment(midnight, "limits: {lost_writes: 0}\n"), "--target", file)
    seen = b""
    while process.poll() is None:
        seen += arguments()
        time.sleep(0.2)  # the processes of a run give no event to somebody else

    output = (midnight.place / "output").read_bytes()
    assert process.returncode == 0, output.decode()
    assert service.paths() >= {"/ready", "/records", "/items/1"}
    assert {told for _, told in service.asked} == {service.wants}
    assert b"chaos.load" in seen
    for secret in (KEY.encode(), TOKEN.encode()):
        assert secret not in seen + output
        assert [path for path, text in written(midnight.run.path) if secret in text] == []


@pytest.mark.full
def test_a_header_that_the_service_repeats_is_masked_everywhere(
    midnight: Midnight, service: Service, headers: str
) -> None:
    service.echoes = True
    file = target(midnight, service.url, headers, ledger=RECORDS)
    done = midnight("run", experiment(midnight), "--target", file)

    assert done.code == 3, done.err + done.out
    assert "the read-back is incomplete" in done.out and MASK in done.out
    forms = [KEY, TOKEN, KEY.replace("\\", "\\\\"), KEY.split("'", maxsplit=1)[0]]
    texts = [done.out.encode(), done.err.encode(), *(text for _, text in written(midnight.run.path))]
    assert [form for form in forms for text in texts if form.encode() in text] == []


@pytest.mark.full
def test_a_service_that_never_gets_ready_gives_no_verdict_and_is_not_played_on(
    midnight: Midnight, service: Service, headers: str
) -> None:
    service.wants, service.echoes = ("another", None), True
    more = f"{headers}  ready_within: 1s\n"
    done = midnight(
        "run", experiment(midnight), "--target", target(midnight, service.url, more, top="ready: /ready\n")
    )
    assert done.code == 3, done.err + done.out
    assert "was not ready within 1 s" in done.out and "it answered 401" in done.out
    assert service.paths() == {"/ready"}


@pytest.mark.full
def test_a_service_that_does_not_listen_gives_no_verdict(midnight: Midnight) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = midnight("run", experiment(midnight), "--target", target(midnight, url, "  ready_within: 500ms\n"))
    assert done.code == 3, done.err + done.out
    assert "was not ready within 500 ms" in done.out


@pytest.mark.full
def test_the_second_run_at_one_address_is_refused_even_under_another_file_name(
    midnight: Midnight, service: Service
) -> None:
    first = target(midnight, service.url)
    second = midnight.file("other.yaml", Path(first).read_text().replace("name: mine", "name: other"))
    Path(second).write_text(Path(second).read_text().replace("127.0.0.1", "localhost"))
    long = Path(experiment(midnight)).read_text().replace("for: 2s", "for: 100s")
    process = midnight.start("run", midnight.file("long.yaml", long), "--target", first)
    while not service.asked:
        assert process.poll() is None, (midnight.place / "output").read_text()
        time.sleep(0.05)  # the service is asked in a thread of its own
    done = midnight("run", experiment(midnight), "--target", second)
    assert (done.code, len(midnight.runs)) == (2, 1), done.err
    assert f"target 'other' (localhost:{service.port}) is in use by run {midnight.run.id}" in done.err
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 4


@pytest.mark.full
def test_processes_are_sampled_however_they_are_found_and_an_unexposed_pool_is_unknown(
    midnight: Midnight, service: Service, sleeper: str
) -> None:
    pid_file = midnight.file("api.pid", f"{os.getpid()}\n")
    roles = f"{{api: {{pid_file: {pid_file}}}, worker: {{pid: {os.getpid()}}}, helper: {{name: {sleeper}}}}}"
    file = target(midnight, service.url, f"  processes: {roles}\n  volumes: {{data: {midnight.place}}}\n")
    text = Path(experiment(midnight)).read_text()
    slos = "slos:\n  - {name: room, pool: {in_use: 80%}}\n"
    done = midnight("run", midnight.file("tiny.yaml", text.replace("slos:\n", slos)), "--target", file)

    assert done.code == 3, done.err + done.out
    assert midnight.verdict["headline"].startswith("UNKNOWN: room: the target showed no gauges")
    found = Journal(midnight.run)
    for role in ("api", "worker", "helper"):
        for gauge in ("cpu", "rss", "fds", "threads"):
            assert len(found.series(f"process:{role}", gauge).at) > 10, (role, gauge)
    assert found.series("process:helper", "threads").value.max() == 2  # the process and its child
    assert len(found.series("volume:data", "sync_wait").at) > 10
