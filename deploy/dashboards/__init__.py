"""Grafana dashboards from typed builders: `make dashboards` writes those in `deploy/monitoring/grafana/dashboards`.

Not part of the package: `grafana-foundation-sdk` is needed to write the dashboards, never to use them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from deploy.dashboards import many_nights, one_night

FOLDER = Path(__file__).parents[1] / "monitoring/grafana/dashboards"
ALL: Mapping[str, Callable[[], Dashboard]] = {
    "one-night.json": one_night.build,
    "many-nights.json": many_nights.build,
}


def as_text(dashboard: Dashboard) -> str:
    """The JSON that Grafana imports."""
    return json.dumps(dashboard, cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"
