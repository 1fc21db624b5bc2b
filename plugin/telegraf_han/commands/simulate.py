"""`simulate`: reads a virtual meter's options, opens the sink that they name, and runs the meter.

`simulate.plan` decides what the meter sends. The sink decides how the telegrams go out (`simulate.serve`). Stdout carries telegrams and
nothing else. `I!` lines on stderr say where the meter is and how to read it. The program ends at SIGTERM, Ctrl-C or when its reader is gone
for good, each time with exit code 0.

The simulator does not know InfluxDB, and the package `influx` does not know meters. The two meet here, in `InfluxSink`. It decodes each
telegram with the real decoder, so the database holds what `run` and Telegraf would have put there. Boards then have a history before
the first live second.
"""

import os
import signal
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import datetime
from typing import Final, NoReturn

from telegraf_han.clock import Zone, utc_ns
from telegraf_han.commands._arguments import Needs, ago_s, require_effect, said
from telegraf_han.config import values
from telegraf_han.config.file import configured
from telegraf_han.config.sections import Config, Output
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import RecordError
from telegraf_han.influx import connection, history
from telegraf_han.influx.connection import Place
from telegraf_han.printing import complain
from telegraf_han.simulate import demo, encode, network, serve, sticks, stream, terminal
from telegraf_han.simulate.household import TARIFFS
from telegraf_han.simulate.meters import MODELS
from telegraf_han.simulate.plan import Plan, planned, telegrams
from telegraf_han.simulate.stream import Sent

FOOTED: Final = ("bare", "plain")
"""Envelopes with a footer that may be another one."""
READABLE: Final = "wide"
"""The layout that the boards read."""
_OK: Final = 0
_FLAT_OUT: Final = float("inf")
_LIMIT_TOP_W: Final = 99_999
"""Five digits between the brackets of 0-0:17.0.0."""
_MESSAGE_TOP: Final = 1024
"""P1 companion 5.0.2, 6.12: S2048 in hex."""
_PORT_TOP: Final = 65_535
_SERIAL_DIGITS: Final = 8
_LAST_YEAR: Final = 9000
"""Python's calendar ends with the year 9999, and a simulation goes on from its start."""
_LARGEST_KWP: Final = 1_000_000

