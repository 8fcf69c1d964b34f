"""A PostgreSQL that midnight did not start keeps its data on a served disk: every fault of the disk reaches it."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chaos.host.disk import attached
from chaos.host.ports import free_port
from chaos.host.privileges import unprivileged_user
from chaos.postgres import Cluster
from chaos.tools import postgresql
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.postgres.servers import PASSWORD

pytestmark = [
    pytest.mark.real,
    pytest.mark.wide,
    pytest.mark.skipif(attached.why_not() is not None, reason="no disk can be served"),
]

DISK = "name: slow\ndriver: disk\noptions: {place: PLACE, size: 400MB}\n"
HANDLES = "  volumes: {data: VOLUME}\n  processes: {database: {pid: PID}}\n"
STEPS = """\
abort: [{name: target-down, off: true}]
steps:
  - {name: slow, fault: disk_limit, at: 500ms, hold: 2s, with: {volume: data, write: 100kB/s}}
  - {name: late, fault: disk_delay, at: 4s, hold: 4s}
  - {name: still, fault: disk_stall, at: 10s, hold: 1500ms}
  - {name: broken, fault: disk_error, at: 13s, hold: 2s, with: {at_most: 1}}
"""
LATE = "steps:\n  - {name: late, fault: disk_delay, at: 0s, hold: 1s}\n"


class Writer:
    """Commits one row after another, and connects again when the server throws it out."""

    def __init__(self, dsn: str) -> None:
        self._dsn, self._stop = dsn, threading.Event()
        self.acknowledged: set[int] = set()
        self._thread = threading.Thread(target=self._write)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("create table kept (n int primary key)")

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _write(self) -> None:
        n = 0
        while not self._stop.wait(0.01):
            with suppress(psycopg.Error), psycopg.connect(self._dsn, autocommit=True) as connection:
                while not self._stop.wait(0.01):
                    n += 1
                    connection.execute("insert into kept values (%s)", [n])
                    self.acknowledged.add(n)

    def lost(self) -> set[int]:
        with psycopg.connect(self._dsn) as connection:
            return self.acknowledged - {row[0] for row in connection.execute("select n from kept")}


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    # Not pytest's tmp_path: the user PostgreSQL runs as may not enter root's directories.
    found = Path(tempfile.mkdtemp(prefix="midnight-test-"))
    found.chmod(0o755)
    yield found
    assert [path.name for path in found.glob("slow*")] == [], "something of the disk is left"
    shutil.rmtree(found)


@pytest.fixture(scope="module")
def mine(place: Path) -> Midnight:
    """The one who brings the disk up and takes it down."""
    return Midnight(place)


@pytest.fixture(scope="module")
def disk(mine: Midnight) -> Iterator[Path]:
    done = mine(
        "stack", "up", "--target", mine.file("disk.yaml", DISK.replace("PLACE", f"{mine.place}/slow"))
    )
    assert done.code == 0, done.err
    yield mine.place / "slow"
    assert mine("stack", "down", "--target", "slow").code == 0


@pytest.fixture(scope="module")
def there(disk: Path, place: Path) -> Iterator[Cluster]:
    """A server with its data on the disk."""
    name, user = f"test-{secrets.token_hex(4)}", unprivileged_user()
    installation = postgresql.installation().reachable_by(user, place)
    directory = disk / "postgresql"
    directory.mkdir()
    if user is not None:
        os.chown(directory, user.uid, user.gid)
    made = Cluster(installation, directory / "data", free_port(), user=user, mark=name, log=place / "log")
    made.init(password=PASSWORD, settings={"max_connections": 20})
    made.start()
    yield made
    made.stop()


def aimed(midnight: Midnight, service: Service, volume: Path, cluster: Cluster) -> str:
    handles = HANDLES.replace("VOLUME", str(volume)).replace("PID", str(cluster.pid))
    return target(midnight, service.url, handles)


def test_every_fault_of_the_disk_reaches_the_database_and_nothing_acknowledged_is_lost(
    midnight: Midnight, service: Service, disk: Path, there: Cluster
) -> None:
    dsn = make_conninfo(host="127.0.0.1", port=there.port, user="postgres", password=PASSWORD)
    play = experiment(midnight, STEPS)
    Path(play).write_text(Path(play).read_text().replace("for: 2s", "for: 17s"))
    with Writer(dsn) as writer:
        done = midnight("run", play, "--target", aimed(midnight, service, disk / "postgresql", there))
    assert midnight.runs, done.err
    outcomes = midnight.outcomes()
    effects = {name: outcome for name, outcome in outcomes.items() if name.startswith("effect")}
    assert done.code == 0 and list(effects.values()) == ["pass"] * 4, (outcomes, done.err)
    assert list(disk.with_name("slow.img.served").joinpath("knobs").iterdir()) == []
    assert len(writer.acknowledged) > 50 and writer.lost() == set()


def test_a_step_on_another_disk_is_refused_with_the_line_to_type(
    midnight: Midnight, service: Service, there: Cluster
) -> None:
    done = midnight(
        "run", experiment(midnight, LATE), "--target", aimed(midnight, service, midnight.place, there)
    )
    assert (done.code, midnight.runs) == (2, []), done.err
    assert "step 'late': volume data is on a served disk: it is not; type `midnight stack up" in done.err


def test_a_disk_that_the_database_does_not_use_proves_nothing(
    midnight: Midnight, service: Service, disk: Path, cluster: Cluster
) -> None:
    done = midnight("run", experiment(midnight, LATE), "--target", aimed(midnight, service, disk, cluster))
    assert done.code == 3, done.err
    (found,) = [each for each in midnight.verdict["findings"] if each["check"] == "effect"]
    assert found["outcome"] == "unknown"
    assert f"no process of the target had a file open on {disk}" in found["because"]


def test_a_disk_is_not_taken_away_from_a_running_server(mine: Midnight, there: Cluster) -> None:
    done = mine("stack", "down", "--target", "slow")
    assert done.code == 2, done
    assert re.search(rf"target 'slow' is in use by .*postgres \(pid {there.pid}\).*: stop", done.err), (
        done.err
    )
    assert there.running()
