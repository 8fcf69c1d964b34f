"""A dose in words: one name, one unit. The unit stands in a dose's name (`bytes_written`, `cpu_seconds`)."""

from __future__ import annotations

from chaos.spec.units import show_seconds

_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def dose(name: str, value: float, floor: float | None = None) -> str:
    """Return `written 419 MB (at least 10 MB needed)`."""
    label = _label(name)
    told = f"{label} {amount(name, value)}"
    return told if floor is None else f"{told} ({needed(name, floor)})"


def needed(name: str, floor: float) -> str:
    """Return `at least 10 MB needed`."""
    return f"at least {amount(name, floor)} needed"


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
