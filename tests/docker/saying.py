"""What a shell says in a container."""

from __future__ import annotations

import io
import secrets
import tarfile

from docker.models.containers import Container


def said_in(container: Container, script: str) -> str:
    """The output of a script that succeeds. By way of a file: under load the engine gives nothing of the output of a
    command that ends at once (Docker 20.10)."""
    path = f"/tmp/said-{secrets.token_hex(4)}"
    done = container.exec_run(["sh", "-c", f"(\n{script}\n) > {path} 2>&1"], user="0:0")
    packed, _ = container.get_archive(path)
    with tarfile.open(fileobj=io.BytesIO(b"".join(packed))) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        assert file is not None
        said = file.read().decode()
    assert done.exit_code == 0, said
    return said
