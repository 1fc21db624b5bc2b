"""`telegraf-han influx ACTION`: reads the options and runs one of four actions.

- `setup` makes everything that is needed in an InfluxDB 2. You can run it again whenever something has changed.
- `remove` removes what `setup` made.
- `backfill` computes the down-sampled data of the past.
- `import` stores files.

`setup` and `remove` print one line per item on stdout, with what was done. If the user has to repair something, one line on stderr
says what, and the exit code is 2.
"""

import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.commands._arguments import Needs, add_config, ago_s, duration_s, require_effect, said
from telegraf_han.config import values
from telegraf_han.config.file import configured, configured_if_any, load
from telegraf_han.config.sections import Output
from telegraf_han.errors import INTERRUPTED, ConfigError, RecordError
from telegraf_han.influx import buckets, checks, connection, downsampling, importing, inputs, intervals, items, sites, tokens
from telegraf_han.influx.connection import Place
from telegraf_han.influx.items import Outcome
from telegraf_han.printing import complain, say

PROGRESS_S: Final = 5.0
SUSTAINED_S: Final = 300.0
CHECK_EVERY_S: Final = 60.0
_NS: Final = 1_000_000_000
_DAY_S: Final = 86_400
_HOUR_S: Final = 3_600


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options to the parser."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", title="actions", required=True)
    for name, (add, _, help_text) in _ACTIONS.items():
        description = f"{help_text[0].upper()}{help_text[1:]}."
        action = commands.add_parser(name, help=help_text, description=description, formatter_class=parser.formatter_class)
        add(action)
        connection.add_arguments(action)


def run(arguments: Namespace) -> int:
    """Run the action; returns the exit code. Raises ConfigError, SourceError."""
    try:
        return _ACTIONS[arguments.action][1](arguments)
    except KeyboardInterrupt:
        complain("W! interrupted. Run the same command again to go on where this one stopped")
        return INTERRUPTED


# --- setup and remove ---

_retention: Final = duration_s(buckets.SHORTEST_S, "for ever")


def _add_setup(parser: ArgumentParser) -> None:
    parser.add_argument("--retention", type=_retention, metavar="TIME", help="how long telegrams are kept: 90d, 2y, 0 for ever")
    parser.add_argument("--retention-5m", type=_retention, metavar="TIME", help="how long down-sampled data are kept, in the same forms")
    parser.add_argument(
        "--fleet",
        action="store_true",
        help="for many sites: sums per site, and down-sampling that 10,000 meters can afford; stays until remove",
    )
    add_config(parser, "; if you give it, setup makes checks for its meters and limits")
    parser.add_argument("--webhook", metavar="URL", help="address to call when a check becomes critical, and when it is good again")
    parser.add_argument("--webhook-token-file", metavar="FILE", help="file with the token for the webhook (Authorization: Bearer)")
    parser.add_argument(
        "--sustained",
        type=duration_s(1.0),
        metavar="TIME",
        help="how long power must be above its limit, and over which time errors are counted (default: 5m)",
    )
    parser.add_argument("--check-every", type=duration_s(1.0), metavar="TIME", help="how often checks run (default: 1m)")
    parser.add_argument("--write-token-file", metavar="FILE", help="file for Telegraf's token, which may write to both buckets")
    parser.add_argument("--read-token-file", metavar="FILE", help="file for Grafana's token, which may read both buckets")
    parser.add_argument("--bill-token-file", metavar="FILE", help="file for the token of `bill`, which may read both buckets")


_CHECKS: Final = "--config or --webhook is expected, too, because only then checks are made"
_SETUP_NEEDS: Final = (
    Needs("--webhook-token-file", lambda given: given.webhook, "--webhook is expected, too"),
    Needs("--sustained", lambda given: given.config or given.webhook, _CHECKS),
    Needs("--check-every", lambda given: given.config or given.webhook, _CHECKS),
)


