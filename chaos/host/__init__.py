"""The machine under the target: processes, privileges, volumes, and the small programs that load it."""
