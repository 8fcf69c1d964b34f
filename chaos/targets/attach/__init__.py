"""The driver of a service that midnight did not start: it is found, watched and hurt, never brought up or down."""

from chaos.targets.attach.driver import AttachDriver

__all__ = ["AttachDriver"]
