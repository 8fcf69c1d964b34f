"""What the probes of one fault answer on these handles."""

from __future__ import annotations

from typing import Any

from chaos.plugin import registry
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Answer, Probe, answers


def probed(name: str, handles: Handles, **params: Any) -> dict[str, Probe]:
    fault = registry.fault(name)
    made = fault(fault.Params.model_validate(params), handles, "test-foreseen/step")
    return {each.what: each for each in answers(name, made.probes)}


def refused(found: dict[str, Probe]) -> list[str]:
    """The lines of what would not work."""
    return [each.line for each in found.values() if each.answer is Answer.NO]
