"""The path between a service and the upstream of a proxy: which of the proxy's connections are the service's own, and
what became of them. Strictly passive: midnight's own connections never prove an effect.
"""

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
