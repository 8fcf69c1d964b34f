"""Probe whether a role can sign in to a server and see what midnight needs; if not, say what to type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import LiteralString

from chaos.later import conninfo, psycopg
from chaos.plugin.probe import Probe, no, yes
from chaos.postgres.connection import CONNECT_TIMEOUT, Connection

# English messages of the server or libpq; in another language, only the server's own message is shown.
_REMEDIES: tuple[tuple[str, str], ...] = (
    (r"no pg_hba\.conf entry .*(SSL off|no encryption)", "set sslmode=require in the connection string"),
    (r"no pg_hba\.conf entry", "add a line for it to pg_hba.conf and reload the server"),
    (r"database \".*\" does not exist", "name an existing database in the connection string (dbname)"),
    (r"role \".*\" does not exist", "create the role, or name another one in the connection string (user)"),
    (r"does not support SSL", "set sslmode=disable, or switch the server's ssl on"),
    (r"root certificate file", "set sslrootcert to the file of the server's certificate authority"),
    (r"certificate verify failed", "set sslrootcert to the file of the server's certificate authority"),
    (r"server certificate for .* does not match", "use the host name in the certificate"),
    (r"is not permitted to log in", "ALTER ROLE ... LOGIN"),
    (r"too many (clients|connections)|remaining connection slots", "free a slot, or raise max_connections"),
    (r"the database system is (starting|shutting)", "wait until the server accepts connections"),
    (r"[Cc]onnection refused", "start the server, or correct the host and port"),
    (r"timeout expired|timed out", "correct the host and port, or let this machine through the firewall"),
    (r"No such file or directory", "correct the socket's directory (host) and port"),
)
WATCHES: LiteralString = (
    "select current_user, rolsuper or pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'),"
    " pg_is_in_recovery() from pg_roles where rolname = current_user"
)
"""The role, whether it sees the sessions of others, and whether the server is a standby."""

_IDENTITY: LiteralString = "select pg_postmaster_start_time()"
# What overrides ALTER SYSTEM in every session, by pg_settings.source, and how to remove it.
_OVERRIDES = {
    "command line": ("the server's command line sets it", "start the server without it"),
    "global": ("ALTER ROLE ALL sets it", "ALTER ROLE ALL RESET {};"),
}
_RIGHTS: LiteralString = (
    "select has_parameter_privilege(current_user, %s, 'ALTER SYSTEM'),"
    " has_function_privilege(current_user, 'pg_reload_conf()', 'EXECUTE'),"
    " has_function_privilege(current_user, 'pg_show_all_file_settings()', 'EXECUTE'),"
    " has_table_privilege(current_user, 'pg_file_settings', 'SELECT')"
)


def probe_role(dsn: str, place: str) -> Iterator[Probe]:
    """Probe whether the role of `dsn`, given at `place` of a file, can sign in."""
    connection = _connect(dsn, place)
    if isinstance(connection, Probe):
        yield connection
        return
    connection.close()
    yield yes(f"{place}: signs in", _who(dsn))


def probe_administrator(dsn: str, place: str) -> Iterator[Probe]:
    """Probe whether the administrator can sign in to a primary and see other roles' sessions."""
    connection = _connect(dsn, place)
    if isinstance(connection, Probe):
        yield connection
        return
    with connection:
        user, watches, standby = _row(connection, WATCHES)
    yield yes(f"{place}: signs in", _who(dsn))
    sees = f"{place}: sees the sessions of others"
    if watches:
        yield yes(sees)
    else:
        yield no(sees, f"{user!r} is not a member of pg_monitor", f'GRANT pg_monitor TO "{user}";')
    if standby:
        yield no(f"{place}: leads to a primary", "the server is a standby", "name the primary")


def probe_through(dsn: str, proxied: str, place: str) -> Iterator[Probe]:
    """Probe whether `proxied` (HOST:PORT of a proxy) leads to the server of `dsn`."""
    what = f"{place}: {proxied} leads to the database"
    host, _, port = proxied.rpartition(":")
    through = _connect(conninfo.make_conninfo(dsn, host=host, hostaddr="", port=port), place)
    straight = _connect(dsn, place)
    if isinstance(straight, Probe):
        return  # reported by the probe of the administrator's sign-in
    with straight:
        if isinstance(through, Probe):
            yield no(what, through.because, "enable the proxy, or correct its upstream")
            return
        with through:
            same = _one(straight, _IDENTITY) == _one(through, _IDENTITY)
    yield yes(what) if same else no(what, "it leads to a different server", "correct the proxy's upstream")


