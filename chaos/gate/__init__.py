"""The release gate: runs against their objectives and against the last release. Pure; `cli.gate` plays."""
