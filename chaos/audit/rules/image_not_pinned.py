"""Images that change under their name."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.interpolation import written
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.workloads:
        for container in workload.every_container:
            image: str | None = container.image
            if workload.item.is_service:
                image = written(container.image, container.node.path)
            if image and not container.node.at("build").exists and _is_loose(image):
                because = f"{workload.shown}: image {image[:80]} has no version"
                yield Found(workload.item, container.node.at("image"), because)


def _is_loose(image: str) -> bool:
    name, _, tag = image.rpartition("/")[2].partition(":")
    is_placeholder = "$" in name  # filled in before Kubernetes sees it, with the tag perhaps
    return "@" not in image and (tag == "latest" or (tag == "" and not is_placeholder))


RULE = Rule(
    id="image-not-pinned",
    severity=Severity.ERROR,
    what="an image without tag or digest, or with the tag latest",
    why="a Pod that is moved at night starts with an image that was never tested",
    fix="image: NAME:VERSION, or NAME@sha256:...",
    check=check,
    like="kube-linter latest-tag; kube-score container-image-tag",
)
