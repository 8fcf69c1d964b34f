"""The interface of an action that looks from outside."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import Any, ClassVar

from chaos.plugin.driver import Incident
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.spec.yamlfile import Model


class Action(ABC):
    Params: ClassVar[type[Model]]

    @abstractmethod
    def __init__(self, params: Any, handles: Handles) -> None: ...

    @abstractmethod
    def do(self, incident: Incident, stop: threading.Event) -> Evidence:
        """Run until done, or until `stop` is set. Raises TargetError if it did not succeed."""
