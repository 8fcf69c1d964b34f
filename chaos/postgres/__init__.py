"""PostgreSQL: midnight's own clusters, their standbys, backups and archives; nothing here decides or judges."""

from chaos.postgres.cluster import Cluster
from chaos.postgres.connection import CONNECT_TIMEOUT, HOST, STATEMENT_TIMEOUT, SUPERUSER, connect
from chaos.postgres.installation import Installation

__all__ = [
    "CONNECT_TIMEOUT",
    "HOST",
    "STATEMENT_TIMEOUT",
    "SUPERUSER",
    "Cluster",
    "Installation",
    "connect",
]
