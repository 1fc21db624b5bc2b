"""`decode`: turns captures into line protocol, JSON or a table, then ends.

It is one loop: source → receiver → decoder → stdout. There is no thread, and no clock except the meter's. If a telegram cannot be decoded,
its number, cause and reason are printed on stderr, and the exit code is 1. The same reason is printed once, with the number of telegrams.
The exit code is also 1 if an input has no telegrams. Then the bytes are looked at, because they often show what they are. A key that cannot
be had is the reason of its meter's telegrams. If no meter has its keys, nothing is decoded.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Callable
from typing import Final

from telegraf_han import clock
from telegraf_han.commands import _inputs
from telegraf_han.commands._arguments import add_config, config_of
from telegraf_han.config.file import load
from telegraf_han.config.sections import Config, require_keys
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import BadKeyError, Cause, TelegramError, WaitingError
from telegraf_han.printing import complain
from telegraf_han.telegram import Event, Fault, Frame, Remark, Telegram

NAMED_LIMIT: Final = 20
"""At most this many reasons of one cause are named. More are only counted, because a noisy log has thousands."""
HELD_S: Final = 1.0
"""A message waits so long for others like it. A meter may be live behind a pipe, so it does not wait for the end."""


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser, "with the meters' keys")
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
    config = load(config_of(arguments))
    if arguments.redact or all(meter.bad_keys for meter in config.meters):
        require_keys(config, config.meters)
    if arguments.deciphered:
        config = config._replace(meters=tuple(meter._replace(encryption="optional") for meter in config.meters))
    if arguments.redact:
        from telegraf_han.commands import _redact  # noqa: PLC0415, loads what decoding does without

        return _redact.run(arguments.input or ["-"], arguments.interface, config)
    decoder = Decoder(config)
    write = _WRITERS[arguments.output](config, decoder)
    report = _Report()
    for name in arguments.input or ["-"]:
        sample, seen, faults, damaged = bytearray(), report.seen, report.faults, report.causes[Cause.CHECKSUM]
        try:
            for events in _inputs.events(name, arguments.interface, config, sample):
                telegrams = [_decoded(decoder, event, report) for event in events]
                sys.stdout.buffer.write(b"".join(write(telegram) for telegram in telegrams if telegram is not None))
                sys.stdout.buffer.flush()  # what comes through a pipe may be a live meter
                report.flush(HELD_S)
        finally:
            report.flush(0)
        if report.seen - seen == report.faults - faults:
            from telegraf_han.commands import _looks  # noqa: PLC0415, an input with telegrams does without

            whole = report.causes[Cause.CHECKSUM] > damaged
            looks = _looks.described(bytes(sample), arguments.interface, config, whole=whole)
            report.nothing_in(name, looks, reported=report.faults > faults)
    return report.told()


class _Same:
    """Telegrams of which the same is said."""

    __slots__ = ("count", "first", "last", "since_s")

    def __init__(self, number: int) -> None:
        self.first = self.last = number
        self.count = 1
        self.since_s = time.monotonic()


class _Report:
    """What is printed on stderr, and the exit code."""

    def __init__(self) -> None:
        self.seen = 0
        self.faults = 0
        self.decoded = 0
        self.passed_over = 0
        """Telegrams of other meters, and parts of telegrams whose other part is not there."""
        self.causes: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._held: dict[str, _Same] = {}
        self._empty = False

    def failed(self, cause: str, reason: str) -> None:
        """Name one failure."""
        self.causes[cause] += 1
        self._reported("E!", cause, reason)

    def passed(self, why: str, reason: str) -> None:
        """Name one telegram that is not decoded, and that is no failure."""
        self.passed_over += 1
        self._reported("W!", why, reason)

    def _reported(self, sign: str, cause: str, reason: str) -> None:
        self.seen += 1
        said = f"{sign}{cause}: {reason}"
        if said not in self._held:
            self._reasons[cause] += 1
        if said in self._held or self._reasons[cause] <= NAMED_LIMIT:
            self._said(said)

    def remarked(self, remark: str) -> None:
        """Say something about a good telegram."""
        self._said(f"W!{remark}")

    def _said(self, said: str) -> None:
        same = self._held.get(said)
        if same is None:
            self._held[said] = _Same(self.seen)
        else:
            same.count += 1
            same.last = self.seen

    def flush(self, held_s: float) -> None:
        """Print what was held for so long."""
        if not self._held or (held_s and time.monotonic() - next(iter(self._held.values())).since_s < held_s):
            return
        for said, same in self._held.items():
            complain(f"{said[:2]} {_numbers(same)}: {said[2:]}")
        self._held.clear()

    def nothing_in(self, name: str, looks: str, *, reported: bool) -> None:
        """Say what an input without a telegram looks like. Faults that were reported say as much as a look that finds nothing."""
        self._empty = True
        if looks or not reported:
            looks = looks or "its bytes look like nothing that this program knows"
            complain(f"E! {'stdin' if name == '-' else name}: no telegram found: {looks}")

    def told(self) -> int:
        """Print the sum. Returns the exit code."""
        none = self.passed_over > 0 and not self.decoded
        if self.causes or none:
            causes = ", ".join(f"{cause} {count}" for cause, count in sorted(self.causes.items()))
            lost = f", {sum(self.causes.values())} not ({causes})" if causes else ""
            passed = f", {self.passed_over} passed over" if self.passed_over else ""
            complain(f"E! telegrams: {self.decoded} decoded{lost}{passed}")
        return 1 if self._empty or self.causes or none else 0


def _numbers(same: _Same) -> str:
    """Which telegrams: `telegram 3`, `telegrams 3 to 1,002`, `40 of telegrams 3 to 1,002`."""
    if same.count == 1:
        return f"telegram {same.first}"
    some = "" if same.count == same.last - same.first + 1 else f"{same.count:,} of "
    return f"{some}telegrams {same.first:,} to {same.last:,}"


def _decoded(decoder: Decoder, event: Event, report: _Report) -> Telegram | None:
    """The telegram of an event, if the event holds one. A failure is named."""
    if not isinstance(event, Frame):
        match event:
            case Fault(cause, detail):
                report.faults += 1
                report.failed(cause, detail)
            case Remark(text):
                report.remarked(text)
        return None
    try:
        telegram = decoder.take(event)
    except UnknownMeterError as error:
        report.passed("passed over", str(error))
        return None
    except WaitingError as error:
        report.passed("waiting", str(error))
        return None
    except BadKeyError as error:
        report.failed(error.cause, f"{error.meter}: {error}")
        return None
    except TelegramError as error:
        report.failed(error.cause, str(error))
        return None
    report.seen += 1
    if telegram is None:
        return None
    report.decoded += 1
    if telegram.flaws or telegram.warnings:
        for remark in (*telegram.flaws, *telegram.warnings):
            report.remarked(f"{telegram.meter}: {remark}")
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
        return f"{_seen(encode(found))}\n".encode()

    return write


def _seen(text: str) -> str:
    """JSON without characters that a terminal obeys. The encoder escapes only the controls of ASCII, and a string may hold others."""
    if text.isprintable():
        return text
    from json import dumps  # noqa: PLC0415, meters send such characters rarely

    return "".join(character if character.isprintable() else dumps(character)[1:-1] for character in text)


def _reading(fields: dict[str, object]) -> dict[str, object]:
    """A reading as JSON. It has the record only if there is no code."""
    if fields["obis"] is not None:
        del fields["record"]
    return fields


def _table(config: Config, _: Decoder) -> Callable[[Telegram], bytes]:
    from telegraf_han.commands import _tables  # noqa: PLC0415, the others do without

    return _tables.writer(config)


_WRITERS: Final = {"influx": _influx, "json": _json, "table": _table}
