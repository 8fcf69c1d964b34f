"""The team's own stanza is played as it is: its files, its rules, its scripts, and nothing of any other stanza."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.errors import FaultError
from chaos.host import logrotate_conf
from chaos.host.processes import MARK
from chaos.tools import rotating
from tests.rotation.playing import Played, by, packed, texts, whole

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")


def stanza(place: Path, body: str, pattern: str = "{log}/app.log") -> Path:
    conf = place.parent / "app"
    conf.write_text(f"{pattern.format(log=place)} {{\n{body}\n}}\n")
    return conf


def refusal(played: Played) -> str:
    with pytest.raises(FaultError) as refused:
        played.begun()
    return str(refused.value)


def names(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


KINDS = {
    "as a team has it": (
        "daily\nrotate 14\ncompress\nmissingok\ncreate 0640 root root",
        ["app.log", "app.log.1.gz"],
    ),
    "tabs and comments": (
        "\tdaily # of course\n\t#  rotate 0 {\n\t\trotate\t3\n\tcreate",
        ["app.log", "app.log.1"],
    ),
    "values after =": ("rotate = 3\nextension = .log\ncreate", ["app.1.log", "app.log"]),
    "hourly": ("hourly\nrotate 3\ndateext\ndateformat -at\ncreate", ["app.log", "app.log-at"]),
    "too small": ("size 100M\nminsize 50M\nrotate 3\ncreate", ["app.log", "app.log.1"]),
    "notifempty, nomail": ("notifempty\nnomail\nrotate 3\nnocreate", ["app.log.1"]),
    "copytruncate": ("copytruncate\nrotate 3\ncompress", ["app.log", "app.log.1.gz"]),
    "renamecopy": ("renamecopy\nrotate 3\ncompress", ["app.log.1.gz"]),
    "copy": ("copy\nrotate 3", ["app.log", "app.log.1"]),
    "rotate 0": ("rotate 0\ncreate", ["app.log"]),
    "rotate 0, copied": ("rotate 0\ncopytruncate", ["app.log"]),
    "shred": ("shred\nshredcycles 1\nrotate 3\ncompress\ncreate", ["app.log", "app.log.1.gz"]),
    "xz": (
        "compress\ncompresscmd /usr/bin/xz\ncompressext .xz\ncompressoptions -1\nrotate 3",
        ["app.log.1.xz"],
    ),
    "a directory of its own": ("createolddir 0750\nolddir old\nrotate 3", ["old"]),
}


@pytest.mark.parametrize(("body", "left"), KINDS.values(), ids=list(KINDS))
def test_the_stanzas_rules_hold_and_the_rotation_is_proven(place: Path, body: str, left: list[str]) -> None:
    held = Played(by(stanza(place, body), place))()
    assert whole(held) and held.dose["rotated_bytes"] == 600, held
    assert names(place) == left


def test_looking_makes_no_directory(place: Path) -> None:
    conf = stanza(place, "createolddir 0750\nolddir old\nrotate 3")
    Played(by(conf, place)).begun()
    assert names(place) == ["app.log"]


def test_the_oldest_goes_by_the_teams_own_count_and_the_plan_says_so(place: Path) -> None:
    for n in (1, 2, 3):
        packed(place / f"app.log.{n}.gz", f"day {n}")
    logs = by(stanza(place, "rotate 3\ncompress\ncreate"), place)
    assert f"removes {place}/app.log.3.gz, by its own rules" in rotating.shown(rotating.look(logs, ()), logs)
    assert whole(Played(logs)())
    assert texts(place) == ["day 1", "day 2", "today\n" * 100]


def test_an_archive_that_its_own_rules_overwrite_is_reported_in_the_plan(place: Path) -> None:
    (place / "app.log.1").write_text("day 1")
    logs = by(stanza(place, "rotate 3\ncompress\ncreate"), place)
    assert f"overwrites {place}/app.log.1, by its own rules" in rotating.shown(rotating.look(logs, ()), logs)


def test_no_other_stanza_of_the_directory_acts(place: Path, tmp_path: Path) -> None:
    others = tmp_path / "logrotate.d"
    others.mkdir()
    (place / "other.log").write_text("of another team")
    stanza(place, "rotate 3\ncreate").rename(others / "app")
    (others / "other").write_text(
        f"{place}/other.log {{\n rotate 0\n postrotate\n touch {tmp_path}/ran\n endscript\n}}\n"
    )
    (others / "third.bak").write_text("nonsense {")
    for where in (others, others / "app"):
        (place / "app.log").write_text("more")
        held = Played(by(where, place, agreed=False))()
        assert whole(held), held
    assert (place / "other.log").read_text() == "of another team" and not (tmp_path / "ran").exists()


def test_the_plan_names_the_other_files_that_the_same_stanza_rotates(place: Path) -> None:
    (place / "beside.log").write_text("beside")
    logs = by(stanza(place, "rotate 3\ncreate", "{log}/*.log"), place)
    assert f"also rotates {place}/beside.log" in rotating.shown(rotating.look(logs, ()), logs)
    assert whole(Played(logs)()) and (place / "beside.log.1").exists()


def test_the_global_options_before_it_hold_for_it(place: Path, tmp_path: Path) -> None:
    others = tmp_path / "logrotate.d"
    others.mkdir()
    stanza(place, "rotate 3\ncreate").rename(others / "app")
    (others / "aaa").write_text("dateext\n# and nothing else\n")
    conf = tmp_path / "logrotate.conf"
    conf.write_text(f"compress\ndateformat -day\ninclude {tmp_path}/nested\nnocompress\n")
    (tmp_path / "nested").write_text(f"tabooext + .off\ninclude {others}\n")
    (others / "zzz.off").write_text("rotate 0\n")
    assert whole(Played(by(others / "app", place, conf=conf))())
    assert names(place) == ["app.log", "app.log-day.gz"]


SCRIPT = """\
rotate 3
sharedscripts postrotate
    env > {place}/environment
    echo "$1" > {place}/argument