_TO_HELP: Final = "pty, tcp:PORT (this machine only), tcp:HOST:PORT, influx, or - for stdout (default)"
_START_HELP: Final = (
    "when the meter starts: 2026-10-24T22:00:00+02:00 (Warsaw's time if there is no offset), or --start=-30d (default: now). "
    "Past days are sent at once. Then the meter goes on in real time"
)
_ENVELOPE_HELP: Final = (
    "p1: bare (Stoen's ciphered block), plain, glo (Luxembourg, Austria); wmbus: stripped or crc (hex lines without or with link CRCs), "
    "rtl_wmbus or rtl_433 (lines as these programs print them)"
)


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options of `simulate`."""
    parser.epilog = demo.HELP
    parser.add_argument("model", metavar="METER", type=str.lower, choices=MODELS, help="gama150, gama350, ma110m or ma309m")
    parser.add_argument(
        "--interface",
        choices=("p1", "wmbus"),
        help="interface of the meter (default: that of the [[meter]] in --config, or p1 without --config)",
    )
    parser.add_argument("--to", type=_target, default="-", metavar="SINK", help=_TO_HELP)
    parser.add_argument("--link", default="", metavar="PATH", help="with --to pty: a symbolic link with a stable name, removed at exit")
    parser.add_argument(
        "--wait", action="store_true", help="with --to pty or tcp: start when somebody reads, so that no past telegram is lost"
    )
    parser.add_argument(
        "--config", default="", metavar="FILE", help="configuration file (TOML) to take keys, id and interface from (default: demo keys)"
    )
    parser.add_argument(
        "--meter",
        default="",
        metavar="NAME",
        help="which [[meter]] of the configuration (default of --config: $HAN_CONFIG, else /etc/telegraf/han.toml)",
    )
    _add_time(parser)
    _add_household(parser)
    _add_dialect(parser)
    connection.add_arguments(parser)


def _add_time(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("time", "Telegrams depend only on seed and time. Registers begin to count at --start or --since.")
    group.add_argument("--start", type=said(_time), metavar="TIME", help=_START_HELP)
    group.add_argument(
        "--since",
        type=said(_time),
        metavar="TIME",
        help="registers count from this time, so that a second run goes on where the first one stopped",
    )
    group.add_argument("--until", type=said(_time), metavar="TIME", help="stop before this time (default: never)")
    group.add_argument("--days", type=_above_zero, metavar="N", help="stop after N times 24 hours")
    group.add_argument("--speed", type=_speed, metavar="X", help="speed from --start on, in meter seconds per real second, or max")
    group.add_argument("--interval", type=said(_interval_s), metavar="TIME", help="between telegrams (default: 1s on p1, 60s on wmbus)")


def _add_household(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("household and settings")
    group.add_argument("--seed", type=int, default=1, metavar="N", help="each number is another household (default: 1)")
    group.add_argument("--pv-kwp", type=_kwp, metavar="X", help="rating of the solar roof, 0 for none (default: 3, or 5 with three phases)")
    group.add_argument("--tariff", choices=TARIFFS, default="g12", help="tariff of the household (default: g12)")
    group.add_argument("--serial", type=_serial, metavar="DIGITS", help="serial number, eight digits")
    group.add_argument("--limits", type=_watts(3), metavar="A,N,E", help="limiter thresholds in W: active, normal, emergency")
    group.add_argument("--dsm", type=_watts(2), default=(0, 0), metavar="A,B", help="DSM thresholds in W (default: 0,0)")
    group.add_argument(
        "--limiter-mode", type=int, choices=range(10), default=3, metavar="N", help="mode of the limiter, 0 to 9 (default: 3)"
    )
    group.add_argument("--message", type=_message, default="", metavar="TEXT", help="the operator's text message (default: empty)")


def _add_dialect(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("dialects")
    envelopes = [name for names in stream.ENVELOPES.values() for name in names]
    group.add_argument("--envelope", choices=envelopes, default="", help=_ENVELOPE_HELP)
    group.add_argument("--plain", action="store_true", help="no encryption, the same as --envelope plain")
    group.add_argument("--footer", choices=encode.FOOTERS, default="", help="CRC in the four digits after the !")
    group.add_argument(
        "--receiver", choices=sticks.KINDS, default="", help="with --interface wmbus --to pty: simulate a stick that hears the meter"
    )
    group.add_argument("--stick-fault", choices=sticks.FAULTS, default="", help="fault of the stick of --receiver")
    group.add_argument(
        "--damage", type=_rate, default=0.0, metavar="RATE", help="share of p1 telegrams that are damaged on the line, 0 to 1"
    )


_NEEDS: Final = (
    Needs("--link", lambda given: given.to == "pty", "--to pty is expected, too"),
    Needs("--wait", lambda given: given.to not in ("-", "influx"), "--to pty or tcp is expected, because stdout and InfluxDB always read"),
    Needs("--stick-fault", lambda given: given.receiver, "--receiver is expected, too"),
    Needs("--receiver", lambda given: given.to == "pty", "--to pty is expected, because a stick must be able to answer"),
    Needs("--until", lambda given: given.days is None, "either --until or --days is expected"),
    Needs("--plain", lambda given: not given.envelope, "either --plain or --envelope is expected"),
    Needs("--envelope", lambda given: not given.receiver, "no --receiver is expected, because a stick sends in its own form"),
    Needs("--damage", lambda given: given.to != "influx", "another --to is expected, because InfluxDB gets what the meter made"),
    *(
        Needs(option, lambda given: given.to == "influx", "--to influx is expected, too")
        for option in ("--url", "--org", "--bucket", "--token-file")
    ),
)


def _planned(arguments: Namespace) -> Plan:
    """The plan. Raises ConfigError, also for an option that changes nothing on its interface or in its envelope."""
    plan = planned(arguments, int(time.time()))
    is_radio, envelope = plan.dress.interface == "wmbus", plan.dress.envelope
    needs = (
        Needs("--receiver", lambda _: is_radio, "--interface wmbus is expected, too"),
        Needs("--footer", lambda _: envelope in FOOTED, f"one of these envelopes is expected: {', '.join(FOOTED)}"),
        Needs("--message", lambda _: not is_radio, "--interface p1 is expected, because a radio telegram has no message"),
    )
    require_effect(arguments, needs)
    return plan


def run(arguments: Namespace) -> int:
    """Simulate until the end, a signal or a broken pipe. Returns 0. Raises ConfigError, and SourceError if InfluxDB does not answer."""
    # The user may stop the program while it waits for a port, and a shell without job control starts it with SIGINT ignored.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    require_effect(arguments, _NEEDS)
    if arguments.meter:
        arguments.config = configured(arguments.config)
    try:
        return _into_influx(arguments) if arguments.to == "influx" else _sent(arguments, _sink)
    except (KeyboardInterrupt, BrokenPipeError):
        return _OK


def _into_influx(arguments: Namespace) -> int:
    meter = _planned(arguments).meter
    with connection.writing(arguments) as place:
        sink = InfluxSink(place, Decoder(Config("", Output(layout=READABLE), (meter,), ())))
        return _sent(arguments, lambda _: (sink, "influx"))


def _sent(arguments: Namespace, opened: Callable[[Namespace], tuple[serve.Sink, str]]) -> int:
    """Check the options, then open the sink and send all telegrams to it. Raises ConfigError, SourceError."""
    plan = _planned(arguments)
    out, port = opened(arguments)
    try:
        _announce(arguments, plan, port)
        if arguments.wait:
            out.wait_for_reader()
            plan = planned(arguments, int(time.time()))
        serve.serve(telegrams(plan), out, _pace(arguments.speed, plan))
        out.finish()
    finally:
        out.close()
    return _OK


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _sink(arguments: Namespace) -> tuple[serve.Sink, str]:
    """The sink of `--to` and the `port` under which a configuration reads it."""
    if arguments.to == "pty":
        link = os.path.abspath(arguments.link) if arguments.link else ""
        pty = _stick(arguments, link) if arguments.receiver else terminal.PtySink(link)
        return pty, link or pty.path
    if arguments.to == "-":
        return serve.StdoutSink(), "-"
    host, _, port = arguments.to.removeprefix("tcp:").rpartition(":")
    tcp = network.TcpSink(host.strip("[]") or "127.0.0.1", int(port))
    name, number = tcp.address
    return tcp, f"socket://{f'[{name}]' if ':' in name else name}:{number}"


def _stick(arguments: Namespace, link: str) -> terminal.PtySink:
    """The port of a virtual stick."""
    from telegraf_han.simulate.sticks import port  # noqa: PLC0415, a cable does not need it

    return port.StickPort(link, sticks.twin(arguments.receiver, arguments.stick_fault))


def _announce(arguments: Namespace, plan: Plan, port: str) -> None:
    """Log where the meter is, and how to read it unless the user has a configuration."""
    _say(f"{plan.model.name} {plan.settings.serial} on {plan.dress.interface} sends to {port}")
    if arguments.config:
        _say(f'it uses the keys of meter "{plan.meter.name}" in {arguments.config}')
        return
    program = plan.dress.envelope if plan.dress.envelope in stream.PROGRAMS else "hex"
    if arguments.to == "influx":
        return  # InfluxDB gets decoded telegrams, so there is no port to read
    for line in demo.section(plan.meter, port, arguments.receiver or program).splitlines():
        _say(line)


def _say(text: str) -> None:
    complain(f"I! {text}")


def _pace(speed: float | None, plan: Plan) -> serve.Pace:
    now_ns, start_ns = time.time_ns(), plan.start_s * stream.NS
    if speed is None:
        return serve.live(start_ns, now_ns)
    return serve.FLAT_OUT if speed == _FLAT_OUT else serve.Pace(now_ns, start_ns, speed)


class InfluxSink:
    """Decodes telegrams and writes them in batches. Retries while InfluxDB is away for a moment. See `simulate.serve.Sink`."""

    def __init__(self, place: Place, decoder: Decoder) -> None:
        """Nothing is written yet."""
        self._bucket: Final = place.bucket
        self._decoder: Final = decoder
        self._writer: Final = history.Writer(place, history.not_taken)

    def deliver(self, sent: Sent, patience_s: float) -> None:  # noqa: ARG002, InfluxDB is always waited for
        """Take one telegram and write the batch once it is full. Raises SourceError, RefusedError."""
        telegram = self._decoder.take(sent.frame)
        if telegram is not None:
            self._writer.put(self._decoder.line(telegram))

    def idle(self, seconds: float) -> None:
        """Real time is reached. Write what there is, then wait. Raises SourceError, RefusedError."""
        self._writer.flush()
        time.sleep(seconds)

    def wait_for_reader(self) -> None:
        """A database always reads."""

    def finish(self) -> None:
        """Write the last batch. Raises SourceError, RefusedError."""
        self._writer.flush()

    def close(self) -> None:
        """Print how much is written, also if the run ended too early. The connection closes itself."""
        complain(f"I! {self._writer.stored} telegrams written to {self._bucket}")


# --- texts of options into values; argparse turns ArgumentTypeError into its own line and exit code 2 ---


def _target(text: str) -> str:
    if text in ("pty", "-", "influx"):
        return text
    _, _, port = text.rpartition(":")
    if text.startswith("tcp:") and port.isascii() and port.isdigit() and int(port) <= _PORT_TOP:
        return text
    raise ArgumentTypeError("pty, tcp:PORT, tcp:HOST:PORT, influx or - is expected")


def _time(text: str) -> int:
    """UTC seconds of an ISO 8601 time, or of so long ago as `-30d` or `-2h`."""
    if (past_s := ago_s(text)) is not None:
        return past_s
    try:
        moment = datetime.fromisoformat(text)
        if moment.year > _LAST_YEAR:
            raise ValueError
        if moment.tzinfo is not None:
            return int(moment.timestamp())
        return utc_ns(moment.timetuple()[:6], "", Zone()) // stream.NS
    except (ValueError, OverflowError, RecordError):
        raise ValueError("a time such as 2026-10-24T22:00:00+02:00 is expected, or =-30d for 30 days ago") from None


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ArgumentTypeError("a number is expected") from None
    if not 0 <= value < _FLAT_OUT:
        raise ArgumentTypeError("a number of 0 or more is expected")
    return value


_not_negative: Final = _number


def _kwp(text: str) -> float:
    value = _number(text)
    if value > _LARGEST_KWP:
        raise ArgumentTypeError(f"a number from 0 to {_LARGEST_KWP} is expected")
    return value


def _above_zero(text: str) -> float:
    value = _number(text)
    if not value:
        raise ArgumentTypeError("a number above 0 is expected")
    return value


def _speed(text: str) -> float:
    return _FLAT_OUT if text == "max" else _above_zero(text)


def _rate(text: str) -> float:
    value = _number(text)
    if value > 1:
        raise ArgumentTypeError("a share from 0 to 1 is expected")
    return value


def _interval_s(text: str) -> int:
    seconds = values.duration_s(1.0)(text)
    if seconds % 1:
        raise ValueError("a time of whole seconds is expected")
    return int(seconds)


def _serial(text: str) -> str:
    if len(text) != _SERIAL_DIGITS or not (text.isascii() and text.isdigit()):
        raise ArgumentTypeError("eight digits are expected")
    return text


def _watts(count: int) -> Callable[[str], tuple[int, ...]]:
    def read(text: str) -> tuple[int, ...]:
        parts = text.split(",")
        if len(parts) != count or not all(part.isascii() and part.isdigit() and int(part) <= _LIMIT_TOP_W for part in parts):
            raise ArgumentTypeError(f"{count} whole numbers of W up to {_LIMIT_TOP_W} are expected, separated by commas")
        return tuple(map(int, parts))

    return read


def _message(text: str) -> str:
    if not text.isascii() or len(text) > _MESSAGE_TOP:
        raise ArgumentTypeError(f"ASCII text up to {_MESSAGE_TOP} characters is expected")
    return text
