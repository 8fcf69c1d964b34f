"""The words of the details, for readers who meet them for the first time."""

from __future__ import annotations

from chaos.checks.text import percent
from chaos.spec.experiment import Outage
from chaos.spec.units import show_seconds

TERMS: tuple[tuple[str, str], ...] = (
    (
        "hit",
        "One request of the load. It is good if it was answered in time and as its route expects, else bad.",
    ),
    (
        "indeterminate, in doubt",
        "A hit that was due while the load generator itself was late: it may have been good or bad.",
    ),
    ("not exercised", "The run gave nothing to judge this by; it counts neither way."),
    ("unknown", "The run cannot prove either a pass or a failure."),
    ("∞", "A percentile that falls on a bad hit: that request was never answered well."),
    ("p50, p95, p99", "Half, 95 % and 99 % of the requests took at most this long, from when they were due."),
    ("dose, floor", "How much a fault did, as measured, and the least that counts as an effect."),
    (
        "link",
        "A gauge that left its usual range after the first fault. The order is one of time, not of cause.",
    ),
    (
        "outage",
        "From the first bad hit of a window with too many bad hits to the first good hit of sustained good service.",
    ),
    ("RTO, RPO", "How long the service was down, and how many seconds of acknowledged writes were lost."),
    (
        "ledger",
        "All writes that the target acknowledged, kept outside it and compared with it afterwards.",
    ),
)


def terms_of(rule: Outage) -> tuple[tuple[str, str], ...]:
    """Return the words with an experiment's own bounds of an outage."""
    below = percent(rule.below)
    said = (
        f"From the first bad hit of {show_seconds(rule.window)} with less than {below} good hits to the first good "
        f"hit of {show_seconds(rule.sustained)} with at least {below}."
    )
    return tuple((word, said if word == "outage" else meaning) for word, meaning in TERMS)