def _setup(arguments: Namespace) -> int:
    require_effect(arguments, _SETUP_NEEDS)
    timing = checks.Timing(int(arguments.sustained or SUSTAINED_S), int(arguments.check_every or CHECK_EVERY_S))
    if timing.sustained_s < timing.every_s:
        raise ConfigError("", "--sustained", "a time of whole seconds, not less than --check-every, is expected")
    if arguments.webhook and not arguments.webhook.startswith(("http://", "https://")):
        raise ConfigError("", "--webhook", "an address that begins with http:// or https:// is expected")
    with_checks = bool(arguments.config or arguments.webhook)
    file = configured(arguments.config) if with_checks else configured_if_any(None)
    config = load(file, _warn) if file else None
    output = config.output if config else Output()
    if output.layout != Output().layout:
        _warn(f'down-sampling and checks find nothing in the layout "{output.layout}": they read only the layout "{Output().layout}"')
    measurement = output.measurement
    with connection.opened(arguments) as place:
        buckets.settle(place, _whole(arguments.retention), _whole(arguments.retention_5m), _told)
        sites.settle_tasks(place, measurement, _told, fleet=arguments.fleet)
        if config is not None and with_checks:
            checks.settle(place, config, timing, _told)
        if arguments.webhook:
            token = connection.token_in(arguments.webhook_token_file, "--webhook-token-file") if arguments.webhook_token_file else ""
            checks.settle_webhook(place, checks.Webhook(arguments.webhook, token), timing, _told)
        wanted = (
            (tokens.write, arguments.write_token_file),
            (tokens.read, arguments.read_token_file),
            (tokens.bill, arguments.bill_token_file),
        )
        for grant, path in wanted:
            if path:
                tokens.settle(place, grant(place.bucket), path, _told)
    return 0


def _whole(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)


def _add_remove(parser: ArgumentParser) -> None:
    parser.add_argument("--with-data", action="store_true", help="also remove the buckets that setup made, with all their data")


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
            complain(f"I! nothing to remove: setup made nothing for the bucket {place.bucket}")
    return 0


# --- backfill ---


def _add_backfill(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--start",
        type=said(moment_s),
        metavar="TIME",
        help="begin: 2026-01-31, 2026-01-31T12:00+01:00, or --start=-30d for 30 days ago (default: the first telegram)",
    )
    parser.add_argument("--stop", type=said(moment_s), metavar="TIME", help="end, in the same forms (default: now)")
    parser.add_argument("--fleet", action="store_true", help="also compute sums per site (default: if setup --fleet made their tasks)")
    add_config(parser, "with the measurement, if it is another one")


_BEFORE_ITS_TIME: Final = (
    "telegrams with a time before {day} are ignored, because they were written while a clock stood at 1970. To remove them, run:"
    " influx delete --bucket {bucket} --start 1970-01-01T00:00:00Z --stop {day}T00:00:00Z"
)


