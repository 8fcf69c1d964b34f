"""The reference stack: a small but honest copy of the kind of API that dies at midnight."""
