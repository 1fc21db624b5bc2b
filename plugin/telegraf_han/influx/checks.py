"""Turns limits of the configuration into InfluxDB's own checks, and changes of their states into calls of a webhook.

This is for people without Grafana. There are three kinds of checks, with the same meaning as the Grafana rules. Each kind covers
all meters that it watches:

- import power above the meter's limit for some minutes without a break
- no telegram for longer than `silence_s`
- more unread telegrams than `decode_errors_percent` (a wrong key or a bad key file leaves all telegrams unread), a telegram that was
  refused or held back as a replay, or a register that ran backwards

The limits are written into the checks. So `setup` has to be run again after a change of the configuration. A rule calls the webhook
when a check becomes critical and when the check is good again, once each.

The checks on power and errors have the type "custom". A check of type "threshold" looks back no further than its own interval [seen in
2.9.1], so "for five minutes" would be reported up to ten minutes late. All checks run every minute, because the rule sees a change only if
two states are within twice its interval.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.decoding import health
from telegraf_han.influx import items
from telegraf_han.influx.api import Json, text_of
from telegraf_han.influx.connection import Place
from telegraf_han.influx.downsampling import quoted
from telegraf_han.influx.items import CHECK, ENDPOINT, RULE, Say

SOURCE: Final = "source"
"""The tag by which the rule recognises the states of our checks."""
STALE_S: Final = 86_400
"""A meter that has been silent for a day is no news any more. Looking back further would cost more time every minute."""
POWER: Final = "active_power_import_w"
"""The field that is watched. Its limit has the same name."""

_PUNCTUATION: Final = re.compile(r"[!-,./:-@\[-^`{-~]")
"""Characters that may have a meaning in a regular expression, or end it. InfluxDB refuses a backslash before non-ASCII characters."""
_BY_METER: Final = """    |> group()
    |> pivot(rowKey: ["interface", "meter"], columnKey: ["_field"], valueColumn: "_value")"""
"""Turns rows of fields into one row per meter, with one column per field."""


class Timing(NamedTuple):
    """The times of the checks, in seconds."""

    sustained_s: int = 300
    """How long power has to be above its limit, and over which time errors are counted."""
    every_s: int = 60
    """Interval of the checks and of the rule."""

    @property
    def offset_s(self) -> int:
        """How long telegrams may be on their way. The rule waits twice as long, until the checks are done."""
        return min(15, self.every_s // 4)

    @property
    def known_s(self) -> int:
        """How far back telegrams must be known. One interval may be missing, because a wireless meter sends once per minute."""
        return max(0, self.sustained_s - self.every_s)


class Webhook(NamedTuple):
    """The address that is called."""

    url: str
    token: str
    """Sent as `Authorization: Bearer`; "" for none."""


def settle(place: Place, config: Config, timing: Timing, say: Say) -> None:
    """Make the checks that the configuration asks for, and delete our other checks. Raises RefusedError, SourceError."""
    wanted = [*power(place.bucket, config, timing), *silence(place.bucket, config, timing), *errors(place.bucket, config, timing)]
    for check in wanted:
        items.settle(place, CHECK, check, say)
    items.prune(place, CHECK, [check["name"] for check in wanted], say)


def settle_webhook(place: Place, webhook: Webhook, timing: Timing, say: Say) -> None:
    """Make an endpoint and the rule that calls it. Raises RefusedError, SourceError."""
    name = f"{items.prefix(place.bucket)}webhook"
    method = "bearer" if webhook.token else "none"
    wanted: Json = {"type": "http", "name": name, "url": webhook.url, "method": "POST", "authMethod": method, "status": "active"}
    secret = {"token": webhook.token} if webhook.token else None
    endpoint = items.settle(place, ENDPOINT, wanted, say, secret)
    items.settle(place, RULE, rule(place.bucket, name, text_of(endpoint, "id"), timing), say)


def rule(bucket: str, name: str, endpoint_id: str, timing: Timing) -> Json:
    """The rule that reports changes to an endpoint, as InfluxDB's API takes it."""
    return {
        "type": "http",
        "name": name,
        "endpointID": endpoint_id,
        "status": "active",
        # Written in seconds, because the rule looks back twice that number. With "1m" that would be two minutes, but with "5m" only six.
        "every": f"{timing.every_s}s",
        "offset": f"{2 * timing.offset_s}s",
        "tagRules": [{"key": SOURCE, "operator": "equal", "value": _source(bucket)}],
        "statusRules": [{"previousLevel": "ANY", "currentLevel": "CRIT"}, {"previousLevel": "CRIT", "currentLevel": "OK"}],
    }


