"""`bill`: computes what electricity costs, hour by hour, and prints the statement of a month.

Telegraf runs it every quarter of an hour through `inputs.exec`. It settles the hours of the last three days again, because readings and
prices may come late, and everything before that is not settled yet, for example after an outage. With `--since` or `--back` it settles that
time, for example after a price was corrected. The lines go to stdout for Telegraf, or with `--to influx` directly into the bucket that is
kept.

A run has an end that does not depend on how much there is to do: if years are not settled yet, it settles the oldest part of them, and the
next run goes on. With `--since` and `--back` it settles everything, group by group, so that the memory does not depend on it.
"""

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from telegraf_han import language
from telegraf_han.commands import _statement
from telegraf_han.commands._arguments import Needs, add_config, config_of, duration_s, require_effect
from telegraf_han.commands._statement import Subject
from telegraf_han.config.file import load
from telegraf_han.config.plans import plans
from telegraf_han.config.sections import Config, Output
from telegraf_han.errors import ConfigError
from telegraf_han.influx import billing, connection, downsampling, history, settling
from telegraf_han.influx.billing import Source
from telegraf_han.influx.settling import Contract, Window
from telegraf_han.printing import complain
from telegraf_han.tariffs import calendar
from telegraf_han.tariffs.calendar import HOUR_S
from telegraf_han.tariffs.tariff import OWN, Timeline

BACK_S: Final = 3 * 86_400
"""Hours that are settled again in every run."""
AT_ONCE: Final = 20_000
"""Hours of meters that are in memory at the same time: a year of two meters, or three days of 280."""
RUN_LIMIT: Final = 100_000
"""Hours of meters that a run of Telegraf settles. It takes about a minute. The rest is left to the next runs."""
RUN_LEAST_S: Final = 7 * 86_400
"""However many meters there are, a run gets further than the hours that it settles again."""


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser)
    parser.add_argument("--meter", action="append", default=[], metavar="NAME", help="only this meter; may be repeated")
    group = parser.add_argument_group("settling")
    group.add_argument("--since", type=_day, metavar="DATE", help="settle everything again from this day on, such as 2025-01-01")
    group.add_argument(
        "--back", type=duration_s(HOUR_S), metavar="TIME", help="settle this time again, such as 45d (default: 3d, and what is missing)"
    )
    group.add_argument("--to", choices=("-", "influx"), help="where the lines go: - for stdout (default), or influx")
    group = parser.add_argument_group("statement")
    group.add_argument(
        "--month", type=_month, metavar="MONTH", help="print the statement of the period that begins in this month, such as 2026-10"
    )
    group.add_argument("--tariff", metavar="NAME", help="a tariff that is compared, by its name (default: the meter's own)")
    group.add_argument("--output", choices=_statement.OUTPUTS, help="format of the statement (default: table)")
    group.add_argument("--language", choices=_statement.LANGUAGES, help="language of the statement (default: that of $LANG, else en)")
    connection.add_arguments(parser)


_STATEMENT: Final = "--month is expected, too, because this option is for a statement"
_SETTLING: Final = "no --month is expected, because a statement settles no hours"
_NEEDS: Final = (
    *(Needs(option, lambda given: given.month, _STATEMENT) for option in ("--tariff", "--output", "--language")),
    *(Needs(option, lambda given: not given.month, _SETTLING) for option in ("--since", "--back", "--to")),
    Needs("--back", lambda given: given.since is None, "either --since or --back is expected"),
)


def run(arguments: Namespace) -> int:
    """Settle, or print a statement. Returns the exit code. Raises ConfigError, SourceError."""
    require_effect(arguments, _NEEDS)
    config = load(config_of(arguments), lambda sentence: complain(f"W! {sentence}"))
    if config.output.layout != Output().layout:
        raise ConfigError(
            config.file, "[output]: layout", f'"{Output().layout}" is expected, because `bill` reads the registers of that layout only'
        )
    contracts = _contracts(config, arguments.meter)
    with connection.writing(arguments) as place:
        source = Source(place, config.output.measurement)
        return _settle(source, contracts, arguments) if arguments.month is None else _state(source, contracts, arguments)


def _contracts(config: Config, wanted: Sequence[str]) -> list[Contract]:
    """The meters that have a tariff, or those of them that the user names. Raises ConfigError."""
    names = [meter.name for meter in config.meters]
    for name in wanted:
        if name not in names:
            raise ConfigError("", "--meter", f"a meter of the configuration is expected: {', '.join(names)}")
    found = plans(config)
    meters = [meter for meter in config.meters if not wanted or meter.name in wanted]
    without = [meter.name for meter in meters if meter.name not in found]
    if without and wanted:
        raise ConfigError(config.file, f'[[meter]] "{without[0]}"', "a tariff is expected, so that there is something to compute")
    if without:
        complain(f"D! without a tariff, so nothing is computed: {', '.join(without)}")
    return [Contract(meter, found[meter.name]) for meter in meters if meter.name in found]


# --- settling ---


def _settle(source: Source, contracts: Sequence[Contract], arguments: Namespace) -> int:
    """Settle the hours. Returns 0. Raises ConfigError, RefusedError, SourceError."""
    now_s = int(time.time())
    work = _groups(_windows(source, contracts, arguments, now_s))
    lines = (line for group, window in work for line in settling.lines(source, group, window))
    if arguments.to == "influx":
        _store(source, lines)
    else:
        _print(lines)
    return 0


