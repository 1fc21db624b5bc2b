"""Shows pages in a terminal, for `watch` and `scan`. Only `screen` touches the terminal (and catches signals, for `keys` too).

All other modules here are pure. May import `inspection`, `live` and the layers below them.
"""
