"""The morning page: last night, earlier nights and runs in progress in a browser. Reads the memory; changes nothing."""
