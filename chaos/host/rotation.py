"""logrotate on a target's logs, and writers that keep their disk busy: begun, waited for, and put in order.

A program for `chaos.host.worker`, also in a sidecar. Specification: `conf` (text), `scratch` (a directory to make),
`before` (an inventory of `log_identity` with `suffixes`), `binary`, `env`, `user` (uid and gid, or null), `root` (to
change the root to, or null), `lock` (the machine's own state file, or null), `idle`, `charged` (join the cgroup of pid 1),
`writers`, `block` (bytes), `deadline` and `grace` (seconds).

`go` on standard input: the hold is over, so the writers stop and the rotation is waited for. `cut`: it is cut off. The
end of the input cuts it off after `grace`. Report: `logs` (what became of each), `rotated_bytes`, `logs_rotated`,
`code`, `seconds`, `ended`, `output`, `charged_to`, and what `chaos.host.disk_writers` reports as `writers`.
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
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos.host import cgroup_join, disk_writers, log_identity, logrotate_said, rotation_cut, rotation_undo
from chaos.host.log_identity import Log, Outcome
from chaos.host.rotation_plan import given

LOCKED_WITHIN = 20.0  # seconds that another logrotate on the same machine is waited for
_POLL = 0.1
_SHOWN = 2000  # characters of logrotate's output that are reported
_READ = 4_000_000  # characters of it that are looked at: a script may say what it likes


class Rotation:
    """One rotation and its writers."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        self._spec, self._scratch = spec, Path(spec["scratch"])
        self._stop, self._times = threading.Event(), list[float]()
        self.words: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._took = 0.0

    def begin(self) -> dict[str, Any]:
        """Start the writers and logrotate; the sizes of the logs before."""
        spec = self._spec
        _lock(spec["lock"])
        self._logs = [Log(path) for path in spec["before"]["logs"]]
        self._scratch.mkdir(mode=0o700)
        block, end = os.urandom(spec["block"]), time.monotonic() + spec["deadline"]
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
        """Until the rotation has ended and the hold is over, or it is cut off; the report."""
        over, word = False, ""
        while not (over and self._process.poll() is not None) and word not in ("cut", "left"):
            word = self.words.get()
            if word == "go":
                over = True
                self._stop.set()
        self._stop.set()
        ended = "by itself"
        if self._process.poll() is None:
            ended = rotation_cut.end(self._process, 0.0 if word == "cut" else self._spec["grace"])
        for thread in self._writers:
            thread.join()
        return self._report(ended)

    def _report(self, ended: str) -> dict[str, Any]:
        output = (self._scratch / "output").open(errors="replace").read(_READ)
        said = logrotate_said.parse(output)
        outcomes = [log_identity.outcome(log, said, self._spec["before"]) for log in self._logs]
        ordered: dict[str, Any] = {}
        if ended != "by itself":
            gave_up = [
                error.removeprefix("failed to compress log ").rpartition(": ")[0]
                for error in said.errors
                if error.startswith("failed to compress log ")
            ]
            ordered = rotation_undo.put_in_order(self._spec["before"], gave_up)
            outcomes = [log_identity.outcome(log, said, self._spec["before"]) for log in self._logs]
        (self._scratch / rotation_undo.ENDED).touch()
        return {
            "logs": {each.path: each.to_json() for each in outcomes},
            "rotated_bytes": sum(each.bytes for each in outcomes),
            "logs_rotated": sum(each.rotated for each in outcomes),
            "because": _why_not(outcomes),
            "code": self._process.returncode,
            "seconds": round(self._took or time.monotonic() - self._begun, 2),
            "ended": ended,
            **ordered,
            "errors": said.errors[:20],
            "output": output.strip()[-_SHOWN:],
            "writers": disk_writers.report(self._times, self._spec["block"]),
        }

    def _start(self) -> subprocess.Popen[bytes]:
        spec = self._spec
        state = self._scratch / rotation_undo.STATE
        who = {} if spec["user"] is None else {"user": spec["user"][0], "group": spec["user"][1], "extra_groups": []}
        with given(spec["conf"]) as conf, (self._scratch / "output").open("wb") as output:
            if who:  # it has to read the one, and to write the other
                os.fchown(conf.fileno(), spec["user"][0], spec["user"][1])
                os.chown(self._scratch, spec["user"][0], spec["user"][1])
            argv = [spec["binary"], "--verbose", "--force", "--state", str(state), f"/proc/self/fd/{conf.fileno()}"]
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
        (self._scratch / rotation_undo.RUNNING).write_text(str(process.pid))
        if spec["idle"]:
            _make_idle(process.pid)
        return process

    def _wait(self) -> None:
        self._process.wait()
        self._took = time.monotonic() - self._begun
        self.words.put("ended")


def _why_not(outcomes: list[Outcome]) -> str:
    return "; ".join(f"{each.path}: {each.became}" for each in outcomes if not each.rotated)


def _lock(path: str | None) -> None:
    """Hold the lock of the machine's own logrotate: two at once on the same logs lose archives. Nothing is written.

    It goes with the process.
    """
    if path is None:
        return
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:  # logrotate has never run here, or it is not ours to read
        return
    end = time.monotonic() + LOCKED_WITHIN
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            # flock has no timed wait
            if time.monotonic() > end:
                sys.exit(f"another logrotate is running: it holds {path} for {LOCKED_WITHIN:g} s now")
            time.sleep(_POLL)


def _make_idle(pid: int) -> None:
    """As `chaos.host.idle_exec`, for a process that runs, so that nothing of ours need be where it is."""
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        Path(f"/proc/{pid}/autogroup").write_text("19")


def _listen(words: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        words.put(line.strip())
    words.put("left")


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    charged = cgroup_join.join() if spec["charged"] else None
    if spec["root"] is not None:
        os.chroot(spec["root"])
        os.chdir("/")
    rotation = Rotation(spec)
    signal.signal(signal.SIGTERM, lambda *_: rotation.words.put("left"))
    print(json.dumps({"started": rotation.begin(), "charged_to": charged}), flush=True)
    threading.Thread(target=_listen, args=(rotation.words,), daemon=True).start()
    print(json.dumps({**rotation.follow(), "charged_to": charged}), flush=True)
    os._exit(0)  # a reader thread may still wait on standard input


if __name__ == "__main__":
    main()
