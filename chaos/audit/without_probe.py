"""What answers requests without a probe of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from chaos.audit.estate import Estate
from chaos.audit.rule import Found


def without_probe(kind: str) -> Callable[[Estate], Iterator[Found]]:
    """Return the check for workloads that answer requests, none of whose containers has a `kind` probe."""

    def check(estate: Estate) -> Iterator[Found]:
        for workload in estate.answering:
            containers = workload.containers
            if not any(each.probe(kind).exists for each in containers):
                first = next((each for each in containers if each.node.at("ports").value), containers[0])
                because = f"{workload.shown}: {first.shown} has no {kind} probe"
                yield Found(workload.item, first.node, because)

    return check
