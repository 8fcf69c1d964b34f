"""Sizes and times as Kubernetes and Compose write them."""

from __future__ import annotations

import math
import re

from chaos.audit.node import as_number

_SIZE = re.compile(r"\+?((?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)\s*([a-zA-Z]*)")
_KUBERNETES = {
    **{"n": 1e-9, "u": 1e-6, "m": 0.001, "": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12},
    **{
        "P": 10**15,
        "E": 10**18,
        "Ki": 2**10,
        "Mi": 2**20,
        "Gi": 2**30,
        "Ti": 2**40,
        "Pi": 2**50,
        "Ei": 2**60,
    },
}
_COMPOSE = {
    **{"": 1, "b": 1},
    **{f"{unit}{end}": 2 ** (10 * n) for n, unit in enumerate("kmgtp", 1) for end in ("", "b", "ib")},
}
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}


def size(text: str, *, compose: bool = False) -> float | None:
    """Return bytes of `512Mi`, or of `512m` in a Compose file; None for anything else."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        return None
    units = _COMPOSE if compose else _KUBERNETES
    factor = units.get(found[2].lower() if compose else found[2])
    number = as_number(found[1])
    return None if factor is None or number is None else number * factor


def seconds(text: str) -> float | None:
    """Return seconds of `1m30s` or `15`; None for anything else."""
    if (number := as_number(text)) is not None:
        return number
    parts = _TIME.findall(text)
    if not parts or _TIME.sub("", text).strip():
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def share(text: str, of: int) -> int | None:
    """Return `25%` or `2` as a number of Pods, rounded up as Kubernetes does: 67% of 3 are 3. None for any
    other text."""
    number = as_number(text.removesuffix("%"))
    if number is None or not text.endswith("%"):
        return None if number is None else int(number)
    exact = number * of / 100
    return math.ceil(exact) if math.isfinite(exact) else None
