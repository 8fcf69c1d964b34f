"""A replay as text and as JSON, and what `--require` makes of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chaos.alerts import promtool
from chaos.alerts.intervals import Fires
from chaos.alerts.replay import Replay, Replayed, State
from chaos.errors import ExitCode, UsageError
from chaos.spec import units
from chaos.spec.near import instead
from chaos.spec.units import show_seconds


def lines(replay: Replay) -> list[str]:
    """One line per alert, then what the rules ask for and the run does not have."""
    started = _started(replay)
    found = [
        f"{_line(each, name)}{_of_its_group(each, started)}"
        for each, name in zip(replay.alerts, _named(replay.alerts), strict=True)
    ]
    if replay.unmapped:
        found.append(f"not in the run: {', '.join(replay.unmapped)}; map them with --map FILE")
    found += [f"--map: {name}: the run has {because}" for name, because in replay.mistaken.items()]
    if replay.clocks:
        verb = "begins" if len(replay.clocks) == 1 else "begin"
        names = ", ".join(f"{each}()" for each in replay.clocks)
        found.append(
            f"{names} {verb} at 00:00 on 1 January 1970 in a replay: alerts that depend on it are not judged right"
        )
    stretched = f", the worst moment stretched by {show_seconds(replay.held)}" if replay.held else ""
    found.append(
        f"scraped every {show_seconds(replay.scrape)}, evaluated every {show_seconds(replay.every)}{stretched}: "
        f"{_how_late(replay)}"
    )
    return found


def _how_late(replay: Replay) -> str:
    """In a replay each evaluation follows a scrape at once, and recorded series are new."""
    aligned = bool(replay.alerts) and all(each.aligned and not each.behind for each in replay.alerts)
    if aligned:
        return f"as the run's Prometheus did, which is up to {show_seconds(replay.scrape)} later: it scrapes before"
    slower = any(each.slower is not None or each.behind for each in replay.alerts)
    later = f"a Prometheus is up to {show_seconds(replay.scrape + replay.every)} later"
    return f"{later}{' (except as said above)' if slower else ''}, and with longer intervals more"


def _started(replay: Replay) -> float | None:
    return min((at for _, at in replay.injections), default=None)


def _of_its_group(each: Replayed, started: float | None) -> str:
    """What its group's own interval means for it, and that of groups that record what it reads."""
    if each.state is State.NO_SERIES:
        return ""
    found = ""
    if each.interval is not None:
        found = f"; its group {each.group} is evaluated every {show_seconds(each.interval)}"
    if each.slower is not None:
        found += _fires(each.slower, started)
    for name, interval in each.behind.items():
        found += f"; it reads {name}, recorded every {show_seconds(interval)}: a Prometheus may differ"
    return found


def _fires(slower: Fires, started: float | None) -> str:
    since = started or 0.0
    if slower.soonest is None:
        return ": a Prometheus never fires it"
    if slower.soonest < since:
        return ""
    when = show_seconds(slower.soonest - since)
    if slower.latest is not None and slower.latest > slower.soonest:
        when += f" to {show_seconds(slower.latest - since)}"
    when = f"at {when}" if started is None else f"{when} after the first injection"
    return f": a Prometheus fires it {when}{'' if slower.latest is not None else ' at the soonest, or never'}"


def _named(alerts: Sequence[Replayed]) -> list[str]:
    """The name of each alert; with its rule's labels if several rules have it."""
    often = Counter(each.alert for each in alerts)
    return [
        promtool.selector(each.alert, each.labels) if often[each.alert] > 1 else each.alert for each in alerts
    ]


