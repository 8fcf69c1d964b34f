"""Services shared by the routes of one worker."""

from __future__ import annotations

from dataclasses import dataclass

from .conversations import Conversations
from .database import Database
from .habits import Habits
from .numbered_log import NumberedLog
from .outbound import Model
from .settings import Config
from .usage import UsageThread


@dataclass(frozen=True)
class Services:
    """The dependencies of the routes."""

    config: Config
    database: Database
    model: Model
    conversations: Conversations
    log: NumberedLog
    habits: Habits
    usage: UsageThread


def services(config: Config) -> Services:
    """Open only the log yet: connections are opened on the first request."""
    api, database = config.profile.api, Database(config)
    return Services(
        config=config,
        database=database,
        model=Model(config.model_url, api),
        conversations=Conversations(api.cache_ttl, api.cache_entries),
        log=NumberedLog(config.logs / "app.log", api.log),
        habits=Habits(config, database.engine),
        usage=UsageThread(database, config.profile.usage.update),
    )
