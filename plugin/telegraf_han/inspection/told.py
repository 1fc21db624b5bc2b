"""Keeps what the tap of a running plugin tells (`live.tap`), in the form that the page needs.

`Told` is a decoder that decodes nothing. The plugin has decoded everything, and tells the state of each meter as a line of JSON. So `watch`
needs no key here, and the user who watches may not even read the configuration. The lines come from another process. Each value is checked
for its type, and a line that cannot be understood is a SourceError: most likely the plugin is of another version.
"""

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any, Final

from telegraf_han.clock import Zone
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.errors import Cause, SourceError
from telegraf_han.inspection.recent import Recent
from telegraf_han.telegram import Column, Interface, Shape, Telegram, Value

VERSION: Final = 1
"""Of the lines that this module reads."""
LINE_LIMIT_BYTES: Final = 1 << 22
"""The first line names all meters. It has about 100 bytes for each."""
_AWAY: Final = "away"
_OTHER: Final = "The plugin is of another version than this program. Restart Telegraf, so that it starts the version that is installed"


class Told(Recent):
    """The meters of a running plugin."""

    __slots__ = ("_states", "away")

    def __init__(self, hello: bytes) -> None:
        """Take the first line of a tap. Raises SourceError if it is not understood, or if the tap refuses."""
        told = _object(hello)
        if told.get("tap") != VERSION:
            raise SourceError(_OTHER)
        if "refused" in told:
            raise SourceError(f"Telegraf's plugin does not let more programs watch: {told['refused']}")
        try:
            meters = tuple(_config(one) for one in told["meters"])
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SourceError(_OTHER) from None
        if not meters:
            raise SourceError("Telegraf's plugin reads no meter. `telegraf-han scan` lists the meters in range")
        super().__init__(Config("", Output(), meters, ()))
        self._states: Final[dict[str, str]] = {}
        self.away = False
        """Whether the plugin has ended. What it told is kept, but it is old."""

    def hear(self, line: bytes) -> None:
        """Take the line of a meter. Raises SourceError if it is not understood."""
        told = _object(line)
        try:
            self._hear(told)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SourceError(_OTHER) from None

    def _hear(self, told: dict[str, Any]) -> None:
        meter = self.meters[told["meter"]]
        decoded = meter.decoded
        self._states[meter.config.name] = str(told["state"])
        meter.telegrams, meter.decoded = int(told["telegrams"]), int(told["decoded"])
        meter.duplicates, meter.unverified = int(told["duplicates"]), int(told["unverified"])
        meter.errors.update(dict.fromkeys(Cause, 0) | {Cause(cause): int(count) for cause, count in told["errors"].items()})
        meter.clock_offset_s, meter.rssi_dbm = _number(told["clock_offset_s"]), _number(told["rssi_dbm"])
        meter.good_ns = None if told["good_ns"] is None else int(told["good_ns"])
        if told["telegram"] is None or meter.good_ns is None:
            return
        meter.newest = _telegram(meter.config, told["telegram"])
        if meter.decoded != decoded:
            self.remember(meter.newest, meter.good_ns)

    def state(self, meter: str, steady_ns: int) -> str:
        """The state as the plugin told it, or `away`."""
        return _AWAY if self.away else self._states.get(meter, super().state(meter, steady_ns))


def _object(line: bytes) -> dict[str, Any]:
    """A line's object. Raises SourceError."""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise SourceError(_OTHER) from None
    if not isinstance(told, dict):
        raise SourceError(_OTHER)
    return told


def _config(told: Mapping[str, Any]) -> MeterConfig:
    """What the page needs of a meter's section. It never has a key."""
    interface: Interface = "wmbus" if told["interface"] == "wmbus" else "p1"
    limits = tuple((str(name), float(value)) for name, value in told["limits"].items())
    return MeterConfig(str(told["name"]), interface, zone=Zone(str(told["timezone"])), limits=limits)


def _telegram(meter: MeterConfig, told: Mapping[str, Any]) -> Telegram:
    readings = told["readings"]
    shape = Shape(tuple(_column(one) for one in readings))
    values = [_value(one["value"]) for one in readings]
    serial, model = str(told["serial"]), str(told["model"])
    return Telegram(meter.name, meter.interface, serial, model, None, 0, bool(told["verified"]), None, shape, values)


def _column(told: Mapping[str, Any]) -> Column:
    obis, record = (None if told[key] is None else str(told[key]) for key in ("obis", "record"))
    return Column(obis, record, str(told["unit"]), str(told["name"]), str(told["field"]), 1)


def _value(told: object) -> Value:
    return told if isinstance(told, str) else _number(told)


def _number(told: object) -> int | float | None:
    """A number, or None. Raises ValueError for anything else."""
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, int | float) or not isfinite(told):
        raise ValueError("a number is expected")
    return told
