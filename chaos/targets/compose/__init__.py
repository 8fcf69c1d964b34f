"""A Compose project that is running already: its services by role; it is neither started nor stopped."""

from chaos.engine.client import require_sdk

require_sdk()

from chaos.targets.compose.driver import ComposeDriver  # noqa: E402  only where the SDK is there

__all__ = ["ComposeDriver"]
