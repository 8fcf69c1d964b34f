"""A served disk by itself, for a stack that midnight does not start."""

from chaos.targets.disk.driver import DiskDriver

__all__ = ["DiskDriver"]
