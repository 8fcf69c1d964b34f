"""Forms as a browser sends them to a site that allows acts, and a stand-in for what they start."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import httpx

from chaos import database
from chaos.schedule import registered
from chaos.web import acts
from chaos.web.tokens import Tokens
from tests.web.pages import Site

TOKEN = "0123456789abcdef0123456789abcdef"
PRINTED = Tokens({"": TOKEN}, named=False)
NAMED = Tokens({"ann": TOKEN, "bob": TOKEN[::-1]}, named=True)
OWN = {"origin": "http://127.0.0.1:8642", "sec-fetch-site": "same-origin"}
COOKIE = {"cookie": f"midnight-8642={TOKEN}"}
START = {"experiment": "smoke", "aim": "embedded, fragile", "seed": "7", "by": "Ann"}
POSTS = {
    "/act/start": START,
    "/act/stop": {"run": "none", "by": "Ann"},
    "/act/pause": {"schedule": "nightly", "by": "Ann"},
    "/act/resume": {"schedule": "nightly", "by": "Ann"},
}
HOSTILE = "<script>alert(1)</script>"

STAND_IN = """import pathlib, sys
pathlib.Path({place!r}).write_text(" ".join(sys.argv[1:]))
print("midnight: target 'embedded' is in use by run 20261101T000000Z-abcdef", file=sys.stderr)
sys.exit(2)
"""


def schedules(place: Path) -> Path:
    file = place / "schedules.yaml"
    file.write_text('schedules:\n  - {name: nightly, experiment: smoke, when: "0 2 * * *"}\n')
    return file


def stand_in(place: Path) -> tuple[str, ...]:
    """A `midnight` that writes its arguments down, and is refused as a second run is."""
    return sys.executable, "-c", STAND_IN.format(place=str(place / "started"))


def post(site: Site, path: str, form: Mapping[str, str], **headers: str) -> httpx.Response:
    given = {"content-type": "application/x-www-form-urlencoded", **OWN, **COOKIE, **headers}
    given = {name: value for name, value in given.items() if value}
    return site.ask("POST", path, content=urlencode(form), headers=given)


def nothing_was_done(place: Path) -> bool:
    with database.connect(database.address()).begin() as connection:
        paused = registered.paused(connection, ["nightly"])
    return not (place / "started").exists() and not paused and not acts.place().exists()
