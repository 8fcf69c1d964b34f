"""Separate the service's own connections through a proxy from all others.

A process's connections are seen at its own end: its sockets to the proxy's address. A container's are seen at the
proxy's end: connections from one of the container's addresses. Nothing is sent, and nothing of the target changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from chaos.errors import ControlError
from chaos.host import owners, sockets
from chaos.host.processes import alive
from chaos.host.sockets import Socket
from chaos.path.listeners import of_the_proxy
from chaos.path.networks import addresses, by_network, local_addresses, resolved
from chaos.path.service import Service
from chaos.path.sight import Here, Inside, Sight, Unseen
from chaos.plugin.handles import ContainerRef, ProcessRef, Proxy
from chaos.toxiproxy import Toxiproxy

_ANYWHERE = ("", "0.0.0.0", "::")
_OPENING = (sockets.SYN_SENT, sockets.SYN_RECEIVED, sockets.LISTEN)


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection through the proxy. `asked` is what the client sent, `answered` what came back: bytes since it
    was opened (-1: unknown), instants on the monotonic clock of the machine where it was seen.
    """

    id: int  # never another's
    client: str  # HOST:PORT
    asked: int
    answered: int
    asked_at: float
    answered_at: float
    idle_for: (
        float  # seconds since the server's last byte; 0 if the last byte was the client's, or it is not open
    )
    open: bool  # both ends are
    closed_by_proxy: bool  # or by its upstream, and the client has not noticed or not ended it yet

    @property
    def idle(self) -> bool:
        """True if the last byte was the server's: no answer is pending."""
        return self.open and self.answered_at >= self.asked_at


@dataclass(frozen=True, slots=True)
class Look:
    """The connections at one instant."""

    own: Mapping[int, Connection]  # by id
    others: Mapping[str, int] = field(default_factory=dict)  # foreign connections, counted by address


class Watch:
    """The connections through one proxy, with those of `service` apart. Close it, or use it as a context manager.

    `server`: the container that the proxy runs in, None for this machine; `reached_at`: another HOST:PORT by which
    processes here reach it. Its sidecars carry `mark`. Raises Unseen, as `look` does.
    """

    def __init__(
        self,
        proxy: Proxy,
        service: Service,
        *,
        mark: str,
        server: ContainerRef | None = None,
        reached_at: Iterable[str] = (),
    ) -> None:
        self.proxy, self.service = proxy, service
        self._views: list[_View] = []
        self._listen = _listening(proxy)
        try:
            processes = service.processes
            if service.containers:
                processes += self._of_containers(service.containers, server, mark)
            if processes:
                inside = (
                    self._listen if server is not None else ""
                )  # an address of its container, not of this machine
                listen = {self._listen, proxy.listen, *reached_at} - {inside}
                self._views.append(_Clients(processes, listen, proxy.api))
            if not self._views:
                raise Unseen("the target names no process or container of the service")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def look(self) -> Look:
        """Raises Unseen."""
        looks = [view.look() for view in self._views]
        others: Counter[str] = Counter()
        for each in looks:
            others.update(each.others)
        return Look({id: one for each in looks for id, one in each.own.items()}, others)

    def close(self) -> None:
        for view in self._views:
            view.close()

    def past(self) -> Mapping[str, int]:
        """Other addresses that the service's processes are connected to: counts by HOST:PORT; empty for containers."""
        found: Counter[str] = Counter()
        for view in self._views:
            found.update(view.past())
        return found

    def _of_containers(
        self, containers: tuple[ContainerRef, ...], server: ContainerRef | None, mark: str
    ) -> tuple[ProcessRef, ...]:
        """A view for containers with a network of their own; the processes of those on this machine's network."""
        apart, here = by_network(containers)
        if apart:
            sight: Sight = Here() if server is None else Inside(server, mark)
            self._views.append(_Accepted(sight, apart, server, _port(self._listen)))
        return here


class _View(Protocol):
    def look(self) -> Look: ...
    def past(self) -> Mapping[str, int]: ...
    def close(self) -> None: ...


