"""`influx import`: writes files into a bucket, entry by entry, prints the progress, and goes on after an interruption.

First a batch is proven stored. Then the state file is updated. Then the next batch follows. So an interruption costs at most the
batch under way, which is then stored again as the same points. An entry that is wrong is printed with its line. All other entries
are imported, and the exit code is 1. Telegrams that are older than the down-sampling tasks look back need a `backfill`. The
command for that is printed.

Energies of a portal and market prices go into the bucket of the down-sampled data, because it is kept. After the energies of a portal, the
register that the boards read is computed from all of them (`portalregister`).
"""

import os
import signal
import time
from argparse import Namespace
from typing import Final

from telegraf_han import clock
from telegraf_han.clock import Zone
from telegraf_han.config.file import configured_if_any, load
from telegraf_han.config.sections import Config, Output
from telegraf_han.errors import INTERRUPTED, ConfigError, reason
from telegraf_han.influx import connection, downsampling, history, inputs, portal, portalregister, prices, sites
from telegraf_han.influx.connection import Place
from telegraf_han.influx.resume import Mark, Resume
from telegraf_han.printing import complain

PRICES: Final = "prices"
"""The word before the files that makes them market prices."""
NAMED_LIMIT: Final = 100
"""Wrong lines of a file that are printed. Further ones are only counted."""
PROGRESS_S: Final = 5.0
"""Between two lines of progress."""
_NS: Final = 1_000_000_000
TASK_REACH_NS: Final = 2 * 86_400 * _NS
"""The hourly task down-samples younger telegrams. For older ones the user can run a backfill instead of waiting for the night."""
FLEET_REACH_NS: Final = 3_600 * _NS
"""The same of a fleet, whose tasks compute older telegrams only at certain ages."""


def run(arguments: Namespace) -> int:
    """Import all files. Returns 0, or 1 if a line was wrong or a file had nothing to import. Raises ConfigError, SourceError."""
    # A shell without job control starts its children so that they ignore SIGINT.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    file = configured_if_any(arguments.config)
    config = load(file, _warn) if file else None
    if arguments.file[0] == PRICES and len(arguments.file) > 1:
        arguments.format, arguments.file = PRICES, arguments.file[1:]
    options = inputs.Options(
        arguments.format or "", arguments.precision, config, lambda: _portal(arguments, config), _price_options(arguments, config)
    )
    _require_effect(arguments, options)
    outcomes = []
    with connection.writing(arguments) as place:
        for name in arguments.file:
            import_ = _Import(name, place, options, arguments)
            try:
                outcomes.append(import_.run())
            except ConfigError as error:
                raise ConfigError(error.file or name, error.key, error.expected) from None
            except KeyboardInterrupt:
                complain(f"W! {name}: interrupted. Run the same command again to go on where this one stopped")
                return INTERRUPTED
    return max(outcomes)


_KINDS: Final = {
    "--precision": ("line",),
    "--meter": ("csv",),
    "--columns": ("csv",),
    "--unit": ("csv", "prices"),
    "--interval": ("csv", "prices"),
    "--stamp": ("csv", "prices"),
    "--timezone": ("csv", "prices"),
    "--series": ("prices",),
}
"""Option → kinds of files that it changes anything for."""
_CALLED: Final = {"line": "line protocol", "csv": "the CSV of a portal", "prices": "market prices"}


def _require_effect(arguments: Namespace, options: inputs.Options) -> None:
    """Raise ConfigError for an option that no file needs. What comes from stdin is not known before it is read."""
    if arguments.state and all(name == "-" for name in arguments.file):
        raise ConfigError("", "--state", "a file is expected, because the import of stdin cannot go on where it stopped")
    given = [option for option in _KINDS if getattr(arguments, option[2:])]
    if not given or not all(map(os.path.isfile, arguments.file)):
        return
    found = {_kind(name, options) for name in arguments.file}
    for option in given:
        if not found.intersection(_KINDS[option]):
            kinds = " or ".join(_CALLED[kind] for kind in _KINDS[option])
            raise ConfigError("", option, f"{kinds} is expected. For other files this option has no effect")


def _kind(name: str, options: inputs.Options) -> str:
    with inputs.opened(name, 0) as (stream, _):
        return inputs.recognised(stream, options)


