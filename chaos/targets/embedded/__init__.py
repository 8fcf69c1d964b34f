"""The reference stack as local processes: no containers, and root only for a slow volume."""

from chaos.targets.embedded.driver import EmbeddedDriver

__all__ = ["EmbeddedDriver"]
