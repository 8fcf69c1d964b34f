"""The first target file of a service: what can be seen of it, each line with its reason, and a first experiment.

Everything here looks and asks; nothing is changed. A finding never holds a secret: of a connection string only the
variable's name, the host and the port, of a command only its program.
"""