def power(bucket: str, config: Config, timing: Timing) -> list[Json]:
    """Import power above each meter's limit, in every minute of the time."""
    limits = {meter: limit for meter in config.meters if (limit := dict(meter.limits).get(POWER)) is not None}
    text = f"""
minutes = from(bucket: {quoted(bucket)})
    |> range(start: -{timing.sustained_s}s)
    |> filter(fn: (r) => r._measurement == {quoted(config.output.measurement)} and r._field == "{POWER}")
    |> filter(fn: (r) => {_watched(limits)})
    |> aggregateWindow(every: {timing.every_s}s, fn: mean, timeSrc: "_start", createEmpty: false)
lowest = minutes
    |> min()
    |> group()
    |> map(fn: (r) => ({{interface: r.interface, meter: r.meter, _field: "lowest_w", _value: r._value}}))
// Where telegrams have only just begun nothing is known of the minutes before.
age_s = (r) => float(v: int(v: now()) - int(v: r._time)) / 1000000000.0
known = minutes
    |> first()
    |> group()
    |> map(fn: (r) => ({{interface: r.interface, meter: r.meter, _field: "known_s", _value: age_s(r: r)}}))
crit = (r) => r.lowest_w > r.limit and r.known_s >= {timing.known_s}.0
messageFn = (r) => {_message("import power", "int(v: r.lowest_w)", " W", timing)}

union(tables: [limits, lowest, known])
{_BY_METER}
    |> filter(fn: (r) => exists r.lowest_w)
    |> set(key: "_measurement", value: {quoted(config.output.measurement)})
"""
    return [_custom(bucket, "import power above its limit", limits, text, timing)] if limits else []


def errors(bucket: str, config: Config, timing: Timing) -> list[Json]:
    """More unread telegrams than each meter's `decode_errors_percent`, in percent of all that came in the time.

    One telegram that is not believed is enough, and so is one register that ran backwards. `flaws` and `waiting` are no errors.
    """
    limits = {meter: (health.DEFAULTS | dict(meter.limits))["decode_errors_percent"] for meter in config.meters}
    text = f"""
counts = from(bucket: {quoted(bucket)})
    |> range(start: -{timing.sustained_s}s)
    |> filter(fn: (r) => r._measurement == {quoted(config.output.measurement + "_link")})
    |> filter(fn: (r) => r._field =~ /^(decoded|stale|registers_back|errors_.*)$/)
    |> filter(fn: (r) => {_watched(limits)})
    |> difference(nonNegative: true)
    |> sum()
    |> group()
    |> map(fn: (r) => ({{interface: r.interface, meter: r.meter, _field: r._field, _value: float(v: r._value)}}))
// By radio a checksum or framing error is anybody's: a receiver cannot say whose telegram it lost.
blamed = (r) => if r.interface == "p1" then r.errors_checksum + r.errors_framing else 0.0
unread = (r) => r.errors_key + r.errors_security + r.errors_records + blamed(r: r)
// An older release has no such counters.
count = (v) => if exists v then v else 0.0
odd = (r) => r.errors_security + count(v: r.stale) + count(v: r.registers_back)
crit = (r) => 100.0 * unread(r: r) > r.limit * (unread(r: r) + r.decoded) or odd(r: r) > 0.0
words = (r) => if odd(r: r) > 0.0 then ": telegrams refused or held back, or registers that ran backwards: " + string(v: int(v: odd(r: r)))
    else ": telegrams unread " + string(v: int(v: unread(r: r))) + ", more than the limit"
messageFn = (r) => r.meter + (if r._level == "crit" then words(r: r) + " in {_minutes(timing)}" else ": telegrams unread within the limit")

union(tables: [limits, counts])
{_BY_METER}
    |> filter(fn: (r) => exists r.decoded)
    |> set(key: "_measurement", value: {quoted(config.output.measurement + "_link")})
"""
    return [_custom(bucket, "telegrams unread", limits, text, timing)] if limits else []