class _Import:
    """The import of one file."""

    def __init__(self, name: str, place: Place, options: inputs.Options, arguments: Namespace) -> None:
        self._name: Final = name
        self._options: Final = options
        self._place: Final = place
        self._writer = history.Writer(place, self._wrong)
        self._resume = _resume(name, place, arguments)
        self._before: Final = self._resume.mark() if self._resume else Mark()
        self._wrong_lines = self._before.wrong
        self._told_s = time.monotonic()
        self._measurement: Final = _measurement(options.config)
        self._telegram: Final = f"{self._measurement},".encode()
        self._first_ns = 0
        """Time of the first telegram, because its down-sampled data have to be computed; 0 if there is none."""
        self._last_ns = 0

    def run(self) -> int:
        """Import the whole file; returns the exit code. Raises ConfigError, RefusedError, SourceError."""
        if self._before.done:
            self._say(f"going on after {self._before.done} entries")
        size_bytes = os.path.getsize(self._name) if os.path.isfile(self._name) else 0
        seen = 0
        with inputs.opened(self._name, size_bytes) as (stream, progress):
            kind = inputs.recognised(stream, self._options)
            if kind in inputs.KEPT:
                kept = self._place._replace(bucket=downsampling.bucket(self._place.bucket))
                self._writer = history.Writer(kept, self._wrong)
            for seen, entry in enumerate(inputs.entries(stream, kind, self._options, self._say), 1):
                if seen <= self._before.done:
                    continue
                if entry.wrong:
                    self._wrong(entry.place, entry.wrong)
                elif self._take(entry):
                    self._note(seen, progress)
        self._writer.flush()
        if kind == "csv" and seen:
            self._make_register()
        if self._resume:
            self._resume.forget()
        return self._summed_up(seen)

    def _take(self, entry: inputs.Entry) -> bool:
        if entry.lines.startswith(self._telegram):
            stamp_ns = int(entry.lines.rstrip().rpartition(b" ")[2])
            self._first_ns = min(stamp_ns, self._first_ns or stamp_ns)
            self._last_ns = max(stamp_ns, self._last_ns or stamp_ns)
        return self._writer.put(entry.lines, entry.place)

    def _make_register(self) -> None:
        """Compute the register that the boards read. Raises RefusedError, SourceError."""
        meter = self._options.portal().meter
        made = portalregister.settle(self._place, self._measurement, meter)
        own = f"; {made.left_out} intervals lie where the meter's own registers counted, and are left out" if made.left_out else ""
        self._say(f"the register of {meter} from all imports of its portal has {made.points} points{own}")

    def _note(self, done: int, progress: inputs.Progress) -> None:
        """Save how far the import is, and print it from time to time."""
        stored = self._before.stored + self._writer.stored
        if self._resume:
            try:
                self._resume.save(Mark(done, stored, self._wrong_lines))
            except OSError as error:
                why = reason(error)
                complain(
                    f"W! {self._name}: cannot write {self._resume.path} ({why}), so progress is not saved. --state sets another folder"
                )
                self._resume = None
        if time.monotonic() - self._told_s >= PROGRESS_S:
            self._told_s = time.monotonic()
            percent = progress.percent()
            self._say(f"{stored} stored" + (f", {percent} %" if percent is not None else ""))

    def _wrong(self, place: str, reason: str) -> None:
        self._wrong_lines += 1
        if self._wrong_lines <= NAMED_LIMIT:
            complain(f"E! {self._name}: {place}: {reason}")

    def _summed_up(self, seen: int) -> int:
        self._say(f"{self._before.stored + self._writer.stored} stored, {self._wrong_lines} wrong")
        if not seen:
            complain(f"E! {self._name}: nothing to import was found")
        age_ns = time.time_ns() - self._first_ns if self._first_ns else 0
        if age_ns > TASK_REACH_NS or (age_ns > FLEET_REACH_NS and sites.is_fleet(self._place)):
            start, stop = (clock.rfc3339(stamp_ns, Zone()) for stamp_ns in (self._first_ns, self._last_ns + _NS))
            self._say(f"for the boards of months and years, run: telegraf-han influx backfill --start {start} --stop {stop}")
        return 0 if seen and not self._wrong_lines else 1

    def _say(self, text: str) -> None:
        complain(f"I! {self._name}: {text}")


def _resume(name: str, place: Place, arguments: Namespace) -> Resume | None:
    """The state file of a file. stdin cannot be read again, so it has none. Raises ConfigError."""
    if not os.path.isfile(name):
        return None
    if arguments.state and not os.path.isdir(arguments.state):
        raise ConfigError("", "--state", "an existing folder is expected")
    said = {key: value for key, value in vars(arguments).items() if key not in ("file", "state", "token_file")}
    return Resume(name, arguments.state, [place.api.url, place.api.org, place.bucket, repr(sorted(said.items(), key=str))])


def _portal(arguments: Namespace, config: Config | None) -> portal.Options:
    """The options for a CSV. Raises ConfigError."""
    meters = config.meters if config else ()
    named = {meter.name: meter for meter in meters}
    only = meters[0].name if len(meters) == 1 else ""
    meter = arguments.meter or only
    if not meter:
        raise ConfigError("", "--meter", "the meter's name is expected, because this file is a table without it")
    if named and meter not in named:
        raise ConfigError("", "--meter", f"a meter of the configuration is expected: {', '.join(named)}")
    zone = Zone(arguments.timezone) if arguments.timezone else named[meter].zone if meter in named else Zone()
    return portal.Options(
        meter,
        zone,
        f"{_measurement(config)}_portal",
        dict(arguments.columns or ()),
        arguments.unit or "",
        int(arguments.interval or 0),
        arguments.stamp or "",
    )


def _price_options(arguments: Namespace, config: Config | None) -> prices.Options:
    """The options for market prices."""
    return prices.Options(
        Zone(arguments.timezone) if arguments.timezone else Zone(),
        f"{_measurement(config)}_price",
        arguments.series or prices.SERIES,
        arguments.unit or "",
        int(arguments.interval or 0),
        arguments.stamp or "",
    )


def _measurement(config: Config | None) -> str:
    return (config.output if config else Output()).measurement


def _warn(sentence: str) -> None:
    complain(f"W! {sentence}")
