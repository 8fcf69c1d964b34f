"""Errors that a Go program prints with their frames, in a log."""

from __future__ import annotations

from tests.log_errors.reading_logs import groups_in, only

ZAP = """\
2026-11-27T00:00:01.500Z\tERROR\tapp/main.go:21\tfailed\t{"error": "dial tcp: refused"}
main.load
\t/srv/app/dao.go:44
main.main
\t/srv/app/main.go:21
runtime.main
\t/usr/local/go/src/runtime/proc.go:271
"""
GIN = """\
2026/11/27 00:00:01 [Recovery] 2026/11/27 - 00:00:01 panic recovered:
GET / HTTP/1.1
Host: x

boom
/srv/app/main.go:12 (0x7c1d2f)
\tmain.func1: panic("boom")
/root/go/pkg/mod/github.com/gin-gonic/gin@v1.9.1/context.go:174 (0x7b)
\t(*Context).Next: c.handlers[c.index](c)
"""


def test_each_entry_of_zaps_console_with_frames_is_an_error_with_its_place() -> None:
    group = only(ZAP * 3 + "2026-11-27T00:00:02.500Z\tINFO\tapp/main.go:22\tfine\n")
    assert (group.count, str(group.stack.frame)) == (3, "/srv/app/dao.go:44 in main.load")
    assert group.message.text == "failed: dial tcp: refused"
    assert group.first is not None


def test_an_entry_of_zaps_console_without_frames_is_an_entry() -> None:
    assert only(ZAP.splitlines()[0] + "\n").stack.language == "log"


def test_the_frames_of_pkg_errors_are_an_error() -> None:
    group = only("2026/11/27 00:00:01 failed: boom\n" + ZAP.partition("\n")[2])
    assert (group.message.text, str(group.stack.frame)) == ("failed: boom", "/srv/app/dao.go:44 in main.load")


def test_each_panic_that_gin_has_recovered_is_an_error() -> None:
    group = only("\n".join(f"api-1  | {line}" for line in (GIN * 2).splitlines()) + "\n")
    assert (group.stack.exception, group.message.text, group.count) == ("panic", "boom", 2)
    assert str(group.stack.frame) == "/srv/app/main.go:12 in main.func1"


def test_places_in_another_text_are_no_error() -> None:
    assert not groups_in("files:\n\t/srv/app/dao.go:44\n/srv/app/main.go:12 (0x7c1d2f)\n\tmain.func1: x\n")
