"""Live progress of a run, in a terminal or as plain lines, and each event as one line."""
