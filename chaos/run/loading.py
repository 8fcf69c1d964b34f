"""The load of a run: its table of hits, and the specification for its process."""

from __future__ import annotations

import numpy as np

from chaos.access import route_secrets
from chaos.access.secrets import SecretReader
from chaos.checks import bounds
from chaos.load import arrivals, segments
from chaos.load.ledger import base_of
from chaos.load.session import Taken
from chaos.load.spec import LoadSpec, check_size
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver
from chaos.plugin.handles import Handles
from chaos.record import hits, store
from chaos.record.hits import HitsHeader
from chaos.record.journal import Clock
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.spec.routes import Route


def prepare(plan: Plan, run: RunDir, driver: Driver, handles: Handles, clock: Clock) -> LoadSpec:
    """Write the table of due hits, and return the load's specification. Raises Refused, OSError."""
    secret, taken = SecretReader(), Taken(handles.headers, handles.taken)
    load, routes = plan.experiment.load, route_secrets.filled_in(plan.target.routes, secret)
    mix = tuple(load.mix)
    writes = tuple(name for name in mix if routes[name].ledger)
    schedule = arrivals.schedule(load, writes, plan.seed)
    check_size(len(schedule.due))
    header = HitsHeader(mix, writes, tuple(routes[name].timeout or load.timeout for name in mix))
    header.save(run.hits_header)
    with store.recording(run.path):
        hits.create(run.hits, schedule.due, schedule.route, schedule.seq)
    return LoadSpec(
        base_url=handles.base_url,
        hits=run.hits,
        instrument=run.instrument,
        answers=run.answers,
        notes=run.keys if any(route.ledger and route.ledger.is_noted for route in routes.values()) else None,
        bad_answers=run.bad_answers,
        clock_zero=clock.zero,
        seed=plan.seed,
        ledger_base=base_of(run.id),
        routes=tuple(_for_load(routes[name]) for name in mix),
        timeouts=header.timeouts,
        allow_hosts=plan.target.allow,
        headers=handles.headers,
        # those of the target's headers were read at the start: an answer may repeat them
        secrets=tuple(dict.fromkeys((*known.secrets, *driver.secrets, *secret.known, *taken.secrets))),
        taken=taken.values,
        beat=bounds.beat(plan.experiment),
        pauses=tuple(int(np.searchsorted(schedule.due, at)) for at in segments.pauses(load)),
    )


def _for_load(route: Route) -> Route:
    """Without the way to the database: only the runner reads back."""
    ledger = route.ledger
    if ledger is None or ledger.read.database is None:
        return route
    read = ledger.read.model_copy(update={"database": None})
    return route.model_copy(update={"ledger": ledger.model_copy(update={"read": read})})
