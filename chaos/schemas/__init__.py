"""JSON schemas of the files that users write, made from the models: editors complete and check by them.

`files/` has the schemas that ship; `midnight schema` generates them with the plug-ins that are installed.
"""
