"""Run one restore: describe, restore, query, check and verify it; whatever happens, undo everything."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from chaos.backup_check import about, contents, questions
from chaos.backup_check.kind import Kind, Lacking, Outlasted, Restoration, Verified
from chaos.backup_check.plan import Chosen, choose
from chaos.backup_check.scratch import MAINTENANCE, Scratch, scratch_for
from chaos.backup_check.stopping import Stopping
from chaos.checks.judged import JudgedRestore
from chaos.checks.restored import judge
from chaos.checks.result import RunResult
from chaos.errors import Aborted, BackupUnusable, NoVerdict, TargetError, UsageError
from chaos.plan.restore import RestorePlan
from chaos.plugin.driver import Site
from chaos.postgres.amcheck import check_relations
from chaos.record import events
from chaos.record.event import NOW
from chaos.record.journal import Journal
from chaos.record.store import RunDir
from chaos.run import preflight
from chaos.run.session import Listener, Session, new_run


class Runner:
    """Plays one restore into one run directory."""

    def __init__(self, plan: RestorePlan, chosen: Chosen, run: RunDir, listener: Listener) -> None:
        self._plan, self._chosen, self._run = plan, chosen, run
        self._session = Session(run, plan.target.driver)
        self._course, self._event = self._session.course, self._session.event
        self._listener = listener
        self._stopping = Stopping()

    def play(self) -> RunResult:
        """Never raises for failures in between."""
        with self._stopping, self._session.held():
            self._session.record(self._listener)
            self._guarded()
            self._session.sweep()
            self._session.end()
        return self._session.judged(lambda: judge(JudgedRestore(self._plan.experiment, Journal(self._run))))

    def _guarded(self) -> None:
        """The run up to the sweep; any failure becomes the ending: an exit code and an error line."""
        try:
            self._session.watched()
            self._session.begin()
            self._check()
        except KeyboardInterrupt:
            self._course.end("aborted", Aborted(f"stopped by {self._stopping.by}"))
        except NoVerdict as error:
            self._course.end("no verdict", error)
        except Exception as error:  # whatever it is, the run is undone and reports what happened
            self._course.end("failed", error)
        self._stopping.over()

    def _check(self) -> None:
        chosen = self._chosen
        if chosen.kind is None or not chosen.installations or chosen.source is None:
            self._event(events.RestoreFailed(NOW, because=chosen.because))
            return
        chosen.kind.mark = self._run.id
        scratch = scratch_for(
            self._run.id, self._plan.place, chosen.installations[0], chosen.user, chosen.kind.superuser
        )
        scratch.make(Site(self._run.id, self._session.creating))
        try:
            self._restore(chosen.kind, scratch)
            self._look_into(scratch)
        except Outlasted as error:
            within = self._plan.experiment.restore.within
            self._event(events.RestoreOutlasted(NOW, because=str(error), within=within))
        except TargetError as error:
            if _is_ours(error):
                raise
            self._event(events.RestoreFailed(NOW, because=str(error)))
        except UsageError as error:  # the missing part was found only after the run began
            raise NoVerdict(str(error)) from error
        self._identify(chosen.kind)
        self._verify(chosen.kind, scratch)

    def _restore(self, kind: Kind, scratch: Scratch) -> None:
        """Raises BackupUnusable or TargetError if it is impossible, NoVerdict if it is impossible only here."""
        source = kind.source
        chosen = events.BackupChosen(
            NOW,
            path=str(source.path),
            kind=self._plan.options.kind,
            size=source.size,
            modified=source.modified.isoformat(),
            older_ones=source.others,
        )
        self._event(chosen)
        scratch.use(self._chosen.installations[0], kind.visible, workers=kind.workers)
        self._event(kind.describe(scratch))
        self._event(events.RestoreBegun(NOW, utc=datetime.now(UTC).isoformat()), sync=True)
        done = self._attempts(kind, scratch)
        server = scratch.cluster.installation.version
        self._event(events.RestoreEnded(NOW, seconds=done.seconds, bytes=done.bytes, server=server))
        if done.points is not None:
            self._event(done.points)

    def _attempts(self, kind: Kind, scratch: Scratch) -> Restoration:
        """With the best PostgreSQL here, or the next one if that lacks something."""
        *others, last = self._chosen.installations
        for installation in (*others, last):
            scratch.use(installation, kind.visible, workers=kind.workers)
            try:
                return kind.restore(scratch, self._plan.experiment.restore.within, self._event)
            except Lacking as lack:
                self._event(events.RestoreLacking(NOW, server=installation.version, because=str(lack)))
                if installation is last:
                    raise
                scratch.clear()
        raise AssertionError

    def _look_into(self, scratch: Scratch) -> None:
        options = self._plan.options
        scratch.refuse_stranger()
        # The heartbeat first: nothing has run yet that could have written to it.
        if (heartbeat := options.heartbeat) is not None:
            self._event(questions.newest_heartbeat(scratch, heartbeat, options.database_of(heartbeat)))
        self._event(scratch.prove())
        self._event(contents.count(scratch))
        for query in options.queries:
            self._event(questions.ask(scratch, query, options.database_of(query)))
        checked = check_relations(scratch.cluster, scratch.dsn(MAINTENANCE))
        self._event(
            events.RelationsChecked(NOW, outcome=checked.outcome, by=checked.said, seconds=checked.seconds)
        )
        scratch.cluster.stop("immediate")

    def _verify(self, kind: Kind, scratch: Scratch) -> None:
        """After the restore, which would otherwise be served from memory."""
        began = self._session.clock.now()
        asked = self._plan.experiment.restore.verify
        found = kind.verify(scratch) if asked else Verified("not verified", "not requested")
        taken = self._session.clock.now() - began
        self._event(events.FilesVerified(NOW, seconds=taken, **asdict(found)))

    def _identify(self, kind: Kind) -> None:
        sums = {str(path): _sha256(path) for path in kind.evidence()}
        self._event(events.BackupIdentified(NOW, sha256=sums))


def _is_ours(error: TargetError) -> bool:
    """True if a restore failed for a reason unrelated to the backup."""
    return not isinstance(error, BackupUnusable) and "its log" not in str(error)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def start(plan: RestorePlan, make_listener: Callable[[RunDir], Listener]) -> RunResult:
    """Check that the run may begin, heal earlier ones, and play it. Raises UsageError before anything is touched."""
    preflight.refuse_when_halted()
    chosen = choose(plan)
    name = plan.target.name
    with new_run(plan.experiment.name, name, name, lambda run: about.save(run, plan, chosen)) as run:
        return Runner(plan, chosen, run, make_listener(run)).play()
