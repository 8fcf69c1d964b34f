"""Logins of crowds to MySQL, MariaDB and Redis, from connection URLs that are secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec

from chaos.access import store_urls
from chaos.access.dsn import Uncertain
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.plugin.handles import Login, Proxy
from chaos.spec.secret import Secret


def read(given: Secret, where: str, secret: SecretReader) -> tuple[str, Login]:
    """The kind of server, and the login: nothing else of the URL counts, because a crowd connects to what is behind its
    proxy. Raises UsageError."""
    text = given.read(where)
    try:
        url = store_urls.parse(text)
    except Uncertain as error:
        secret.learn(text)
        raise UsageError(f"{where}: {error}") from None
    secret.learn(*url.secret)
    if url.kind == "mysql" and find_spec("pymysql") is None:
        raise UsageError(
            f"{where}: to sign in to MySQL or MariaDB, type: pip install 'midnight-chaos[mysql]'"
        )
    return url.kind, Login(url.user, url.password, url.certified)


def given(proxies: Mapping[str, Proxy], logins: Mapping[str, tuple[str, Login]]) -> dict[str, Proxy]:
    """The proxies with their logins. Raises UsageError for a login to another kind of server."""
    found = dict(proxies)
    for name, (kind, login) in logins.items():
        if name in found:
            if found[name].kind != kind:
                raise UsageError(
                    f"options: proxies: {name}: crowd: leads to {kind}, the proxy to {found[name].kind}"
                )
            found[name] = replace(found[name], login=login)
    return found
