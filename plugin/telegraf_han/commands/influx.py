"""`telegraf-han influx …`: options, and the one of four things they ask for.

`setup` makes what an InfluxDB 2 needs and may be run again whenever something changed; `remove` takes away what `setup` made;
`backfill` computes down-sampled data of the past; `import` stores files. Each item is a line on stdout with what was done about
it; what a user has to mend is one line on stderr and exit code 2.
"""

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.config import options
from telegraf_han.config.file import load
from telegraf_han.config.sections import Output
from telegraf_han.errors import INTERRUPTED, ConfigError, RecordError
from telegraf_han.influx import buckets, checks, connection, downsampling, importing, inputs, intervals, items, tokens
from telegraf_han.influx.connection import Place
from telegraf_han.influx.items import TASK, Outcome

PROGRESS_S: Final = 5.0
_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_DAYS_BACK: Final = 36_500
"""A century: before that nothing was measured, and Python's calendar ends somewhere."""


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    for name, (add, _, help_text) in _ACTIONS.items():
        action = commands.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        add(action)
        connection.add_arguments(action)


def run(arguments: Namespace) -> int:
    """Do what was asked for; the exit code. Raises ConfigError, SourceError."""
    try:
        return _ACTIONS[arguments.action][1](arguments)
    except KeyboardInterrupt:
        print("W! interrupted; the same command goes on where this one stopped", file=sys.stderr)
        return INTERRUPTED


# --- setup and remove ---


def _add_setup(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--retention", type=_said(buckets.duration_s), metavar="TIME", help="how long telegrams are kept: 90d, 2y, 0 for ever"
    )
    parser.add_argument("--retention-5m", type=_said(buckets.duration_s), metavar="TIME", help="the same of the down-sampled data")
    parser.add_argument("--config", metavar="FILE", help="the plugin's configuration: checks are made for its meters and their limits")
    parser.add_argument("--webhook", metavar="URL", help="called when a check becomes critical, and when it is good again")
    parser.add_argument("--webhook-token-file", metavar="FILE", help="file with a token for the webhook (Authorization: Bearer)")
    parser.add_argument(
        "--sustained", type=_said(options.duration_s), default=300.0, metavar="TIME", help="how long power is too high (default: 5m)"
    )
    parser.add_argument(
        "--check-every", type=_said(options.duration_s), default=60.0, metavar="TIME", help="interval of the checks (default: 1m)"
    )
    parser.add_argument("--write-token-file", metavar="FILE", help="have a token for Telegraf in this file: it may write the bucket")
    parser.add_argument("--read-token-file", metavar="FILE", help="have a token for Grafana in this file: it may read both buckets")


def _setup(arguments: Namespace) -> int:
    timing = checks.Timing(int(arguments.sustained), int(arguments.check_every))
    if timing.every_s < 1 or timing.sustained_s < timing.every_s:
        raise ConfigError("", "--sustained", "whole seconds, and no less than --check-every, are expected")
    if arguments.webhook and not arguments.config:
        raise ConfigError("", "--config", "the plugin's configuration is expected beside --webhook: its limits are what is checked")
    if arguments.webhook and not arguments.webhook.startswith(("http://", "https://")):
        raise ConfigError("", "--webhook", "an address that begins with http:// or https:// is expected")
    config = load(arguments.config, _warn) if arguments.config else None
    output = config.output if config else Output()
    if output.layout != Output().layout:
        _warn(f'down-sampling and checks read the layout "{Output().layout}", not "{output.layout}": they will find nothing')
    measurement = output.measurement
    with connection.opened(arguments) as place:
        buckets.settle(place, arguments.retention, arguments.retention_5m, _told)
        for task in downsampling.tasks(place.bucket, measurement, items.prefix(place.bucket)):
            items.settle(place, TASK, task, _told)
        if config is not None:
            checks.settle(place, config, timing, _told)
        if arguments.webhook:
            token = connection.token_in(arguments.webhook_token_file, "--webhook-token-file") if arguments.webhook_token_file else ""
            checks.settle_webhook(place, checks.Webhook(arguments.webhook, token), timing, _told)
        for grant, path in ((tokens.write, arguments.write_token_file), (tokens.read, arguments.read_token_file)):
            if path:
                tokens.settle(place, grant(place.bucket), path, _told)
    return 0


def _add_remove(parser: ArgumentParser) -> None:
    parser.add_argument("--with-data", action="store_true", help="also the buckets that setup made, and all that is in them")


def _remove(arguments: Namespace) -> int:
    outcomes: list[Outcome] = []

    def say(outcome: Outcome, name: str) -> None:
        outcomes.append(outcome)
        _told(outcome, name)

    with connection.opened(arguments) as place:
        for kind in items.NAMED:
            items.prune(place, kind, (), say)
        buckets.remove(place, say, with_data=arguments.with_data)
        if not outcomes:
            print(f"I! there is nothing that setup made for a bucket {place.bucket}", file=sys.stderr)
    return 0


# --- backfill ---


def _add_backfill(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--start", type=_said(moment_s), metavar="TIME", help="2026-01-31, 2026-01-31T12:00+01:00 or =-30d (default: the first telegram)"
    )
    parser.add_argument("--stop", type=_said(moment_s), metavar="TIME", help="likewise (default: now)")
    parser.add_argument("--config", metavar="FILE", help="the plugin's configuration, where it names its measurement")


