"""`decode`: captures into line protocol, JSON or a table, and the end.

Nothing but this loop: source → receiver → decoder → stdout, no thread, no clock but the meter's. A telegram that cannot be
decoded is named on stderr with its number, cause and reason, and makes the exit code 1; so does an input without telegrams.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Final

from telegraf_han import clock, receivers, settings
from telegraf_han.config import Config
from telegraf_han.decoder import Decoder
from telegraf_han.errors import ConfigError, TelegramError
from telegraf_han.p1 import capture
from telegraf_han.telegram import Event, Fault, Frame, Interface, Receiver, Telegram

CHUNK_BYTES: Final = 65_536
NAMED_LIMIT: Final = 20
"""Failures of one cause named one by one; more are only counted, as a noisy log has thousands."""


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="configuration (TOML) with the meters' keys")
    parser.add_argument("--interface", choices=("p1", "wmbus"), help="what the input is; found out where it is not said")
    parser.add_argument("--output", choices=("influx", "json", "table"), default="influx", help="default: influx (line protocol)")
    parser.add_argument("input", nargs="*", metavar="INPUT", help='capture; "-" or nothing is stdin')


def run(arguments: Namespace) -> int:
    """Decode all inputs; 0, or 1 where a telegram failed or none was found. Raises ConfigError."""
    config = settings.load(arguments.config)
    decoder = Decoder(config)
    write = _WRITERS[arguments.output](config, decoder)
    report = _Report()
    for name in arguments.input or ["-"]:
        for events in _events(name, arguments.interface, config):
            telegrams = [_decoded(decoder, event, report) for event in events]
            sys.stdout.buffer.write(b"".join(write(telegram) for telegram in telegrams if telegram is not None))
            sys.stdout.buffer.flush()  # what comes through a pipe may be a live meter
    return report.told()


class _Report:
    """What is said on stderr, and the exit code."""

    def __init__(self) -> None:
        self.seen = 0
        self.decoded = 0
        self.causes: Counter[str] = Counter()

    def failed(self, cause: str, reason: str) -> None:
        """Name one failure."""
        self.seen += 1
        self.causes[cause] += 1
        if self.causes[cause] <= NAMED_LIMIT:
            print(f"E! telegram {self.seen}: {cause}: {reason}", file=sys.stderr)

    def told(self) -> int:
        """Sum up; the exit code."""
        if not self.seen:
            print("E! no telegram found", file=sys.stderr)
        if self.causes:
            causes = ", ".join(f"{cause} {count}" for cause, count in sorted(self.causes.items()))
            print(f"E! {self.seen} telegrams: {self.decoded} decoded, {sum(self.causes.values())} not ({causes})", file=sys.stderr)
        return 0 if self.seen and not self.causes else 1


def _decoded(decoder: Decoder, event: Event, report: _Report) -> Telegram | None:
    """The telegram of an event, if it holds one; what failed is named."""
    if isinstance(event, Fault):
        report.failed(event.cause, event.detail)
    if not isinstance(event, Frame):
        return None
    try:
        telegram = decoder.take(event)
    except TelegramError as error:
        report.failed(error.cause, str(error))
        return None
    report.seen += 1
    if telegram is None:
        return None
    report.decoded += 1
    for remark in (*telegram.flaws, *telegram.warnings):
        print(f"W! telegram {report.seen}: {telegram.meter}: {remark}", file=sys.stderr)
    return telegram


def _events(name: str, interface: Interface | None, config: Config) -> Iterator[list[Event]]:
    """Frames and faults of one input, piece by piece. Raises ConfigError where it cannot be read."""
    pieces = _pieces(name)
    first = next(pieces, b"")
    kind = interface or _interface(first, config)
    receiver: Receiver = capture.Capture() if kind == "p1" else receivers.lines()
    yield receiver.start(time.time_ns())
    for piece in chain([first], pieces):
        yield receiver.feed(piece, time.time_ns())
    yield receiver.finish(time.time_ns())


def _pieces(name: str) -> Iterator[bytes]:
    """An input's bytes. Raises ConfigError where they cannot be read."""
    is_stdin = name == "-"
    try:
        with open(0 if is_stdin else name, "rb", closefd=not is_stdin) as stream:
            while piece := stream.read1(CHUNK_BYTES):
                yield piece
    except OSError as error:
        raise ConfigError("stdin" if is_stdin else name, "", f"this input cannot be read: {error.strerror}") from None


def _interface(first: bytes, config: Config) -> Interface:
    """What an input is: the only interface configured, else what its first bytes look like."""
    configured = {meter.interface for meter in config.meters}
    if len(configured) == 1:
        return configured.pop()
    return "p1" if capture.looks_like_p1(first) else "wmbus"


def _influx(_: Config, decoder: Decoder) -> Callable[[Telegram], bytes]:
    return decoder.line


def _json(config: Config, _: Decoder) -> Callable[[Telegram], bytes]:
    from json import JSONEncoder  # noqa: PLC0415, only this output needs it

    encode = JSONEncoder(ensure_ascii=False).encode
    zones = {meter.name: meter.zone for meter in config.meters}

    def write(telegram: Telegram) -> bytes:
        time_ns = telegram.time_ns
        found = {
            "meter": telegram.meter,
            "interface": telegram.interface,
            "serial": telegram.serial or None,
            "model": telegram.model or None,
            "time": None if time_ns is None else clock.rfc3339(time_ns, zones[telegram.meter]),
            "verified": telegram.verified,
            "readings": [_reading(reading._asdict()) for reading in telegram.readings()],
        }
        return f"{encode(found)}\n".encode()

    return write


def _reading(fields: dict[str, object]) -> dict[str, object]:
    """A reading as JSON: the record only where there is no code."""
    if fields["obis"] is not None:
        del fields["record"]
    return fields


def _table(config: Config, _: Decoder) -> Callable[[Telegram], bytes]:
    zones = {meter.name: meter.zone for meter in config.meters}

    def write(telegram: Telegram) -> bytes:
        when = "no time" if telegram.time_ns is None else clock.rfc3339(telegram.time_ns, zones[telegram.meter])
        proof = "verified" if telegram.verified else "not verified"
        title = "  ".join(part for part in (telegram.meter, telegram.model, telegram.serial, when, proof) if part)
        rows = [
            (reading.obis or reading.record or "", reading.name, "" if reading.value is None else str(reading.value), reading.unit)
            for reading in telegram.readings()
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [f"{code:<{widths[0]}}  {name:<{widths[1]}}  {value:>{widths[2]}} {unit}".rstrip() for code, name, value, unit in rows]
        return "\n".join([title, *lines, "", ""]).encode()

    return write


_WRITERS: Final = {"influx": _influx, "json": _json, "table": _table}
