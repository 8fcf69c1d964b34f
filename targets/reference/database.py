"""The API's access to PostgreSQL: one pool, and one way to use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import sqlalchemy
from sqlalchemy.engine import URL, Connection

from . import metrics
from .breaker import Guard
from .failures import Unavailable, is_database_failure, is_passing_database_failure
from .patience import deadline, retried
from .pool import CountingPool
from .settings import ApiSettings, Config

T = TypeVar("T")


class Database:
    """Runs work in transactions.

    `engine` gives sessions that outlast one piece of work.

    psycopg must be imported after gevent's patches: only then does it wait without blocking the worker.
    """

    def __init__(self, config: Config) -> None:
        self._api = config.profile.api
        self._guard = Guard("database", self._api.breaker, is_database_failure)
        self.engine = sqlalchemy.create_engine(
            _url(config),
            poolclass=CountingPool,
            pool_size=self._api.pool_size,
            max_overflow=self._api.max_overflow,
            pool_timeout=self._api.pool_timeout,
            pool_recycle=self._api.pool_recycle,
            pool_pre_ping=self._api.pool_pre_ping,
            pool_use_lifo=self._api.pool_lifo,
            connect_args={"application_name": "reference-api"},
        )
        metrics.POOL_SIZE.set(_connections(self._api))

    def run(self, work: Callable[[Connection], T]) -> T:
        """The work's result, committed. The work must be idempotent: it is repeated after a transient failure.

        Raises Unavailable if the database does not answer within the attempts, the deadline or the breaker's rule.
        """
        try:
            return self._guard.call(lambda: self._within_deadline(work))
        except sqlalchemy.exc.SQLAlchemyError as error:
            if is_database_failure(error):
                raise Unavailable("database", str(error).splitlines()[0]) from error
            raise

    def _within_deadline(self, work: Callable[[Connection], T]) -> T:
        with deadline(self._api.database_deadline, "database") as passed:
            return retried(
                lambda: self._once(work),
                self._api.retries,
                "database",
                is_passing_database_failure,
                too_late=passed,
            )

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self.engine.begin() as connection:
            return work(connection)


def _url(config: Config) -> URL:
    role = config.database.roles.api
    return URL.create(
        "postgresql+psycopg",
        username=role.user,
        password=role.password,
        host=config.database.host,
        port=config.database.port,
        database=config.database.dbname,
    )


def _connections(api: ApiSettings) -> int:
    return api.pool_size + api.max_overflow
