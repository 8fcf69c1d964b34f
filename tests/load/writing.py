"""A route that writes to a ledger, as the reference stack's file says it."""

from __future__ import annotations

from typing import Any

from chaos.spec.routes import Route

RECORD = {"seq": "{seq}", "payload": "{payload}", "checksum": "{checksum}"}
LIST = {
    "list": "/records?after={after}&limit={limit}",
    "keys": "$.records[*].seq",
    "payload": "$.records[*].checksum",
    "page": {"after": "key", "last": "$.last"},
}


REPEATED = {"json": {"$.seq": "{seq}"}}


def writing(path: str = "/records", expect: dict[str, Any] | None = REPEATED, **ledger: Any) -> Route:
    """It expects an answer that repeats its number; `ledger` overrides keys of its ledger."""
    document = {"method": "POST", "path": path, "json": RECORD, "expect": expect or {}}
    return Route.model_validate({**document, "ledger": {"key": "{seq}", "read": LIST, **ledger}})
