"""Fixtures with real servers."""

from stack.conftest import _ended_in_order, influxd_binary, telegraf_binary  # noqa: F401