def _windows(source: Source, contracts: Sequence[Contract], arguments: Namespace, now_s: int) -> Iterator[tuple[Contract, Window]]:
    """Which hours of each meter are to be settled."""
    end_s = now_s // HOUR_S * HOUR_S + HOUR_S
    if arguments.since is not None:
        for contract in contracts:
            yield contract, Window(calendar.midnight_s(arguments.since, contract.meter.zone), end_s)
        return
    back_s = (now_s - int(arguments.back or BACK_S)) // HOUR_S * HOUR_S
    if arguments.back is not None:
        yield from ((contract, Window(back_s, end_s)) for contract in contracts)
        return
    names = [contract.meter.name for contract in contracts]
    newest = billing.newest_hours(source, names)
    first = billing.first_hours(source, [name for name in names if any((name, plan) not in newest for plan in _tariffs(contracts, name))])
    longest_s = max(RUN_LIMIT // max(len(contracts), 1) * HOUR_S, RUN_LEAST_S)
    for contract in contracts:
        begin_s = min((_missing_s(contract, timeline, newest, first, end_s) for timeline in contract.plan.timelines), default=back_s)
        begin_s = min(begin_s, back_s)
        yield contract, Window(begin_s, min(begin_s + longest_s, end_s))


def _tariffs(contracts: Sequence[Contract], meter: str) -> list[str]:
    return [timeline.name for contract in contracts if contract.meter.name == meter for timeline in contract.plan.timelines]


def _missing_s(contract: Contract, timeline: Timeline, newest: dict[tuple[str, str], int], first: dict[str, int], end_s: int) -> int:
    """The first hour of a tariff that is not settled, or not settled to its end."""
    zone = contract.meter.zone
    starts_s = 0 if timeline.sections[0].begin == date.min else calendar.midnight_s(timeline.sections[0].begin, zone)
    ends_s = end_s if timeline.sections[-1].end == date.max else calendar.midnight_s(timeline.sections[-1].end, zone)
    newest_s = newest.get((contract.meter.name, timeline.name))
    if newest_s is None:
        return max(first.get(contract.meter.name, end_s), starts_s)
    return end_s if newest_s + HOUR_S >= ends_s else newest_s


def _groups(work: Iterable[tuple[Contract, Window]]) -> Iterator[tuple[list[Contract], Window]]:
    """Meters with the same window, as many as fit into the memory."""
    by_window: dict[Window, list[Contract]] = {}
    for contract, window in work:
        if window.begin_s < window.end_s:
            by_window.setdefault(window, []).append(contract)
    for window, contracts in by_window.items():
        size = max(1, AT_ONCE * HOUR_S // (window.end_s - window.begin_s))
        for begin in range(0, len(contracts), size):
            yield contracts[begin : begin + size], window


def _store(source: Source, lines: Iterable[bytes]) -> None:
    """Write lines into the bucket that is kept. Raises RefusedError, SourceError."""
    kept = source.place._replace(bucket=downsampling.bucket(source.place.bucket))
    writer = history.Writer(kept, history.not_taken)
    for line in lines:
        writer.put(line)
    writer.flush()
    complain(f"I! {writer.stored} points stored in {kept.bucket}")


def _print(lines: Iterable[bytes]) -> None:
    """Write lines to stdout as they are."""
    for line in lines:
        sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


# --- the statement ---


def _state(source: Source, contracts: Sequence[Contract], arguments: Namespace) -> int:
    """Print the statements. Returns 0, or 1 if a meter has none. Raises ConfigError, RefusedError, SourceError."""
    found, without = [], []
    for contract in contracts:
        timeline = _timeline(contract, arguments.tariff)
        span = calendar.period(
            calendar.midnight_s(arguments.month.replace(day=contract.plan.billing_day), contract.meter.zone),
            contract.meter.zone,
            contract.plan.billing_day,
        )
        statement = settling.statement(source, contract, timeline, span, int(time.time()))
        if statement is None:
            without.append(contract.meter.name)
        else:
            found.append(Subject(contract.meter.name, contract.meter.zone, statement))
    if found:
        _print([_statement.written(found, arguments.output or "table", arguments.language or language.wanted()).encode()])
    if without:
        complain(f"E! no statement: {', '.join(without)} has no readings or no tariff in {arguments.month:%Y-%m}")
    if not contracts:
        complain("E! no statement: no meter of the configuration has a tariff. Write [meter.prices] or [[meter.tariff]]")
    return 0 if found and not without else 1


def _timeline(contract: Contract, name: str | None) -> Timeline:
    """The meter's own tariff, or one that it is compared with. Raises ConfigError."""
    for timeline in contract.plan.timelines:
        if timeline.name == (name or OWN):
            return timeline
    names = ", ".join(timeline.name for timeline in contract.plan.timelines)
    raise ConfigError("", "--tariff", f"a tariff of the meter {contract.meter.name} is expected: {names}")


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ArgumentTypeError("a month such as 2026-10 is expected") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError("a day such as 2025-01-01 is expected") from None
