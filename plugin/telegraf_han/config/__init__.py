"""The user's configuration: turns a TOML file, and the keys that it names, into one `Config`, checked once and immutable.

`file` and `keys` read the disk and the environment; `sections` and `values` are pure. May import `ports`, `receivers` and the layers below
them.
"""
