"""Reads a file of history and yields entries: for each line or telegram, the lines to store or what is wrong and where.

There are five kinds of files. The first bytes of a file decide its kind, except that prices are named by the user:

- line protocol
- captures of P1 (raw or hex)
- captures of wireless M-Bus (hex lines, logs, or the bytes that a receiver of any type delivered)
- the CSV of a portal
- market prices: PSE's JSON, or a table

Each of them may be compressed with gzip. Captures are read like live telegrams (receiver, decoder, line), with the keys of the
configuration. Every point needs a time of its own. Only then a second import gives the same point. So line protocol without time stamps,
and telegrams without the meter's clock, are reported as wrong.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Final, NamedTuple, cast

from telegraf_han.config.sections import Config
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import ConfigError, TelegramError, reason
from telegraf_han.influx import portal, prices, tables
from telegraf_han.inspection import captures
from telegraf_han.p1 import capture
from telegraf_han.telegram import Event, Fault, Frame, Interface

KINDS: Final = ("line", "p1", "wmbus", "csv", "prices")
KEPT: Final = frozenset({"csv", "prices"})
"""Kinds that go into the bucket of the down-sampled data, which is kept, because they are no telegrams."""
SNIFFED_BYTES: Final = 4096
LINE_LIMIT: Final = 1 << 20
"""Most bytes of a line. A telegram has one thousand. A raw capture may have no end of line for a while."""
PRECISIONS_NS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
OUR_DAYS_S: Final = range(1_000_000_000, 4_000_000_000)
"""Seconds of the years 2001 to 2096. A number is a time of these years in only one unit."""
_NS: Final = 1_000_000_000
_GZIP: Final = b"\x1f\x8b"

_WORD: Final = rb"(?:[^ ,=\\\n]|\\.)+"
_NUMBER: Final = rb"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_FIELD: Final = _WORD + rb"=(?:" + _NUMBER + rb'|-?\d+[iu]|[tTfF]|true|True|TRUE|false|False|FALSE|"(?:[^"\\]|\\.)*")'
_LINE: Final = re.compile(
    rb"(?P<point>(?:[^ ,\\\n#]|\\.)(?:[^ ,\\\n]|\\.)*(?:," + _WORD + rb"=" + _WORD + rb")* +" + _FIELD + rb"(?:," + _FIELD + rb")*)"
    rb"(?: +(?P<time>-?\d{1,19}))?"
)
"""By the line protocol reference. It finds wrong lines without asking InfluxDB line by line. InfluxDB decides in the end."""
_HEX: Final = re.compile(rb"(?:0x)?[0-9A-Fa-f |_:]{20,}|.*telegram=")


class Entry(NamedTuple):
    """One line or telegram."""

    place: str
    lines: bytes
    """Line protocol, times in ns."""
    wrong: str = ""


class Options(NamedTuple):
    """How files are read."""

    kind: str
    """One of KINDS; "" to detect it."""
    precision: str
    """One of PRECISIONS_NS; "" for ns, unless the first time shows that the unit is another one."""
    config: Config | None
    portal: Callable[[], portal.Options]
    """Called for a CSV only, because no other file needs the name of a meter."""
    prices: prices.Options


class Progress:
    """How much of the current file has been read."""

    def __init__(self, raw: IO[bytes], size_bytes: int) -> None:
        """Nothing is read yet; `size_bytes` is 0 if it is not known."""
        self._raw: Final = raw
        self._size_bytes: Final = size_bytes

    def percent(self) -> int | None:
        """Share of the file that is read."""
        return min(100, 100 * self._raw.tell() // self._size_bytes) if self._size_bytes else None


@contextmanager
def opened(name: str, size_bytes: int) -> Iterator[tuple[IO[bytes], Progress]]:
    """Open a file, or stdin for "-", decompressed. Raises ConfigError if it cannot be read."""
    is_stdin = name == "-"
    try:
        with open(0 if is_stdin else name, "rb", closefd=not is_stdin) as raw:
            progress = Progress(raw, size_bytes)
            if raw.peek(2)[:2] != _GZIP:
                yield raw, progress
                return
            with gzip.open(raw) as stream:
                yield cast("IO[bytes]", stream), progress
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise ConfigError(name, "", "a whole gzip file is expected, but this one is damaged") from None
        raise ConfigError("stdin" if is_stdin else name, "", f"this input cannot be read: {reason(error)}") from None
    except (EOFError, zlib.error):
        raise ConfigError(name, "", "a whole gzip file is expected, but this one is damaged or cut short") from None


def recognised(stream: IO[bytes], options: Options) -> str:
    """The kind of a file: one of KINDS, or "" if the file is empty."""
    first = _first(stream)
    return options.kind or _kind(first, options.config) if first else ""


def entries(stream: IO[bytes], kind: str, options: Options, say: Callable[[str], None]) -> Iterator[Entry]:
    """All entries of a file of a kind, in the same order each time. Calls `say` with what was detected. Raises ConfigError."""
    return _READERS[kind](stream, _first(stream), options, say) if kind else iter(())


def _first(stream: IO[bytes]) -> bytes:
    return cast("bytes", stream.peek(SNIFFED_BYTES)[:SNIFFED_BYTES])  # type: ignore[attr-defined]


def _kind(first: bytes, config: Config | None) -> str:
    """The kind of a file, by its first bytes."""
    rows = [row for line in first.split(b"\n") if (row := line.strip()) and not row.startswith(b"#")]
    if rows and (_LINE.fullmatch(rows[0]) or (len(rows) > 1 and _LINE.fullmatch(rows[1]))):
        return "line"
    if config and (found := captures.recognised(first, None, config)).sure:
        return found.interface
    if capture.looks_like_p1(first):
        return "p1"
    if rows and _HEX.match(rows[0]):
        # Hex of either interface. If only one interface is configured, it is that one.
        configured = {meter.interface for meter in config.meters} if config else set()
        return configured.pop() if len(configured) == 1 else "wmbus"
    return "csv" if rows else "line"


def _bounded_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers from 1. A line longer than the limit comes in pieces of the limit's length."""
    number = 1
    while line := stream.readline(LINE_LIMIT):
        yield number, line
        number += line.endswith(b"\n")


