"""Write to a file and sync it, again and again, until that fails; a stubborn one goes on all the same.

Usage: python disk_writer.py FILE BYTES [stubborn]; prints `writing` once the first is on the disk, and errors.
"""

from __future__ import annotations

import os
import sys


def main(file: str, size: int, *stubborn: str) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_WRONLY, 0o600)
    for number in range(10_000_000):
        try:
            os.pwrite(descriptor, os.urandom(size), (number % 16) * size)
            os.fsync(descriptor)
            if number == 0:
                print("writing", flush=True)
        except OSError as error:
            if not stubborn:
                print(error, flush=True)
                return


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:])