def _line(each: Replayed, name: str) -> str:
    if each.state is not State.FIRED:
        return f"{name}: never fired: {each.because}"
    fired = next(episode for episode in each.episodes if episode.firing is not None)
    resolved = "still firing at the end"
    if fired.resolved is not None and fired.firing is not None:
        resolved = f"resolved {show_seconds(fired.resolved - fired.firing)} later"
    when = f"at {show_seconds(fired.firing or 0.0)}"
    if each.seconds is not None:
        later = f"{show_seconds(each.seconds)} after the first injection"
        when = later if each.seconds >= 0 else "before any injection"
    after = f", after {each.after}" if each.after else ""
    early = "; it was active before anything was injected" if each.early else ""
    times = sum(episode.firing is not None for episode in each.episodes)
    again = f"; {times} times" if times > 1 else ""
    return f"{name}: fired {when}{after}; {resolved}{again}{early}"


def document(replay: Replay, required: Mapping[str, float], code: ExitCode) -> dict[str, Any]:
    """The replay as JSON; times in seconds of virtual time."""
    return {**asdict(replay), "require": dict(required), "exit_code": int(code)}


def required(words: list[str], replay: Replay) -> dict[str, float]:
    """`NAME=60s`, by name. Raises UsageError."""
    known = [each.alert for each in replay.alerts]
    found = dict[str, float]()
    for text in words:
        name, equals, limit = text.partition("=")
        try:
            within = units.seconds(limit)
        except ValueError:
            within = -1.0
        if not equals or within < 0:
            raise UsageError(f"--require {text}: must be ALERT=TIME, such as ApiDown=60s")
        if name not in known:
            raise UsageError(f"--require {text}: no alert {name!r} in the rules; {instead(name, known)}")
        if name in found:
            raise UsageError(f"--require {text}: {name} is required twice")
        found[name] = within
    return found


def judged(replay: Replay, wanted: Mapping[str, float]) -> tuple[ExitCode, list[str]]:
    """What `--require` comes to: fail if an alert fired too late or never, unknown if that cannot be told. Of several
    rules with one name, the best counts."""
    started = _started(replay)
    found = [
        min((_judged(each, within, started) for each in replay.alerts if each.alert == name), key=_rank)
        for name, within in wanted.items()
    ]
    code = max((code for code, _ in found), key=_ORDER.index, default=ExitCode.PASS)
    ordered = sorted(found, key=_rank, reverse=True)
    return code, [f"{code.words}: {because}" for code, because in ordered if because]


_ORDER = (ExitCode.PASS, ExitCode.UNKNOWN, ExitCode.VIOLATED)


def _rank(found: tuple[ExitCode, str]) -> int:
    return _ORDER.index(found[0])


def _judged(each: Replayed, within: float, started: float | None) -> tuple[ExitCode, str]:
    limit = f"must fire within {show_seconds(within)}"
    if each.early:
        return ExitCode.UNKNOWN, f"{each.alert} was active before anything was injected; {limit}"
    if each.state is State.NO_SERIES:
        return ExitCode.UNKNOWN, f"{each.alert}: {each.because}; {limit}"
    if each.behind:
        return ExitCode.UNKNOWN, f"{each.alert}{_of_its_group(each, started)}; {limit}"
    if each.slower is not None and started is not None:
        return _judged_slower(each, each.slower, within, started)
    if each.state is not State.FIRED:
        return ExitCode.VIOLATED, f"{each.alert} never fired: {each.because}; {limit}"
    if each.seconds is None:
        return ExitCode.UNKNOWN, f"{each.alert} fired, but nothing was injected; {limit}"
    if each.seconds > within:
        return ExitCode.VIOLATED, f"{each.alert} fired after {show_seconds(each.seconds)}; {limit}"
    return ExitCode.PASS, ""


def _judged_slower(each: Replayed, slower: Fires, within: float, started: float) -> tuple[ExitCode, str]:
    soonest, latest = slower.soonest, slower.latest
    if latest is not None and latest - started <= within:
        return ExitCode.PASS, ""
    told = f"{each.alert}{_of_its_group(each, started)}; must fire within {show_seconds(within)}"
    sure = soonest is None or soonest - started > within
    return (ExitCode.VIOLATED if sure else ExitCode.UNKNOWN), told
