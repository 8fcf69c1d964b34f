"""All paths that midnight uses: reports of runs, and the user's state and cache."""

from __future__ import annotations

import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos.errors import NotRecorded, UsageError


def _base(variable: str, fallback: str) -> Path:
    return Path(os.environ.get(variable) or Path.home() / fallback) / "midnight"


def cache_dir() -> Path:
    """Directory of downloaded and built tools (XDG_CACHE_HOME)."""
    return _base("XDG_CACHE_HOME", ".cache")


def state_dir() -> Path:
    """Directory of locks, the halt flag and the list of unhealed runs (XDG_STATE_HOME)."""
    return _base("XDG_STATE_HOME", ".local/state")


def reports_dir() -> Path:
    """Directory of runs: MIDNIGHT_REPORTS, by default `reports/` in the working directory."""
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
    def bad_answers(self) -> Path:
        return self.path / "bad_answers.jsonl"

    @property
    def instrument(self) -> Path:
        return self.path / "instrument.jsonl"

    @property
    def readback(self) -> Path:
        return self.path / "readback.npy"

    @property
    def keys(self) -> Path:
        return self.path / "keys.jsonl"

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
        """The decision of a gate or person whether later runs are compared with this one."""
        return self.path / "decision.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def done(self, step: str) -> Path:
        """The file that marks this runbook step as done by a person."""
        return self.path / f"{step}.done"

    def output(self, step: str) -> Path:
        """The output of this step's program, or of this runbook step's command."""
        return self.path / f"{step}.log"

    @property
    def lock(self) -> Path:
        return self.path / "run.lock"


def create_run(name: str, now: datetime | None = None) -> RunDir:
    """Create an empty run directory; its id begins with the UTC time and is unique. Raises UsageError."""
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    path = reports_dir() / name / f"{stamp}-{secrets.token_hex(3)}"
    try:
        path.mkdir(parents=True)
    except OSError as error:
        raise UsageError(why_not_written(error, reports_dir())) from error
    return RunDir(path)


RESERVE = 8_000_000  # bytes reserved during a run for its end, verdict and report


def take_reserve(run: RunDir) -> None:
    """Reserve disk space for the end of the run, so that a disk filling up meanwhile does not lose the verdict.

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
    """Turn a failed write under `place` into an error with its fix. Raises NotRecorded."""
    try:
        yield
    except OSError as error:
        raise not_recorded(error, place) from error


def not_recorded(error: OSError, place: Path) -> NotRecorded:
    """Return the error for a failed write of a run's records."""
    return error if isinstance(error, NotRecorded) else NotRecorded(why_not_written(error, place))


def why_not_written(error: OSError, place: Path) -> str:
    """Return one line: why records cannot be written under `place`, and the fix."""
    elsewhere = "or set MIDNIGHT_REPORTS to a directory elsewhere"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        what = "the disk is full" if error.errno == errno.ENOSPC else "the disk quota is exceeded"
        return f"{place}: {what}{_left(place)}; free at least {RESERVE // 1_000_000} MB there, {elsewhere}"
    if error.errno == errno.EROFS:
        return f"{place}: the file system is read-only; remount it read-write, {elsewhere}"
    if error.errno in (errno.ENOENT, errno.ESTALE, errno.EIO, errno.ENODEV):
        return f"{place}: no longer exists ({error.strerror}); mount it again, {elsewhere}"
    return f"{place}: cannot write: {error.strerror or error}; grant access, {elsewhere}"


def _left(place: Path) -> str:
    with suppress(OSError):
        return f" ({shutil.disk_usage(place).free / 1e6:.1f} MB free)"
    return ""


def all_runs() -> list[RunDir]:
    """Return all stored runs, oldest first."""
    found = reports_dir().glob("*/*/run.json")
    return [RunDir(file.parent) for file in sorted(found, key=lambda file: file.parent.name)]


def find_run(reference: str, preferred: Callable[[RunDir], bool] = lambda _: True) -> RunDir:
    """Find a run by path, id, unique prefix of an id, `latest`, or `latest:EXPERIMENT`. Raises UsageError.

    `latest` is the newest that is preferred, else the newest. Unhealed runs are found from any directory, all others
    under `reports_dir()`.
    """
    as_path = Path(reference)
    if (as_path / "run.json").is_file():
        return RunDir(as_path.resolve())
    runs = all_runs()
    word, colon, name = reference.partition(":")
    newest = [run for run in runs if not colon or run.path.parent.name == name]
    if word == "latest" and newest:
        return next(filter(preferred, reversed(newest)), newest[-1])
    if reference == "latest":
        raise UsageError(f"no run under {reports_dir()} yet; `midnight run midnight` plays one")
    if word == "latest" and colon:
        raise UsageError(f"no run of {name!r} under {reports_dir()}; `midnight runs` lists them")
    known = dict.fromkeys([*runs, *unhealed_runs()])
    matches = [run for run in known if run.id.startswith(reference) or run.id.endswith(f"-{reference}")]
    if len(matches) == 1:
        return matches[0]
    what = "matches several runs" if matches else "is not a stored run"
    raise UsageError(f"run {reference!r} {what} under {reports_dir()}; `midnight runs` lists them")


def _unhealed_dir() -> Path:
    return state_dir() / "unhealed"


def kept(run: RunDir) -> RunDir:
    """Directory of the second copy of what a run began and undid, in case its own directory is deleted."""
    return RunDir(state_dir() / "undo" / run.id)


def record_of(run: RunDir) -> RunDir:
    """Return the directory to heal a run from: its own, or the second copy if that is gone."""
    return run if run.path.is_dir() else kept(run)


def mark_unhealed(run: RunDir) -> None:
    """List the run as not healed, so that `midnight undo` finds it from anywhere.

    The entry is written atomically, even if this process is killed. Raises OSError.
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
    """Return the file that lists the run as not healed."""
    return _unhealed_dir() / f"{run.id}.json"


def unhealed_runs() -> list[RunDir]:
    """Return runs listed as not healed, oldest first; if a run's directory is gone, its second copy.

    Only healing removes a run from the list.
    """
    runs = []
    for entry in sorted(_unhealed_dir().glob("*.json")):
        try:
            path = Path(json.loads(entry.read_text())["run"])
        except FileNotFoundError:  # healed by another process just now
            continue
        except (ValueError, TypeError, KeyError):  # torn before the run could create anything
            entry.unlink(missing_ok=True)
            continue
        runs.append(record_of(RunDir(path)))
    return runs


def halt_file() -> Path:
    """While this file exists, no run starts on this machine (`midnight halt on`)."""
    return state_dir() / "halt"


def lock_file(aim: str) -> Path:
    """Return the lock that keeps two runs off the same target."""
    return state_dir() / "locks" / f"{aim}.lock"
