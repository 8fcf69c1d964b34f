"""Toxiproxy is built, or downloaded when its bytes are the recorded ones, and nothing half-made is kept."""

from __future__ import annotations

import hashlib
import http.server
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from chaos.errors import ToolMissing, UsageError
from chaos.tools import toxiproxy, toxiproxy_release
from tests.accepting import answering

SERVER = "#!/bin/sh\necho toxiproxy-server version {version}\n"
ASSET = "v2.12.0/toxiproxy-server-linux-amd64"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, no Toxiproxy and no Go on PATH, no recorded checksum, and releases of our own."""
    path = tmp_path / "path"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TOXIPROXY_URL", raising=False)
    monkeypatch.setattr("chaos.tools.command._ADMIN_DIRS", ())
    monkeypatch.setattr(toxiproxy_release, "_PINS", tmp_path / "pins.json")
    monkeypatch.setattr(toxiproxy_release, "_asset", lambda: ASSET)
    return tmp_path / "midnight"


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The release binary, on a server of our own."""
    binary = tmp_path / "releases" / ASSET
    binary.parent.mkdir(parents=True)
    binary.write_text(SERVER.format(version="2.12.0"))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with answering(partial(Quiet, directory=str(tmp_path / "releases"))) as url:
        monkeypatch.setattr(toxiproxy_release, "_RELEASES", url)
        yield binary


def go(tmp_path: Path, version: str) -> None:
    """A Go that builds a server that calls itself `version` if its version was asked for by ldflags."""
    program = tmp_path / "path" / "go"
    program.write_text(
        '#!/bin/sh\n[ "$1 $5" = "install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0" ] || exit 1\n'
        'case "$4" in *Version=2.12.0) ;; *) exit 2;; esac\n'
        f"printf '#!/bin/sh\\necho toxiproxy-server version {version}\\n' > $GOBIN/server\n"
    )
    program.chmod(0o755)


def record(tmp_path: Path, digest: str) -> None:
    (tmp_path / "pins.json").write_text(json.dumps({ASSET: digest}))


def kept(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir()}


def test_a_toxiproxy_built_by_go_is_found_in_the_cache_from_then_on(tmp_path: Path, cache: Path) -> None:
    go(tmp_path, "2.12.0")
    got = toxiproxy.get()
    assert (got.version, got.source) == ("2.12.0", "cache (go install)")
    assert toxiproxy.find() == got
    assert kept(cache) == {"toxiproxy-server-2.12.0", "toxiproxy-server-2.12.0.source"}


def test_a_build_of_another_version_is_not_kept(tmp_path: Path, cache: Path) -> None:
    go(tmp_path, "git")
    with pytest.raises(
        ToolMissing, match=r"go install: it calls itself git, not 2\.12\.0; release binary: no checksum"
    ):
        toxiproxy.get()
    assert kept(cache) == set()


def test_a_release_without_a_recorded_checksum_is_not_downloaded(release: Path) -> None:
    assert release.exists()
    with pytest.raises(ToolMissing, match=f"no checksum of {ASSET} is recorded .*doctor --pin"):
        toxiproxy.get()


def test_a_release_is_taken_once_its_checksum_has_been_recorded(release: Path, tmp_path: Path) -> None:
    said = toxiproxy_release.pin(tmp_path)
    assert hashlib.sha256(release.read_bytes()).hexdigest() in said
    assert toxiproxy.get().source == "cache (release binary)"


def test_a_release_with_other_bytes_than_the_recorded_ones_is_refused(
    release: Path, tmp_path: Path, cache: Path
) -> None:
    toxiproxy_release.pin(tmp_path)
    release.write_text(SERVER.format(version="2.12.0") + "# tampered\n")
    with pytest.raises(ToolMissing, match=r"has SHA-256 .* is recorded in"):
        toxiproxy.get()
    assert kept(cache) == set()


def test_a_recorded_checksum_is_not_overwritten_by_another(release: Path, tmp_path: Path) -> None:
    assert release.exists()
    record(tmp_path, "0" * 64)
    with pytest.raises(UsageError, match=f"{ASSET}: {'0' * 64} is recorded, but the download has"):
        toxiproxy_release.pin(tmp_path)


def test_a_missing_release_is_one_line_with_its_address(release: Path, tmp_path: Path) -> None:
    release.unlink()
    with pytest.raises(ToolMissing, match=f"{ASSET} answers 404; try again") as refusal:
        toxiproxy_release.pin(tmp_path)
    assert "\n" not in str(refusal.value)
