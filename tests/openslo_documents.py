"""OpenSLO documents, and an experiment that takes them among its SLOs."""

from __future__ import annotations

from pathlib import Path

from chaos.spec import experiment as experiments
from chaos.spec.slo import Slo

RATIO = """\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout
  displayName: Checkout answers
spec:
  description: What the checkout promises
  service: shop
  indicator:
    metadata: {name: good}
    spec:
      ratioMetric:
        counter: true
        good:
          metricSource: {type: midnight, spec: {metric: good_hits, route: read}}
        total:
          metricSource: {type: midnight, spec: {metric: hits, route: read}}
  timeWindow:
    - {duration: 4w, isRolling: true}
  budgetingMethod: Occurrences
  objectives:
    - {displayName: most, targetPercent: 99}
  alertPolicies:
    - {alertPolicyRef: page}
"""

THRESHOLD = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: fast}
spec:
  indicatorRef: answers
  budgetingMethod: Occurrences
  objectives:
    - {op: lte, value: 0.5, target: 0.95}
"""

SLI = """\
apiVersion: openslo/v1
kind: SLI
metadata: {name: answers}
spec:
  thresholdMetric:
    metricSource: {metricSourceRef: load, spec: {metric: latency}}
"""

SOURCE = """\
apiVersion: openslo/v1
kind: DataSource
metadata: {name: load}
spec: {type: midnight}
"""

POLICY = """\
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: page}
spec: {alertWhenBreaching: true}
"""

EXPERIMENT = """\
name: good
title: A sound one
load:
  timeout: 2s
  mix: {read: 4, write: 1}
  baseline: {for: 2s, rate: 10}
  phases: [{name: wake, for: 60s, rate: 10}]
steps:
  - {name: drop, fault: idle_drop, at: 1s, hold: 300ms}
slos:
"""


def slos(folder: Path, *items: str) -> tuple[Slo, ...]:
    path = folder / "experiment.yaml"
    path.write_text(EXPERIMENT + "".join(item_of(item) for item in items))
    return experiments.load(path).slos


def item_of(text: str) -> str:
    first, *rest = text.splitlines()
    return "".join([f"  - {first}\n", *(f"    {line}\n" for line in rest)])


def documents(path: Path, *texts: str) -> Path:
    path.write_text("---\n".join(texts))
    return path
