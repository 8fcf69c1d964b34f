"""What plug-ins are written against: `from chaos.plugin import Fault, Handles`. A test holds the list.

Checks import `Check`, `Judged`, `Finding` and `Outcome` from `chaos.checks`, report formats `Format` and `JudgedRun`
from `chaos.reports`: what judges and renders does not know what acts.

Each name is imported when it is first used: the small programs of `host/`, which must start at once, import
`chaos.plugin.handles`, and would load pydantic with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chaos.errors import Aborted, FaultError, NoVerdict, TargetError, TargetGone, UndoError, UsageError
    from chaos.plugin.driver import Driver, Incident, Site, Wants
    from chaos.plugin.fault import Evidence, Fault, Held, Undo
    from chaos.plugin.handles import (
        ContainerRef,
        Database,
        EngineAt,
        Handles,
        Job,
        LogFiles,
        ProcessRef,
        Proxy,
        Replication,
        Server,
        Stanza,
        Volume,
    )
    from chaos.plugin.probe import Answer, Probe, no, unknown, until_no, yes
    from chaos.plugin.source import SamplingSource
    from chaos.plugin.staging import STAGING
    from chaos.record.inventory.differences import Claim
    from chaos.record.inventory.document import CONTAINERS, FILES, PROCESSES, PROXIES, SERVERS
    from chaos.spec.broken import BrokenRule
    from chaos.spec.target import Target
    from chaos.spec.units import NotNegative, Positive, Ratio, Size
    from chaos.spec.yamlfile import Model, Name, Where

__all__ = [
    "CONTAINERS",
    "FILES",
    "PROCESSES",
    "PROXIES",
    "SERVERS",
    "STAGING",
    "Aborted",
    "Answer",
    "BrokenRule",
    "Claim",
    "ContainerRef",
    "Database",
    "Driver",
    "EngineAt",
    "Evidence",
    "Fault",
    "FaultError",
    "Handles",
    "Held",
    "Incident",
    "Job",
    "LogFiles",
    "Model",
    "Name",
    "NoVerdict",
    "NotNegative",
    "Positive",
    "Probe",
    "ProcessRef",
    "Proxy",
    "Ratio",
    "Replication",
    "SamplingSource",
    "Server",
    "Site",
    "Size",
    "Stanza",
    "Target",
    "TargetError",
    "TargetGone",
    "Undo",
    "UndoError",
    "UsageError",
    "Volume",
    "Wants",
    "Where",
    "no",
    "unknown",
    "until_no",
    "yes",
]

_HOMES = {
    "chaos.errors": "Aborted FaultError NoVerdict TargetError TargetGone UndoError UsageError",
    "chaos.plugin.driver": "Driver Incident Site Wants",
    "chaos.plugin.fault": "Evidence Fault Held Undo",
    "chaos.plugin.handles": "ContainerRef Database EngineAt Handles Job LogFiles ProcessRef Proxy Replication"
    " Server Stanza Volume",
    "chaos.plugin.probe": "Answer Probe no unknown until_no yes",
    "chaos.plugin.source": "SamplingSource",
    "chaos.plugin.staging": "STAGING",
    "chaos.record.inventory.differences": "Claim",
    "chaos.record.inventory.document": "CONTAINERS FILES PROCESSES PROXIES SERVERS",
    "chaos.spec.broken": "BrokenRule",
    "chaos.spec.target": "Target",
    "chaos.spec.units": "NotNegative Positive Ratio Size",
    "chaos.spec.yamlfile": "Model Name Where",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
