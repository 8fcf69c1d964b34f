"""Node, Java and Go: level 1 counts them as exactly as Python; level 2 where the runtime offers it at no risk."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.census.held import held
from chaos.census.processes import Unseen, counts
from chaos.census.runtimes import GO, JAVA, NODE, PYTHON, UNKNOWN, runtime_of
from chaos.census.stack_texts import Stacks
from chaos.census.stacks import grouped, stacks, why_no_stacks
from chaos.checks.leaks.held import more_held, more_stacks
from tests.census.hoarding import Hoard, more
from tests.waiting import wait_until

NODE_PROGRAM = """
const fs = require('fs'), net = require('net'), [place, port] = process.argv.slice(1), kept = [];
process.stdin.on('data', () => {
  for (let i = 0; i < 5; i++) {
    const path = `${place}/upload-${i}.pdf`;
    kept.push(fs.openSync(path, 'w'));
    if (i < 3) fs.unlinkSync(path);
  }
  let open = 0;
  for (let i = 0; i < 2; i++)
    kept.push(net.connect(port, '127.0.0.1', () => { if (++open === 2) console.log('held'); }));
});
console.log('ready');
"""

JAVA_PROGRAM = """
import java.io.FileOutputStream;
import java.util.ArrayList;
public class Leak {
  static final ArrayList<Object> KEPT = new ArrayList<>();
  static void waitForever() {
    try { Thread.sleep(Long.MAX_VALUE); } catch (InterruptedException e) { throw new RuntimeException(e); }
  }
  public static void main(String[] words) throws Exception {
    System.out.println("ready");
    while (System.in.read() == '\\n') {
      for (int i = 0; i < 4; i++) {
        KEPT.add(new FileOutputStream(words[0] + "/upload-" + KEPT.size() + ".pdf"));
        Thread thread = new Thread(Leak::waitForever, "worker-" + i);
        thread.setDaemon(true);
        thread.start();
      }
      System.out.println("held");
    }
  }
}
"""

GO_PROGRAM = """package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
)

var kept []*os.File

func wait(end chan int) {
	<-end
}

func main() {
	listener, _ := net.Listen("tcp", "127.0.0.1:0")
	go http.Serve(listener, nil)
	fmt.Println(listener.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		for i := 0; i < 4; i++ {
			file, _ := os.CreateTemp(os.Args[1], "upload-*.pdf")
			kept = append(kept, file)
			go wait(make(chan int))
		}
		fmt.Println("held")
	}
}
"""


class Program:
    """A process that holds more after each line on its standard input."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process, self.pid = process, process.pid
        self.first = self._line()

    def hold(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        assert self._line() == "held"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def running(argv: Sequence[object]) -> Iterator[Program]:
    words = [str(word) for word in argv]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Program(process)
        finally:
            process.kill()


def found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.mark.real
def test_node_is_counted_exactly_and_says_why_it_has_no_stacks(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with running([found("node"), "-e", NODE_PROGRAM, tmp_path, port]) as node:
            before, named = counts(node.pid), held(node.pid)
            node.hold()
            after, now = counts(node.pid), held(node.pid)
            assert runtime_of(node.pid) == NODE
            assert "debugger" in why_no_stacks(node.pid)
            with pytest.raises(Unseen):
                stacks(node.pid)
    descriptors = {name: grew for name, grew in more(before, after).items() if name != "threads"}
    assert descriptors == {"descriptors:file": 2, "descriptors:deleted": 3, "descriptors:socket": 2}
    grown = {row["what"]: row["count"] for row in more_held(named, now) if row["resource"] != "threads"}
    assert grown == {
        f"{tmp_path}/upload-*.pdf": 2,
        f"{tmp_path}/upload-*.pdf, deleted": 3,
        f"socket tcp 127.0.0.1:{port} ESTABLISHED": 2,
    }


@pytest.mark.real
def test_java_is_counted_exactly_and_its_leaking_threads_are_named_by_jcmd(tmp_path: Path) -> None:
    source = tmp_path / "Leak.java"
    source.write_text(JAVA_PROGRAM)
    line = next(at for at, text in enumerate(JAVA_PROGRAM.splitlines(), 1) if "Thread.sleep" in text)
    with running([found("java"), "-Xint", source, tmp_path]) as java:
        assert runtime_of(java.pid) == JAVA
        if because := why_no_stacks(java.pid):
            pytest.skip(because)

        def four_more(than: Stacks) -> bool:
            return any(row["count"] == 4 for row in more_stacks(than, stacks(java.pid)))

        first = stacks(java.pid)
        java.hold()  # loads the classes
        wait_until(lambda: four_more(first), "the threads wait")
        first = stacks(java.pid)
        before = counts(java.pid)
        java.hold()
        wait_until(lambda: four_more(first), "the further ones, too")
        after = counts(java.pid)
        second = stacks(java.pid)
        assert counts(java.pid) == after
    assert more(before, after) == {"descriptors:file": 4, "threads": 4}
    (row,) = more_stacks(first, second)
    assert (row["count"], row["held"], row["what"]) == (4, 8, "worker-*")
    assert row["place"] == f"Leak.java:{line} in Leak.waitForever"


@pytest.mark.real
@pytest.mark.full
def test_go_is_counted_exactly_and_its_leaking_goroutines_are_named_by_pprof(tmp_path: Path) -> None:
    source, program = tmp_path / "main.go", tmp_path / "leak"
    source.write_text(GO_PROGRAM)
    environment = {
        **os.environ,
        "GOCACHE": str(tmp_path / "cache"),
        "GOFLAGS": "-mod=mod",
        "CGO_ENABLED": "0",
    }
    subprocess.run([found("go"), "build", "-o", program, source], env=environment, check=True, cwd=tmp_path)
    line = next(at for at, text in enumerate(GO_PROGRAM.splitlines(), 1) if "<-end" in text)
    with running([program, tmp_path]) as go:
        assert runtime_of(go.pid) == GO
        assert "--pprof" in why_no_stacks(go.pid)
        url = f"http://{go.first}"
        before, first = counts(go.pid), stacks(go.pid, url)
        go.hold()
        wait_until(lambda: grouped(stacks(go.pid, url)).most_common(1)[0][1] == 4, "the goroutines wait")
        wait_until(
            lambda: counts(go.pid)["descriptors:socket"] == before["descriptors:socket"], "pprof is done"
        )
        after, second = counts(go.pid), stacks(go.pid, f"{url}/debug/pprof/goroutine?debug=2")
    assert after["descriptors:file"] - before["descriptors:file"] == 4
    (row,) = more_stacks(first, second)
    assert (row["resource"], row["count"]) == ("goroutines", 4)
    assert row["place"] == f"{source}:{line} in main.wait"


def test_a_pprof_endpoint_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch, hoard: Hoard) -> None:
    assert runtime_of(hoard.pid) == PYTHON
    monkeypatch.setattr("chaos.census.runtimes.runtime_of", lambda _: GO)
    with pytest.raises(Unseen, match=r"http://127\.0\.0\.1:1/debug/pprof/goroutine\?debug=2 does not answer"):
        stacks(hoard.pid, "http://127.0.0.1:1")


def test_a_java_process_that_would_die_of_the_signal_is_not_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """jcmd sends SIGQUIT: a JVM started with -Xrs does not handle it."""
    with subprocess.Popen(["sleep", "600"]) as child:
        assert runtime_of(child.pid) == UNKNOWN
        monkeypatch.setattr("chaos.census.runtimes.runtime_of", lambda _: JAVA)
        assert "-Xrs" in why_no_stacks(child.pid)
        assert child.poll() is None
        child.kill()
