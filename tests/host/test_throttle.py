"""A write limit is only lowered, and only where what was before is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.host import throttle

DISK, OTHER = "8:0", "253:1"
MAPPED = {"/dev/mapper/data": 900}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cgroup's limits, of a machine with a disk and a mapped one."""
    devices, limits = tmp_path / "devices", tmp_path / "limits"
    for device, name in ((DISK, "sda"), (OTHER, "dm-1")):
        (devices / device / "dm").mkdir(parents=True)
        (devices / device / "uevent").write_text(f"MAJOR=8\nDEVNAME={name}\n")
    (devices / OTHER / "dm/name").write_text("data\n")
    limits.touch()
    monkeypatch.setattr(throttle, "DEVICES", devices)
    monkeypatch.setattr(throttle, "file_of", lambda: (limits, False))
    return limits


@pytest.mark.parametrize("created_with", [{}, {"/dev/sda": 700}, MAPPED], ids=["none", "one", "another's"])
def test_a_lowered_limit_is_put_back_as_it_was(file: Path, created_with: dict[str, int]) -> None:
    before = created_with.get("/dev/sda", 0)
    file.write_text(f"{DISK} {before}\n")
    assert throttle.lower(DISK, created_with, 500) == {"device": DISK, "limit": 500, "before": before}
    assert throttle.put_back(DISK, created_with, 500) == {"device": DISK, "limit": before}
    assert throttle.put_back(DISK, created_with, 500) == {"device": DISK, "limit": before}


def test_a_mapped_device_is_known_by_its_name_too(file: Path) -> None:
    file.write_text(f"{OTHER} 900\n")
    assert throttle.lower(OTHER, MAPPED, 500)["before"] == 900


@pytest.mark.parametrize(
    ("found", "created_with", "because"),
    [
        (700, {"/dev/sda": 700}, "not below its current limit of 700"),
        (300, {}, "its write limit was changed to 300: it was created with none"),
        (0, {"/dev/sda": 700}, "its write limit was changed to none: it was created with 700"),
        (0, {"/dev/disk/by-id/x": 700}, "it is unclear which of /dev/disk/by-id/x is 8:0"),
    ],
)
def test_a_limit_that_could_not_be_put_back_is_refused_and_left_alone(
    file: Path, found: int, created_with: dict[str, int], because: str
) -> None:
    file.write_text(f"{DISK} {found}\n")
    assert because in throttle.lower(DISK, created_with, 800)["refused"]
    assert throttle.put_back(DISK, created_with, 800) == {"device": DISK, "limit": found}


def test_a_possible_limit_is_reported_and_not_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert throttle.could(DISK, {}, 500) == {"device": DISK, "before": 0}
    assert file.read_text() == ""
    monkeypatch.setattr("os.access", lambda *_: False)
    refused = {"refused": "limits cannot be written to", "remedy": "let the engine run as root"}
    assert throttle.could(DISK, {}, 500) == refused
    assert throttle.lower(DISK, {}, 500) == refused and file.read_text() == ""


def test_a_path_without_a_device_below_it_is_not_limited(tmp_path: Path) -> None:
    asked = {"path": f"{tmp_path}/none", "created_with": {}}
    for verb in ("set", "unset"):
        assert "is not on one of its volumes" in throttle.carried_out({**asked, verb: 1})["refused"]
