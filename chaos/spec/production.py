"""The production that a drill projects to: size and rates, as stated by its owners."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chaos.spec.units import NotNegative, Positive, Size
from chaos.spec.yamlfile import Model

Bytes = Annotated[Size, Field(gt=0)]
Rate = Annotated[Size, Field(gt=0)]  # bytes per second


class Production(Model):
    """Values not stated are None; what depends on them is not projected."""

    size: Bytes | None = None  # of the data directory
    wal_rate: Rate | None = None  # written, averaged over the age of a backup
    backup_age: Positive | None = None  # worst case in seconds: WAL to replay
    restore_throughput: Rate | None = (
        None  # from backup to data directory, including decompression and network
    )
    replay_throughput: Rate | None = None  # of WAL
    archive_interval: Positive | None = None  # seconds until a segment is archived (archive_timeout)
    upload_lag: NotNegative | None = None  # seconds from there until it is safe
    replication_lag: NotNegative | None = None  # worst case in seconds that a standby is behind
