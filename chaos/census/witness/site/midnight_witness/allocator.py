"""What malloc has handed out, and what it keeps though it is free: memory may rise while no more is in use."""

from __future__ import annotations

from typing import Any, Callable

_FIELDS = (
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",  # bytes in use in mappings of their own
    "usmblks",
    "fsmblks",
    "uordblks",  # other bytes in use
    "fordblks",  # free bytes that are kept
    "keepcost",
)


class _State:
    looked = False
    mallinfo: Callable[[], Any] | None = None


def counts() -> dict[str, int]:
    """Bytes: `malloc` in use, and `free`. Empty unless the malloc of glibc 2.33 or later serves the process."""
    if not _State.looked:
        _State.looked, _State.mallinfo = True, _mallinfo()
    if _State.mallinfo is None:
        return {}
    found = _State.mallinfo()
    return {"malloc": found.uordblks + found.hblkhd, "free": found.fordblks}


def _mallinfo() -> Callable[[], Any] | None:
    try:
        import ctypes  # only now: an application that is never asked does not load it

        class Info(ctypes.Structure):  # struct mallinfo2, mallinfo(3)
            _fields_ = [(name, ctypes.c_size_t) for name in _FIELDS]

        library = ctypes.CDLL(None)
        found, malloc = library.mallinfo2, library.malloc
        addresses = [ctypes.cast(each, ctypes.c_void_p).value or 0 for each in (found, malloc)]
        found.restype, found.argtypes = Info, []
    except Exception:  # no ctypes, another libc, or one that may make no closures
        return None
    # a malloc that was loaded before glibc's, such as jemalloc, is unknown to mallinfo
    return found if len({_object_at(each) for each in addresses}) == 1 else None


def _object_at(address: int) -> str:
    """The file that is mapped there."""
    with open("/proc/self/maps") as maps:
        for line in maps:
            words = line.split(None, 5)
            first, last = (int(each, 16) for each in words[0].split("-"))
            if first <= address < last:
                return words[5].strip() if len(words) > 5 else ""
    return ""
