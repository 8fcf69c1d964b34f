"""A running Compose project: its services by role; it is neither started nor stopped."""

from chaos.targets.compose.driver import ComposeDriver

__all__ = ["ComposeDriver"]
