"""The frame of a target that is up in passing, without a run: for a rehearsal, or to read its gauges."""

from __future__ import annotations

import secrets
import shutil
import signal
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from chaos.errors import UndoError
from chaos.plugin.driver import Driver
from chaos.record import store
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import signals
from chaos.run.session import Session
from chaos.spec.target import Target


@contextmanager
def passing(
    kind: str, driver: Driver, target: Target, names: Collection[str], faults: Iterable[str] = ()
) -> Iterator[Session]:
    """A session that is watched, to be begun in the body, and leaves nothing behind. `names` are never secret.

    Raises UndoError if something is left; then the watchdog keeps trying.
    """
    known.learn(driver.secrets, names)
    place = RunDir(store.state_dir() / "rehearsals" / f"{kind}-{secrets.token_hex(4)}")
    place.path.mkdir(parents=True)
    session = Session(place, target.driver, faults)
    with session.held():
        session.record()
        try:
            session.watched()
            yield session
        finally:
            _undo_all(session)
    shutil.rmtree(place.path)


def _undo_all(session: Session) -> None:
    """Undo what starting the target created. Raises UndoError."""
    with signals.heard_by(signal.SIG_IGN, signals.signals()):
        done = session.sweep()
        session.writer.close()
        if failed := [f"{result.what.name}: {result.error}" for result in done if result.error]:
            raise UndoError(f"not undone: {'; '.join(failed)}")
