"""Kubernetes CronJobs: their names, and the commands of all their containers."""

from __future__ import annotations

from pathlib import Path

from chaos.survey import manifests
from chaos.survey.entry import Entry
from chaos.survey.root import Root

HEAD = """\
kind: CronJob
metadata: {ABOUT}
spec:
  schedule: "0 19 * * *"
  timeZone: Europe/Paris
  jobTemplate: {spec: {template: {spec: POD}}}
"""
DUMP = "{name: a, image: x, command: [pg_dump, -h, db1, shop]}"


def only(tmp_path: Path, about: str, pod: str) -> Entry:
    path = tmp_path / "jobs.yaml"
    path.write_text(HEAD.replace("ABOUT", about).replace("POD", pod))
    (entry,) = manifests.read(path, Root.of(tmp_path)).entries
    return entry


def test_init_containers_are_read_before_the_others(tmp_path: Path) -> None:
    pod = f"{{initContainers: [{DUMP}, {{name: i, image: y}}], containers: [{{name: b, image: z, args: [ship, -v]}}]}}"
    entry = only(tmp_path, "name: nightly", pod)
    assert entry.command == "pg_dump -h db1 shop ; ship -v"
    assert (entry.uses.role, entry.uses.database) == ("backup", "postgresql db1:5432")


def test_a_generated_name_is_shown_with_what_it_begins(tmp_path: Path) -> None:
    pod = f"{{containers: [{DUMP}]}}"
    assert only(tmp_path, "generateName: nightly-, namespace: shop", pod).name == "shop/nightly-*"
    assert only(tmp_path, "name: nightly, generateName: other-", pod).name == "nightly"


def test_containers_without_commands_have_none(tmp_path: Path) -> None:
    assert (
        only(tmp_path, "name: nightly", "{initContainers: , containers: [{name: a, image: x}]}").command == ""
    )
