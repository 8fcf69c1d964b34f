"""JSON schemas of the files that users write, made from the models: editors complete and check by them.

`files/` has those of midnight as shipped; `midnight schema` makes them anew, with the plug-ins that are installed.
"""