endscript
preremove
    true # }}
endscript
create
"""


def test_the_stanzas_scripts_run_unchanged_and_without_midnights_environment(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "hunter2")
    conf = stanza(place, SCRIPT.format(place=place.parent))
    assert whole(Played(by(conf, place))())
    surroundings = (place.parent / "environment").read_text()
    assert "PATH=/usr/local/sbin" in surroundings
    assert not [each for each in (MARK, "hunter2", "TZ=UTC", "LC_ALL") if each in surroundings]
    assert (place.parent / "argument").read_text() == f"{place}/app.log \n"


def test_the_stanzas_scripts_are_printed_and_refused_without_consent(place: Path) -> None:
    conf = stanza(place, SCRIPT.format(place=place.parent))
    logs = by(conf, place, agreed=False)
    told = "\n".join(rotating.shown(rotating.look(logs, ()), logs))
    assert f"runs {conf}:3: postrotate\n    env > {place.parent}/environment" in told
    assert f"runs {conf}:7: preremove\n    true # }}" in told
    said = refusal(Played(logs))
    assert f"{conf}:3: postrotate" in said and "consent: {..., postrotate: true}" in said


def test_a_failing_script_is_reported_and_is_not_a_failure_of_midnight(place: Path) -> None:
    held = Played(by(stanza(place, "rotate 3\ncreate\npostrotate\n exit 7\nendscript"), place))()
    assert whole(held) and held.evidence["exit_code"] == 1
    assert "postrotate script" in held.evidence["errors"][0]


def test_a_daemon_that_a_script_starts_outlives_the_rotation(place: Path) -> None:
    pid = place.parent / "pid"
    body = f"rotate 3\ncreate\npostrotate\n setsid sleep 300 >/dev/null 2>&1 & echo $! > {pid}\nendscript"
    Played(by(stanza(place, body), place))()
    os.kill(int(pid.read_text()), 9)  # raises ProcessLookupError where it is gone


REFUSED = {
    "it names another file": ("{log}/other.log", "rotate 3", "no stanza of", ""),
    "an unknown user": (
        "{log}/app.log",
        "create 0640 nosuchuser root",
        "app:2 unknown user 'nosuchuser'",
        "",
    ),
    "a directory that is not there": ("{log}/app.log", "olddir {log}/old", "error verifying olddir path", ""),
    "no closing brace": ("{log}/app.log", "rotate 3\n#", "no } ends the stanza", "}"),
    "no endscript": ("{log}/app.log", "postrotate\n true", "postrotate without endscript", ""),
}


@pytest.mark.parametrize(("pattern", "body", "because", "cut"), REFUSED.values(), ids=list(REFUSED))
def test_a_stanza_that_would_not_rotate_the_log_is_refused_with_the_reason(
    place: Path, pattern: str, body: str, because: str, cut: str
) -> None:
    conf = stanza(place, body.format(log=place), pattern)
    if cut:
        conf.write_text(conf.read_text().replace(cut, ""))
    assert because in refusal(Played(by(conf, place)))
    assert names(place) == ["app.log"]


@as_root
def test_a_file_that_logrotate_ignores_for_its_mode_is_refused_with_that_reason(place: Path) -> None:
    conf = stanza(place, "rotate 3")
    conf.chmod(0o664)
    assert "it is writable by group or others" in refusal(Played(by(conf, place)))
    conf.chmod(0o644)
    os.chown(conf, 65534, 0)
    assert "its owner is not root" in refusal(Played(by(conf, place)))


@as_root
def test_a_directory_that_logrotate_would_skip_is_refused_in_its_words(place: Path) -> None:
    place.chmod(0o777)
    assert "parent directory has insecure permissions" in refusal(
        Played(by(stanza(place, "rotate 3"), place))
    )
    assert whole(Played(by(stanza(place, "rotate 3\nsu root root\ncreate"), place))())


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A directory on another device."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="test-") as made:
        yield Path(made)


def test_archives_on_another_device_are_refused_or_copied_there(place: Path, elsewhere: Path) -> None:
    if elsewhere.stat().st_dev == place.stat().st_dev:
        pytest.skip("/dev/shm is on the same device")
    conf = stanza(place, f"olddir {elsewhere}\nrotate 3\ncreate")
    assert "are on different devices" in refusal(Played(by(conf, place)))
    held = Played(by(stanza(place, f"olddir {elsewhere}\nrotate 3\ncopytruncate"), place))()
    assert whole(held) and (elsewhere / "app.log.1").read_text() == "today\n" * 100


def test_a_link_is_found_by_what_it_leads_to(place: Path) -> None:
    real = place.parent / "real.log"
    real.write_text("real\n" * 100)
    (place / "link.log").symlink_to(real)
    conf = stanza(place, "rotate 3\ncreate", str(real))
    held = Played(by(conf, place, "link.log"))()
    assert whole(held) and held.evidence["logs"][str(real)]["became"] == f"renamed to {real}.1"
    by_link = stanza(place, "rotate 3\ncreate", "{log}/link.log")
    assert "symbolic links is not allowed" in refusal(Played(by(by_link, place, "link.log")))


def test_a_log_that_stays_empty_is_not_claimed_to_be_rotated(place: Path) -> None:
    (place / "empty.log").touch()
    held = Played(by(stanza(place, "notifempty\nrotate 3\ncreate", "{log}/*.log"), place, "*.log"))()
    told = held.evidence["logs"][f"{place}/empty.log"]
    assert told["became"] == "not rotated: log is empty" and told["bytes"] == 0
    assert whole(held) and (place / "app.log.1").exists()


def test_flags_before_a_script_or_a_brace_on_the_same_line_are_read(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    conf.write_text(
        '# one\n"/a b/*.log"\n/c.log\n{ daily\n missingok postrotate\n one }\n endscript\n nocompress }\n'
        "compress\n/d.log { rotate 3\n}\n"
    )
    parts, files = logrotate_conf.read(conf)
    assert [part.patterns for part in parts] == [("/a b/*.log", "/c.log"), (), ("/d.log",)]
    assert [script.body for script in parts[0].scripts] == [" one }"] and files == [str(conf)]
