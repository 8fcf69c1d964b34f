"""A run's exit code and figures as text that Prometheus reads, by the textfile collector of node_exporter, say."""

from __future__ import annotations

from chaos.reports import Format, JudgedRun


def render(judged: JudgedRun) -> str:
    """One gauge per figure. A figure that could not be measured has no line: 0 would be a lie."""
    verdict = judged.verdict
    labels = (
        f'{{experiment="{verdict.experiment}",target="{verdict.target}",profile="{verdict.profile or ""}"}}'
    )
    numbers = {"exit_code": verdict.exit_code, **verdict.figures}
    lines = []
    for name, value in numbers.items():
        if isinstance(value, int | float):
            gauge = f"midnight_{name}"
            lines += [f"# TYPE {gauge} gauge", f"{gauge}{labels} {float(value)}"]
    return "\n".join([*lines, ""])


prometheus = Format("prometheus", "report.prom", render)
