"""One restore: described, restored, asked, checked, verified; whatever happens, everything is undone."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from chaos import preflight, store
from chaos.checks.restored import judge
from chaos.checks.verdict import Verdict
from chaos.driver import Site
from chaos.errors import (
    PRECEDENCE,
    Aborted,
    BackupUnusable,
    MidnightError,
    NoVerdict,
    TargetError,
    worst,
)
from chaos.fault import Undo
from chaos.heal import heal, keep, playing
from chaos.host.processes import ref_of
from chaos.journal import Clock, Event, Journal, Writer, boot_id
from chaos.postgres.amcheck import check_relations
from chaos.restore_mine import about, questions
from chaos.restore_mine.kind import Facts, Kind, Verified
from chaos.restore_mine.plan import Chosen, choose
from chaos.restore_mine.scratch import Scratch, scratch_for
from chaos.restore_mine.stopping import Stopping
from chaos.restore_plan import RestorePlan
from chaos.store import RunDir
from chaos.watchdog import Watchdog

Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `verdict` is None when not even judging was possible."""

    exit_code: int
    verdict: Verdict | None
    errors: tuple[str, ...]


class Runner:
    """Plays one restore into one run directory."""

    def __init__(self, plan: RestorePlan, chosen: Chosen, run: RunDir, listener: Listener) -> None:
        self._plan, self._chosen, self._run = plan, chosen, run
        self._clock = Clock(time.monotonic())
        self._writer = Writer(run.events)
        self._writer.listen(keep(run))
        self._writer.listen(listener)
        self._codes: list[int] = []
        self._errors: list[str] = []
        self._reason = "completed"
        self._stopping = Stopping()

    def play(self) -> Ending:
        """Never raises for what goes wrong in between."""
        with playing(self._run), self._stopping:
            watchdog = Watchdog(self._run)
            try:
                self._guarded(watchdog)
                self._sweep()
                self._event(
                    "run", "run", "ended", {"reason": self._reason, "because": "; ".join(self._errors)}
                )
                self._writer.close()
            except BaseException:
                watchdog.abandon()
                raise
            watchdog.dismiss()
        verdict = self._judge()
        if verdict is not None:
            self._codes.append(verdict.exit_code)
        return Ending(worst(self._codes), verdict, tuple(self._errors))

    def _guarded(self, watchdog: Watchdog) -> None:
        """The run up to the sweep; what goes wrong becomes the ending, an exit code and an error line."""
        try:
            watchdog.wait_until_ready()
            self._begin()
            self._session()
        except KeyboardInterrupt:
            self._end("aborted", Aborted(f"stopped by {self._stopping.by}"))
        except NoVerdict as error:
            self._end("no verdict", error)
        except Exception as error:  # whatever it is, the run is undone and says what happened
            self._end("failed", error)
        self._stopping.over()

    def _end(self, reason: str, error: BaseException) -> None:
        self._reason = reason
        code = error.exit_code if isinstance(error, MidnightError) else 5
        self._codes.append(code if code in PRECEDENCE else 5)  # 2 would say that nothing was touched
        known = isinstance(error, MidnightError)
        self._errors.append(str(error) if known else f"{type(error).__name__}: {error}")

    def _begin(self) -> None:
        me = ref_of(os.getpid())
        begun = {
            "utc": self._clock.utc_at_zero().isoformat(timespec="milliseconds"),
            "boot": boot_id(),
            "monotonic": self._clock.zero,
            "pid": me.pid,
            "create_time": me.create_time,
        }
        self._event("run", "run", "begun", begun, sync=True)

    def _session(self) -> None:
        chosen = self._chosen
        if chosen.kind is None or chosen.installation is None or chosen.source is None:
            self._event("restore", "restore", "failed", {"because": chosen.because})
            return
        scratch = scratch_for(
            self._run.id, self._plan.place, chosen.installation, chosen.user, chosen.kind.superuser
        )
        scratch.make(Site(self._run.id, self._creating))
        scratch.cluster.installation = chosen.installation.reachable_by(
            chosen.user, scratch.root / "programs"
        )
        try:
            self._restore(chosen.kind, scratch)
        except TargetError as error:
            if _is_ours(error):
                raise
            self._event("restore", "restore", "failed", {"because": str(error)})
        else:
            self._look_into(scratch)
        self._identify(chosen.kind)
        self._verify(chosen.kind, scratch)

    def _restore(self, kind: Kind, scratch: Scratch) -> None:
        """Raises BackupUnusable or TargetError where it cannot be done."""
        source = kind.source
        chosen = {
            "path": str(source.path),
            "kind": self._plan.options.kind,
            "size": source.size,
            "modified": source.modified.isoformat(),
            "older_ones": source.others,
        }
        self._event("restore", "backup", "chosen", chosen)
        self._event("restore", "backup", "described", kind.describe(scratch))
        self._event("restore", "restore", "begun", {"utc": datetime.now(UTC).isoformat()}, sync=True)

        def ended(name: str, facts: Facts) -> None:
            self._event("restore", name, "ended", facts)

        done = kind.restore(scratch, self._plan.experiment.restore.within, ended)
        server = scratch.cluster.installation.version
        facts = {"seconds": done.seconds, "bytes": done.bytes, "server": server}
        self._event("restore", "restore", "ended", facts)
        if done.points:
            self._event("measure", "restore", "ended", done.points)

    def _look_into(self, scratch: Scratch) -> None:
        options = self._plan.options
        if (heartbeat := options.heartbeat) is not None:
            answer = questions.newest_heartbeat(scratch, heartbeat, options.database_of(heartbeat))
            self._event("restore", "heartbeat", "read", answer)
        for query in options.queries:
            answer = questions.ask(scratch, query, options.database_of(query))
            self._event("query", query.name, "answered", answer)
        checked = check_relations(scratch.cluster, scratch.dsn("postgres"))
        facts = {"outcome": checked.outcome, "by": checked.said, "seconds": checked.seconds}
        self._event("restore", "amcheck", "ended", facts)
        scratch.cluster.stop("immediate")

    def _verify(self, kind: Kind, scratch: Scratch) -> None:
        """After the restore, which would else be served from memory."""
        began = self._clock.now()
        asked = self._plan.experiment.restore.verify
        found = kind.verify(scratch) if asked else Verified("not verified", "it was not asked for")
        facts = {
            **found.facts,
            "outcome": found.outcome,
            "by": found.by,
            "seconds": self._clock.now() - began,
        }
        self._event("restore", "verification", "ended", facts)

    def _identify(self, kind: Kind) -> None:
        sums = {str(path): _sha256(path) for path in kind.evidence()}
        self._event("restore", "backup", "identified", {"sha256": sums})

    def _sweep(self) -> None:
        done = heal(self._run, lambda event: self._writer.event(event, sync=True), self._clock.now)
        if failed := [result for result in done if result.error]:
            self._codes.append(6)
            self._errors += [f"not restored: {result.what.name}: {result.error}" for result in failed]

    def _judge(self) -> Verdict | None:
        try:
            return judge(self._plan.experiment, Journal(self._run))
        except Exception as error:  # a run that cannot be judged is the tool's failure, never a violation
            self._codes.append(5)
            self._errors.append(f"the run could not be judged: {type(error).__name__}: {error}")
            return None

    def _creating(self, what: str, undo: Undo) -> None:
        by = f"target:{self._plan.target.driver}"
        self._event("target", what, "creating", {"by": by, "undo": undo}, sync=True)

    def _event(
        self, source: str, name: str, phase: str, detail: Mapping[str, object], *, sync: bool = False
    ) -> None:
        try:
            self._writer.event(Event(self._clock.now(), source, name, phase, detail), sync=sync)
        except OSError:
            if self._reason == "completed":
                raise
            # A full disk has ended the run: it still must be undone.


def _is_ours(error: TargetError) -> bool:
    """Whether a restore failed for a reason that says nothing about the backup."""
    if "No space left on device" in str(error):
        return True
    return not isinstance(error, BackupUnusable) and "its log" not in str(error)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def start(plan: RestorePlan, make_listener: Callable[[RunDir], Listener]) -> tuple[RunDir, Ending]:
    """Check that the run may begin, heal what earlier ones left, and play it. Raises UsageError before
    anything is touched."""
    preflight.refuse_when_halted()
    chosen = choose(plan)
    preflight.heal_earlier_runs()
    with preflight.target_lock(plan.target.name, plan.target.name) as taken:
        run = store.create_run(plan.experiment.name)
        taken(run.id)
        about.save(run, plan, chosen)
        return run, Runner(plan, chosen, run, make_listener(run)).play()
