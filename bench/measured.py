"""`python -m bench.measured FILE ARGUMENT...`: run `midnight ARGUMENT...`, and write to FILE what it took.

`{"peak": bytes, "seconds": ..., "code": ...}`. The peak is VmHWM of this very process: what the kernel tells a
parent of its children (ru_maxrss) counts the parent's own pages from before they began.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

begun = time.monotonic()


def peak() -> int:
    """The most memory that was ever resident, file pages included, bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def main() -> None:
    file, arguments = Path(sys.argv[1]), sys.argv[2:]
    from chaos.cli import main as midnight  # what importing takes counts, too

    code: object = 0
    try:
        midnight(arguments)
    except SystemExit as ended:
        code = ended.code
    file.write_text(json.dumps({"peak": peak(), "seconds": time.monotonic() - begun, "code": code}))


if __name__ == "__main__":
    main()
