"""Preview the rotation of a target's logs before it is played: on this machine, or in the container that has them."""

from __future__ import annotations

import os
import pwd
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.engine import refs, sidecar
from chaos.engine.client import connected
from chaos.host import rotation_plan
from chaos.host.rotation_plan import CannotRotate
from chaos.plugin.handles import ContainerRef, LogFiles
from chaos.tools import logrotate

CONF = Path("/etc/logrotate.conf")
STATES = ("/var/lib/logrotate/status", "/var/lib/logrotate/logrotate.status", "/var/lib/logrotate.status")
INSIDE = "/proc/1/root"  # of a sidecar: all that its container sees
CAPS = ("SYS_PTRACE",)  # capabilities needed to look there and at a process's open files
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def look(
    logs: LogFiles, pids: Sequence[int], own: str | None = None, mark: str | None = None
) -> dict[str, Any]:
    """The answer of `rotation_plan.answer` for these logs. `pids` are signalled after the rotation; `own` is a
    configuration for logs of a target that midnight started. Raises CannotRotate, ControlError, ToolMissing.
    """
    spec = request(logs, pids, own)
    try:
        answer = rotation_plan.answer(spec) if logs.container is None else _asked(logs, spec, mark)
    except CannotRotate as error:
        raise CannotRotate(_with_remedy(error, logs)) from None
    return answer


def refuse_scripts(answer: Mapping[str, Any], logs: LogFiles) -> None:
    """Raises CannotRotate for scripts without consent."""
    if answer["scripts"] and logs.stanza is not None and not logs.stanza.scripts_agreed:
        shown = answer["scripts"][0].partition("\n")[0]
        raise CannotRotate(
            f"the stanza runs scripts ({shown}) that the consent does not cover; add to the target file: "
            "consent: {..., postrotate: true}"
        )


def shown(answer: Mapping[str, Any], logs: LogFiles) -> list[str]:
    """The rotation in words, for the plan."""
    by = (
        f"the stanza {logs.stanza.path}"
        if logs.stanza is not None
        else "a stanza written to match the directory"
    )
    lines = [f"rotates {', '.join(answer['logs'])} by {by}"]
    lines += [f"also rotates {path}" for path in answer["also"]]
    lines += answer["notes"]
    return [*lines, *(f"runs {script}" for script in answer["scripts"])]


def request(logs: LogFiles, pids: Sequence[int], own: str | None = None) -> dict[str, Any]:
    """The specification for `rotation_plan`, and the part that `rotation` needs. Raises ToolMissing."""
    inside = logs.container is not None and logs.stanza is not None
    return {
        "files": [str(file) for file in here_or_inside(logs)],
        "own": own,
        "stanza": str(logs.stanza.path) if logs.stanza is not None else None,
        "conf": str(logs.stanza.conf) if logs.stanza is not None and logs.stanza.conf is not None else None,
        "how": {
            "method": logs.method,
            "delaycompress": logs.delaycompress,
            "signal": logs.signal,
            "pids": list(pids),
        },
        "root": INSIDE if inside else None,
        "binary": str(logrotate.find_binary()) if logs.container is None else "logrotate",
        "env": environment(logs),
        "locks": [str(path) for path in logs.states],
        "idle": logs.scheduling == "idle",
        "charged": logs.container is not None,
        "as_first": inside and _has_a_user(logs),
    }


def here_or_inside(logs: LogFiles) -> list[Path]:
    """The files as seen on this machine or in the container."""
    if logs.container is None:
        return list(logs.files)
    below = [file.relative_to(logs.directory) for file in logs.files if file.is_relative_to(logs.directory)]
    return [
        *(logs.inside / file for file in below),
        *(file for file in logs.files if not file.is_relative_to(logs.directory)),
    ]


def scratch_of(logs: LogFiles, mark: str) -> Path:
    """A directory beside the logs, on their disk, that none of their patterns matches."""
    directory = logs.directory if logs.container is None else logs.inside
    return directory / f".midnight-{mark.replace('/', '-')}"


def environment(logs: LogFiles) -> dict[str, str]:
    """The environment cron gives logrotate: nothing of midnight's own, and no secret, reaches a script."""
    if logs.container is None:
        return {"SHELL": "/bin/sh", "PATH": _PATH, **_home()}  # no TZ: dates are the machine's
    told = _container_environment(logs.container)
    kept = {name: told[name] for name in ("PATH", "HOME", "TZ") if name in told}
    return {"SHELL": "/bin/sh", "PATH": _PATH, "HOME": "/root", **kept}


def _home() -> dict[str, str]:
    try:
        who = pwd.getpwuid(os.geteuid())
    except KeyError:  # a user known only to the container's runtime
        return {"HOME": "/"}
    return {"HOME": who.pw_dir, "USER": who.pw_name, "LOGNAME": who.pw_name}


def start(logs: LogFiles) -> Any:
    """How to start `chaos.host.rotation` as a worker where the logs are; None: on this machine."""
    container = logs.container
    if container is None:
        return None
    return lambda module, mark: sidecar.start(container, module, mark, caps=_caps(logs))


def _caps(logs: LogFiles) -> tuple[str, ...]:
    return () if logs.ours else CAPS


def _container_environment(container: ContainerRef) -> Mapping[str, str]:
    with connected(container.engine) as client:
        found = refs.container_of(client, container)
        told = found.attrs["Config"].get("Env") or [] if found is not None else []
    return dict(each.partition("=")[::2] for each in told)


def _has_a_user(logs: LogFiles) -> bool:
    assert logs.container is not None
    with connected(logs.container.engine) as client:
        found = refs.container_of(client, logs.container)
        return found is not None and bool(found.attrs["Config"].get("User"))


def _asked(logs: LogFiles, spec: Mapping[str, Any], mark: str | None) -> dict[str, Any]:
    """The same, beside the container. Raises CannotRotate, ControlError."""
    assert logs.container is not None
    mark = f"{mark or f'look-{secrets.token_hex(6)}'}/look"
    answer = sidecar.ask(logs.container, "chaos.host.rotation_plan", mark, spec, caps=_caps(logs))
    if "refused" in answer:
        refused = CannotRotate(answer["refused"])
        refused.stanza_helps = answer["stanza_helps"]
        raise refused
    return answer


def _with_remedy(error: CannotRotate, logs: LogFiles) -> str:
    if error.stanza_helps:
        return f"{error}; name the stanza that rotates them: logs: {{stanza: /etc/logrotate.d/NAME}}"
    if logs.container is not None and "not installed" in str(error):
        return (
            f"{error} (in {logs.container.name}): name the service that runs logrotate as logs.service, or the file "
            "on this machine: logs: {stanza: {host: PATH}}"
        )
    if logs.container is not None and "not in the container" in str(error):
        return f"{error} {logs.container.name}: name the file on this machine, as logs: {{stanza: {{host: PATH}}}}"
    return str(error)
