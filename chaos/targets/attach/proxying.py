"""Proxies in front of what a service depends on: existing ones, and those of a Toxiproxy that midnight starts.

`midnight stack up` keeps the latter until `midnight stack down`, because the service must connect through it before
the run; where midnight starts the service itself, it lasts as long as the run.
"""

from __future__ import annotations

import logging
import re
import subprocess
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import psutil

from chaos.access import allowlist
from chaos.errors import ControlError, Refused, TargetError, UsageError
from chaos.host import owners, sockets
from chaos.host.ports import free_port
from chaos.host.processes import mark_of, ref_of, spawn, stop_marked
from chaos.plugin.driver import Site
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ProcessRef, Proxy
from chaos.plugin.kinds import Kind, guess
from chaos.spec.target import Target
from chaos.targets import probing
from chaos.targets.attach.options import AttachOptions, ProxyAt
from chaos.tools import toxiproxy as tool
from chaos.toxiproxy import ProxyInfo, Toxiproxy

log = logging.getLogger(__name__)

WHAT = "toxiproxy"
_ANSWERS_WITHIN, _POLL = 10.0, 0.05  # seconds; a starting server gives no event


def ours(options: AttachOptions) -> dict[str, ProxyAt]:
    """Those that midnight starts."""
    return {name: at for name, at in options.proxies.items() if at.api is None}


def kind_of(name: str, at: ProxyAt, upstream: str, options: AttachOptions) -> tuple[Kind, str]:
    """What is spoken there, and why that is known."""
    if at.kind is not None:
        return at.kind, "as the target file says"
    if name == "database" and options.databases:
        return "postgres", "by the connection strings under databases"
    return guess(upstream), f"guessed from the port of {upstream}"


def find(options: AttachOptions, target: Target) -> dict[str, Proxy]:
    """The proxies that are there now. Raises UsageError for an existing one that is not."""
    found = {}
    if (wanted := ours(options)) and (api := _standing(target.name)) is not None:
        found = _made(Toxiproxy(api), wanted, options, target)
    for name, at in options.proxies.items():
        if at.api is not None:
            found[name] = _existing(name, at, options, target)
    return found


def start(options: AttachOptions, target: Target, site: Site) -> tuple[dict[str, Proxy], ProcessRef]:
    """Start a Toxiproxy with the proxies of `ours`. Raises TargetError, ToolMissing."""
    wanted, mark, port = ours(options), f"{site.mark}.{WHAT}", free_port()
    binary = tool.find_binary()
    site.creating(WHAT, {"what": WHAT, "mark": mark, "listen": [at.listen for at in wanted.values()]})
    argv = [str(binary), "-host", "127.0.0.1", "-port", str(port)]
    child = spawn(argv, mark=mark, cwd=Path("/"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = Toxiproxy(f"http://127.0.0.1:{port}")
    _await(server, child, site)
    for name, at in wanted.items():
        try:
            server.create(_name(target, name), at.listen or "", at.upstream or "")
        except ControlError as error:
            raise TargetError(f"options: proxies: {name}: listen: {at.listen}: {error}") from error
    return _made(server, wanted, options, target), ref_of(child.pid)


def remove(undo: Undo) -> Evidence:
    """Raises UndoError."""
    return {"processes_stopped": len(stop_marked(undo["mark"], grace=2.0))}


def users(undo: Undo) -> list[str]:
    """The processes that are connected through it, as far as this user may see them."""
    ports = {int(each.rpartition(":")[2]) for each in undo["listen"]}
    try:
        there = [each for each in sockets.table(ports) if each.state == sockets.ESTABLISHED]
    except sockets.Unreadable:
        return []
    inodes = {each.inode for each in there if each.remote_port in ports}
    return sorted(_holders(inodes)) if inodes else []


def _holders(inodes: Iterable[int]) -> set[str]:
    found = set()
    for pid in psutil.pids():
        try:
            if owners.inodes([pid]) & set(inodes):
                found.add(f"{psutil.Process(pid).name()} (pid {pid})")
        except (PermissionError, psutil.Error):
            continue
    return found


def _standing(target: str) -> str | None:
    """The control URL of the Toxiproxy that `midnight stack up` started for this target; None if there is none."""
    mark = re.compile(rf"stack-{re.escape(target)}-[0-9a-f]{{6}}\.{WHAT}")
    for pid in psutil.pids():
        if mark.fullmatch(mark_of(pid) or ""):
            try:
                words = psutil.Process(pid).cmdline()
                return f"http://127.0.0.1:{words[words.index('-port') + 1]}"
            except (psutil.Error, ValueError, IndexError):
                continue
    return None


def _await(server: Toxiproxy, child: subprocess.Popen[bytes], site: Site) -> None:
    end = time.monotonic() + _ANSWERS_WITHIN
    while True:
        site.check()
        try:
            server.version()
            return
        except ControlError as error:
            if child.poll() is not None:
                raise TargetError(f"Toxiproxy ended with {child.returncode}") from error
            if time.monotonic() >= end:
                raise TargetError(
                    f"Toxiproxy did not answer within {_ANSWERS_WITHIN:g} s: {error}"
                ) from error
        time.sleep(_POLL)


def _made(
    server: Toxiproxy, wanted: Mapping[str, ProxyAt], options: AttachOptions, target: Target
) -> dict[str, Proxy]:
    """Raises UsageError if the file has changed since it was started."""
    try:
        there = server.proxies()
    except ControlError as error:
        raise UsageError(f"options: proxies: {error}") from None
    found = {}
    for name, at in wanted.items():
        info = there.get(_name(target, name))
        if info is None or _places(info.listen, info.upstream) != _places(at.listen, at.upstream):
            again = f"midnight stack down --target {target.name}"
            raise UsageError(
                f"options: proxies: {name}: not as it was started; type `{again}`, then `up` again"
            )
        found[name] = _proxy(name, at, info, server, options, info.upstream)
    return found


def _places(listen: str | None, upstream: str | None) -> tuple[str, str | None]:
    """The server reports an address where the file may have a name."""
    return (listen or "").rpartition(":")[2], upstream


def _existing(name: str, at: ProxyAt, options: AttachOptions, target: Target) -> Proxy:
    where = f"options: proxies: {name}"
    try:
        server = Toxiproxy(at.api or "")
        there = server.proxies()
    except (ControlError, UsageError) as error:
        raise UsageError(f"{where}: {error}") from None
    if at.name not in there:
        known = ", ".join(there) or "none"
        raise UsageError(f"{where}: Toxiproxy at {server.url} has no proxy {at.name!r}; it has {known}")
    info = there[at.name]
    log.debug("%s: %s at %s listens on %s, leads to %s", where, at.name, at.api, info.listen, info.upstream)
    # its upstream's name means what it means where the server runs, so clients here come through it
    reached = probing.reached(Proxy(server.url, info.name, info.listen, info.upstream))
    return _proxy(name, at, info, server, options, _allowed(reached, target))


def _proxy(
    name: str, at: ProxyAt, info: ProxyInfo, server: Toxiproxy, options: AttachOptions, entry: str
) -> Proxy:
    kind, because = kind_of(name, at, info.upstream, options)
    log.debug("proxy %s: %s, %s", name, kind, because)
    return Proxy(server.url, info.name, info.listen, info.upstream, kind, entry)


def _allowed(address: str, target: Target) -> str:
    try:
        allowlist.addresses(address.rpartition(":")[0], target.allow)
    except Refused:
        return ""
    return address


def _name(target: Target, proxy: str) -> str:
    return f"{target.name}-{proxy}"
