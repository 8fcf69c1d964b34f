"""The driver of a service that midnight did not start: discover, watch and disturb it, but never start or stop it."""

from chaos.targets.attach.driver import AttachDriver

__all__ = ["AttachDriver"]
