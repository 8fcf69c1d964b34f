"""What a process or container that is acted on has to do with others: without that, nobody was hit."""

from __future__ import annotations

from chaos.faults.shared import containers
from chaos.faults.shared.containers import Subject
from chaos.path import Traffic, Unseen
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles


class OwnTraffic:
    """It never raises: what cannot be seen is said by `unproven`."""

    def __init__(self, handles: Handles, subject: Subject, mark: str) -> None:
        self._subject, self._mark, self._entry = subject, f"{mark}/traffic", handles.base_url
        self._traffic: Traffic | None = None
        self._because = ""
        self.connections = 0  # in use when the act began
        self._most_held = 0

    def begin(self, *networks: str) -> None:
        """Count the connections that the act is about to hit, on these networks of a container or on all."""
        try:
            self._traffic = Traffic(self._subject, mark=self._mark, entry=self._entry)
            self.connections = self._traffic.connections(networks)
        except (Unseen, PermissionError) as error:
            self._give_up(error)

    def held(self) -> int:
        """The most connections at once on which something has waited for the subject, at any of these calls."""
        if self._traffic is not None:
            try:
                self._most_held = max(self._most_held, self._traffic.held())
            except (Unseen, PermissionError) as error:
                self._give_up(error)
        return self._most_held

    def close(self) -> None:
        if self._traffic is not None:
            self._traffic.close()
            self._traffic = None

    @property
    def evidence(self) -> Evidence:
        return {"connections_in_use_before": self.connections}

    def unproven(self, *, hit: int) -> str:
        """Why it is not known that the service felt it, where not one connection was `hit`."""
        if self._because:
            return f"whom it served cannot be seen: {self._because}"
        if hit:
            return ""
        name = containers.name_of(self._subject)
        return f"nothing but midnight had to do with {name} then: have the step aim at what serves requests"

    def _give_up(self, error: Exception) -> None:
        self._because = str(error)
        self.close()
