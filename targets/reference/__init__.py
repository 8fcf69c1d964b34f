"""The reference stack: a small but realistic model of the kind of API that dies at midnight."""
