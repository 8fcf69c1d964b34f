"""The logs of a container are rotated by the same rules, and the team's stanza is played where it is."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker import DockerClient

from chaos.engine import refs
from chaos.errors import FaultError
from chaos.faults.logrotate import Logrotate
from chaos.plugin.handles import Handles, LogFiles, Stanza
from chaos.spec.target import Target
from chaos.targets.compose.logs import log_files
from chaos.targets.compose.options import LogsRole
from chaos.tools import rotating
from tests.docker.conftest import Victim
from tests.docker.saying import said_in

pytestmark = [pytest.mark.real, pytest.mark.wide]

TARGET = Target.model_validate(
    {
        "name": "mine",
        "driver": "compose",
        "consent": {"owner": "me", "until": "2999-12-31", "postrotate": True},
    }
)


def sh(victim: Victim, script: str) -> str:
    return said_in(victim.container, script)


def role(victim: Victim, **more: Any) -> LogFiles:
    given = {"service": "web", "directory": "/data", "files": ["app.log"], "method": "rename", **more}
    return log_files(LogsRole.model_validate(given), victim.ref, TARGET)


def fault(victim: Victim, logs: LogFiles, **params: Any) -> Logrotate:
    given = Logrotate.Params.model_validate({"writers": 0, "min_rotated": 1, "min_sync": 0, **params})
    return Logrotate(given, Handles(logs=logs, containers={"api": (victim.ref,)}), f"{victim.name}/rotate")


def played(victim: Victim, logs: LogFiles, **params: Any) -> Any:
    made = fault(victim, logs, **params)
    undo = made.prepare()
    try:
        made.inject()
        return made.hold(0.1, threading.Event())
    finally:
        Logrotate.undo(undo)
        Logrotate.undo(undo)


def whole(held: Any) -> bool:
    return all(held.dose[name] >= least for name, least in held.floor.items())


def packed(victim: Victim) -> None:
    """A log of today, and archives of three days."""
    sh(victim, "cd /data; echo today > app.log; for n in 1 2 3; do echo day $n | gzip > app.log.$n.gz; done")


def test_without_a_stanza_no_archive_is_lost_and_the_log_keeps_its_owner(victim: Victim) -> None:
    packed(victim)
    sh(victim, "chown 65534:65534 /data/app.log; chmod 620 /data/app.log")
    held = played(victim, role(victim), writers=1, block=1000)
    assert whole(held), held
    assert sorted(sh(victim, "ls -A /data").split()) == ["app.log", *(f"app.log.{n}.gz" for n in range(1, 5))]
    assert sh(victim, "ls -ln /data/app.log").split()[:4] == ["-rw--w----", "1", "65534", "65534"]


def test_a_rotation_that_cannot_be_proven_is_refused_with_the_line_to_add(victim: Victim) -> None:
    packed(victim)
    sh(victim, "cp /data/app.log.1.gz /data/app.log-20250101.gz")
    with pytest.raises(FaultError, match=r"several namings.*logs: \{stanza: /etc/logrotate.d/NAME\}"):
        fault(victim, role(victim)).prepare()
    with pytest.raises(FaultError, match=r"/data/none.log: No such file"):
        fault(victim, role(victim, files=["none.log"])).prepare()


STANZA = """mkdir -p /etc/logrotate.d /var/lib/logrotate
echo "logrotate state -- version 2" > /var/lib/logrotate/status
echo "$(echo team:x:4242:4242::/:/bin/sh)" >> /etc/passwd; echo team:x:4242: >> /etc/group
echo "/data/*.log {
rotate 9
compress
create 0640 team team
postrotate
echo \\$0 rotated > /tmp/ran; kill -0 1
endscript
}" > /etc/logrotate.d/app
"""


def test_the_teams_own_stanza_is_played_in_the_containers_view(victim: Victim) -> None:
    packed(victim)
    sh(victim, STANZA)
    before = sh(victim, "cat /var/lib/logrotate/status; ls -la /etc /var/lib/logrotate")
    logs = role(victim, stanza="/etc/logrotate.d/app")
    told = "\n".join(rotating.shown(rotating.look(logs, (1,)), logs))
    assert "runs /etc/logrotate.d/app:5: postrotate\n    echo $0 rotated > /tmp/ran" in told
    assert sh(victim, "test ! -e /tmp/ran && echo not yet") == "not yet\n"
    held = played(victim, logs)
    assert whole(held) and held.evidence["exit_code"] == 0, held
    assert sh(victim, "cat /tmp/ran") == "logrotate_script rotated\n"
    assert sh(victim, "ls -ln /data/app.log").split()[2:4] == ["4242", "4242"]
    assert sh(victim, "cat /var/lib/logrotate/status; ls -la /etc /var/lib/logrotate") == before
    assert sorted(sh(victim, "ls -A /data").split()) == ["app.log", *(f"app.log.{n}.gz" for n in range(1, 5))]


def test_a_container_without_logrotate_is_refused_with_a_remedy(victim: Victim) -> None:
    packed(victim)
    sh(victim, f"{STANZA}\nrm /usr/sbin/logrotate")
    with pytest.raises(FaultError, match=r"name the service that runs logrotate as logs.service"):
        fault(victim, role(victim, stanza="/etc/logrotate.d/app")).prepare()


def test_a_script_that_needs_what_is_elsewhere_is_refused_with_the_remedy(victim: Victim) -> None:
    packed(victim)
    sh(victim, STANZA.replace("kill -0 1", "docker kill -s USR1 web"))
    with pytest.raises(FaultError, match=r"docker, which is not in .*stanza: \{host: PATH\}"):
        fault(victim, role(victim, stanza="/etc/logrotate.d/app")).prepare()


def test_scripts_that_the_consent_does_not_name_are_refused(victim: Victim) -> None:
    packed(victim)
    sh(victim, STANZA)
    logs = replace(role(victim), stanza=Stanza(Path("/etc/logrotate.d/app"), None))
    with pytest.raises(FaultError, match=r"postrotate: true"):
        fault(victim, logs).prepare()


def test_a_stanza_of_this_machine_is_played_here_on_what_the_container_has_mounted(
    victim: Victim, tmp_path: Path
) -> None:
    packed(victim)
    place = Path(victim.volume.attrs["Mountpoint"])
    if not place.is_dir():
        pytest.skip("the engine's volumes are not on this machine")
    stanza = tmp_path / "app"
    script = f"postrotate\n touch {tmp_path}/ran\n endscript"
    stanza.write_text(f"{place}/*.log {{\n rotate 9\n compress\n create\n {script}\n}}\n")
    held = played(victim, role(victim, stanza={"host": str(stanza)}))
    assert whole(held) and (tmp_path / "ran").exists()
    assert "app.log.4.gz" in sh(victim, "ls /data")


SLOW = """echo '#!/bin/sh
gzip -c < /data/app.log.1
echo > /data/begun
cat /data/go
exec gzip -c' > /tmp/slow; chmod +x /tmp/slow
echo "/data/app.log {
rotate 9
compress
compresscmd /tmp/slow
create
}" > /etc/logrotate.d/app
python -c 'import os; os.mkfifo("/data/begun"); os.mkfifo("/data/go")'
"""


def test_the_undo_of_a_rotation_killed_while_compressing_keeps_the_whole_archive(
    victim: Victim, client: DockerClient
) -> None:
    packed(victim)
    sh(victim, STANZA)
    sh(victim, SLOW)
    made = fault(victim, role(victim, stanza="/etc/logrotate.d/app"))
    undo = made.prepare()
    made.inject()
    sh(victim, "cat /data/begun")
    mark: dict[str, Any] = {"label": f"{refs.MARK}={victim.name}/rotate"}
    for sidecar in client.containers.list(filters=mark):
        sidecar.kill()
    Logrotate.undo(undo)
    Logrotate.undo(undo)
    left = sorted(sh(victim, "rm /data/begun /data/go; ls -A /data").split())
    assert left == ["app.log", "app.log.1.uncompressed", *(f"app.log.{n}.gz" for n in range(2, 5))]
    assert sh(victim, "cat /data/app.log.1.uncompressed") == "today\n"
