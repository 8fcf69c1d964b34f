"""A backup as evidence: its identity, and the checksum that identifies it."""

from __future__ import annotations

import hashlib
from typing import Any

from chaos.postgres.backup import Backup
from chaos.postgres.manifest import NAME
from chaos.postgres.wal import show_lsn


def backup_evidence(backup: Backup) -> dict[str, Any]:
    """The manifest holds the checksum of every file, so its own checksum covers all of them."""
    manifest = backup.files.place / NAME
    digest = hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.exists() else None
    return {
        "label": backup.label,
        "format": backup.files.format,
        "bytes": backup.size,
        "started": backup.started.isoformat() if backup.started else None,
        "ended": backup.ended.isoformat() if backup.ended else None,
        "from": show_lsn(backup.start),
        "to": show_lsn(backup.stop) if backup.stop is not None else None,
        "taking_seconds": backup.seconds,
        "manifest_sha256": digest,
    }
