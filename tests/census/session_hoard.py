"""A service that holds database sessions: `session_hoard.py DSN IDLE IN_TRANSACTION` prints, for each, its descriptor
and the server's process, and gives them back when its standard input ends."""

from __future__ import annotations

import json
import sys

import psycopg

PROGRAM = __file__


def main() -> None:
    dsn, idle, in_transaction = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    held = [psycopg.connect(dsn, autocommit=True) for _ in range(idle)]
    open_ = [psycopg.connect(dsn) for _ in range(in_transaction)]
    for number, each in enumerate(open_):
        each.execute(f"select 1 /* {'x' * 100 * number} */")
    print(json.dumps({each.info.backend_pid: each.fileno() for each in (*held, *open_)}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
