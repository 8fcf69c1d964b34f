"""How a run begins: what is refused beforehand, what is healed first, and the directory that it is recorded in."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from chaos.access import route_secrets
from chaos.access.secrets import SecretReader
from chaos.errors import Refused, UndoError
from chaos.plan.names import names
from chaos.plan.planned import Plan
from chaos.record import store
from chaos.record.hits import DTYPE
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import manifest, preflight, rehearsal
from chaos.run.observer import Observer
from chaos.run.outcome import Ending
from chaos.run.runner import Runner

SAMPLED = 15_000  # bytes per second that samples, events and the instrument's record take, about


def start(
    plan: Plan, overrides: tuple[str, ...], make_observer: Callable[[RunDir], Observer]
) -> tuple[RunDir, Ending]:
    """Check that the run may begin, heal what earlier ones left, and play it. Raises UsageError before
    anything is touched."""
    preflight.refuse_when_halted()
    driver = plan.driver(plan.target, plan.options, plan.settings, plan.staging)
    known.learn(driver.secrets, names(plan))
    route_secrets.filled_in(plan.target.routes, SecretReader())  # one that is not there is found now
    versions = driver.versions
    preflight.refuse_what_hurts(driver.wants(), plan.staging, records=_records(plan))
    preflight.heal_earlier_runs()
    with preflight.target_lock(plan.target.name, driver.aim) as taken:
        if not plan.driver.started_by_us:
            rehearsal.refuse_target(plan, driver)
        run = store.create_run(plan.experiment.name)
        taken(run.id)
        try:
            store.take_reserve(run)
            manifest.save(run, plan, versions, overrides)
            runner = Runner(plan, run, driver, make_observer(run))
        except OSError as error:  # nothing has been touched
            shutil.rmtree(run.path, ignore_errors=True)
            raise Refused(str(store.not_recorded(error, run.path))) from error
        ended = runner.play()
        if runner.refused is not None and ended.exit_code != UndoError.exit_code:
            shutil.rmtree(run.path)  # nothing was played
            raise runner.refused
        return run, ended


def _records(plan: Plan) -> int:
    """Bytes that the run writes where reports lie, about."""
    length = plan.experiment.load.baseline.length + plan.experiment.load.length
    return round(plan.hits * DTYPE.itemsize + length * SAMPLED) + store.RESERVE
