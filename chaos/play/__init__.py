"""Use cases: from a file name to one result. `cli` parses arguments and calls them."""
