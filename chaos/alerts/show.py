"""A replay as text and as JSON, and what `--require` makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from chaos.alerts.replay import Replay, Replayed, State
from chaos.errors import ExitCode, UsageError
from chaos.spec import units
from chaos.spec.near import instead
from chaos.spec.units import show_seconds


def lines(replay: Replay) -> list[str]:
    """One line per alert, then what the rules ask for and the run does not have."""
    found = [_line(each) for each in replay.alerts]
    if replay.unmapped:
        found.append(f"not in the run: {', '.join(replay.unmapped)}; map them with --map FILE")
    stretched = f", the worst moment stretched by {show_seconds(replay.held)}" if replay.held else ""
    found.append(
        f"scraped every {show_seconds(replay.scrape)}, evaluated every {show_seconds(replay.every)}{stretched}: "
        f"{_how_late(replay)}"
    )
    return found


def _how_late(replay: Replay) -> str:
    """In a replay each evaluation follows a scrape at once, and recorded series are new."""
    aligned = bool(replay.alerts) and all(each.aligned for each in replay.alerts)
    if aligned:
        return f"as the run's Prometheus did, which is up to {show_seconds(replay.scrape)} later: it scrapes before"
    return f"a Prometheus is up to {show_seconds(replay.scrape + replay.every)} later, and with longer intervals more"


def _line(each: Replayed) -> str:
    if each.state is not State.FIRED:
        return f"{each.alert}: never fired: {each.because}"
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
    return f"{each.alert}: fired {when}{after}; {resolved}{again}{early}"


def document(replay: Replay, required: Mapping[str, float], code: ExitCode) -> dict[str, Any]:
    """The replay as JSON; times in seconds of virtual time."""
    return {**asdict(replay), "require": dict(required), "exit_code": int(code)}


def required(words: list[str], replay: Replay) -> dict[str, float]:
    """`NAME=60s`, by name. Raises UsageError."""
    known = [each.alert for each in replay.alerts]
    found = {}
    for text in words:
        name, equals, limit = text.partition("=")
        try:
            found[name] = units.seconds(limit)
        except ValueError:
            equals = ""
        if not equals:
            raise UsageError(f"--require {text}: must be ALERT=TIME, such as ApiDown=60s")
        if name not in known:
            raise UsageError(f"--require {text}: no alert {name!r} in the rules; {instead(name, known)}")
    return found


def judged(replay: Replay, wanted: Mapping[str, float]) -> tuple[ExitCode, list[str]]:
    """What `--require` comes to: fail if an alert fired too late or never, unknown if that cannot be told."""
    failed, unknown = [], []
    for each in replay.alerts:
        if (within := wanted.get(each.alert)) is None:
            continue
        limit = f"must fire within {show_seconds(within)}"
        if each.early:
            unknown.append(f"{each.alert} was active before anything was injected; {limit}")
        elif each.state is State.NO_SERIES:
            unknown.append(f"{each.alert}: {each.because}; {limit}")
        elif each.seconds is None and each.state is State.FIRED:
            unknown.append(f"{each.alert} fired, but nothing was injected; {limit}")
        elif each.state is not State.FIRED:
            failed.append(f"{each.alert} never fired: {each.because}; {limit}")
        elif each.seconds is not None and each.seconds > within:
            failed.append(f"{each.alert} fired after {show_seconds(each.seconds)}; {limit}")
    code = ExitCode.VIOLATED if failed else ExitCode.UNKNOWN if unknown else ExitCode.PASS
    return code, [*(f"FAIL: {line}" for line in failed), *(f"UNKNOWN: {line}" for line in unknown)]
