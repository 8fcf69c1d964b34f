"""Every path this program keeps: the reports of runs, and the user's state and cache."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.errors import NotRecorded, UsageError


def _base(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback) / "midnight"


def cache_dir() -> Path:
    """Where fetched and built tools are kept (XDG_CACHE_HOME)."""
    return _base("XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """Where locks, the halt flag and the list of unhealed runs are kept (XDG_STATE_HOME)."""
    return _base("XDG_STATE_HOME", ".local/state")


def reports_dir() -> Path:
    """Where runs are kept: MIDNIGHT_REPORTS, else `reports/` under the working directory."""
    return Path(os.environ.get("MIDNIGHT_REPORTS") or "reports").resolve()


@dataclass(frozen=True, slots=True)
class RunDir:
    """The directory of one run: `reports/<NAME>/<utc>-<id>/`. One writer per file."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def healer_events(self) -> Path:
        return self.path / "healer.jsonl"

    @property
    def samples(self) -> Path:
        return self.path / "samples.jsonl"

    @property
    def hits(self) -> Path:
        return self.path / "hits.npy"

    @property
    def hits_header(self) -> Path:
        return self.path / "hits.json"

    @property
    def answers(self) -> Path:
        return self.path / "answers.jsonl"

    @property
    def instrument(self) -> Path:
        return self.path / "instrument.jsonl"

    @property
    def readback(self) -> Path:
        return self.path / "readback.npy"

    @property
    def inventory_before(self) -> Path:
        return self.path / "inventory-before.json"

    @property
    def inventory_after(self) -> Path:
        return self.path / "inventory-after.json"

    @property
    def verdict(self) -> Path:
        return self.path / "verdict.json"

    @property
    def decision(self) -> Path:
        """Whether later runs are compared with this one: what the gate, or a person, decided."""
        return self.path / "decision.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def done(self, step: str) -> Path:
        """Where a person says that this step of a runbook is done."""
        return self.path / f"{step}.done"

    def output(self, step: str) -> Path:
        """What the command of this step of a runbook printed."""
        return self.path / f"{step}.log"

    @property
    def lock(self) -> Path:
        return self.path / "run.lock"


def create_run(name: str, now: datetime | None = None) -> RunDir:
    """A new, empty run directory; its id begins with the UTC time and is unique. Raises UsageError."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    path = reports_dir() / name / f"{stamp}-{secrets.token_hex(3)}"
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise UsageError(why_not_written(error, reports_dir())) from error
    return RunDir(path)


RESERVE = 8_000_000  # bytes kept free while a run is played, for its end, its verdict and its report


def take_reserve(run: RunDir) -> None:
    """Take the room that the end of the run needs, so that a disk that fills up meanwhile does not lose the verdict.

    Raises NotRecorded.
    """
    try:
        with (run.path / "reserve").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, RESERVE)
    except OSError as error:
        free_reserve(run)
        raise not_recorded(error, run.path) from error


def free_reserve(run: RunDir) -> None:
    with suppress(OSError):
        (run.path / "reserve").unlink(missing_ok=True)


@contextmanager
def recording(place: Path) -> Iterator[None]:
    """What cannot be written below `place` is told with its remedy. Raises NotRecorded."""
    try:
        yield
    except OSError as error:
        raise not_recorded(error, place) from error


def not_recorded(error: OSError, place: Path) -> NotRecorded:
    """What a failed write of a run's records means."""
    return error if isinstance(error, NotRecorded) else NotRecorded(why_not_written(error, place))


def why_not_written(error: OSError, place: Path) -> str:
    """One line: why records cannot be written below `place`, and what to do about it."""
    elsewhere = "or set MIDNIGHT_REPORTS to a directory elsewhere"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full" if error.errno == errno.ENOSPC else "the disk quota is used up"
        return f"{place}: {what}{_left(place)}; free at least {RESERVE // 1_000_000} MB there, {elsewhere}"
    if error.errno == errno.EROFS:
        return f"{place}: the file system is read-only; mount it for writing, {elsewhere}"
    if error.errno in (errno.ENOENT, errno.ESTALE, errno.EIO, errno.ENODEV):
        return f"{place}: is not there any more ({error.strerror}); mount it again, {elsewhere}"
    return f"{place}: cannot be written: {error.strerror or error}; allow it, {elsewhere}"


def _left(place: Path) -> str:
    with suppress(OSError):
        return f" ({shutil.disk_usage(place).free / 1e6:.1f} MB free)"
    return ""


def all_runs() -> list[RunDir]:
    """Every stored run, oldest first."""
    found = reports_dir().glob("*/*/run.json")
    return [RunDir(file.parent) for file in sorted(found, key=lambda file: file.parent.name)]


def find_run(reference: str) -> RunDir:
    """The run named by a path, an id, the beginning of an id, or `latest`. Raises UsageError.

    Runs that are not healed are found from any directory, all others under `reports_dir()`.
    """
    as_path = Path(reference)
    if (as_path / "run.json").is_file():
        return RunDir(as_path.resolve())
    runs = all_runs()
    if reference == "latest" and runs:
        return runs[-1]
    known = dict.fromkeys([*runs, *unhealed_runs()])
    matches = [run for run in known if run.id.startswith(reference) or run.id.endswith(f"-{reference}")]
    if len(matches) == 1:
        return matches[0]
    what = "names several runs" if matches else "is not a stored run"
    raise UsageError(f"run {reference!r} {what} under {reports_dir()}; `midnight runs` lists them")


def _unhealed_dir() -> Path:
    return state_dir() / "unhealed"


def kept(run: RunDir) -> RunDir:
    """Where what a run began and undid is kept a second time, for when its own directory is deleted."""
    return RunDir(state_dir() / "undo" / run.id)


def record_of(run: RunDir) -> RunDir:
    """The directory to heal a run from: its own, or where that is gone what is kept of it."""
    return run if run.path.is_dir() else kept(run)


def mark_unhealed(run: RunDir) -> None:
    """List the run as not yet healed, so that `midnight undo` finds it from anywhere.

    The entry is there whole or not at all, also when this process is killed. Raises OSError.
    """
    _unhealed_dir().mkdir(parents=True, exist_ok=True)
    kept(run).path.mkdir(parents=True, exist_ok=True)
    part = _unhealed_dir() / f"{run.id}.part"
    try:
        part.write_text(json.dumps({"run": str(run.path)}))
        part.replace(entry_of(run))
    finally:
        part.unlink(missing_ok=True)


def mark_healed(run: RunDir) -> None:
    entry_of(run).unlink(missing_ok=True)
    shutil.rmtree(kept(run).path, ignore_errors=True)


def entry_of(run: RunDir) -> Path:
    """The file that lists the run as not yet healed."""
    return _unhealed_dir() / f"{run.id}.json"


def unhealed_runs() -> list[RunDir]:
    """Runs listed as not yet healed, oldest first; one whose directory is gone is where it was kept.

    None is dropped from the list but by being healed.
    """
    runs = []
    for entry in sorted(_unhealed_dir().glob("*.json")):
        try:
            path = Path(json.loads(entry.read_text())["run"])
        except FileNotFoundError:  # healed by another process in this moment
            continue
        except (ValueError, TypeError, KeyError):  # torn before the run could create anything
            entry.unlink(missing_ok=True)
            continue
        runs.append(record_of(RunDir(path)))
    return runs


def halt_file() -> Path:
    """While this file exists no run starts on this machine (`midnight halt on`)."""
    return state_dir() / "halt"


def lock_file(aim: str) -> Path:
    """The lock that keeps two runs from aiming at the same thing."""
    return state_dir() / "locks" / f"{aim}.lock"