def _line_protocol(stream: IO[bytes], _: bytes, options: Options, __: Callable[[str], None]) -> Iterator[Entry]:
    """Line protocol, with its times converted to ns."""
    factor = PRECISIONS_NS[options.precision or "ns"]
    is_first = not options.precision
    for number, line in _bounded_lines(stream):
        text = line.strip()
        if not text or text.startswith(b"#"):
            continue
        found = _LINE.fullmatch(text)
        if found is None:
            yield Entry(f"line {number}", b"", "line protocol is expected")
        elif found["time"] is None:
            yield Entry(f"line {number}", b"", "a time stamp is expected, because without it each import would add another point")
        else:
            if is_first and (unit := _coarser(int(found["time"]))):
                raise ConfigError(
                    "", "--precision", f"{unit} is expected, as the time in line {number} shows; if the time is in ns, set ns"
                )
            is_first = False
            yield Entry(f"line {number}", b"%s %d\n" % (found["point"], int(found["time"]) * factor))


def _coarser(stamp: int) -> str:
    """The unit in which a number is a time of our days, if in ns it would be a time of 1970; else ""."""
    return next((unit for unit, factor_ns in PRECISIONS_NS.items() if factor_ns > 1 and stamp * factor_ns // _NS in OUR_DAYS_S), "")


def _p1(stream: IO[bytes], first: bytes, options: Options, _: Callable[[str], None]) -> Iterator[Entry]:
    return _captured(stream, first, "p1", options)


def _wmbus(stream: IO[bytes], first: bytes, options: Options, _: Callable[[str], None]) -> Iterator[Entry]:
    return _captured(stream, first, "wmbus", options)


def _captured(stream: IO[bytes], first: bytes, interface: Interface, options: Options) -> Iterator[Entry]:
    """Telegrams of a capture. Only the meter's time is used: nobody knows the time of reception any more, so it is given as 0."""
    if options.config is None:
        raise ConfigError("", "--config", "the configuration with the meters' keys is expected, because this file is a capture")
    receiver = captures.recognised(first, interface, options.config).receiver
    decoder = Decoder(options.config)
    is_text = first.isascii()
    position = 0
    place = "line 1"
    for number, line in _bounded_lines(stream):
        position += len(line)
        place = f"line {number}" if is_text else f"byte {position}"
        for event in receiver.feed(line, 0):
            yield from _telegram(event, place, decoder)
    for event in receiver.finish(0):
        yield from _telegram(event, place, decoder)


def _telegram(event: Event, place: str, decoder: Decoder) -> Iterator[Entry]:
    """The line of a frame. A neighbour's telegram in a receiver's log is no error, and neither is a telegram that was heard twice."""
    if isinstance(event, Fault):
        yield Entry(place, b"", f"{event.cause}: {event.detail}")
    if not isinstance(event, Frame):
        return
    try:
        telegram = decoder.take(event)
    except UnknownMeterError:
        return
    except TelegramError as error:
        yield Entry(place, b"", f"{error.cause}: {error}")
        return
    if telegram is None:
        return
    if telegram.time_ns is None:
        yield Entry(place, b"", f"{telegram.meter}: the telegram does not contain its time, and nobody knows when it was received")
    else:
        yield Entry(place, decoder.line(telegram))


def _csv(stream: IO[bytes], _: bytes, options: Options, say: Callable[[str], None]) -> Iterator[Entry]:
    """A portal's table. It is read whole, because its last row may decide what its first row means. Raises ConfigError."""
    told, readings = portal.readings(_whole(stream), options.portal())
    say(told)
    for reading in readings:
        yield Entry(f"line {reading.line}", reading.lines, reading.wrong)


def _prices(stream: IO[bytes], _: bytes, options: Options, say: Callable[[str], None]) -> Iterator[Entry]:
    """Market prices. Raises ConfigError."""
    told, found = prices.prices(_whole(stream), options.prices)
    say(told)
    for price in found:
        yield Entry(f"row {price.row}", price.lines, price.wrong)


def _whole(stream: IO[bytes]) -> bytes:
    """A whole file. Raises ConfigError if it is too long."""
    content = stream.read(tables.SIZE_LIMIT_BYTES + 1)
    if len(content) > tables.SIZE_LIMIT_BYTES:
        raise ConfigError("", "--format", f"a table of at most {tables.SIZE_LIMIT_BYTES >> 20} MB is expected")
    return content


_READERS: Final = {"line": _line_protocol, "p1": _p1, "wmbus": _wmbus, "csv": _csv, "prices": _prices}
