"""The service's own connections through proxies of the target, from before a fault's act to the end of its hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from chaos import path
from chaos.errors import ControlError, FaultError
from chaos.faults.shared import proxies
from chaos.path import Account, Fate, Seen, Unseen, Watch, setting
from chaos.path.networks import resolved
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, until_no, yes


class OwnPath:
    """Opened before the act, queried after it. Never raises: `unproven` reports what cannot be seen."""

    def __init__(self, handles: Handles, names: Sequence[str], mark: str) -> None:
        """`names`: of the proxies, in `handles`."""
        self._handles, self._mark = handles, mark
        self._proxies = [handles.proxies[name] for name in names]
        self._reached_at = {"database": [each.proxied for each in handles.databases.values() if each.proxied]}
        self._names = names
        self._open = ExitStack()
        self._watches: list[Watch] = []
        self._accounts: list[Account] = []
        self._because = "they were never watched"
        self._goes_past = False  # it is connected to an upstream, but not through the proxy

    @until_no
    def probes(self, least: int = 1) -> Iterator[Probe]:
        """Probe whether the proxies let traffic pass, and whether at least `least` of the service's connections can
        be seen and go through them now. A service may open connections only when it gets requests; it is a `no` only if
        all that it has with an upstream go past the proxy.
        """
        yield from map(proxies.lets_pass, self._proxies)
        what = f"connections of the service go through {self._called}"
        self.open()
        seen = self.begin()
        because = self.unproven(seen)
        self.close()
        if because:
            yield no(what, because) if self._goes_past else unknown(what, because)
        else:
            yield yes(what, f"{len(seen.fates)} now")
        answer = yes if len(seen.fates) >= least else unknown
        yield answer("floor: connections of the service", f"{len(seen.fates)} now, {least} required")

    def open(self) -> None:
        """Find out which process is the service and where its connections can be seen. A sidecar takes a second to
        start.
        """
        self._because = ""
        try:
            service = path.of(self._handles)
            for number, (name, proxy) in enumerate(zip(self._names, self._proxies, strict=True)):
                watch = Watch(
                    proxy,
                    service,
                    mark=f"{self._mark}/path-{number}",
                    server=next(iter(self._handles.containers.get("proxy", ())), None),
                    reached_at=self._reached_at.get(name, ()),
                )
                self._watches.append(self._open.enter_context(watch))
        except Unseen as error:
            self._give_up(error)

    def begin(self) -> Seen:
        """Count what becomes of the connections from now on. Return the current state."""
        try:
            for watch in self._watches:
                account = Account(watch)
                self._open.callback(account.close)
                self._accounts.append(account)
        except Unseen as error:
            self._give_up(error)
        return self.seen()

    @contextmanager
    def acting(self, fault: str) -> Iterator[None]:
        """An error in the body ends the watch. Raises FaultError if a control interface refuses."""
        try:
            yield
        except BaseException as error:
            self.close()
            if isinstance(error, ControlError):
                raise FaultError(f"{fault}: {error}") from error
            raise

    def seen(self) -> Seen:
        """Everything seen so far, over all proxies."""
        fates: list[Fate] = []
        others = Counter[str]()
        try:
            for account in self._accounts:
                seen = account.seen()
                fates += seen.fates
                others.update(seen.others)
        except Unseen as error:
            self._give_up(error)
        return Seen(tuple(fates), others)

    def unproven(self, seen: Seen, *, carried: int = 1) -> str:
        """Explain why nothing is proven: the path cannot be seen, the service is not on it, or, by `carried`, none of
        its traffic was on it while the fault acted. Empty if proven.
        """
        if self._because:
            return f"the service's connections cannot be seen: {self._because}"
        if not seen.fates:
            return self._absent(seen)
        if not carried:
            seen_ones = f"{len(seen.fates)} connections of the service through {self._called}"
            return f"the {seen_ones} carried nothing while the fault acted"
        return ""

    def evidence(self, seen: Seen) -> Mapping[str, object]:
        """The connections as reported."""
        return {
            "own_connections": len(seen.fates),
            "own_bytes_asked": seen.asked,
            "own_bytes_answered": seen.answered,
            "connections_of_others": sum(seen.others.values()),
        }

    def close(self) -> None:
        self._open.close()
        self._watches, self._accounts = [], []

    @property
    def _called(self) -> str:
        return " and ".join(f"proxy {proxy.name!r}" for proxy in self._proxies)

    def _absent(self, seen: Seen) -> str:
        service = self._watches[0].service if self._watches else "the service"
        said = f"no connection of {service} goes through {self._called}"
        try:
            past = Counter[str]()
            for watch in self._watches:
                past.update(watch.past())
        except Unseen:
            past = Counter()
        self._goes_past = any(_is_there(watch.proxy.upstream, past) for watch in self._watches)
        if past:
            there = ", ".join(f"{where} ({count})" for where, count in past.most_common(3))
            said += f"; it is connected to {there}"
        if seen.others:
            said += f"; connections through it come from {', '.join(seen.others)}"
        return f"{said}; {self._remedy()}"

    def _remedy(self) -> str:
        found = [
            line
            for watch, proxy in zip(self._watches, self._proxies, strict=False)
            for line in setting.to_change(watch.service.processes, proxy.kind, proxy.upstream, proxy.listen)
        ]
        to = f"let the service connect to {', '.join(each.listen for each in self._proxies)}"
        return f"{to}: set {', '.join(found)}, and restart it" if found else to

    def _give_up(self, error: Unseen) -> None:
        self._because = str(error)
        self.close()


def _is_there(upstream: str, past: Mapping[str, int]) -> bool:
    host, _, port = upstream.rpartition(":")
    return any(f"{each}:{port}" in past for each in resolved(host.strip("[]")))
