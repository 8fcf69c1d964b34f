"""The files of these tests: a tiny experiment, and targets that grow by a handle at a time."""

from __future__ import annotations

from tests.midnight import Midnight

CONSENT = "consent: {owner: The tests, until: 2999-12-31}\n"
RECORDS = """\
    ledger:
      key: "{seq}"
      read:
        list: "/records?after={after}&limit={limit}"
        limit: 100
        keys: $.records[*].seq
        payload: $.records[*].checksum
        page: {after: key, last: $.last}
"""
REMOVED = """\
      remove: {path: "/records/{key}"}
"""
_ROUTES = """\
routes:
  read: {path: "/items/{item}", items: 9}
  write:
    method: POST
    path: /records
    json: {seq: "{seq}", payload: "{payload}", checksum: "{checksum}"}
    expect: {json: {$.seq: "{seq}"}}
"""
_EXPERIMENT = """\
name: tiny
title: Does it answer?
load:
  timeout: 8s  # these tests judge the service on whatever machine they run
  mix: {read: 3, write: 1}
  baseline: {for: 1s, rate: 20, p99: 8s}
  phases: [{name: play, for: 2s, rate: 20}]
slos:
  - {name: availability, availability: 99%}
instrument: {lag: 900ms, run_delay: 100%}
"""


def experiment(midnight: Midnight, more: str = "") -> str:
    """The path of the tiny experiment, with `more` at its end."""
    return midnight.file("tiny.yaml", _EXPERIMENT + more)


def target(
    midnight: Midnight, url: str, more: str = "", *, consent: str = CONSENT, top: str = "", ledger: str = ""
) -> str:
    """The path of a target: `more` goes below its options, `top` before them, `ledger` into the route that writes."""
    options = f"options:\n  base_url: {url}\n{more}"
    return midnight.file("mine.yaml", f"name: mine\ndriver: attach\n{consent}{_ROUTES}{ledger}{top}{options}")
