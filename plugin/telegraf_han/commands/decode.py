"""`decode`: turns captures into line protocol, JSON or a table, then ends.

It is one loop: source → receiver → decoder → stdout. There is no thread, and no clock except the meter's. If a telegram cannot be decoded,
its number, cause and reason are printed on stderr, and the exit code is 1. The exit code is also 1 if the input has no telegrams.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from typing import Final

from telegraf_han import clock
from telegraf_han.commands import _inputs
from telegraf_han.config.file import load
from telegraf_han.config.sections import Config
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import TelegramError
from telegraf_han.telegram import Event, Fault, Frame, Telegram

NAMED_LIMIT: Final = 20
"""At most this many failures of one cause are named one by one. More are only counted, because a noisy log has thousands."""


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument("--config", required=True, metavar="FILE", help="configuration file (TOML) with the meters' keys")
    parser.add_argument("--interface", choices=("p1", "wmbus"), help="interface of the capture (default: detected automatically)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--output", choices=("influx", "json", "table"), default="influx", help="output format (default: influx, line protocol)"
    )
    what.add_argument(
        "--redact",
        action="store_true",
        help="print the capture itself for a bug report: your numbers and names are replaced, your keys by the demo keys",
    )
    parser.add_argument(
        "--deciphered",
        action="store_true",
        help="also believe telegrams that are not encrypted, such as those that another program deciphered",
    )
    parser.add_argument("input", nargs="*", metavar="INPUT", help='capture file; "-" or no INPUT means stdin')


def run(arguments: Namespace) -> int:
    """Decode all inputs. Returns 0, or 1 if a telegram failed or none was found. Raises ConfigError."""
    config = load(arguments.config)
    if arguments.deciphered:
        config = config._replace(meters=tuple(meter._replace(encryption="optional") for meter in config.meters))
    if arguments.redact:
        from telegraf_han.commands import _redact  # noqa: PLC0415, loads what decoding does without

        return _redact.run(arguments.input or ["-"], arguments.interface, config)
    decoder = Decoder(config)
    write = _WRITERS[arguments.output](config, decoder)
    report = _Report()
    for name in arguments.input or ["-"]:
        for events in _inputs.events(name, arguments.interface, config):
            telegrams = [_decoded(decoder, event, report) for event in events]
            sys.stdout.buffer.write(b"".join(write(telegram) for telegram in telegrams if telegram is not None))
            sys.stdout.buffer.flush()  # what comes through a pipe may be a live meter
    return report.told()


class _Report:
    """What is printed on stderr, and the exit code."""

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
        """Print the sum. Returns the exit code."""
        if not self.seen:
            print("E! no telegram found", file=sys.stderr)
        if self.causes:
            causes = ", ".join(f"{cause} {count}" for cause, count in sorted(self.causes.items()))
            print(f"E! telegrams: {self.decoded} decoded, {sum(self.causes.values())} not ({causes})", file=sys.stderr)
        return 0 if self.seen and not self.causes else 1


def _decoded(decoder: Decoder, event: Event, report: _Report) -> Telegram | None:
    """The telegram of an event, if the event holds one. A failure is named."""
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
    """A reading as JSON. It has the record only if there is no code."""
    if fields["obis"] is not None:
        del fields["record"]
    return fields


def _table(config: Config, _: Decoder) -> Callable[[Telegram], bytes]:
    from telegraf_han.commands import _tables  # noqa: PLC0415, the others do without

    return _tables.writer(config)


_WRITERS: Final = {"influx": _influx, "json": _json, "table": _table}
