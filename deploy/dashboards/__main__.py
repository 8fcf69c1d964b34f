"""`python -m deploy.dashboards`: write every dashboard."""

from __future__ import annotations

from deploy.dashboards import ALL, FOLDER, as_text

for name, build in ALL.items():
    (FOLDER / name).write_text(as_text(build()), encoding="utf-8")
