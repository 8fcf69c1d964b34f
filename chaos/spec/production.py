"""The production that a drill projects to: its size and its rates, as its owners state them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaos.spec.units import NotNegative, Positive, Size
from chaos.spec.yamlfile import Model

Bytes = Annotated[Size, Field(gt=0)]
Rate = Annotated[Size, Field(gt=0)]  # bytes per second


class Production(Model):
    """Whatever is not stated is None, and what would need it is not projected."""

    size: Bytes | None = None  # of the data directory
    wal_rate: Rate | None = None  # written, on average over the age of a backup
    backup_age: Positive | None = None  # seconds, at worst: what there is to replay
    restore_throughput: Rate | None = None  # a backup to a data directory, decompression and network included
    replay_throughput: Rate | None = None  # of WAL
    archive_interval: Positive | None = (
        None  # seconds a segment may wait until it is archived (archive_timeout)
    )
    upload_lag: NotNegative | None = None  # seconds from there until it is where it survives
    replication_lag: NotNegative | None = None  # seconds a standby may be behind, at worst
