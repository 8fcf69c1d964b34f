"""docs/journal.md is the contract for judges of others: it lists every event, key and gauge, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from chaos.record import events, gauges, manifest
from chaos.record.event import only_name
from chaos.record.fields import keys_of
from chaos.record.lines import VERSION
from chaos.record.store import RunDir

PAGE = (Path(__file__).parents[2] / "docs" / "journal.md").read_text()
KEY = re.compile(r"`(\w+)` \(([^)]*)\)")

Kind = tuple[str, str | None, str]


def section(title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    level = title.partition(" ")[0]
    found = re.search(rf"^{re.escape(title)}\n(.*?)(?=^#{{1,{len(level)}}} |\Z)", PAGE, re.M | re.S)
    assert found, title
    return found[1]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of the tables in a text, without heads and rules."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if not line.startswith("| ---") and not following.startswith("| ---"):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def plain(cell: str) -> str:
    return cell.strip("`")


def told() -> dict[Kind, dict[str, str]]:
    """The page's events: their keys with the units."""
    found: dict[Kind, dict[str, str]] = {}
    for part in re.split(r"^### Source ", section("## Events"), flags=re.M)[1:]:
        source = plain(part.splitlines()[0])
        for name, phase, _, keys in rows(part):
            kind = (source, None if name == "*any*" else plain(name), plain(phase))
            assert kind not in found, kind
            items = [] if keys == "none" else [KEY.match(item) for item in keys.split("<br>")]
            assert all(items), keys
            found[kind] = {item[1]: item[2] for item in items if item}
    return found


def test_every_event_and_every_key_of_it_is_listed_with_its_unit_and_nothing_else() -> None:
    known = {
        (kind.source, only_name(kind), kind.phase): {one.key: one.unit for one in keys_of(kind)}
        for kind in events.KINDS
    }
    assert told() == known


def test_every_class_of_events_is_a_kind_that_is_read() -> None:
    modules = Path(events.__file__).parent.glob("*.py")
    classes = {
        name for file in modules for name in re.findall(r"^class (\w+)\(Recorded\)", file.read_text(), re.M)
    }
    assert classes == {kind.__name__ for kind in events.KINDS}


def test_every_key_of_run_json_is_listed_with_its_unit_and_nothing_else() -> None:
    listed = {plain(key): unit for key, unit, _ in rows(section("## run.json"))}
    known = {one.key: one.unit for one in keys_of(manifest.Manifest)}
    assert listed == {"version": "number", **known}


def test_the_keys_of_what_is_nested_are_listed_too() -> None:
    nested = {
        "ledger": manifest.LedgerKeys,
        "plan": manifest.PlannedStep,
        "parts": manifest.PlayedPart,
        "host": manifest.Host,
    }
    units = {one.key: one.unit for one in keys_of(manifest.Manifest)}
    for key, kind in nested.items():
        assert f"{{{', '.join(one.key for one in keys_of(kind))}}}" in units[key]
    measured = {one.key: one.unit for one in keys_of(events.RestoresMeasured)}
    for key, point in (("restores", events.RestorePoint), ("replays", events.ReplayPoint)):
        assert f"{{{', '.join(one.key for one in keys_of(point))}}}" in measured[key]


def test_every_gauge_is_listed_with_its_unit_and_nothing_else() -> None:
    listed = {(plain(source), plain(name)): unit for source, name, unit, *_ in rows(section("## Gauges"))}
    known = {
        (str(source), str(gauge)): gauge.unit for source, kind in gauges.GAUGES.items() for gauge in kind
    }
    assert listed.pop(("api", f"{gauges.BREAKER_STATE}_`*NAME*")) == "0, 1 or 2"
    assert listed == known


def test_each_gauge_is_named_by_the_modules_that_write_it() -> None:
    for source, _, _, writers, _ in rows(section("## Gauges")):
        for writer in re.findall(r"`sampling\.(\w+)`", writers):
            text = (Path(gauges.__file__).parents[1] / "sampling" / f"{writer}.py").read_text()
            assert f"Source.{gauges.Source(plain(source)).name}" in text, writer


def test_every_file_of_a_run_is_listed(tmp_path: Path) -> None:
    run = RunDir(tmp_path)
    files = {
        str(getattr(run, name).name)
        for name, of in vars(RunDir).items()
        if isinstance(of, property) and name not in ("id", "lock")
    }
    listed = {name for cells in rows(section("## Files")) for name in re.findall(r"`([^`]+)`", cells[0])}
    assert files <= listed
    assert {"STEP.log", "STEP.done"} <= listed


def test_the_documented_version_is_the_one_written() -> None:
    assert f"The version is {VERSION} today," in section("## Version").replace("\n", " ")
    assert manifest.VERSION == VERSION
