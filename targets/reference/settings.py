"""The stack's settings: a profile (how it behaves) and a configuration (where it runs)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveInt,
    ValidationInfo,
)

CONFIG_VARIABLE = "REFERENCE_CONFIG"

_TIME = re.compile("".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in ("h", "m", "s", "ms")))
_IN_SECONDS = (3600.0, 60.0, 1.0, 0.001)
_WITH_UNIT = re.compile(r"_(timeout|delay|interval|mem|buffers|size|naptime)$|^log_min_duration")


class Settings(BaseModel):
    """Frozen; an unknown key is an error, so that a misspelt setting cannot be mistaken for a fix."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _seconds(value: Any, info: ValidationInfo) -> Any:
    """A time such as `30s`, `500ms` or `1m30s`. A bare number means seconds, but is refused in files written by a
    person (`written` in the context), where it is ambiguous.
    """
    if isinstance(value, str):
        match = _TIME.fullmatch(value.replace(" ", ""))
        if match is None or not any(match.groups()):
            raise ValueError("must be a time such as 30s, 500ms or 1m30s")
        return sum(
            float(number or 0) * unit for number, unit in zip(match.groups(), _IN_SECONDS, strict=True)
        )
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and value > 0 and info.context and info.context.get("written"):
        raise ValueError(f"needs a unit: {value:g}ms or {value:g}s?")
    return value


def _units_of_postgresql(
    settings: dict[str, str | int | float | bool], info: ValidationInfo
) -> dict[str, str | int | float | bool]:
    """Without a unit, PostgreSQL uses each setting's own: 300 is 300 ms for one, 300 s for another."""
    if info.context and info.context.get("written"):
        for name, value in settings.items():
            if _WITH_UNIT.search(name) and re.fullmatch("[0-9.]*[1-9][0-9.]*", str(value)):
                raise ValueError(f"{name} needs a unit, such as 300s, 5min or 128MB, got {value}")
    return settings


Seconds = Annotated[float, BeforeValidator(_seconds)]
Positive = Annotated[Seconds, Field(gt=0)]
NotNegative = Annotated[Seconds, Field(ge=0)]
WholeSeconds = Annotated[int, BeforeValidator(_seconds)]


class Retries(Settings):
    """`attempts` includes the first; waits start at `base` and double up to `cap`, half of each random."""

    attempts: PositiveInt
    base: NotNegative
    cap: NotNegative


class Breaker(Settings):
    """Opens after `fail_max` failures in a row; lets one trial through after `reset_timeout`."""

    fail_max: PositiveInt
    reset_timeout: Positive


class Log(Settings):
    """How the API's logs are written; `fsync_every` counts lines of app.log, null: no fsync.
    `tracebacks_per_second` limits those of one worker in error.log, null: one for each request that failed.
    """

    mode: Literal["plain", "queued"]
    queue_size: PositiveInt
    fsync_every: PositiveInt | None
    tracebacks_per_second: PositiveInt | None = None


class CacheBounds(Settings):
    """An entry is dropped `ttl` after it was made; the oldest is dropped for the one beyond `entries`."""

    ttl: Positive
    entries: PositiveInt


class ApiSettings(Settings):
    """Times are stored in seconds; a null deadline, limit or breaker means none."""

    workers: PositiveInt
    worker_connections: PositiveInt
    gunicorn_timeout: WholeSeconds = Field(gt=0)
    pool_size: PositiveInt
    max_overflow: int = Field(ge=0)
    pool_timeout: Positive
    pool_recycle: WholeSeconds = Field(ge=-1)
    pool_pre_ping: bool
    pool_lifo: bool
    connection_across_outbound: bool
    retries: Retries
    breaker: Breaker | None
    database_deadline: Positive | None
    outbound_timeout: Positive
    log: Log
    cache_ttl: Positive | None
    cache_entries: PositiveInt | None = None
    statement_timeout: Positive | None
    lock_timeout: Positive | None
    model_cache: CacheBounds | None = None
    witness: bool = False


class BatchSettings(Settings):
    """`pause_ms` is the pause after each chunk; `memory_limit_mb` limits each child's private memory."""

    scheduling: Literal["normal", "idle"]
    memory_limit_mb: PositiveInt | None
    pool_size: PositiveInt
    chunk_rows: PositiveInt
    pause_ms: int = Field(ge=0)
    statement_timeout: Positive | None


class DatabaseSettings(Settings):
    """`settings` go into postgresql.conf; the limits are connections per role, null: unlimited."""

    settings: Annotated[dict[str, str | int | float | bool], AfterValidator(_units_of_postgresql)]
    api_connection_limit: PositiveInt | None
    batch_connection_limit: PositiveInt | None
    crowd_connection_limit: PositiveInt | None


class VolumeSettings(Settings):
    """Logs beside the database or on a volume of their own."""

    layout: Literal["shared", "apart"]


class RotationSettings(Settings):
    """The contents of the logrotate stanza, and logrotate's scheduling."""

    method: Literal["copytruncate", "rename"]
    delaycompress: bool
    scheduling: Literal["normal", "idle"]
    signal: Literal["USR1"] | None


class Rate(Settings):
    """Once per so many requests, counted by each worker for itself."""

    every: PositiveInt


class ModelRate(Rate):
    """`kilobytes`: the size of each model."""

    kilobytes: PositiveInt = 20


class LeakSettings(Settings):
    """The mistakes in leaks.py; null: not made."""

    files: Rate | None = None
    responses: Rate | None = None
    sessions: Rate | None = None
    sessions_after: Rate | None = None
    threads: Rate | None = None
    greenlets: Rate | None = None
    contexts: Rate | None = None
    models: ModelRate | None = None


class TwinSettings(Settings):
    """What looks like one of the mistakes and is bounded, in twins.py; null: not done."""

    files: Rate | None = None
    clients: Rate | None = None
    unclosed: Rate | None = None
    threads: Rate | None = None
    greenlets: Rate | None = None
    contexts: Rate | None = None
    models: ModelRate | None = None
    fragments: Rate | None = None


class UsageSettings(Settings):
    """How requests and the nightly job add to the usage total."""

    update: Literal["read_then_write", "atomic"]


class Profile(Settings):
    """One configuration of the stack: everything in which the profiles differ."""

    api: ApiSettings
    batch: BatchSettings
    usage: UsageSettings
    database: DatabaseSettings
    volumes: VolumeSettings
    rotation: RotationSettings
    leaks: LeakSettings = LeakSettings()
    twins: TwinSettings = TwinSettings()


class Role(Settings):
    """A login role of the database."""

    user: str
    password: str


class Roles(Settings):
    """The three kinds of clients of the database; the crowd represents all others."""

    api: Role
    batch: Role
    crowd: Role


class DatabaseAddress(Settings):
    """The stack's address of PostgreSQL: the listener of a proxy in front of it."""

    host: str
    port: int
    dbname: str
    roles: Roles


class Listen(Settings):
    """Ports and their address: any other than 127.0.0.1 is only for a network of the stack's own."""

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
        """The directory where workers write their metrics for the exporter."""
        return self.scratch / "metrics"


def load() -> Config:
    """The configuration in the JSON file named by REFERENCE_CONFIG. Raises KeyError, OSError, ValidationError."""
    return Config.model_validate_json(Path(os.environ[CONFIG_VARIABLE]).read_bytes())