class _Clients:
    """Of processes of this machine, at their own end."""

    def __init__(self, processes: tuple[ProcessRef, ...], listen: Iterable[str], api: str) -> None:
        self._processes = processes
        here = local_addresses()
        places = {
            (address, _port(each))
            for each in listen
            for address in (here if _host(each) in _ANYWHERE else resolved(_host(each)))
        }
        local = {place for place in places if place[0] in here}
        self._at = (places - local) | of_the_proxy(api, local)
        if not self._at:
            raise Unseen(
                f"at {', '.join(listen) or 'no address'} of this machine, a process other than Toxiproxy listens: give "
                "the port that leads to it, databases: {primary: {proxied: HOST:PORT}}"
            )
        self._sight, self._known = Here(), dict[int, bool]()  # whether a socket is the service's, by cookie
        for each in processes:
            require_visible(each)

    def look(self) -> Look:
        found = [
            each
            for each in self._sight.look({port for _, port in self._at})
            if (each.remote, each.remote_port) in self._at and each.state not in _OPENING
        ]
        self._decide(found)
        own = {each.cookie: _seen(each, client=True) for each in found if self._known[each.cookie]}
        return Look(own, Counter(each.local for each in found if not self._known[each.cookie]))

    def past(self) -> Mapping[str, int]:
        mine = self._inodes()
        there = [
            each for each in self._sight.look() if each.inode in mine and each.state == sockets.ESTABLISHED
        ]
        past = [each for each in there if (each.remote, each.remote_port) not in self._at]
        return Counter(f"{each.remote}:{each.remote_port}" for each in past)

    def close(self) -> None:
        self._sight.close()

    def _decide(self, found: list[Socket]) -> None:
        if any(each.cookie not in self._known for each in found):
            mine = self._inodes()
            for each in found:
                self._known.setdefault(each.cookie, each.inode in mine)

    def _inodes(self) -> set[int]:
        try:
            return owners.inodes(owners.family(each.pid for each in self._processes if alive(each)))
        except PermissionError as error:
            raise Unseen(_forbidden(error)) from error


class _Accepted:
    """Of containers, at the proxy's end."""

    def __init__(
        self, sight: Sight, containers: tuple[ContainerRef, ...], server: ContainerRef | None, port: int
    ) -> None:
        self._sight, self._containers, self._server, self._port = sight, containers, server, port
        self._addresses: set[str] = set()
        self._strangers: set[str] = set()

    def look(self) -> Look:
        found = [
            each
            for each in self._sight.look([self._port])
            if each.local_port == self._port and each.state not in _OPENING
        ]
        came = {each.remote for each in found}
        if not self._addresses or came - self._addresses - self._strangers:  # one may have been restarted
            self._addresses = {at for each in self._containers for at in addresses(each, self._server)}
            self._strangers = came - self._addresses
        own = {each.cookie: _seen(each, client=False) for each in found if each.remote in self._addresses}
        return Look(own, Counter(each.remote for each in found if each.remote not in self._addresses))

    def past(self) -> Mapping[str, int]:
        return {}

    def close(self) -> None:
        self._sight.close()


def _listening(proxy: Proxy) -> str:
    """The address that its server reports: the handle may hold a published port. Raises Unseen."""
    try:
        return Toxiproxy(proxy.api).proxy(proxy.name).listen
    except ControlError as error:
        raise Unseen(str(error)) from error


def callers(server: ContainerRef | None, port: int, mark: str) -> Mapping[str, int]:
    """Peers connected to a port of a container (None: of this machine): connection counts by address.

    For a database's port it shows who bypasses the proxy. Raises Unseen.
    """
    sight: Sight = Here() if server is None else Inside(server, mark)
    try:
        there = [each for each in sight.look([port]) if each.local_port == port]
        return Counter(each.remote for each in there if each.state == sockets.ESTABLISHED)
    finally:
        sight.close()


def _seen(each: Socket, *, client: bool) -> Connection:
    out, back = (each.sent, each.sent_at), (each.received, each.received_at)
    asked, answered = (out, back) if client else (back, out)
    closed = (sockets.CLOSE_WAIT,) if client else (sockets.FIN_WAIT_1, sockets.FIN_WAIT_2)
    host, port = (each.local, each.local_port) if client else (each.remote, each.remote_port)
    is_open = each.state == sockets.ESTABLISHED
    return Connection(
        id=each.cookie,
        client=f"{host}:{port}",
        asked=asked[0],
        answered=answered[0],
        asked_at=asked[1],
        answered_at=answered[1],
        idle_for=each.at - answered[1] if is_open and answered[1] >= asked[1] else 0.0,
        open=is_open,
        closed_by_proxy=each.state in closed,
    )


def require_visible(process: ProcessRef) -> None:
    """Raises Unseen."""
    if not alive(process):
        raise Unseen(f"process {process.pid} of the service has ended")
    try:
        here = owners.same_network(process.pid)
        owners.inodes([process.pid])
    except PermissionError as error:
        raise Unseen(_forbidden(error)) from error
    except FileNotFoundError as error:
        raise Unseen(f"process {process.pid} of the service has ended") from error
    if not here:
        raise Unseen(
            f"process {process.pid} of the service has a network of its own: name its container instead"
        )


def _forbidden(error: PermissionError) -> str:
    return (
        f"permission denied for the service's sockets ({error.filename}): run midnight as its user or as root"
    )


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
