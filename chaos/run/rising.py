"""Look at the machine, bring a target up, sign in, and read each of its gauges once."""

from __future__ import annotations

import threading
from collections.abc import Callable

from chaos.host.busy import by_others
from chaos.plugin.driver import Driver, Site
from chaos.plugin.handles import Handles
from chaos.record import events
from chaos.record.event import NOW, Recorded
from chaos.run import gauging
from chaos.run.signed_in import signed_in
from chaos.spec.target import Target


def look(stopping: threading.Event) -> events.MachineLooked:
    """Watch for a moment how busy the machine is with what midnight did not start. Blocks."""
    return events.MachineLooked(NOW, busy=round(by_others(stopping), 3))


def rise(target: Target, driver: Driver, site: Site, event: Callable[[Recorded], None]) -> Handles:
    """Blocks. Raises what the driver raises, UsageError for a session that fails, and Refused for a gauge."""
    event(events.TargetRising(NOW, target.name))
    return gauging.ready(target, signed_in(target, driver.up(site)), event)
