"""Create, renew or remove a served disk, as midnight does it, in a process of its own and as any user.

Usage: python -m tests.host.disk_hand create|renew|remove IMAGE PATH SIZE MARK
"""

from __future__ import annotations

import sys
from pathlib import Path

from chaos.errors import MidnightError
from chaos.host.disk import attached


def main(verb: str, image: Path, path: Path, size: int, mark: str) -> None:
    attached.ANSWERS_WITHIN = 2.0  # seconds that a frozen disk is given
    try:
        if verb == "create":
            attached.create(image, path, size, mark)
        else:
            {"renew": attached.renew, "remove": attached.remove}[verb](image, path, mark)
    except MidnightError as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
