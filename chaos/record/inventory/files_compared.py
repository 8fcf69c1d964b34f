"""Compare the files of log directories by content: an archive that was renamed or compressed is still there.

Fields: `gone` (a live log), `inode`, `shrunk`, `lost` (an archive's content no longer exists), `moved`, `damaged`,
`owner`, `mode`, `link`, `new`. Changes that a service makes by itself begin with `~`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chaos.record.inventory.document import Fields, Things

OURS = "midnight"
_WRAPS = 2**32  # gzip stores the uncompressed length modulo this

Told = tuple[str, str, str]
"""A file, the field, and a sentence without the file name."""


def compared(before: Things, after: Things) -> Iterator[Told]:
    """Yield what happened to each file, and which are new."""
    taken: set[str] = set()
    for name, was in before.items():
        now = after.get(name)
        if was["type"] != "file":
            yield from _no_file(name, was, now)
        elif was["live"]:
            yield from _live(name, was, now)
        else:
            place = _place_of(name, was, after, taken)
            taken.update([place] if place else [])
            yield from _archive(name, was, now, place)
    for name, now in after.items():
        if now.get("damaged") and not before.get(name, {}).get("damaged"):
            yield name, "damaged", "is an archive that cannot be read to the end"
        if name not in before and name not in taken:
            ours = OURS in name.rpartition("/")[2]
            yield name, "new" if ours else "~new", "is new"


def _no_file(name: str, was: Fields, now: Fields | None) -> Iterator[Told]:
    if now is None:
        yield name, "gone", f"is gone (was a {was['type']})"
    elif (was["type"], was.get("target")) != (now["type"], now.get("target")):
        yield name, "link", f"was a {was['type']} to {was.get('target')}, now a {now['type']}"
    else:
        yield from _rights(name, was, now)


def _live(name: str, was: Fields, now: Fields | None) -> Iterator[Told]:
    if now is None:
        yield name, "gone", "is gone, but was being written"
        return
    if was["inode"] != now["inode"]:
        yield name, "inode", "is a different file"
    elif now["size"] < was["size"]:
        yield name, "shrunk", f"has {now['size']} bytes, had {was['size']}"
    yield from _rights(name, was, now)


def _archive(name: str, was: Fields, now: Fields | None, place: str | None) -> Iterator[Told]:
    if place == name and now is not None:
        yield from _rights(name, was, now)
    elif place is not None:
        yield name, "moved", f"is {place} now"
    elif now is not None and now["inode"] == was["inode"] and now["size"] >= was["size"]:
        yield name, "~grown", f"has {now['size']} bytes, had {was['size']}"
    else:
        state = "is gone" if now is None else "has other content"
        yield name, "lost", f"{state}, and its former content no longer exists"


def _rights(name: str, was: Fields, now: Fields) -> Iterator[Told]:
    for field in ("owner", "mode"):
        if was[field] != now[field]:
            yield name, field, f"{field} was {was[field]}, is {now[field]}"


def _place_of(name: str, was: Fields, after: Things, taken: set[str]) -> str | None:
    """Find where the content of a file is now; its own name first."""
    for place in (name, *after):
        if place not in taken and place in after and _same(was, after[place]):
            return place
    return None


def _same(was: Fields, now: Fields) -> bool:
    if now["type"] != "file" or now.get("damaged"):
        return False
    one, other = was.get("content"), now.get("content")
    if one is None or other is None:  # access denied, or an unknown compression
        return bool((was["inode"], was["size"]) == (now["inode"], now["size"]))
    return _same_content(one, other)


def _same_content(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    if one["whole"] is not None and other["whole"] is not None:
        return bool(one["whole"] == other["whole"])
    lengths = [each["length"] % _WRAPS for each in (one, other) if each["length"] is not None]
    tails = [each["tail"] for each in (one, other) if each["tail"] is not None]
    return bool(one["head"] == other["head"]) and len(set(lengths)) < 2 and len(set(tails)) < 2
