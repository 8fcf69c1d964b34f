"""Lines of a service that knows nothing of midnight, through the real logrotate: none is lost by renaming, and what
copytruncate cuts off is counted, or bounded."""

from __future__ import annotations

import gzip
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.plugin.handles import LogFiles
from chaos.record.events import LogsRead
from chaos.sampling.loglines import Following
from chaos.tools import logrotate
from tests.waiting import wait_until

pytestmark = pytest.mark.real

SERVICE = """
import os, signal, sys, time
path, count, file = sys.argv[1], 0, None
def reopen(*_):
    global file
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
signal.signal(signal.SIGHUP, reopen)
reopen()
while True:
    count += 1
    os.write(file, b"order %d was shipped\\n" % count)
    open(path + "-count", "w").write(str(count))
    time.sleep(0.0005)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    tmp_path.chmod(0o755)
    (tmp_path / "shop.log").write_bytes(b"an older line\n" * 5000)
    return tmp_path


@pytest.fixture
def service(place: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(place / "shop.log")]) as child:
        wait_until((place / "shop.log-count").exists)
        yield child
        child.kill()


def rotate(place: Path, *options: str) -> None:
    conf = place / "conf"
    conf.write_text("\n".join([f"{place}/shop.log {{", "rotate 5", *options, "}", ""]))
    argv = [str(logrotate.find_binary()), "-f", "-s", str(place / "state"), str(conf)]
    subprocess.run(argv, check=True, capture_output=True)


def played(place: Path, service: subprocess.Popen[bytes], *options: str, line_id: str | None) -> LogsRead:
    logs = LogFiles(
        place, (place / "shop.log",), "rename", None, "normal", None, "api", ours=False, line_id=line_id
    )
    following = Following(logs, "test-log-lines")
    try:
        for _ in range(1 if "dateext" in options else 2):  # two in a second would have one name
            rotate(place, *options)
            wait_until(lambda: (place / "shop.log").stat().st_size > 1000)
        service.send_signal(signal.SIGSTOP)
        return following.finish()
    finally:
        following.close()
        service.send_signal(signal.SIGCONT)


def planted(place: Path) -> int:
    """Lines of the service that no file holds, counted from its own last number."""
    found = set[bytes]()
    for path in place.glob("shop.log*"):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        found |= {line for line in content.split(b"\n") if line.startswith(b"order ")}
    last = max(int(line.split()[1]) for line in found)
    return last - len(found)


@pytest.mark.parametrize("line_id", [r"order (\d+) was", None], ids=["numbered", "not numbered"])
@pytest.mark.parametrize(
    "options",
    [
        ("create", "compress", "delaycompress", "postrotate", "kill -HUP PID", "endscript"),
        ("copytruncate", "compress"),
        ("copytruncate", "dateext", "dateformat -%Y%m%d-%s"),
    ],
    ids=["renamed", "copied and packed", "copied with a date"],
)
def test_the_lines_that_a_real_rotation_loses_are_counted(
    place: Path, service: subprocess.Popen[bytes], options: tuple[str, ...], line_id: str | None
) -> None:
    options = tuple(option.replace("PID", str(service.pid)) for option in options)
    read = played(place, service, *options, line_id=line_id)
    lost = planted(place)
    assert read.complete and read.expected > 40, read
    assert read.rotations >= 1 and read.doubled == 0, read
    assert (
        read.lost <= lost <= (read.lost if read.at_most is None and not read.unbounded else read.at_most or 0)
    ), read
    if line_id is not None or "create" in options:
        assert read.lost == lost, read
    if "create" in options:
        assert lost == 0