def _backfill(arguments: Namespace) -> int:
    file = configured_if_any(arguments.config)
    measurement = (load(file, _warn).output if file else Output()).measurement
    with connection.writing(arguments) as place:
        now_s = int(time.time())
        start_s, stop_s = arguments.start, min(now_s if arguments.stop is None else arguments.stop, now_s)
        if (start_s is None or start_s < downsampling.EARLIEST_S) and downsampling.has_older(place.api, place.bucket, measurement):
            _warn(_BEFORE_ITS_TIME.format(day=_shown(downsampling.EARLIEST_S)[:10], bucket=place.bucket))
        fleet = arguments.fleet or sites.is_fleet(place)
        if start_s is None:
            found = [downsampling.oldest_s(place.api, bucket, measurement) for bucket in _read(place, fleet=fleet)]
            start_s = min((oldest_s for oldest_s in found if oldest_s is not None), default=None)
        elif start_s < downsampling.EARLIEST_S:
            start_s = downsampling.EARLIEST_S
        if start_s is None:
            complain(f"I! there are no telegrams in {place.bucket}")
            return 0
        if stop_s <= start_s:
            later = ("--stop", "a time after --start") if arguments.stop is not None else ("--start", "a time in the past")
            raise ConfigError("", later[0], f"{later[1]} is expected")
        first_s, last_s = downsampling.whole(start_s, stop_s)
        # A task computes the window that has not ended yet.
        stop_s = min(last_s, now_s // downsampling.WINDOW_S * downsampling.WINDOW_S)
        code = _filled(place, measurement, first_s, stop_s, fleet=fleet)
        if fleet and not code:
            _summed(place, measurement, first_s, stop_s)
        return code


def _read(place: Place, *, fleet: bool) -> list[str]:
    """The buckets that the computing reads."""
    return [place.bucket, *([downsampling.bucket(place.bucket)] if fleet else [])]


class _Pass(NamedTuple):
    """What is computed of the past, piece by piece."""

    name: str
    """What its lines begin with."""
    bucket: str
    """What it reads."""
    step_s: int
    computed: Callable[[int, int], int]
    """Computes from one second to before another. Returns the number of values."""
    whole: Callable[[int, int], tuple[int, int]]
    """The range of whole windows around a range."""


def _filled(place: Place, measurement: str, start_s: int, stop_s: int, *, fleet: bool) -> int:
    """Compute day by day, for a fleet hour by hour. So progress can be printed, and an interruption costs no more than that."""
    step_s = _HOUR_S if fleet else _DAY_S
    one = _Pass(
        "", place.bucket, step_s, partial(downsampling.computed, place.api, place.bucket, measurement, fleet=fleet), downsampling.whole
    )
    at_s = start_s
    try:
        for reached_s in _steps(place, measurement, one, start_s, stop_s):
            at_s = reached_s
    except KeyboardInterrupt:
        complain(f"W! interrupted. Run the command with --start {_shown(at_s)} to go on")
        return INTERRUPTED
    return 0


def _summed(place: Place, measurement: str, start_s: int, stop_s: int) -> None:
    """Compute the sums per site from the five-minute points, also where telegrams have expired, day by day.

    The window in which a register was next seen may come days later. The window that has not ended yet is left to the task.
    """
    kept = downsampling.bucket(place.bucket)
    one = _Pass("sums per site, ", kept, _DAY_S, partial(sites.computed, place.api, place.bucket, measurement), sites.whole)
    for _reached_s in _steps(place, measurement, one, *sites.whole(start_s, min(stop_s + sites.LOOK_BACK_S, int(time.time())))):
        pass  # each step is told by itself


def _steps(place: Place, measurement: str, one: _Pass, start_s: int, stop_s: int) -> Iterator[int]:
    """Compute piece by piece. Yields how far it has come.

    After a time without telegrams, the next one is that of the next telegram. So a few points of long ago do not cost the years between.
    """
    points, told_s, at_s = 0, time.monotonic(), start_s
    while at_s < stop_s:
        next_s = min((at_s // one.step_s + 1) * one.step_s, stop_s)
        computed = one.computed(at_s, next_s)
        points += computed
        at_s = next_s
        if not computed and at_s < stop_s:
            found_s = downsampling.oldest_s(place.api, one.bucket, measurement, at_s)
            at_s = stop_s if found_s is None else min(max(at_s, one.whole(found_s, found_s)[0]), stop_s)
        if time.monotonic() - told_s >= PROGRESS_S:
            told_s = time.monotonic()
            complain(f"I! {one.name}{_shown(at_s)}: {100 * (at_s - start_s) // (stop_s - start_s)} %, {points} values")
        yield at_s
    complain(f"I! {one.name}{_shown(start_s)} to {_shown(stop_s)}: {points} values")


def _shown(time_s: int) -> str:
    return clock.rfc3339(time_s * _NS, Zone())


# --- import ---


def _add_import(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file",
        nargs="+",
        metavar="FILE",
        help='captures, line protocol or the CSV of a portal, also gzip; "-" means stdin. After the word prices: market prices',
    )
    add_config(parser, "with the keys for captures")
    parser.add_argument("--format", choices=inputs.KINDS, help="format of the files (default: detected automatically)")
    parser.add_argument("--precision", choices=inputs.PRECISIONS_NS, default="", help="unit of the times in line protocol (default: ns)")
    parser.add_argument("--state", metavar="FOLDER", help="where the progress of an import is saved (default: in the file's folder)")
    parser.add_argument("--series", type=said(_series), metavar="NAME", help="name of the market prices (default: rce)")
    group = parser.add_argument_group("CSV of a portal, and market prices (everything except the meter is detected if you do not set it)")
    group.add_argument("--meter", metavar="NAME", help="name of the meter (default: the only meter in --config)")
    group.add_argument("--columns", type=_columns, metavar="ROLE=COLUMN,…", help=_COLUMNS_HELP)
    group.add_argument(
        "--unit", choices=("Wh", "kWh", "MWh"), help="unit of the energies (default: from the heading, else kWh), or what a price is for"
    )
    group.add_argument("--interval", type=said(_interval_s), metavar="TIME", help="length of the intervals: 15m, 30m or 1h")
    group.add_argument("--stamp", choices=("start", "end"), help="whether the time in a row is the start or the end of its interval")
    group.add_argument(
        "--timezone", type=said(_timezone), metavar="NAME", help="time zone of the file (default: the meter's, else Europe/Warsaw)"
    )


_ROLES: Final = ("date", "hour", "import", "export", "value", "kind")
_COLUMNS_HELP: Final = f"headings, or numbers from 1, are expected for {', '.join(_ROLES)}. Example: date=Data,hour=Godzina,import=3"


def _columns(text: str) -> list[tuple[str, str]]:
    parts = [part.partition("=") for part in text.split(",")]
    found = [(role.strip(), column.strip()) for role, _, column in parts]
    if not all(role in _ROLES and column for role, column in found) or "date" not in dict(found):
        raise ArgumentTypeError(_COLUMNS_HELP)
    return found


def _interval_s(text: str) -> int:
    seconds = int(values.duration_s()(text))
    if seconds not in intervals.INTERVALS_S:
        raise ValueError("15m, 30m or 1h is expected")
    return seconds


def _series(text: str) -> str:
    if not text.isidentifier() or not text.isascii():
        raise ValueError("a name of letters, digits and _ is expected, such as rce or rcem")
    return text


def _timezone(text: str) -> str:
    return values.zone(text).name


def moment_s(text: str) -> int:
    """UTC second of an ISO 8601 time (local if it has no offset), or of `-30d` or `-2h`. Raises ValueError."""
    if (past_s := ago_s(text)) is not None:
        return past_s
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return int(moment.timestamp())
        return clock.utc_ns(moment.timetuple()[:6], "", Zone()) // _NS
    except (ValueError, OverflowError, RecordError):
        raise ValueError("a time such as 2026-10-24 or 2026-10-24T22:00:00+02:00 is expected, or =-30d for 30 days ago") from None


def _told(outcome: Outcome, name: str) -> None:
    say(f"{outcome:<8} {name}")


def _warn(sentence: str) -> None:
    complain(f"W! {sentence}")


_ACTIONS: Final[dict[str, tuple[Callable[[ArgumentParser], None], Callable[[Namespace], int], str]]] = {
    "setup": (_add_setup, _setup, "makes buckets, down-sampling, checks, notification and tokens; can be run again"),
    "remove": (_add_remove, _remove, "removes everything that setup made; removes data only with --with-data"),
    "backfill": (_add_backfill, _backfill, "computes the down-sampled data of the past"),
    "import": (_add_import, importing.run, "stores captures, line protocol, the CSV of a consumption portal, and past market prices"),
}
