"""The reference stack as local processes: no container, and no root beyond what a slow volume takes."""

from chaos.targets.embedded.driver import EmbeddedDriver

__all__ = ["EmbeddedDriver"]
