"""Reads the HAN interface of Stoen Operator's smart meters for Telegraf.

Importing the package costs nothing and does nothing. The version is a literal, because asking the installed metadata for the version
takes longer than the whole program needs to start. `RELEASED_S` is the day of the release. A host clock that shows an earlier time
cannot be right (a Raspberry Pi has no clock of its own). Then `run` believes the meter's clock.
"""

__version__ = "0.2.0"

RELEASED_S = 1_795_910_400
"""Day of this release, 2026-11-29T00:00:00Z, in seconds since 1970."""
