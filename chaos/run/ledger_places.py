"""Where the writes of a plan are read back, route by route."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

from chaos.access import allowlist
from chaos.access.secrets import SecretReader
from chaos.errors import MidnightError, NoVerdict, UsageError
from chaos.load import databases, readback
from chaos.load.asker import Access
from chaos.load.ledger import base_of
from chaos.load.readback import Place
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.spec.ledger import LedgerWrite
from chaos.spec.target import Target
from chaos.targets.attach.databases import aimed

SERVICE = "api"


def ledgers(plan: Plan) -> dict[str, LedgerWrite]:
    """The ledger of each route of the load that has one."""
    routes = plan.target.routes
    return {name: ways for name in plan.experiment.load.mix if (ways := routes[name].ledger) is not None}


def places(plan: Plan, handles: Handles) -> Iterator[Place]:
    """Raises UsageError for a secret that is missing, Refused for a host that is not allowed."""
    for route, ways in ledgers(plan).items():
        yield _place(plan.target, handles, route, ways)


def read_secrets(plan: Plan) -> None:
    """Find what is missing now: a secret, a package, a host that is not allowed. Raises UsageError, Refused."""
    for route, ways in ledgers(plan).items():
        if ways.read.sql is not None and ways.read.database_name is None:
            _given(plan.target, route, ways)


def probes(plan: Plan, handles: Handles) -> Iterator[Probe]:
    """Whether each ledger can be read back as the target file says: the keys of a run that never was are not there."""
    base = base_of(f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}")
    for route, ways in ledgers(plan).items():
        what = f"the writes of route {route!r} can be read back"
        try:
            unread = readback.refuse_taken(_place(plan.target, handles, route, ways), base, 1)
        except NoVerdict as error:
            yield no(what, str(error), "correct `ledger: read` of the route")
        except MidnightError as error:
            yield no(what, str(error))
        else:
            yield unknown(what, unread) if unread else yes(what, f"by {ways.read.kind}")


def _place(target: Target, handles: Handles, route: str, ways: LedgerWrite) -> Place:
    access = Access(handles.base_url, handles.headers, target.allow)
    return Place(route, ways, access, _dsn(target, route, ways, handles))


def _dsn(target: Target, route: str, ways: LedgerWrite, handles: Handles) -> str:
    if ways.read.sql is None:
        return ""
    name = ways.read.database_name
    if name is None:
        return _given(target, route, ways)
    database = handles.databases[name]
    # The service's own role: it is in the right database, and may do less than a superuser.
    return database.dsns.get(SERVICE, database.admin_dsn)


def _given(target: Target, route: str, ways: LedgerWrite) -> str:
    """A connection string of the ledger's own, to one allowed host."""
    given, where, secret = ways.read.database, _where(route), SecretReader()
    assert given is not None
    text = given if isinstance(given, str) else given.read(where)
    databases.check(text, ways.read.sql or "", where)
    if databases.SQLITE.match(text):
        return text
    if databases.MYSQL.match(text):
        return _of_mysql(text, where, secret, target)
    return aimed(SERVICE, secret.take_apart(text, where), where, target.allow).whole()


def _of_mysql(text: str, where: str, secret: SecretReader, target: Target) -> str:
    try:
        parts = urlsplit(text)
        raw = [each for each in (parts.username, parts.password) if each]
        secret.learn(*raw, *map(unquote, raw))
        host, sound = parts.hostname, parts.port != 0 and not parts.fragment
    except ValueError:
        host, sound = None, False
    if not sound:
        secret.learn(text)
        raise UsageError(
            f"{where}: must be mysql://USER:PASSWORD@HOST:3306/NAME, with special characters as %XX"
        )
    if host:
        allowlist.addresses_at(where, host, target.allow)
    return text


def _where(route: str) -> str:
    return f"routes: {route}: ledger: read: database"
