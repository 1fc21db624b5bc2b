"""The InfluxDB that these tests talk to."""

from fakeinflux import api, away, place, said, say

__all__ = ["api", "away", "place", "said", "say"]
