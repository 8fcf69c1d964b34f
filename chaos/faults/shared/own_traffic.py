"""Traffic of the process or container that is acted on: without any, no one was hit."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from chaos.faults.shared import containers
from chaos.faults.shared.containers import Subject
from chaos.path import WITHIN, Traffic, Unseen
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, unknown, yes


class OwnTraffic:
    """Never raises: `unproven` reports what cannot be seen."""

    def __init__(self, handles: Handles, subject: Subject, mark: str) -> None:
        self._subject, self._mark, self._entry = subject, f"{mark}/traffic", handles.base_url
        self._traffic: Traffic | None = None
        self._because = ""
        self.connections = 0  # in use when the act began
        self._most_held = 0

    def probes(self, *networks: str) -> Iterator[Probe]:
        """Probe the floor of connections in use, as seen now. Never a `no`: the load opens some."""
        what = f"floor: connections of {containers.name_of(self._subject)} in use"
        self._look(networks, 0.0)
        self.close()
        if self._because:
            yield unknown(what, f"they cannot be seen: {self._because}")
        else:
            answer = yes if self.connections else unknown
            yield answer(what, f"{self.connections} now, 1 is required")

    def begin(self, *networks: str) -> None:
        """Count the connections that the act is about to hit, on these networks of a container or on all of them."""
        self._look(networks, WITHIN)

    def held(self) -> int:
        """The most connections seen waiting for the subject at once, over all calls."""
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
        """Explain why it is unknown whether the service was affected, if no connection was `hit`."""
        if self._because:
            return f"its clients cannot be seen: {self._because}"
        if hit:
            return ""
        name = containers.name_of(self._subject)
        return f"only midnight used {name} at that time: target a process or container that serves requests"

    def _look(self, networks: Collection[str], within: float) -> None:
        self._because = ""
        try:
            self._traffic = Traffic(self._subject, mark=self._mark, entry=self._entry)
            self.connections = self._traffic.connections(networks, within)
        except (Unseen, PermissionError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._because = str(error)
        self.close()
