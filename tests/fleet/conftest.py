"""Fixtures of the tests with real servers, for the tests of the fleet."""

from stack.conftest import (  # noqa: F401
    _ended_in_order,
    influx,
    influx_binary,
    influxd_binary,
    nats_binary,
    nats_server_binary,
    telegraf_binary,
)
