"""A dose in words, the same on the terminal and in every report. Its name states its unit (`cpu_seconds`)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from chaos.spec.units import show_seconds

_WHETHER: Mapping[str, tuple[str, str]] = {
    "completed": ("the job completed", "the job did not complete"),
    "ended": ("the process ended", "the process did not end"),
    "full": ("the disk was full", "the disk was not full"),
    "primary_lost": ("the primary was lost", "the primary was not lost"),
    "restarted": ("it was restarted", "it was not restarted"),
}
"""Doses that say whether something happened."""

_PHRASES: Mapping[str, str] = {
    "cpu_seconds": "{} of CPU time",
    "beside_cpu_seconds": "{} of CPU time beside it",
    "beside_memory_bytes": "{} of memory held beside it",
    "together_seconds": "{} side by side",
    "held_back_seconds": "held back for {}",
    "paused_seconds": "paused for {}",
    "stalled_seconds": "stalled for {}",
    "stopped_seconds": "stopped for {}",
    "seconds_at_limit": "{} at the limit",
    "most_descriptors": "up to {} descriptors open",
    "sync_median_seconds": "a median sync of {}",
    "most_unflushed_bytes": "up to {} unflushed",
    "killed_for_memory": "{} killed for lack of memory",
    "crowd_sessions_listed": "{} sessions of the crowd listed by the server",
    "connections_that_waited": "{} connections waited",
    "own_bytes_written": "{} written by the service",
    "own_wait_seconds": "the service waited {}",
    "own_answers": "{} answers to the service",
    "own_answer_seconds": "{} per answer to the service",
    "own_answers_held_back_seconds": "answers to the service held back for {}",
    "own_connections": "{} connections of the service",
    "own_connections_dropped": "{} connections of the service dropped",
    "own_connections_without_an_answer": "{} connections of the service without an answer",
}
"""Doses whose names do not read as a sentence behind their amount."""

_SEVERAL = re.compile(
    r"\b(answer|connection|descriptor|error|file|log|network|request|row|session|signal|toxic)s\b"
)

_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def phrase(name: str, value: float, floor: float | None = None) -> str:
    """Return a part of a sentence: `12 idle sessions closed (at least 5 needed)`, `the job completed`."""
    if name in _WHETHER:
        return _WHETHER[name][0 if value else 1]
    rest = "" if name in ("bytes", "seconds") else f" {_label(name)}"
    told = _PHRASES.get(name, f"{{}}{rest}").format(amount(name, value))
    if value == 1:
        told = _SEVERAL.sub(r"\1", told)
    return told if floor is None else f"{told} ({needed(name, floor)})"


def needed(name: str, floor: float) -> str:
    """Return `at least 10 MB needed`; empty for what either happened or not."""
    return "" if name in _WHETHER else f"at least {amount(name, floor)} needed"


def amount(name: str, value: float) -> str:
    """Return the value in the unit that the name states."""
    if "bytes" in name.split("_"):
        return size(value)
    if "seconds" in name.split("_"):
        return show_seconds(value)
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:.4g}"


def size(value: float) -> str:
    """Format bytes in powers of ten, as in files: `419 MB`."""
    for unit, name in _SIZES:
        if abs(value) >= unit:
            return f"{value / unit:.3g} {name}"
    return f"{value:.0f} B"


def _label(name: str) -> str:
    """Return the name without its unit."""
    parts = [part for part in name.split("_") if part not in ("bytes", "seconds")]
    return " ".join(parts) or name.replace("_", " ")
