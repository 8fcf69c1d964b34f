"""Services shared by the routes of one worker."""

from __future__ import annotations

from dataclasses import dataclass

from .conversations import Conversations
from .database import Database
from .numbered_log import NumberedLog
from .outbound import Model
from .settings import Config


@dataclass(frozen=True)
class Services:
    """The dependencies of the routes."""

    config: Config
    database: Database
    model: Model
    conversations: Conversations
    log: NumberedLog


def services(config: Config) -> Services:
    """Open only the log yet: connections are opened on the first request."""
    api = config.profile.api
    return Services(
        config=config,
        database=Database(config),
        model=Model(config.model_url, api),
        conversations=Conversations(api.cache_ttl),
        log=NumberedLog(config.logs / "app.log", api.log),
    )
