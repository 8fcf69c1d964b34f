"""Which earlier overrides stay when the project is brought up with a new one, and when it goes back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from chaos.engine.projects import DIRECTORY, FILES, Found
from chaos.targets.compose import overrides
from chaos.targets.compose.overrides import DISK, PROXY, Override
from tests.compose.containers import found

DB, CACHE = f"{DISK}db-data", f"{DISK}cache-data"


def labelled(tmp_path: Path, **texts: str) -> list[Found]:
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    files = ",".join(f"{name}.yaml" for name in texts)
    return [found("db", labels={DIRECTORY: str(tmp_path), FILES: files})]


def used(lines: Sequence[str]) -> list[str]:
    """The files that the command brings the project up with."""
    (command,) = [line for line in lines if line.startswith("docker compose ")]
    return [Path(word).stem for word in command.split() if word.endswith((".yaml", "THIS-FILE"))]


def on_disk(*keys: str) -> str:
    volumes = "".join(f"  {key}:\n    driver_opts: {{device: /srv/{DISK}x/shop}}\n" for key in keys)
    return f"# docker compose -f {DISK}all.yaml up -d\nvolumes:\n{volumes}"


def test_an_earlier_override_is_replaced_only_by_one_that_does_all_it_does(tmp_path: Path) -> None:
    texts = {
        "own": "services: {}",
        "proxy": f"services:\n  {PROXY} {{}}",
        "disk": on_disk(DB),
    }
    there = labelled(tmp_path, **texts, both=texts["proxy"] + texts["disk"])

    assert used(overrides.up("shop", there, frozenset({DB}))) == ["own", "proxy", "both", "THIS-FILE"]
    assert used(overrides.up("shop", there, frozenset({PROXY}))) == ["own", "disk", "both", "THIS-FILE"]
    assert used(overrides.up("shop", there, frozenset({PROXY, DB}))) == ["own", "THIS-FILE"]
    assert used(overrides.back("shop", there, frozenset({DB}))) == ["own", "proxy"]


def test_one_override_does_what_two_do() -> None:
    proxy = Override(frozenset({PROXY}), {"services": {"db": {"links": ["x"]}, "web": {}}}, ("a",), ("left",))
    disk = Override(frozenset({DB}), {"services": {"db": {"volumes": ["v"]}}, "volumes": {"v": {}}}, ("b",))
    assert overrides.merged([proxy, disk]) == Override(
        frozenset({PROXY, DB}),
        {"services": {"db": {"links": ["x"], "volumes": ["v"]}, "web": {}}, "volumes": {"v": {}}},
        ("a", "b"),
        ("left",),
    )


def test_a_service_stays_on_the_disk_when_another_is_put_there(tmp_path: Path) -> None:
    there = labelled(tmp_path, own="services: {}", db=on_disk(DB), cache=on_disk(CACHE))
    assert used(overrides.up("shop", there, frozenset({CACHE}))) == ["own", "db", "THIS-FILE"]
    assert used(overrides.up("shop", there, frozenset({DB, CACHE}))) == ["own", "THIS-FILE"]
    back = overrides.back("shop", there, frozenset({CACHE}))
    assert used(back) == ["own", "db"] and not [line for line in back if line.startswith("That leaves out")]


def test_what_going_back_would_take_off_the_disk_as_well_is_said(tmp_path: Path) -> None:
    there = labelled(tmp_path, own="services: {}", both=on_disk(DB, CACHE))
    assert used(overrides.up("shop", there, frozenset({CACHE}))) == ["own", "both", "THIS-FILE"]
    back = overrides.back("shop", there, frozenset({CACHE}))
    assert used(back) == ["own"]
    assert f"That leaves out {DB} of {tmp_path}/both.yaml as well" in back[-1]
