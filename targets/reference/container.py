"""The stack's programs in a container, configured by the environment.

`python -m reference.container PROGRAM [ARGUMENT ...]`, where PROGRAM is prepare, api, model, exporter or batch.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from .prepare import ADMIN_VARIABLE
from .settings import CONFIG_VARIABLE, Config

PROFILES = Path(__file__).parent.parent / "profiles"
PORTS = {"api": 8000, "metrics": 9100, "model": 9000}
ROLES = ("api", "batch", "crowd")
LOGS, SCRATCH = Path("/var/log/reference"), Path("/var/lib/reference")


def main() -> None:
    """Write the configuration to a file and exec the program."""
    program, *arguments = sys.argv[1:]
    file = SCRATCH / f"config-{program}.json"
    file.touch(mode=0o600)
    file.write_text(json.dumps(configuration(os.environ)))
    os.environ[CONFIG_VARIABLE] = str(file)
    os.environ.setdefault(ADMIN_VARIABLE, _admin_dsn(os.environ))
    os.execv(sys.executable, [sys.executable, *_argv(program), *arguments])


def configuration(env: Any) -> dict[str, Any]:
    """The stack's configuration; the profile is a file in this image, or given in full in REFERENCE_SETTINGS."""
    settings = env.get("REFERENCE_SETTINGS")
    name = env.get("REFERENCE_PROFILE", "fragile")
    profile = json.loads(settings) if settings else YAML(typ="safe").load(PROFILES / f"{name}.yaml")
    password = env["REFERENCE_PASSWORD"]
    config = {
        "profile": profile,
        "database": {
            "host": "proxy",
            "port": 5432,
            "dbname": "reference",
            "roles": {role: {"user": role, "password": password} for role in ROLES},
        },
        "model_url": f"http://proxy:{PORTS['model']}",
        "listen": {"host": "0.0.0.0", **PORTS},
        "logs": str(LOGS),
        "scratch": str(SCRATCH),
        "documents": int(env.get("REFERENCE_DOCUMENTS", 20_000)),
    }
    Config.model_validate(config)
    return config


def _admin_dsn(env: Any) -> str:
    """Directly to the server: preparing the database must not depend on the proxy."""
    return f"host=database user=postgres dbname=reference password={env['REFERENCE_PASSWORD']}"


def _argv(program: str) -> list[str]:
    if program == "api":
        conf = str(Path(__file__).with_name("gunicorn_conf.py"))
        return ["-P", "-m", "gunicorn", "-c", conf, "reference.wsgi:app"]
    modules = {"prepare": "prepare", "model": "model_stub", "exporter": "exporter", "batch": "batch"}
    return ["-P", "-m", f"reference.{modules[program]}"]


if __name__ == "__main__":
    main()
