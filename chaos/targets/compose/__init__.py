"""A Compose project that is running already: its services by role; it is neither started nor stopped."""

from chaos.targets.compose.driver import ComposeDriver

__all__ = ["ComposeDriver"]
