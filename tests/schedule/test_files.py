"""A bad schedules.yaml: one line naming file, line, place, rule and value; exit 2."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos.errors import FileError
from chaos.schedule import file
from chaos.schedule.missing_secrets import missing
from tests.midnight import PROJECT
from tests.typed import refusal, typed

GOOD = """\
notify:
  ops: {apprise: {env: OPS}}
schedules:
  - name: nightly
    experiment: smoke
    target: embedded
    profile: hardened
    when: 0 0 * * *
    timezone: Europe/Berlin
    jitter: 5m
    blackout: [{days: [fri], from: "22:00", to: "23:00"}, {date: 2026-12-24}]
    misfire: {late_within: 30m}
    on_fail: {notify: [ops], pause: true}
    when_busy: wait
"""

BAD = {
    "unknown experiment": ("experiment: smoke", "experiment: smok", 5, "no file 'smok' in experiments/"),
    "unknown target": ("target: embedded", "target: embeded", 6, "no file 'embeded' in targets/"),
    "unknown profile": ("profile: hardened", "profile: steel", 7, "has no profile 'steel'"),
    "too few fields": ("when: 0 0 * * *", "when: 0 0 * *", 8, "five cron fields"),
    "minute out of range": ("when: 0 0 * * *", "when: 60 0 * * *", 8, "invalid cron expression"),
    "weekday out of range": ("when: 0 0 * * *", "when: 0 0 * * 8", 8, "'8' is not a day of the week"),
    "no ordinal weekday": ("when: 0 0 * * *", "when: first day 02:00", 8, "or `last day`"),
    "never due": (
        "when: 0 0 * * *",
        "when: 0 0 30 2 *",
        8,
        "no month of it has that day (`L` is the last), got '0 0 30 2 *'",
    ),
    "unknown zone": ("timezone: Europe/Berlin", "timezone: Europe/Atlantis", 9, "got 'Europe/Atlantis'"),
    "zone that is a directory": ("timezone: Europe/Berlin", "timezone: Europe", 9, "unknown time zone"),
    "a zone in small letters": (
        "timezone: Europe/Berlin",
        "timezone: europe/berlin",
        9,
        "did you mean Europe/Berlin? (got 'europe/berlin')",
    ),
    "a zone that is a number": (
        "timezone: Europe/Berlin",
        "timezone: 1",
        9,
        "must be text: put it in quotes",
    ),
    "a time of day": (
        "when: 0 0 * * *",
        'when: "22:30"',
        8,
        "for every day write `30 22 * * *`, got '22:30'",
    ),
    "a nickname of another cron": ("when: 0 0 * * *", 'when: "@reboot"', 8, "write one, e.g. `@daily` or"),
    "no time at all": ("when: 0 0 * * *", "when:", 8, "is empty: must be text"),
    "a time without its unit": ("jitter: 5m", "jitter: 5", 10, "needs a unit: 5ms or 5s? (got 5)"),
    "a blackout that is a word": ("blackout: [", "blackout: fri # [", 11, "must be a list ([a, b] or lines"),
    "a mapping that is a time": ("{late_within: 30m}", "30m", 12, "must be keys with values (key: value)"),
    "settings of a suite": (
        "when_busy: wait",
        "set: [idle_drop.hold=1s]",
        14,
        "`set` changes a scenario of a suite: name a suite as `experiment`",
    ),
    "a name twice": (
        "    when_busy: wait",
        "  - {name: nightly, experiment: smoke, when: 0 1 * * *}",
        14,
        "duplicate schedule name 'nightly'",
    ),
    "jitter beyond the next run": ("jitter: 5m", "jitter: 5h", None, ""),
    "unknown day": ("days: [fri]", "days: [friday]", 11, "got 'friday'"),
    "no time of day": ('from: "22:00"', 'from: "22:77"', 11, "must be a time of day"),
    "an empty blackout": ('to: "23:00"', 'to: "22:00"', 11, "must differ from `from`"),
    "a span that ends before": (
        "{date: 2026-12-24}",
        "{from: 2026-12-24, to: 2026-12-01}",
        11,
        "before 2026-12-24",
    ),
    "unknown destination": ("notify: [ops], pause", "notify: [opps], pause", 13, "no destination 'opps'"),
    "a destination twice": (
        "notify: [ops], pause",
        "notify: [ops, ops], pause",
        13,
        "duplicate destination 'ops'",
    ),
    "unknown way to be busy": ("when_busy: wait", "when_busy: wiat", 14, "got 'wiat'"),
    "unknown key": ("when_busy: wait", "when_bussy: wait", 14, "unknown key"),
    "an address that is none": (
        "{apprise: {env: OPS}}",
        "{webhook: ftp://x/y}",
        2,
        "notify: ops: webhook: must be an address such as https://ci.example.org/hook, got 'ftp://x/y'",
    ),
    "an event that is none": (
        "{apprise: {env: OPS}}",
        "{apprise: {env: OPS}, events: [failed]}",
        2,
        "notify: ops: events[0]: must be fail",
    ),
    "an address in the open": ("{env: OPS}", "slack://a/b/c", 2, "must be a reference"),
}


@pytest.fixture(autouse=True)
def _wide(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del own_place  # where the state would lie
    monkeypatch.setenv("COLUMNS", "200")


@pytest.mark.parametrize("case", BAD)
def test_a_bad_schedule_is_refused_in_one_line(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new, line, words = BAD[case]
    assert old in GOOD
    path = tmp_path / "schedules.yaml"
    text = GOOD.replace(old, new)
    if line is None:
        text, line, words = text.replace("0 0 * * *", "0 * * * *"), 10, "interval between runs (1:00:00)"
    path.write_text(text)
    said = refusal(capsys, "schedule", "validate", str(path))
    assert f"{path}:{line}: " in said and words in said


def test_a_duplicate_name_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD + "  - {name: nightly, experiment: smoke, when: 0 1 * * *}\n")
    said = refusal(capsys, "schedule", "validate", str(path))
    assert f"{path}:15: schedule 'nightly': name: duplicate schedule name 'nightly'" in said


def test_the_good_one_and_the_one_that_ships_are_valid(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD)
    assert typed(capsys, "schedule", "validate", str(path)).code == 0
    assert typed(capsys, "schedule", "validate", str(PROJECT / "schedules/example.yaml")).code == 0


SECRETS = """
notify:
  ops: {apprise: {env: OPS_ADDRESS}}
  ci:
    webhook: {env: CI_ADDRESS}
    headers: {authorization: {file: no-such-file}}
