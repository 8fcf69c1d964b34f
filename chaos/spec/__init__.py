"""Files that users write, read into frozen values. Every broken rule names file, line, place and value."""
