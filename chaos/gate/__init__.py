"""The release gate: judge runs by their objectives and against the last release. Pure; `play.gating` plays."""
