"""The user's configuration: a TOML file and its keys into one checked, immutable `Config`.

`file` and `keys` read the disk and the environment; the rest is pure. May import `ports`, `receivers` and what lies below them.
"""
