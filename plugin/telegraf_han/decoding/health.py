"""Turns the counters and times of a meter into its state and its two status measurements.

The state is not stored. It is computed each time from the counters and the time of the last telegram. `electricity_link` says how well the
meter is read. `electricity_settings` repeats the limits and prices in force. So boards and alert rules can compare with them, and nobody
has to edit the boards or the rules. Every meter has both lines: limits with a default are written even if the configuration does not set
them. Both are whole lines of line protocol. Counters are integers, every other number is a float.
"""

from collections.abc import Mapping
from typing import Final

from telegraf_han.config.sections import MeterConfig
from telegraf_han.decoding.lineprotocol import line
from telegraf_han.decoding.meters import MeterState
from telegraf_han.errors import Cause

SILENCE_S: Final = 180.0
"""If a section sets no `silence_s`, its meter is silent after this time. In this time wireless M-Bus sends three telegrams."""
DECODE_ERRORS_PERCENT: Final = 10.0
"""Share of telegrams that may stay unread if the section sets none. A good cable has one in a thousand unread, a wrong key has all."""
DEFAULTS: Final = {"silence_s": SILENCE_S, "decode_errors_percent": DECODE_ERRORS_PERCENT}
"""Limits that hold even if nobody sets them."""
_NS: Final = 1_000_000_000


def state(meter: MeterState, steady_ns: int) -> str:
    """One of `ok silent wrong_key noise port_missing bad_key_file`. Ages are measured with the steady clock."""
    if not meter.port_there:
        return "port_missing"
    if meter.config.bad_keys:
        return "bad_key_file"
    good_ns = meter.good_ns if meter.good_ns is not None else -1
    lately_ns = steady_ns - int(silence_s(meter.config) * _NS)
    if _newest(meter, Cause.KEY) > max(good_ns, lately_ns):
        return "wrong_key"
    if good_ns >= max(0, lately_ns):
        return "ok"
    return "noise" if _newest(meter, Cause.CHECKSUM, Cause.FRAMING) > lately_ns else "silent"


def silence_s(config: MeterConfig) -> float:
    """Seconds without a telegram after which a meter counts as silent."""
    return (DEFAULTS | dict(config.limits))["silence_s"]


def _newest(meter: MeterState, *causes: Cause) -> int:
    return max(meter.error_ns.get(cause, -1) for cause in causes)


def link(meter: MeterState, measurement: str, dropped: int, now_ns: int, steady_ns: int) -> bytes:
    """Return the `electricity_link` line of one meter, stamped `now_ns`. `dropped` counts its lines that Telegraf did not take."""
    counters = {
        "telegrams": meter.telegrams,
        "decoded": meter.decoded,
        "duplicates": meter.duplicates,
        "unverified": meter.unverified,
        "lines_dropped": dropped,
        "host_stamped": meter.host_stamped,
        "flaws": meter.flaws,
        "waiting": meter.waiting,
        "stale": meter.stale,
        "registers_back": meter.registers_back,
        "fields_refused": meter.fields_refused,
    }
    counters |= {f"errors_{cause}": count for cause, count in meter.errors.items()}
    fields: dict[str, str | float | None] = {
        "age_s": None if meter.good_ns is None else max(0.0, (steady_ns - meter.good_ns) / _NS),
        "clock_offset_s": meter.clock_offset_s,
        "rssi_dbm": meter.rssi_dbm,
        "state": state(meter, steady_ns),
    }
    tags = {"interface": meter.config.interface, "meter": meter.config.name, **dict(meter.config.tags)}
    return line(f"{measurement}_link", tags, fields, now_ns, counters)


def settings(config: MeterConfig, measurement: str, now_ns: int) -> bytes:
    """Return the `electricity_settings` line of one meter: the limits in force and its prices."""
    fields: Mapping[str, str | float | None] = {
        **DEFAULTS,
        **dict(config.limits),
        **dict(config.prices),
        "billing_day": float(config.billing_day),
    }
    tags = {"interface": config.interface, "meter": config.name, **dict(config.tags)}
    return line(f"{measurement}_settings", tags, fields, now_ns)
