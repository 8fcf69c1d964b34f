"""Parts from the system's package manager."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chaos.errors import ToolMissing
from chaos.host.privileges import root_command
from chaos.tools.command import CommandFailed, output, which

_INSTALL_TIMEOUT = 600.0  # seconds
_POLICY = "/usr/sbin/policy-rc.d"  # what Debian's packages ask whether they may start their services
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_STOPPED = """
policy=$1 places=$2 services=$3 new=
shift 3
for service in $services; do
    known=
    for place in $places; do
        [ ! -e "$place/$service.service" ] || known=1
    done
    [ -n "$known" ] || new="$new $service"
done
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    trap 'exit 1' HUP INT TERM
    printf '#!/bin/sh\\nexit 101\\n' >"$policy" && chmod 755 "$policy" || exit 1
fi
"$@" || exit 1
[ -z "$new" ] || ! command -v systemctl >/dev/null || systemctl --quiet disable $new >/dev/null 2>&1 || :
"""
"""Run a command of apt so that no service starts, now or with the machine. What was there before stays as it is."""
# The first one present is the system's package manager.
_MANAGERS: dict[str, tuple[tuple[str, ...], ...]] = {
    # A fresh image has no package lists, so fetch them first.
    "apt-get": (("apt-get", "update"), ("apt-get", "install", "-y", "--no-install-recommends")),
    "dnf": (("dnf", "install", "-y"),),
    "yum": (("yum", "install", "-y"),),
    "apk": (("apk", "add", "--no-cache"),),
    "zypper": (("zypper", "--non-interactive", "install"),),
    "pacman": (("pacman", "-S", "--noconfirm"),),
}


def manager() -> str | None:
    """The system's package manager, if it is a supported one."""
    return next((name for name in _MANAGERS if which(name)), None)


def remedy(part: str, packages: Mapping[str, Sequence[str]]) -> str:
    """What a person types to install it. `packages` are their names by package manager; `*` for all others."""
    found = manager()
    names = packages.get(found or "", packages.get("*"))
    if found is None or names is None:
        return f"install {part} with your system's package manager"
    return "type: sudo " + " ".join((*_MANAGERS[found][-1], *names))


def install(
    part: str, because: str, packages: Mapping[str, Sequence[str]], services: Sequence[str] = ()
) -> None:
    """Install the packages as root or with sudo. Raises ToolMissing, which says why the part was missing.

    `services`: those that Debian's packages would start; they are neither started nor enabled.
    """
    found, as_root, by_hand = manager(), root_command(), remedy(part, packages)
    names = packages.get(found or "", packages.get("*"))
    if found is None or names is None or as_root is None:
        why = "installing it needs root" if found and names else "no supported package manager found"
        raise ToolMissing(part, f"{because}, and {why}", by_hand)
    *before, installing = _MANAGERS[found]
    installing = (*installing, *names)
    if services and found == "apt-get":
        installing = (
            "/bin/sh",
            "-c",
            _STOPPED,
            "sh",
            _POLICY,
            " ".join(_UNITS),
            " ".join(services),
            *installing,
        )
    try:
        for command in (*before, installing):
            # `env`, because sudo passes no environment on.
            output([*as_root, "env", "DEBIAN_FRONTEND=noninteractive", *command], timeout=_INSTALL_TIMEOUT)
    except CommandFailed as failure:
        raise ToolMissing(part, f"{found}: {failure}", by_hand) from failure
