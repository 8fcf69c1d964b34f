"""The morning page: last night, earlier nights and runs in progress in a browser. Read-only without `--allow-run`."""
