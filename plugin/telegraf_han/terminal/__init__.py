"""Pages in a terminal, for `watch` and `scan`. Only `screen` touches the terminal (and catches signals, for `keys` too); the rest is pure.

May import `inspection`, `live` and what lies below them.
"""
