"""Live progress of a run, in a terminal or as plain lines."""
