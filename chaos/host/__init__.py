"""The machine under the target: processes, privileges, volumes, the served disk, small programs that load it."""