schedules:
  - {name: nightly, experiment: smoke, when: 0 1 * * *, on_fail: {notify: [ops]}}
"""


def test_a_missing_secret_is_a_warning_and_its_value_is_never_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(SECRETS)
    monkeypatch.delenv("OPS_ADDRESS", raising=False)
    monkeypatch.setenv("CI_ADDRESS", "https://ci.example.org/planted-secret")
    code, said, warned = typed(capsys, "schedule", "validate", str(path))
    assert (code, said) == (0, f"{path}: 1 valid schedule\n")
    assert f"{path}: warning: notify: ops: apprise: environment variable OPS_ADDRESS is not set" in warned
    assert "warning: notify: ci: headers: authorization: file no-such-file" in warned
    assert len(warned.splitlines()) == 2
    assert "planted-secret" not in said + warned


def test_a_target_whose_secret_is_missing_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "shop.yaml"
    target.write_text(
        "name: shop\ndriver: attach\nready: /\noptions: {base_url: http://127.0.0.1:9}\n"
        "headers: {authorization: {env: SHOP_TOKEN}}\nroutes: {read: {path: /, role: read}}\n"
    )
    monkeypatch.delenv("SHOP_TOKEN", raising=False)
    nightly = {"name": "nightly", "experiment": "smoke", "target": str(target), "when": "0 1 * * *"}
    found = file.ScheduleFile.model_validate({"schedules": [nightly]})
    assert missing(found) == [
        f"target {target}: headers: authorization: environment variable SHOP_TOKEN is not set"
    ]
    monkeypatch.setenv("SHOP_TOKEN", "long-enough-to-mask")
    assert missing(found) == []


def test_a_restore_of_the_teams_own_backup_can_be_scheduled(tmp_path: Path) -> None:
    text = """
