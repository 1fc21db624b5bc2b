"""The HAN interface of Stoen Operator's smart meters for Telegraf.

Importing the package costs nothing and does nothing: the version is a literal, because asking the installed metadata for it
takes longer than the whole program needs to start. `RELEASED_S` is the day of the release; a host clock that stands before
it cannot be right (a Raspberry Pi has no clock of its own), so `run` then believes the meter's.
"""

__version__ = "0.1.0"

RELEASED_S = 1_795_305_600
"""Day of this release, 2026-11-22T00:00:00Z, in seconds since 1970."""
