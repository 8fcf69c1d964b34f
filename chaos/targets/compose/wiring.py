"""What puts a Toxiproxy between a project's API and its database: an override file; theirs is never edited.

The API finds the proxy under the database's own name (a link), so that nothing it is told need change. The proxy's
settings live in the server alone, so that a small service puts them there again whenever they lack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ruamel.yaml.scalarstring import LiteralScalarString

from chaos.engine.projects import Found
from chaos.targets.compose.networks import Joined
from chaos.tools.docker_images import OFFICIAL, REFERENCE

PROXY, KEEPER = "midnight-proxy", "midnight-proxy-keeper"
_KEEP = (
    "import json,time,urllib.request as u\n"
    "a,p='http://{proxy}:8474/proxies',{settings}\n"
    "while True:\n"
    "  try:\n"
    "    p['name'] in json.load(u.urlopen(a,timeout=2)) or u.urlopen(u.Request(a,json.dumps(p).encode()),timeout=2)\n"
    "    open('/tmp/there','w').close()\n"
    "  except OSError: pass\n"
    "  time.sleep(0.5)"
)


def override(
    api: Found,
    database: Found,
    ports: Mapping[str, int],
    networks: Sequence[Joined],
    proxy_image: str | None = None,
    port: int = 5432,
) -> dict[str, Any]:
    """The override file's document; `ports` are free ones of this machine: control, proxied, database."""
    names = [each.key for each in networks]
    settings = {"name": "database", "listen": f"0.0.0.0:{port}", "upstream": f"{database.service}:{port}"}
    keep = LiteralScalarString(_KEEP.format(proxy=PROXY, settings={**settings, "enabled": True}))
    document: dict[str, Any] = {
        PROXY: {
            "image": proxy_image or OFFICIAL["toxiproxy"],
            "command": ["-host=0.0.0.0"],
            "ports": [f"127.0.0.1:{ports['control']}:8474", f"127.0.0.1:{ports['proxied']}:{port}"],
            "networks": list(names),
            "restart": "unless-stopped",
        },
        KEEPER: {
            "image": REFERENCE,
            "entrypoint": ["python", "-c", keep],
            "networks": list(names),
            "restart": "unless-stopped",
            "depends_on": [PROXY],
            "healthcheck": {
                "test": ["CMD", "test", "-e", "/tmp/there"],
                "interval": "1s",
                "retries": 30,
                "start_period": "20s",
            },
        },
        api.service: {
            "links": [f"{PROXY}:{database.service}"],
            "depends_on": {PROXY: {"condition": "service_started"}, KEEPER: {"condition": "service_healthy"}},
        },
    }
    if port not in database.ports:
        document[database.service] = {"ports": [f"127.0.0.1:{ports['database']}:{port}"]}
    declared = {each.key: dict(each.declared) for each in networks if each.declared is not None}
    return {"services": document} | ({"networks": declared} if declared else {})
