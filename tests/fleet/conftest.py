"""Fixtures of the tests with real servers, for the tests of the fleet."""

from stack.conftest import _ended_in_order, influx, influxd_binary, telegraf_binary  # noqa: F401
