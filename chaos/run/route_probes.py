"""The routes of a load tried before it: one request of each that only reads."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.access import allowlist, route_secrets
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.load import rows
from chaos.load.once import Sender, row_now
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.spec.routes import IN_ONE_LINE, Route
from chaos.spec.units import show_seconds

_READS = ("GET", "HEAD")


def probes(plan: Plan, handles: Handles) -> Iterator[Probe]:
    """One probe for each route of the load. What may change something is not sent, and said to be so."""
    load, routes = plan.experiment.load, route_secrets.filled_in(plan.target.routes, SecretReader())
    hosts = allowlist.addresses(allowlist.host_of(handles.base_url), plan.target.allow)
    sender = Sender(handles.base_url, hosts, handles.headers, handles.taken)
    for name in load.mix:
        route = routes[name]
        what, request = f"route {name!r} is answered well", f"{route.method} {route.path}"
        if not _only_reads(route):
            yield unknown(what, f"not sent: {request} may change something")
            continue
        try:
            _, waited = sender.send(route, row_now(_values(route)), route.timeout or load.timeout)
        except UsageError as error:
            yield no(what, f"{request}: {error}", "correct the route in the target file, or its `expect`")
        else:
            yield yes(what, f"{request} sent once, first byte after {show_seconds(round(waited, 3))}")


def _only_reads(route: Route) -> bool:
    return (
        route.method in _READS and not route.bodies() and route.ledger is None and route.played_as != "write"
    )


def _values(route: Route) -> dict[str, object]:
    """The first row of the route's file."""
    given = () if route.rows is None else rows.read(route.rows, route.columns(), route.columns(IN_ONE_LINE))
    return dict(given[0]) if given else {}
