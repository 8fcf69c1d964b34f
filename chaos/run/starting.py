"""Start a run: refuse what must not run, heal earlier runs, create the run directory."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from chaos.access import addresses, route_secrets
from chaos.access.secrets import SecretReader
from chaos.checks.result import RunResult
from chaos.errors import ExitCode
from chaos.plan.names import names
from chaos.plan.planned import Plan
from chaos.record import store
from chaos.record.hits import DTYPE
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import ledger_places, manifest, pager, preflight, rehearsal
from chaos.run.observer import Observer
from chaos.run.rehearsal import Row
from chaos.run.runner import Runner
from chaos.run.session import new_run
from chaos.targets import gauges

SAMPLED = 15_000  # approximate bytes per second of samples, events and the instrument's record


def start(
    plan: Plan,
    overrides: tuple[str, ...],
    make_observer: Callable[[RunDir], Observer],
    meanwhile: Callable[[], None],
) -> RunResult:
    """Check that the run may begin, heal earlier runs, and play it. Raises UsageError before anything is touched.
    `meanwhile` is called once the load is over, while the target ends."""
    preflight.refuse_when_halted()
    driver = plan.make_driver()
    known.learn(driver.secrets, names(plan))
    route_secrets.read_all(plan.target, SecretReader())  # find a missing one now
    gauges.check(plan.target)  # the same
    addresses.check(plan.target.pprof or "", "pprof", plan.target.allow)
    pager.check(plan)
    ledger_places.read_secrets(plan)
    versions = driver.versions
    preflight.refuse_what_hurts(driver.wants(), plan.staging, records=_records(plan))

    def admit() -> None:
        if not plan.driver.started_by_us:
            rehearsal.refuse_target(plan, driver)

    def save(run: RunDir) -> None:
        store.take_reserve(run)
        manifest.save(run, plan, versions, overrides)

    with new_run(plan.experiment.name, plan.target.name, driver.aim, save, admit) as run:
        runner = Runner(plan, run, driver, make_observer(run), meanwhile)
        ended = runner.play()
        if runner.refused is not None and ended.exit_code is not ExitCode.NOT_UNDONE:
            shutil.rmtree(run.path)  # nothing was played
            raise runner.refused
        return ended


def rehearse(plans: Sequence[Plan]) -> list[Row]:
    """Rehearse each plan under the checks and locks of a run. Raises UsageError, UndoError."""
    preflight.refuse_when_halted()
    preflight.heal_earlier_runs()
    return [row for plan in plans for row in _rehearsed(plan)]


def _rehearsed(plan: Plan) -> list[Row]:
    driver = plan.make_driver()
    preflight.refuse_what_hurts(driver.wants(), plan.staging)
    with preflight.target_lock(plan.target.name, driver.aim) as taken:
        taken("that is being rehearsed")
        return rehearsal.rehearse(plan, driver)


def _records(plan: Plan) -> int:
    """Return the approximate bytes that the run writes to the reports directory."""
    length = plan.experiment.load.baseline.length + plan.experiment.load.length
    return round(plan.hits * DTYPE.itemsize + length * SAMPLED) + store.RESERVE
