"""A target that is a backup: it is read, never written, and restored into a cluster of ours."""

from chaos.targets.backup.driver import BackupDriver

__all__ = ["BackupDriver"]
