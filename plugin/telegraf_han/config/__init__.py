"""The user's configuration: a TOML file and the keys it names become one `Config`, checked once and immutable.

`file` and `keys` read the disk and the environment; `sections` and `values` are pure. May import `ports`, `receivers` and what lies
below them.
"""
