"""What starts the stack, imported when it starts: a file that is only read is valid or not without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.later import Later

__all__ = ["monitoring", "operations", "servers", "services"]

if TYPE_CHECKING:
    from chaos.targets.embedded import monitoring, operations, servers, services
else:
    monitoring, operations, servers, services = (Later(f"chaos.targets.embedded.{each}") for each in __all__)
