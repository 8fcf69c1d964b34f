"""What other crons write: taken where it means something here, else refused with what to write instead."""

from __future__ import annotations

import re

RULE = "must be five fields of cron (or six, seconds first), `@daily`, or as `first sunday 02:00`"

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
_NTH = re.compile(r"(?P<day>[a-z]+|[0-7])#(?P<nth>[1-5])", re.I)
_LAST = re.compile(r"(?P<day>[a-z]{3}|[0-7])L", re.I)
_ORDINALS = ("first", "second", "third", "fourth")


def fields(when: str) -> tuple[str, str, str, str, str, str]:
    """Second, minute, hour, day of the month, month and day of the week. Raises ValueError."""
    text = when.strip()
    if zoned := _ZONE.match(text):
        rest = f"when: {zoned[2]}" if zoned[2] else "when"
        raise ValueError(f"the zone has a key of its own: write timezone: {zoned[1] or 'ZONE'}, and {rest}")
    if text.startswith("@"):
        text = _of_nickname(text)
    found = text.split()
    if len(found) not in (5, 6):
        raise ValueError(f"{RULE}; a year cannot be given" if len(found) == 7 else RULE)
    second = found[0] if len(found) == 6 else "0"
    minute, hour, day, month, weekday = found[-5:]
    return second, minute, hour, *_days(day, month, weekday)


def _of_nickname(text: str) -> str:
    if text.lower() in NICKNAMES:
        return NICKNAMES[text.lower()]
    if text.lower() == "@reboot":
        raise ValueError("nothing is started by a boot here; a schedule names a time")
    if text.lower().startswith("@every"):
        raise ValueError("counts from no known time; write a time of the clock, such as `0 */6 * * *`")
    raise ValueError(f"there is no such name; known: {', '.join(NICKNAMES)}")


def _days(day: str, month: str, weekday: str) -> tuple[str, str, str]:
    if "?" in (day, weekday) and re.search("[0-9]", weekday):
        raise ValueError("where `?` is written, 1 is sunday; here it is monday: write the day as sun to sat")
    day, weekday = ("*" if field == "?" else field for field in (day, weekday))
    if "w" in day.lower():
        raise ValueError(
            "`W`, the nearest working day, is not known here: write a day, or as `first monday 02:00`"
        )
    if re.fullmatch(r"L", day, re.I):
        return "last", month, weekday
    if re.match(r"L", day, re.I):
        raise ValueError("only the last day itself has a name: write `L`, or as `last day 23:30`")
    if found := _NTH.search(weekday):
        raise ValueError(f"write the day in words: `{_nth(found['nth'])} {_full(found['day'])} 02:00`")
    if found := _LAST.search(weekday):
        raise ValueError(f"write the day in words: `last {_full(found['day'])} 02:00`")
    if re.fullmatch(r"L", weekday, re.I):
        raise ValueError("write the day in words: `last day 02:00`, or `sat` for each saturday")
    return day, month, weekday


def _nth(number: str) -> str:
    """There is not always a fifth."""
    return _ORDINALS[int(number) - 1] if int(number) <= len(_ORDINALS) else "last"


def _full(day: str) -> str:
    return day.lower() if day.isalpha() else "DAY"  # crons do not agree on its number