schedules:
  - {name: monthly, experiment: restore-mine, target: TARGET, when: "0 4 1 * *", timezone: UTC}
"""
    (tmp_path / "fits.yaml").write_text(text.replace("TARGET", "backup-example"))
    assert file.load(tmp_path / "fits.yaml").schedules[0].experiment == "restore-mine"
    (tmp_path / "fits-not.yaml").write_text(text.replace("TARGET", "embedded"))
    with pytest.raises(FileError, match="needs a target with driver backup"):
        file.load(tmp_path / "fits-not.yaml")


def test_hours_without_quotes_are_read_as_hours(tmp_path: Path) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD.replace('"22:00"', "22:00").replace('"23:00"', "23:00"))
    (schedule,) = file.load(path).schedules
    assert str(schedule.blackout[0]) == "fri 22:00 to 23:00"


def test_pause_list_next_and_resume_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD)
    option = ("--file", str(path))
    assert typed(capsys, "schedule", "pause", "nightly", *option, "--because", "release")[0] == 0
    assert "paused: release" in typed(capsys, "schedule", "list", *option)[1]
    coming = typed(capsys, "schedule", "next", "-n", "3", *option)[1].splitlines()
    assert len(coming) == 3 and all(line.endswith("nightly  paused: release") for line in coming)
    assert typed(capsys, "schedule", "resume", "nightly", *option)[0] == 0
    assert "paused" not in typed(capsys, "schedule", "list", *option)[1]
    code, _, said = typed(capsys, "schedule", "pause", "nihgtly", *option)
    assert code == 2 and "no schedule 'nihgtly'; known: nightly" in said


def test_what_was_paused_or_resumed_already_is_said_and_keeps_its_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD)
    option = ("nightly", "--file", str(path))

    def said(what: str, *more: str) -> str:
        code, out, _ = typed(capsys, "schedule", what, *option, *more)
        assert code == 0
        return out.strip()

    how = "resume with `midnight schedule resume nightly`"
    assert said("resume") == "nightly: was not paused"
    assert said("pause", "--because", "release") == f"nightly: paused; {how}"
    assert said("pause") == f"nightly: was already paused: release; {how}"
    again = said("pause", "--because", "freeze")
    assert again == f"nightly: was already paused: release; now because: freeze; {how}"
    assert "paused: freeze" in typed(capsys, "schedule", "list", "--file", str(path))[1]
    assert said("resume") == "nightly: resumed"
    assert said("resume") == "nightly: was not paused"


def test_the_list_says_all_in_a_narrow_terminal_and_whether_a_scheduler_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD)
    option = ("--file", str(path))
    typed(
        capsys,
        "schedule",
        "pause",
        "nightly",
        *option,
        "--because",
        "[red]a freeze[/red] of which much can be said",
    )
    _, row, because, leader = typed(capsys, "schedule", "list", *option)[1].splitlines()
    assert row.split() == ["nightly", *"00***", "Europe/Berlin", "paused"]
    assert because == "nightly: paused: [red]a freeze[/red] of which much can be said"
    assert leader == "no scheduler holds the lease: nothing will start"


def test_a_database_that_cannot_be_opened_is_reported_without_its_password(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "schedules.yaml"
    path.write_text(GOOD)
    for url in ("postgresql://me:hunter22@127.0.0.1:1/x", "nonsense:hunter22"):
        monkeypatch.setenv("MIDNIGHT_DATABASE", url)
        code, _, said = typed(capsys, "schedule", "list", "--file", str(path))
        assert code == 2 and "hunter22" not in said and said.count("\n") == 1, said


def test_a_list_needs_no_plan_and_validate_makes_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIDNIGHT_DATABASE", f"sqlite:///{tmp_path / 'x.db'}")
    (tmp_path / "broken.yaml").write_text("title: no steps\n")
    path = tmp_path / "schedules.yaml"
    nightly = "name: nightly, experiment: broken.yaml, target: embedded, when: '0 3 * * *', timezone: UTC"
    path.write_text(f"schedules:\n  - {{{nightly}}}\n")
    assert typed(capsys, "schedule", "list", "--file", str(path))[0] == 0
    code, _, said = typed(capsys, "schedule", "validate", str(path))
    assert code == 2 and "broken.yaml" in said, said
