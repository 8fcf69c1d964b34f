"""What the stack is told: a profile (how it is configured) and a configuration (where it runs)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat, PositiveFloat, PositiveInt

CONFIG_VARIABLE = "REFERENCE_CONFIG"


class Settings(BaseModel):
    """Frozen; an unknown key is an error, so that a misspelt setting cannot pass for a cure."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Retries(Settings):
    """`attempts` counts the first; waits start at `base` seconds, double up to `cap`, half of each random."""

    attempts: PositiveInt
    base: NonNegativeFloat
    cap: NonNegativeFloat


class Breaker(Settings):
    """Opens after `fail_max` failures in a row; lets one trial through after `reset_timeout` seconds."""

    fail_max: PositiveInt
    reset_timeout: PositiveFloat


class Log(Settings):
    """How app.log and access.log are written; `fsync_every` counts lines of app.log, null leaves it out."""

    mode: Literal["plain", "queued"]
    queue_size: PositiveInt
    fsync_every: PositiveInt | None


class ApiSettings(Settings):
    """Times are seconds; a null deadline, limit or breaker means there is none."""

    workers: PositiveInt
    worker_connections: PositiveInt
    gunicorn_timeout: PositiveInt
    pool_size: PositiveInt
    max_overflow: int = Field(ge=0)
    pool_timeout: PositiveFloat
    pool_recycle: int = Field(ge=-1)
    pool_pre_ping: bool
    pool_lifo: bool
    connection_across_outbound: bool
    retries: Retries
    breaker: Breaker | None
    database_deadline: PositiveFloat | None
    outbound_timeout: PositiveFloat
    log: Log
    cache_ttl: PositiveFloat | None
    statement_timeout: PositiveFloat | None
    lock_timeout: PositiveFloat | None


class BatchSettings(Settings):
    """`pause_ms` is the rest after each chunk; `memory_limit_mb` bounds each child's private memory."""

    scheduling: Literal["normal", "idle"]
    memory_limit_mb: PositiveInt | None
    pool_size: PositiveInt
    chunk_rows: PositiveInt
    pause_ms: int = Field(ge=0)
    statement_timeout: PositiveFloat | None


class DatabaseSettings(Settings):
    """`settings` go into postgresql.conf; the limits are of connections by role, null unlimited."""

    settings: dict[str, str | int | float | bool]
    api_connection_limit: PositiveInt | None
    batch_connection_limit: PositiveInt | None
    crowd_connection_limit: PositiveInt | None


class VolumeSettings(Settings):
    """Whether the logs lie beside the database or on a volume of their own."""

    layout: Literal["shared", "apart"]


class RotationSettings(Settings):
    """What goes into the logrotate stanza, and how logrotate is scheduled."""

    method: Literal["copytruncate", "rename"]
    delaycompress: bool
    scheduling: Literal["normal", "idle"]
    signal: Literal["USR1"] | None


class Profile(Settings):
    """One configuration of the stack: everything in which `fragile` and `hardened` differ."""

    api: ApiSettings
    batch: BatchSettings
    database: DatabaseSettings
    volumes: VolumeSettings
    rotation: RotationSettings


class Role(Settings):
    """A login role of the database."""

    user: str
    password: str


class Roles(Settings):
    """The three kinds of clients of the database; the crowd stands for everybody else's."""

    api: Role
    batch: Role
    crowd: Role


class DatabaseAddress(Settings):
    """Where the stack reaches PostgreSQL; the listener of a proxy in front of it."""

    host: str
    port: int
    dbname: str
    roles: Roles


class Listen(Settings):
    """Ports, and the address they are on: every other than 127.0.0.1 is for a network of the stack's own."""

    host: str = "127.0.0.1"
    api: int
    metrics: int
    model: int


class Config(Settings):
    """One running stack."""

    profile: Profile
    database: DatabaseAddress
    model_url: str
    listen: Listen
    logs: Path
    scratch: Path
    documents: PositiveInt

    @property
    def metrics_directory(self) -> Path:
        """Where the workers leave their metrics, and the exporter finds them."""
        return self.scratch / "metrics"


def load() -> Config:
    """The configuration in the JSON file named by REFERENCE_CONFIG; KeyError, OSError, ValidationError."""
    return Config.model_validate_json(Path(os.environ[CONFIG_VARIABLE]).read_bytes())