def probe_setting(dsn: str, name: LiteralString, place: str) -> Iterator[Probe]:
    """Probe whether the administrator may set `name` with ALTER SYSTEM, read it back and reload, and whether it would
    then take effect.
    """
    what = f"{place}: may set {name}"
    connection = _connect(dsn, place)
    if isinstance(connection, Probe):
        yield connection
        return
    with connection:
        yield from _setting(connection, name, what)


def _setting(connection: Connection, name: LiteralString, what: str) -> Iterator[Probe]:
    source = _one(connection, "select max(source) from pg_settings where name = %s", name)
    if source is None:
        version = connection.info.server_version // 10000
        yield no(what, f"not supported by PostgreSQL {version}", "choose another way (`by`)")
        return
    if _one(connection, "select current_setting('allow_alter_system', true)") == "off":
        yield no(what, "the server has allow_alter_system=off", "choose another way (`by`)")
        return
    if overridden := _OVERRIDES.get(str(source)):
        because, remedy = overridden
        yield no(what, f"{because}, which overrides ALTER SYSTEM", remedy.format(name))
        return
    user, superuser = _row(
        connection, "select current_user, rolsuper from pg_roles where rolname = current_user"
    )
    lacks = [] if superuser else _lacking(connection, name, str(user))
    if lacks:
        yield no(what, f"{user!r} lacks the rights", f"as a superuser: {' '.join(lacks)}")
    else:
        yield yes(what)


def _lacking(connection: Connection, name: str, user: str) -> list[str]:
    """The statements that grant what is missing for ALTER SYSTEM, reading it back, and the reload."""
    # Before PostgreSQL 15 only a superuser may: https://www.postgresql.org/docs/15/release-15.html
    if connection.info.server_version < 150000:
        return [f'ALTER ROLE "{user}" SUPERUSER;']
    has = _row(connection, _RIGHTS, name)
    grants = (
        f'GRANT ALTER SYSTEM ON PARAMETER {name} TO "{user}";',
        f'GRANT EXECUTE ON FUNCTION pg_reload_conf() TO "{user}";',
        f'GRANT EXECUTE ON FUNCTION pg_show_all_file_settings() TO "{user}";',
        f'GRANT SELECT ON pg_file_settings TO "{user}";',
    )
    return [grant for right, grant in zip(has, grants, strict=True) if not right]


def _connect(dsn: str, place: str) -> Connection | Probe:
    """A connection, or the probe that explains why there is none."""
    try:
        return psycopg.connect(dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT)
    except psycopg.Error as error:
        because, remedy = _why(error)
        return no(f"{place}: signs in", f"{_who(dsn)}: {because}", remedy)


def _why(error: psycopg.Error) -> tuple[str, str]:
    """The server's or libpq's own message in one line, and the remedy."""
    said = " ".join(str(error).partition("\n\tIs the server running")[0].split())
    because = re.split(r"FATAL: +|\bfailed: ", said)[-1]
    attempt = error.pgconn
    if attempt is not None and attempt.needs_password:
        return "the server requires a password, but none was given", "put it into the connection string"
    remedy = next((remedy for words, remedy in _REMEDIES if re.search(words, said)), "")
    if not remedy and attempt is not None and attempt.used_password:
        remedy = "correct the user or the password"
    return because, remedy


def _who(dsn: str) -> str:
    """User and server; never the password."""
    given = conninfo.conninfo_to_dict(dsn)
    at = f"{given.get('host') or given.get('hostaddr')}:{given.get('port', 5432)}"
    user = given.get("user", "the default user")
    return f"{user} at {at}/{given.get('dbname', user)}"


def _row(connection: Connection, query: LiteralString, *values: object) -> tuple[object, ...]:
    row = connection.execute(query, values or None).fetchone()
    assert row is not None
    return row


def _one(connection: Connection, query: LiteralString, *values: object) -> object:
    return _row(connection, query, *values)[0]
