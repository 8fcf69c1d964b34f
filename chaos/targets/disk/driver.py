"""The driver of a served disk by itself: `midnight stack up` mounts it, and a team puts its own data there."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chaos.errors import Refused, ToolMissing, UndoError
from chaos.host import mounting, volume
from chaos.host.disk import attached, knobs
from chaos.host.disk.knobs import Knob
from chaos.host.disk.layout import Layout
from chaos.host.mounting import device_under
from chaos.host.processes import marked, ref_of
from chaos.plugin.driver import Driver, Site, Wants
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import Handles, Volume
from chaos.spec.target import Target
from chaos.targets.disk import users
from chaos.targets.disk.options import DiskOptions

NAME, ROLE = "data", "disk"


class DiskDriver(Driver):
    Options = DiskOptions

    def __init__(
        self, target: Target, options: DiskOptions, profile: Mapping[str, Any], staging: Mapping[str, float]
    ) -> None:
        super().__init__(target, options, profile, staging)
        self._options = options

    @classmethod
    def offers(cls, target: Target) -> frozenset[str]:
        del target
        return frozenset({f"volumes.{NAME}", f"processes.{ROLE}"})

    @classmethod
    def next_steps(cls, options: DiskOptions) -> Sequence[str]:
        place = options.place
        return (
            "for a service of a Compose project:",
            f"  midnight target wire compose:PROJECT --disk SERVICE --place {place}",
            f"for a process: let it keep its data in a directory below {place}, and name that directory",
            "  under `volumes` in the target file of driver `attach`",
        )

    @property
    def versions(self) -> Mapping[str, str]:
        return {"Linux": platform.release()}

    def wants(self) -> Wants:
        return Wants()  # `up` compares its size with what is free beside its image

    def up(self, site: Site) -> Handles:
        if because := attached.why_not():
            raise ToolMissing("served disk", because, "`midnight doctor` says how to get it")
        # as /proc names it, so that it is found there
        place, image = _real(self._options.place), _real(self._options.file)
        _refuse_what_is_there(place, image)
        _refuse_without_room(image, self._options.size)
        undo = {"path": str(place), "file": str(image), "mark": site.mark, "keep": place.exists()}
        site.creating("disk", undo)
        attached.create(image, place, self._options.size, site.mark)
        if self._options.write is not None:
            knobs.turn(Layout(image).knobs, Knob.LIMIT, volume.OWNER, self._options.write)
        disk = Volume(place, device_under(place), self._options.write, served=Layout(image).directory)
        servers = marked(attached.mark_of(site.mark, image))
        return Handles(volumes={NAME: disk}, processes={ROLE: tuple(ref_of(each.pid) for each in servers)})

    def drain(self) -> None:
        """Nothing: what is on it is the team's own business."""

    @classmethod
    def in_use(cls, undo: Undo) -> Sequence[str]:
        return users.named(Path(undo["file"]), Path(undo["path"]))

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Raises UndoError, naming those that still use the disk: midnight ends none of them."""
        file, path = Path(undo["file"]), Path(undo["path"])
        try:
            attached.remove(file, path, undo["mark"], keep=undo["keep"])
        except UndoError as error:
            still = ", ".join(users.named(file, path))
            raise UndoError(f"{error}; used by {still}" if still else str(error)) from error
        return {"unmounted": str(path)}


def _real(path: Path) -> Path:
    return path.parent.resolve() / path.name


def _refuse_what_is_there(place: Path, image: Path) -> None:
    """Raises Refused for what is in the way, or for a directory that does not exist or must not be written to."""
    if mounting.mounted(place):
        raise Refused(f"place: something is mounted at {place} already")
    if place.is_symlink() or (place.exists() and not place.is_dir()):
        raise Refused(f"place: {place} is not a directory")
    if place.exists() and any(place.iterdir()):
        raise Refused(f"place: {place} is not empty")
    for path in (image, Layout(image).directory):
        if path.exists() or path.is_symlink():
            raise Refused(f"image: {path} exists already")
    for key, directory in (("place", place.parent), ("image", image.parent)):
        if not directory.is_dir():
            raise Refused(f"{key}: {directory} does not exist")
        if not os.access(directory, os.W_OK | os.X_OK) and not (key == "place" and place.exists()):
            raise Refused(f"{key}: {directory} cannot be written to by this user")


def _refuse_without_room(image: Path, size: int) -> None:
    free = shutil.disk_usage(image.parent).free
    if size > free:
        rule = f"{size / 1e9:.1f} GB do not fit into {image.parent}, where {free / 1e9:.1f} GB are free"
        raise Refused(f"size: {rule}: set it lower, or put the disk elsewhere with `image:`")
