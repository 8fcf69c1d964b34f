"""The load of a run: its table of hits, and the specification for its process."""

from __future__ import annotations

import numpy as np

from chaos.access import route_secrets
from chaos.access.secrets import SecretReader
from chaos.checks import bounds
from chaos.load import arrivals
from chaos.load.ledger import base_of
from chaos.load.spec import LoadSpec, check_size
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver
from chaos.plugin.handles import Handles
from chaos.record import hits, store
from chaos.record.hits import HitsHeader
from chaos.record.journal import Clock
from chaos.record.store import RunDir


def prepare(plan: Plan, run: RunDir, driver: Driver, handles: Handles, clock: Clock) -> LoadSpec:
    """Write the table of due hits, and return the load's specification. Raises Refused, OSError."""
    load, routes = plan.experiment.load, route_secrets.filled_in(plan.target.routes, SecretReader())
    mix = tuple(load.mix)
    writes = tuple(name for name in mix if routes[name].ledger)
    schedule = arrivals.schedule(load, writes, plan.seed)
    check_size(len(schedule.due))
    header = HitsHeader(mix, writes, tuple(load.timeout for _ in mix))
    header.save(run.hits_header)
    with store.recording(run.path):
        hits.create(run.hits, schedule.due, schedule.route, schedule.seq)
    return LoadSpec(
        base_url=handles.base_url,
        hits=run.hits,
        instrument=run.instrument,
        answers=run.answers,
        clock_zero=clock.zero,
        seed=plan.seed,
        ledger_base=base_of(run.id),
        routes=tuple(routes[name] for name in mix),
        timeouts=header.timeouts,
        allow_hosts=plan.target.allow,
        headers=handles.headers,
        secrets=driver.secrets,
        beat=bounds.beat(plan.experiment),
        baseline=int(np.searchsorted(schedule.due, load.baseline.length)),
    )
