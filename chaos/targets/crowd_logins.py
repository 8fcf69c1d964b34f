"""Logins of crowds to MySQL, MariaDB and Redis, from connection URLs that are secrets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec

from chaos.access import store_urls
from chaos.access.dsn import Uncertain
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.plugin.handles import Login, Proxy
from chaos.spec.secret import Secret


@dataclass(frozen=True, slots=True)
class CrowdLogin:
    """A login as the file gives it; `where` names the place."""

    where: str
    kind: str
    login: Login

    def given_to(self, proxy: Proxy) -> Proxy:
        """The proxy with the login. Raises UsageError if it leads to another kind of server."""
        if proxy.kind != self.kind:
            raise UsageError(f"{self.where}: is a login to {self.kind}, but the proxy leads to {proxy.kind}")
        return replace(proxy, login=self.login)


def read(given: Secret, where: str, secret: SecretReader) -> CrowdLogin:
    """Of the URL only user and password count, and the host of a certificate: a crowd connects to what is behind its
    proxy. Raises UsageError.
    """
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
    return CrowdLogin(where, url.kind, Login(url.user, url.password, url.certified))