def _backfill(arguments: Namespace) -> int:
    measurement = (load(arguments.config, _warn).output if arguments.config else Output()).measurement
    with connection.writing(arguments) as place:
        now_s = int(time.time())
        start_s, stop_s = arguments.start, min(arguments.stop or now_s, now_s)
        if start_s is None:
            start_s = downsampling.oldest_s(place.api, place.bucket, measurement)
        if start_s is None:
            print(f"I! there are no telegrams in {place.bucket}", file=sys.stderr)
            return 0
        if stop_s <= start_s:
            later = ("--stop", "a time after --start") if arguments.stop else ("--start", "a time of the past")
            raise ConfigError("", later[0], f"{later[1]} is expected")
        first_s, last_s = downsampling.whole(start_s, stop_s)
        # The window that has not ended is the task's.
        return _filled(place, measurement, first_s, min(last_s, now_s // downsampling.WINDOW_S * downsampling.WINDOW_S))


def _filled(place: Place, measurement: str, start_s: int, stop_s: int) -> int:
    """Day by day, so that there is progress, and an interruption costs no more than one."""
    points, told_s, at_s = 0, time.monotonic(), start_s
    try:
        while at_s < stop_s:
            next_s = min((at_s // _DAY_S + 1) * _DAY_S, stop_s)
            points += downsampling.computed(place.api, place.bucket, measurement, at_s, next_s)
            at_s = next_s
            if time.monotonic() - told_s >= PROGRESS_S:
                told_s = time.monotonic()
                print(f"I! {_shown(at_s)}: {100 * (at_s - start_s) // (stop_s - start_s)} %, {points} values", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"W! interrupted; --start {_shown(at_s)} goes on", file=sys.stderr)
        return INTERRUPTED
    print(f"I! {_shown(start_s)} to {_shown(stop_s)}: {points} values", file=sys.stderr)
    return 0


def _shown(time_s: int) -> str:
    return clock.rfc3339(time_s * _NS, Zone())


# --- import ---


def _add_import(parser: ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", metavar="FILE", help="captures, line protocol, CSV of a portal, also gzip; - is stdin")
    parser.add_argument("--config", metavar="FILE", help="the plugin's configuration, with the keys for captures")
    parser.add_argument("--format", choices=inputs.KINDS, help="what the files are; found out where it is not said")
    parser.add_argument("--precision", choices=inputs.PRECISIONS_NS, default="", help="unit of line protocol's times (default: ns)")
    parser.add_argument("--state", metavar="FOLDER", help="where it is noted how far an import is (default: beside the file)")
    group = parser.add_argument_group("CSV of a portal (all but the meter is found out where it is not said)")
    group.add_argument("--meter", metavar="NAME", help="the meter it is of (default: the only one of --config)")
    group.add_argument("--columns", type=_columns, metavar="ROLE=COLUMN,…", help=_COLUMNS_HELP)
    group.add_argument("--unit", choices=("Wh", "kWh", "MWh"), help="of energies (default: the heading's, else kWh)")
    group.add_argument("--interval", type=_said(_interval_s), metavar="TIME", help="15m, 30m or 1h")
    group.add_argument("--stamp", choices=("start", "end"), help="what a row's time is of its interval")
    group.add_argument("--timezone", type=_said(_timezone), metavar="NAME", help="of its times (default: the meter's, else Europe/Warsaw)")


_ROLES: Final = ("date", "hour", "import", "export", "value", "kind")
_COLUMNS_HELP: Final = f"headings or numbers from 1 are expected, for {', '.join(_ROLES)}: date=Data,hour=Godzina,import=3"


def _columns(text: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in text.split(",")]
    found = [(role.strip(), column.strip()) for role, _, column in parts]
    if not all(role in _ROLES and column for role, column in found) or "date" not in dict(found):
        raise ArgumentTypeError(_COLUMNS_HELP)
    return found


def _interval_s(text: str) -> int:
    seconds = int(options.duration_s(text))
    if seconds not in intervals.INTERVALS_S:
        raise ValueError("15m, 30m or 1h is expected")
    return seconds


def _timezone(text: str) -> str:
    return options.zone(text).name


def moment_s(text: str) -> int:
    """UTC second of an ISO 8601 time, local where it has no offset, or of `-30d`. Raises ValueError."""
    if text.startswith("-") and text.endswith("d") and text[1:-1].isdigit() and int(text[1:-1]) < _DAYS_BACK:
        return int(time.time()) - int(text[1:-1]) * _DAY_S
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp())
        return clock.utc_ns(moment.timetuple()[:6], "", Zone()) // _NS
    except (ValueError, OverflowError, RecordError):
        raise ValueError("a time such as 2026-10-24 or 2026-10-24T22:00:00+02:00 is expected, or =-30d for 30 days ago") from None


def _said(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """An option's reader whose sentence argparse repeats."""

    def value(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None

    return value


def _told(outcome: Outcome, name: str) -> None:
    print(f"{outcome:<8} {name}", flush=True)


def _warn(sentence: str) -> None:
    print(f"W! {sentence}", file=sys.stderr)


_ACTIONS: Final[dict[str, tuple[Callable[[ArgumentParser], None], Callable[[Namespace], int], str]]] = {
    "setup": (_add_setup, _setup, "makes buckets, down-sampling, checks, notification and tokens; may be run again"),
    "remove": (_add_remove, _remove, "removes what setup made; data only with --with-data"),
    "backfill": (_add_backfill, _backfill, "computes the down-sampled data of the past"),
    "import": (_add_import, importing.run, "stores captures, line protocol and the CSV of a consumption portal"),
}
