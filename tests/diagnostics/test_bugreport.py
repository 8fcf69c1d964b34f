"""A bug report has what a maintainer needs, and no secret and no name that says whose it is."""

from __future__ import annotations

import json
import os
import stat
import tarfile
from pathlib import Path

import pytest

from chaos import bugreport
from chaos.tools import doctor
from chaos.tools.part import Found
from tests.diagnostics.planted import NAMES, RUN, SECRETS, plant
from tests.typed import exit_code


class Here:
    NAME, REQUIRED = "Alpha", True

    def find(self) -> Found:
        return Found("Alpha", "1.2", "/home/jdoe/bin/alpha", "PATH")


class Broken(Here):
    NAME = "Beta"

    def find(self) -> Found:
        raise RuntimeError("no answer of db1.prod.acmecorp.de")


@pytest.fixture(autouse=True)
def place(own_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(own_place)
    monkeypatch.setenv("PLANTED_TOKEN", "tok3nQwertz")
    monkeypatch.setenv("REPAIR_DSN", "postgresql://repair:Env0nlyQv@127.0.0.1/orders")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{own_place}/none")
    monkeypatch.setattr("socket.gethostname", lambda: "buildbox77")
    monkeypatch.setattr(doctor, "PARTS", [Here(), Broken()])
    return own_place


def packed(*arguments: str) -> tuple[int, Path]:
    return exit_code("bugreport", *arguments), Path(f"midnight-bugreport-{RUN}.tar.gz")


def unpacked(archive: Path) -> dict[str, str]:
    with tarfile.open(archive) as files:
        members = files.getmembers()
        texts = {Path(each.name).name: files.extractfile(each) for each in members}
        assert {Path(each.name).parent.name for each in members} == {f"midnight-bugreport-{RUN}"}
        assert {(each.uname, each.uid, each.mode) for each in members} == {("", 0, 0o600)}
        return {name: text.read().decode() for name, text in texts.items() if text is not None}


def test_no_planted_secret_and_no_planted_name_is_in_the_archive(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(place / "reports")
    code, archive = packed("latest")
    assert code == 0
    whole = "\n".join(f"{name}\n{text}" for name, text in unpacked(archive).items()) + capsys.readouterr().out
    assert [secret for secret in SECRETS if secret.lower() in whole.lower()] == []
    assert [name for name in NAMES if name.lower() in whole.lower()] == []


def test_the_same_name_is_the_same_placeholder_everywhere(place: Path) -> None:
    plant(place / "reports")
    files = unpacked(packed(RUN)[1])
    manifest = json.loads(files["run.json"])
    failed, killed = (json.loads(line)["detail"] for line in files["events.jsonl"].splitlines()[2:4])
    database, build = manifest["target"]["allow"]
    assert failed["error"].startswith(f'connection to server at "{database}" (address-')
    assert f"@{database}:5432/orders" in failed["dsn"]
    assert killed["kernel"] == f"5.15.0-1023-generic at {build}, once {database} is up"
    assert failed["upstream"] == "db:5432" and failed["listen"] == "127.0.0.1:15432"
    assert killed["container"] == "project-1-api-1"
    assert killed["clients"].keys() >= {"127.0.0.1"}
    user = manifest["started_by"].partition(" ")[0]
    assert user.startswith("user-") and manifest["experiment_file"] == f"/home/{user}/acme/smoke.yaml"


def test_a_bug_report_contains_what_a_maintainer_needs(place: Path) -> None:
    plant(place / "reports")
    files = unpacked(packed("a1b2c3")[1])
    assert files.keys() >= {
        "run.json",
        "events.jsonl",
        "samples.jsonl",
        "verdict.json",
        "load.log",
        "README.txt",
    }
    assert json.loads(files["samples.jsonl"].splitlines()[1])["values"] == {"process:api": {"cpu": 0.5}}
    assert json.loads(files["instrument-summary.json"]) == {
        "windows": 2,
        "lag": {"worst": 0.003, "mean": 0.002},
        "run_delay": {"worst": 0.002, "mean": 0.002},
    }
    assert "rate: 50" in files["experiment.yaml"]
    versions = json.loads(files["versions.json"])
    assert versions["packages"]["httpx"] and versions["Python"] and versions["kernel"]
    assert "cannot be reached" in versions["engine"]
    alpha, beta = json.loads(files["doctor.json"])
    assert alpha["found"] and alpha["version"] == "1.2"
    assert beta["failed"].startswith("RuntimeError: no answer of host-")
    assert json.loads(files["settings.json"])["MIDNIGHT_REPORTS"] == str(place / "reports")


def test_the_readme_lists_what_is_inside_what_was_replaced_and_what_is_not_there(place: Path) -> None:
    run = plant(place / "reports")
    os.mkfifo(run.healer_events)
    run.answers.symlink_to("/etc/hostname")
    files = unpacked(packed("latest")[1])
    readme = files["README.txt"]
    assert all(f"  {name} (" in readme for name in files if name != "README.txt")
    assert "host-1 to host-" in readme and "project-1" in readme
    assert "repair.log (27 bytes): not packed" in readme and "repair.log" not in files
    assert "healer.jsonl: not a regular file" in readme
    assert "answers.jsonl: cannot read" in readme
    assert "decision.json: missing" in readme


def test_a_bug_report_is_private_lists_its_contents_and_asks_for_a_review(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(place / "reports")
    code, _ = packed("latest", "--output", "mine.tar.gz")
    said = capsys.readouterr().out.splitlines()
    assert code == 0 and stat.S_IMODE(Path("mine.tar.gz").stat().st_mode) == 0o600
    assert said[0] == "mine.tar.gz" and any(line.startswith("  events.jsonl, ") for line in said)
    assert said[-1] == "Review it before you send it: tar -xzf mine.tar.gz"


@pytest.mark.parametrize("output", ["there.tar.gz", "no directory/new.tar.gz"])
def test_an_existing_file_is_kept_and_an_unwritable_place_is_refused_in_one_line(
    output: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(place / "reports")
    Path("there.tar.gz").write_text("mine")
    code, _ = packed("latest", "--output", output)
    assert code == 2 and len(capsys.readouterr().err.splitlines()) == 1
    assert Path("there.tar.gz").read_text() == "mine"


@pytest.mark.parametrize(
    "manifest", [None, "", "{", "[1, 2]", '{"experiment": 3, "options": [], "parts": 4}']
)
def test_a_broken_run_is_packed_with_the_files_it_has(manifest: str | None, place: Path) -> None:
    run = plant(place / "reports")
    run.run_file.unlink()
    if manifest is not None:
        run.run_file.write_text(manifest)
    run.verdict.write_bytes(b"\xff\x00 of jdoe")
    code, archive = packed(RUN)
    assert code == 0
    files = unpacked(archive)
    assert json.loads(files["events.jsonl"].splitlines()[1])["detail"] == {"pid": 4711}
    assert "hunter7Zk" not in "".join(files.values()) and "acmecorp" not in "".join(files.values())


def test_a_run_that_does_not_exist_is_code_2(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "empty").mkdir()
    assert packed("latest")[0] == 2
    assert packed("empty")[0] == 2
    none, empty = capsys.readouterr().err.splitlines()
    assert none.startswith("midnight: no run under ") and empty.startswith("midnight: run 'empty' is not ")


def test_the_beginning_and_the_end_of_a_huge_file_are_packed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bugreport.stored, "MOST", 200)
    run = plant(place / "reports")
    (run.path / "load.log").write_text(f"begin\n{'x' * 1000}\nend\n")
    text = unpacked(packed("latest")[1])["load.log"]
    assert text.startswith("begin\n") and text.endswith("end\n") and "bytes left out" in text
    assert len(text) < 300


def test_a_suite_names_the_runs_that_need_reports_of_their_own(place: Path) -> None:
    run = plant(place / "reports")
    document = json.loads(run.run_file.read_text()) | {"parts": [{"run": "20261126T000000Z-d4e5f6"}]}
    run.run_file.write_text(json.dumps(document))
    assert "a suite of 20261126T000000Z-d4e5f6" in unpacked(packed("latest")[1])["README.txt"]
