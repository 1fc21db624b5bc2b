"""`fleet check`: a table of all sites, troubles first, and then what to do.

It asks the NATS servers, InfluxDB and the folder of the fleet. `fleet.checking` has the verdicts. So it runs where the folder is, and
where the servers and InfluxDB can be reached.
"""

import datetime as dt
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from telegraf_han.clock import span
from telegraf_han.commands._arguments import duration_s
from telegraf_han.errors import SourceError
from telegraf_han.fleet import broker, certificates, checking, condition, folder, stored, watching
from telegraf_han.fleet.checking import Result
from telegraf_han.fleet.facts import Broker, Facts, Finding
from telegraf_han.fleet.folder import Folder
from telegraf_han.fleet.plan import Fleet
from telegraf_han.influx import connection
from telegraf_han.language import _, grouped, marked
from telegraf_han.printing import complain, say

CANNOT_LOOK: Final = 2
SILENCE_S: Final = 600.0
"""A site sends every ten seconds. This leaves room for a restart of its host."""
WATCH_S: Final = 12.0
"""A site sends every 10 seconds."""
_GAP: Final = "  "
_HEADING: Final = (marked("site"), marked("state"), marked("newest data"), marked("waiting"), marked("meters"))
_NUMBERS: Final = 2
"""So many columns at the left are text. The others are numbers."""
_LEVELS: Final = {"ok": "ok", "warning": marked("warning"), "error": marked("error")}


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.add_argument(
        "--silence",
        type=duration_s(),
        default=SILENCE_S,
        metavar="TIME",
        help="data that are older make a site silent or late (default: 10m)",
    )
    parser.add_argument(
        "--listen",
        type=duration_s(zero=marked("for not at all")),
        default=WATCH_S,
        metavar="TIME",
        help="how long to count messages (default: 12s); with 0 it cannot be told who sends too much or catches up",
    )
    parser.add_argument("--url", metavar="URL", help="address of InfluxDB (default: that of fleet.toml)")
    parser.add_argument("--org", metavar="NAME", help="its organisation (default: that of fleet.toml)")
    parser.add_argument("--bucket", metavar="NAME", help="its bucket (default: that of fleet.toml)")
    parser.add_argument(
        "--token-file", metavar="FILE", help="file with a token that may read the bucket (default: the token in $INFLUX_TOKEN)"
    )


def run(arguments: Namespace, place: Folder) -> int:
    """Look, and print the findings. Returns 0, or 1 if something is wrong. Raises ConfigError, SourceError if it cannot look."""
    fleet, sites = place.fleet(), place.sites()
    with connection.writing(_with_plan(arguments, fleet)) as influx:  # its options are checked before anybody waits
        try:
            data = stored.read(influx, _now_s(), arguments.silence, sites)
        except SourceError as error:
            # What waits at the broker is then what one wants to know.
            seen = _seen(place, 0.0)
            facts = Facts(_now_s(), arguments.silence, 0.0, fleet.site_messages, fleet.servers, sites, seen, {})
            _print_findings(condition.whole(facts))
            complain(f"E! {error}")
            return CANNOT_LOOK
        seen = _seen(place, arguments.listen)
        now_s = _now_s()
        if arguments.listen:
            data = stored.compared(data, stored.read(influx, now_s, arguments.silence, sites))
    facts = Facts(now_s, arguments.silence, arguments.listen, fleet.site_messages, fleet.servers, sites, seen, data)
    findings = [*condition.whole(facts), *condition.endings(_certificates(place, fleet), now_s)]
    results = checking.sites(facts)
    _print(findings, results)
    return 1 if any(result.trouble for result in results) or any(finding.level == "error" for finding in findings) else 0


def _seen(place: Folder, listen_s: float) -> Broker:
    """What the servers say. Raises ConfigError, SourceError."""
    try:
        return watching.looked(place, listen_s)
    except broker.RefusedError as error:
        raise SourceError(watching.advice(error)) from None


def _now_s() -> float:
    return dt.datetime.now(dt.UTC).timestamp()


def _with_plan(arguments: Namespace, fleet: Fleet) -> Namespace:
    """The options of the connection, completed from the plan."""
    return Namespace(
        url=arguments.url or fleet.influx.url,
        org=arguments.org or fleet.influx.org,
        bucket=arguments.bucket or fleet.influx.bucket,
        token_file=arguments.token_file,
    )


def _certificates(place: Folder, fleet: Fleet) -> dict[str, float]:
    """Ends of the certificates of the fleet itself."""
    found = {}
    for name in folder.own(fleet):
        credential = place.credential(name)
        if credential:
            try:
                found[name] = certificates.until(credential.certificate).timestamp()
            except ValueError:
                raise folder.damaged(place, name) from None
    return found


def _print_findings(findings: Iterable[Finding]) -> None:
    words = {level: _(word) for level, word in _LEVELS.items()}
    width = max(map(len, words.values()))
    for finding in sorted(findings, key=lambda one: one.level == "ok"):
        say(f"{words[finding.level]:<{width}}  {finding.text}")


def _print(findings: Iterable[Finding], results: Sequence[Result]) -> None:
    _print_findings(findings)
    if not results:
        say("", _("There are no sites yet: telegraf-han fleet init SITE"))
        return
    say("", *_table([tuple(map(_, _HEADING)), *map(_row, results)]))
    sentences = [sentence for result in results for sentence in result.sentences]
    if sentences:
        say("", *sentences)


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        _(result.state),
        _newest(result.age_s),
        "-" if result.waiting is None else grouped(result.waiting),
        f"{result.ok}/{result.meters}" if result.meters else "-",
    )


def _newest(age_s: float | None) -> str:
    """The age of the newest data. It is below 0 if they are of the future."""
    if age_s is None:
        return "-"
    return span(age_s) if age_s >= 0 else _("in {span}", span=span(-age_s))


def _table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (
            f"{cell:<{width}}" if at < _NUMBERS else f"{cell:>{width}}" for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield _GAP.join(cells).rstrip()
