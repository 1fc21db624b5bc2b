"""Times in Warsaw, and the days on which sums by the local day go wrong first."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

WARSAW: Final = ZoneInfo("Europe/Warsaw")
DAYS: Final = {
    "summer": ((2026, 7, 15), 24),
    "23 hours": ((2026, 3, 29), 23),
    "25 hours": ((2026, 10, 25), 25),
    "after 23 hours": ((2026, 3, 30), 24),
    "after 25 hours": ((2026, 10, 26), 24),
    "new year": ((2027, 1, 1), 24),
}
"""Name → the date, and its hours."""


def local(*when: int) -> int:
    """Seconds since 1970 of a time in Warsaw."""
    return int(datetime(*when, tzinfo=WARSAW).timestamp())
