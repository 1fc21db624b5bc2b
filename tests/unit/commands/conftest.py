"""The InfluxDB that the tests of `influx` talk to."""

from fakeinflux import api, place

__all__ = ["api", "place"]
