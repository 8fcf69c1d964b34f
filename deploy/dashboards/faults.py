"""Faults as annotations: a region in every panel from a step's injection until it is undone."""

from __future__ import annotations

from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.dashboard import AnnotationQuery

from chaos.metrics import families
from deploy.dashboards.parts import OF_GROUP, SOURCE

ACTIVE = families.FAULT_ACTIVE.exposed
BY = ", ".join(families.FAULT_ACTIVE.labels)


def acting() -> str:
    """1 while a step acts, else 0, by step. The maximum of an interval also has what is shorter than the interval."""
    active = f"{ACTIVE}{{{OF_GROUP}}}"
    return f"max by ({BY}) (max_over_time({active}[$__interval]) or {active})"


class Annotation(AnnotationQuery):
    """An annotation of Prometheus: the foundation SDK's type has none of the keys that say what it shows."""

    def to_json(self) -> dict[str, object]:
        return {
            **super().to_json(),
            "step": "1s",
            "titleFormat": "{{step}}",
            "textFormat": "{{fault}} against {{target}} {{profile}} ({{experiment}})",
            "tagKeys": "fault",
        }


class Faults(Builder[AnnotationQuery]):
    """One region for each fault that acts."""

    def build(self) -> AnnotationQuery:
        return Annotation(
            name="Faults", datasource=SOURCE, enable=True, icon_color="red", expr=f"{acting()} > 0"
        )
