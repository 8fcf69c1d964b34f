"""Run logrotate on a target's logs, with writers that keep their disk busy; wait for it, and tidy up.

A program for `chaos.host.worker`, also in a sidecar. Specification: `conf` (text), `scratch` (a directory to make),
`before` (an inventory of `log_identity` with `suffixes`), `binary`, `env`, `as_first` (run as pid 1's user), `root`
(to chroot to, or null), `locks` (state files of the machine's own logrotate), `idle`, `charged` (join the cgroup of
pid 1), `writers`, `block` (bytes), `deadline` and `grace` (seconds).

`go` on standard input: the hold is over, so stop the writers and wait for the rotation. `cut`: cut it off. The end of
the input cuts it off after `grace`. Report: `logs` (what became of each), `rotated_bytes`, `logs_rotated`,
`shortfall` (why not all), `code`, `seconds`, `ended`, `errors`, `output`, `charged_to`, and what
`chaos.host.disk_writers` reports as `writers`, with `sync_alone`: seconds of a sync by one writer before the act.
"""

from __future__ import annotations

import fcntl
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos.host import cgroup_join, disk_writers, log_identity, logrotate_said, rotation_cut, rotation_undo
from chaos.host.log_identity import Log
from chaos.host.logrotate_ask import given

LOCKED_WITHIN = 20.0  # seconds to wait for another logrotate on the same machine
_POLL = 0.1
_SHOWN = 2000  # characters of logrotate's output to report


class Rotation:
    """One rotation and its writers."""

    def __init__(self, spec: Mapping[str, Any], user: tuple[int, int] | None) -> None:
        self._user = user
        self._spec, self._scratch = spec, Path(spec["scratch"])
        self._stop, self._times = threading.Event(), list[float]()
        self.words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._took = 0.0

    def begin(self) -> dict[str, Any]:
        """Start the writers and logrotate; return the sizes of the logs before."""
        spec = self._spec
        _lock(spec["locks"])
        self._logs = [Log(path) for path in spec["before"]["logs"]]
        for log in self._logs:
            if log.id != spec["before"]["logs"][log.path]["id"]:
                sys.exit(f"{log.path} was just rotated by another process")
        self._scratch.mkdir(mode=0o700)
        block, end = os.urandom(spec["block"]), time.monotonic() + spec["deadline"]
        self._alone = disk_writers.alone(self._scratch / "writer", block) if spec["writers"] else 0.0
        self._writers = [
            threading.Thread(
                target=disk_writers.write_and_sync,
                args=(self._scratch / f"writer-{n}", block, self._stop, end, self._times),
            )
            for n in range(spec["writers"])
        ]
        for thread in self._writers:
            thread.start()
        self._begun = time.monotonic()
        self._process = self._start()
        threading.Thread(target=self._wait, daemon=True).start()
        return {log.path: log.size for log in self._logs}

    def follow(self) -> dict[str, Any]:
        """Wait until the rotation has ended and the hold is over, or it is cut off; return the report."""
        over, word = False, ""
        while not (over and self._process.poll() is not None) and word not in ("cut", "left"):
            word = self.words.get()
            if word == "go":
                over = True
                self._stop.set()
        self._stop.set()
        ended = "by itself"
        if self._process.poll() is None:
            ended = rotation_cut.end(self._process.pid, 0.0 if word == "cut" else self._spec["grace"])
        for thread in self._writers:
            thread.join()
        return self._report(ended)

    def _report(self, ended: str) -> dict[str, Any]:
        code = self._process.wait()
        output = rotation_undo.output_in(self._scratch)
        said, ordered = logrotate_said.parse(output), dict[str, Any]()
        if ended != "by itself":
            ordered = rotation_undo.put_in_order(self._spec["before"], said.given_up)
        outcomes = [log_identity.outcome(log, said, self._spec["before"]) for log in self._logs]
        (self._scratch / rotation_undo.ENDED).touch()
        return {
            "logs": {each.path: each.to_json() for each in outcomes},
            "rotated_bytes": sum(each.bytes for each in outcomes),
            "logs_rotated": sum(each.rotated for each in outcomes),
            "shortfall": "; ".join(f"{each.path}: {each.became}" for each in outcomes if not each.rotated),
            "code": code,
            "seconds": round(self._took or time.monotonic() - self._begun, 2),
            "ended": ended,
            **ordered,
            "errors": said.errors[:20],
            "output": output.strip()[-_SHOWN:] if code else "",
            "writers": {
                **disk_writers.report(self._times, self._spec["block"]),
                "sync_alone": round(self._alone, 5),
            },
        }

    def _start(self) -> subprocess.Popen[bytes]:
        spec = self._spec
        state = self._scratch / rotation_cut.STATE
        who: dict[str, Any] = {}
        if self._user is not None:
            who = {"user": self._user[0], "group": self._user[1], "extra_groups": []}
        with given(spec["conf"]) as conf, (self._scratch / rotation_undo.OUTPUT).open("wb") as output:
            if self._user is not None:  # it must read the former and write the latter
                os.fchown(conf.fileno(), *self._user)
                os.chown(self._scratch, *self._user)
            argv = [
                spec["binary"],
                "--verbose",
                "--force",
                "--state",
                str(state),
                f"/proc/self/fd/{conf.fileno()}",
            ]
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=spec["env"],
                cwd="/",
                pass_fds=[conf.fileno()],
                start_new_session=True,
                **who,
            )
        (self._scratch / rotation_cut.RUNNING).write_text(str(process.pid))
        if spec["idle"]:
            _make_idle(process.pid)
        return process

    def _wait(self) -> None:
        self._process.wait()
        self._took = time.monotonic() - self._begun
        self.words.put("ended")


def _lock(paths: Sequence[str]) -> None:
    """Hold the locks of the machine's own logrotate: two at once on the same logs lose archives. Writes nothing.

    Released when the process ends.
    """
    end = time.monotonic() + LOCKED_WITHIN
    for path in paths:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # logrotate has never used it, or it is unreadable
            continue
        while not _locked(fd):
            if time.monotonic() > end:
                sys.exit(f"another logrotate has been running for {LOCKED_WITHIN:g} s: it holds {path}")
            time.sleep(_POLL)  # flock has no timed wait


def _locked(fd: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _make_idle(pid: int) -> None:
    """Run only on an idle CPU, including future children.

    SCHED_IDLE orders tasks only within their autogroup, and every session is its own autogroup, so lower the
    autogroup's nice value, too. Neither needs privileges.
    """
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        Path(f"/proc/{pid}/autogroup").write_text("19")


def _first_user() -> tuple[int, int]:
    status = Path("/proc/1/status").read_text().splitlines()
    ids = {line.split(":")[0]: line.split()[1] for line in status if line.startswith(("Uid:", "Gid:"))}
    return int(ids["Uid"]), int(ids["Gid"])


def _listen(words: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        words.put(line.strip())
    words.put("left")


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    charged = cgroup_join.join() if spec["charged"] else None
    user = _first_user() if spec["as_first"] else None
    if spec["root"] is not None:
        os.chroot(spec["root"])
        os.chdir("/")
    rotation = Rotation(spec, user)
    signal.signal(signal.SIGTERM, lambda *_: rotation.words.put("left"))
    print(json.dumps({"started": rotation.begin(), "charged_to": charged}), flush=True)
    threading.Thread(target=_listen, args=(rotation.words,), daemon=True).start()
    print(json.dumps({**rotation.follow(), "charged_to": charged}), flush=True)
    os._exit(0)  # a reader thread may still wait on standard input


if __name__ == "__main__":
    main()
