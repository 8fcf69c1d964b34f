"""The path between a service and what lies behind a proxy: which of the proxy's connections are the service's own,
and what became of them. It looks and never sends: no effect is proven by a connection of midnight's own."""

from chaos.path.account import Account, Fate, Seen
from chaos.path.networks import addresses
from chaos.path.service import Service, of
from chaos.path.sight import Unseen
from chaos.path.traffic import WITHIN, Traffic
from chaos.path.watch import Connection, Look, Watch, callers

__all__ = [
    "WITHIN",
    "Account",
    "Connection",
    "Fate",
    "Look",
    "Seen",
    "Service",
    "Traffic",
    "Unseen",
    "Watch",
    "addresses",
    "callers",
    "of",
]
