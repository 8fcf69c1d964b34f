"""Which environment variables hold which number. Dify's are known; `--map FILE` adds those of a team."""

from __future__ import annotations

from pathlib import Path

from chaos.spec.yamlfile import Model, load

Names = tuple[str, ...]

_WORKERS = ("SERVER_WORKER_AMOUNT", "GUNICORN_WORKERS", "WEB_CONCURRENCY", "CELERY_WORKER_AMOUNT")
_POOL = ("SQLALCHEMY_POOL_SIZE", "DB_POOL_SIZE", "DATABASE_POOL_SIZE", "POOL_SIZE")
_OVERFLOW = ("SQLALCHEMY_MAX_OVERFLOW", "DB_MAX_OVERFLOW", "DATABASE_MAX_OVERFLOW", "MAX_OVERFLOW")


class Map(Model):
    """`database`: the numbers of a database that is not among the manifests."""

    workers: Names = ()
    pool_size: Names = ()
    max_overflow: Names = ()
    max_connections: Names = ()
    reserved: Names = ()
    database_max_connections: int | None = None
    database_reserved: int = 3
    asks_database: Names = ()

    @property
    def every_workers(self) -> Names:
        return (*self.workers, *_WORKERS)

    @property
    def every_pool_size(self) -> Names:
        return (*self.pool_size, *_POOL)

    @property
    def every_max_overflow(self) -> Names:
        return (*self.max_overflow, *_OVERFLOW)

    @property
    def every_max_connections(self) -> Names:
        return (*self.max_connections, "POSTGRES_MAX_CONNECTIONS", "POSTGRESQL_MAX_CONNECTIONS")

    @property
    def every_reserved(self) -> Names:
        return (*self.reserved, "POSTGRES_SUPERUSER_RESERVED_CONNECTIONS")


def read(path: Path | None) -> Map:
    """Read a map file. Raises FileError."""
    return Map() if path is None else load(path, Map)
