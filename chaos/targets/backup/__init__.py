"""A target that is a backup: read, never written, and restored into a cluster of midnight's own."""

from chaos.targets.backup.driver import BackupDriver

__all__ = ["BackupDriver"]
