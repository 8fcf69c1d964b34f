"""The files of a run at a truth server, and the run itself."""

from __future__ import annotations

from tests.calibration.truth import Truth
from tests.midnight import Midnight

TARGET = """\
name: truth
driver: attach
consent: {owner: The tests, until: 2999-12-31}
ready: /ready
routes:
  read: {path: "/items/{item}", items: 9}
  write:
    method: POST
    path: /records
    json: {seq: "{seq}", payload: "{payload}", checksum: "{checksum}"}
    expect: {json: {$.seq: "{seq}"}}
    ledger:
      key: "{seq}"
      read:
        list: "/records?after={after}&limit={limit}"
        limit: %s
        keys: $.records[*].seq
        payload: $.records[*].checksum
        page: {after: key, last: $.last}
options: {base_url: "%s"}
"""

LOAD = "load: {timeout: %s, mix: {%s}, baseline: {for: %s, rate: %s, availability: 50%%}, phases: [%s]}"


def load(
    play: float, *, rate: int = 60, baseline: float = 2.0, mix: str = "write: 1", timeout: str = "500ms"
) -> str:
    """An experiment's load, at one rate throughout."""
    return LOAD % (timeout, mix, f"{baseline}s", rate, f"{{name: play, for: {play}s, rate: {rate}}}")


def tell(server: Truth, hold: float, *, at: float = 0.5, name: str = "tell", dose: int = 1) -> str:
    """The step that tells the server to begin: its future is `hold` seconds ours."""
    parameters = f"{{control: '{server.control}', dose: {dose}}}"
    return f"  - {{name: {name}, fault: tell, at: {at}s, hold: {hold}s, with: {parameters}}}"


def arguments(
    midnight: Midnight,
    server: Truth,
    *parts: str,
    instrument: str = "{lag: 200ms, run_delay: 50%}",
    page: int = 10000,
) -> tuple[str, ...]:
    """Of `midnight run` with an experiment of these parts, the load first; `page` is that of the read-back."""
    lines = ["name: known", "title: A night whose truth is known", *parts, f"instrument: {instrument}"]
    lines.append("abort: [{name: target-down, off: true}]")  # down is what it is meant to be
    experiment = midnight.file("known.yaml", "\n".join(lines) + "\n")
    target = midnight.file("truth.yaml", TARGET % (page, server.url))
    return "run", experiment, "--target", target, "--seed", "7"