def silence(bucket: str, config: Config, timing: Timing) -> list[Json]:
    """No telegram for longer than `silence_s`: one check for all meters with the same value.

    A meter that was never heard has no state that could change.
    """
    times: dict[int, list[MeterConfig]] = {}
    for meter in config.meters:
        times.setdefault(max(1, round(health.silence_s(meter))), []).append(meter)
    return [_deadman(bucket, config.output.measurement, silence_s, meters, timing) for silence_s, meters in times.items()]


def _deadman(bucket: str, measurement: str, silence_s: int, meters: Iterable[MeterConfig], timing: Timing) -> Json:
    """A deadman check. Meters send different fields of different types, so the newest value of any field becomes one row per meter."""
    text = f"""from(bucket: {quoted(bucket)})
    |> range(start: -{STALE_S}s)
    |> filter(fn: (r) => r._measurement == {quoted(measurement)})
    |> filter(fn: (r) => {_watched(meters)})
    |> last()
    |> keep(columns: ["_time", "_measurement", "interface", "meter"])
    |> group()
    |> map(fn: (r) => ({{r with _field: "seen", _value: 1.0}}))
    |> group(columns: ["_measurement", "_field", "interface", "meter"])"""
    return {
        "type": "deadman",
        "name": f"{items.prefix(bucket)}silent for {silence_s} s",
        "status": "active",
        "query": {"text": text},
        "every": f"{timing.every_s}s",
        "offset": f"{timing.offset_s}s",
        "timeSince": f"{silence_s}s",
        "staleTime": f"{max(STALE_S, 2 * silence_s)}s",
        "reportZero": False,
        "level": "CRIT",
        "tags": [{"key": SOURCE, "value": _source(bucket)}],
        # InfluxDB accepts no text inside the braces of this template.
        "statusMessageTemplate": f"${{r.meter}}: no telegram for {silence_s} s: ${{r._level}}",
    }


def _custom(bucket: str, title: str, limits: Mapping[MeterConfig, float], text: str, timing: Timing) -> Json:
    """A check of type custom. `text` defines `crit` and `messageFn`, and ends with one row per meter.

    The limits are rows, too. They are joined by turning fields into columns. All meters stay in one table until the end, because
    InfluxDB compiles each function again for each table: a thousand meters would take seconds per step.
    """
    name = f"{items.prefix(bucket)}{title}"
    rows = ", ".join(
        f'{{interface: "{meter.interface}", meter: {quoted(meter.name)}, _field: "limit", _value: {float(limit)!r}}}'
        for meter, limit in limits.items()
    )
    flux = f"""import "array"
import "influxdata/influxdb/monitor"

option task = {{name: {quoted(name)}, every: {timing.every_s}s, offset: {timing.offset_s}s}}

limits = array.from(rows: [{rows}])
check = {{_check_id: "", _check_name: {quoted(name)}, _type: "custom", tags: {{{SOURCE}: {quoted(_source(bucket))}}}}}
{text}    |> map(fn: (r) => ({{r with _time: now()}}))
    |> group(columns: ["_measurement", "interface", "meter"])
    |> monitor.check(data: check, messageFn: messageFn, crit: crit)
"""
    return {"type": "custom", "name": name, "status": "active", "query": {"text": flux}}


def _watched(meters: Iterable[MeterConfig]) -> str:
    """A condition on `r.meter`. InfluxDB answers it from its index, however many meters there are."""
    names = "|".join(_PUNCTUATION.sub(r"\\\g<0>", meter.name) for meter in meters)
    return f"r.meter =~ /^({names})$/"


def _message(subject: str, number: str, unit: str, timing: Timing) -> str:
    """The message of a check, as Flux: meter, subject and number."""
    bad = f'": {subject} " + string(v: {number}) + "{unit} in {_minutes(timing)}, more than its limit"'
    return f'r.meter + (if r._level == "crit" then {bad} else ": {subject} within the limit")'


def _minutes(timing: Timing) -> str:
    return f"{timing.sustained_s // 60} min" if timing.sustained_s % 60 == 0 else f"{timing.sustained_s} s"


def _source(bucket: str) -> str:
    return f"telegraf-han {bucket}"
