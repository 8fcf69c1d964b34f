"""Dialects of other crons: translated where possible, else refused with the syntax to use."""

from __future__ import annotations

import re

from chaos.spec.near import instead

RULE = "must be five cron fields (or six, seconds first), `@daily`, or like `first sunday 02:00`"

NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_ZONE = re.compile(r"(?:CRON_)?TZ=(\S*)\s*(.*)", re.I)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_NTH = re.compile(r"(?P<day>[a-z]+|[0-7])#(?P<nth>[1-5])", re.I)
_LAST = re.compile(r"(?P<day>[a-z]{3}|[0-7])L", re.I)
_ORDINALS = ("first", "second", "third", "fourth")


def fields(when: str) -> tuple[str, str, str, str, str, str]:
    """Return second, minute, hour, day of month, month and day of week. Raises ValueError."""
    text = when.strip()
    if zoned := _ZONE.match(text):
        rest = f"when: {zoned[2]}" if zoned[2] else "when"
        raise ValueError(f"put the zone in its own key: timezone: {zoned[1] or 'ZONE'}, and {rest}")
    if text.startswith("@"):
        text = _of_nickname(text)
    if clock := _CLOCK.fullmatch(text):
        raise ValueError(f"{RULE}; for every day write `{int(clock[2])} {int(clock[1])} * * *`")
    found = text.split()
    if len(found) not in (5, 6):
        raise ValueError(f"{RULE}; years are not supported" if len(found) == 7 else RULE)
    second = found[0] if len(found) == 6 else "0"
    minute, hour, day, month, weekday = found[-5:]
    return second, minute, hour, *_days(day, month, weekday)


def _of_nickname(text: str) -> str:
    if text.lower() in NICKNAMES:
        return NICKNAMES[text.lower()]
    if text.lower() == "@reboot":
        raise ValueError("`@reboot` names no time; write one, e.g. `@daily` or `0 2 * * *`")
    if text.lower().startswith("@every"):
        raise ValueError("has no defined start; write a clock time, e.g. `0 */6 * * *`")
    raise ValueError(f"unknown name; {instead(text.lower(), tuple(NICKNAMES))}")


def _days(day: str, month: str, weekday: str) -> tuple[str, str, str]:
    if "?" in (day, weekday) and re.search("[0-9]", weekday):
        raise ValueError("with `?`, 1 means sunday elsewhere but monday here: write the day as sun to sat")
    day, weekday = ("*" if field == "?" else field for field in (day, weekday))
    if "w" in day.lower():
        raise ValueError("`W` (nearest weekday) is not supported: write a day, or like `first monday 02:00`")
    if re.fullmatch(r"L", day, re.I):
        return "last", month, weekday
    if re.match(r"L", day, re.I):
        raise ValueError("days before the last are not supported: write `L`, or like `last day 23:30`")
    if found := _NTH.search(weekday):
        raise ValueError(f"write the day in words: `{_nth(found['nth'])} {_full(found['day'])} 02:00`")
    if found := _LAST.search(weekday):
        raise ValueError(f"write the day in words: `last {_full(found['day'])} 02:00`")
    if re.fullmatch(r"L", weekday, re.I):
        raise ValueError("write the day in words: `last day 02:00`, or `sat` for every saturday")
    return day, month, weekday


def _nth(number: str) -> str:
    """Not every month has a fifth."""
    return _ORDINALS[int(number) - 1] if int(number) <= len(_ORDINALS) else "last"


def _full(day: str) -> str:
    return day.lower() if day.isalpha() else "DAY"  # crons do not agree on its number
