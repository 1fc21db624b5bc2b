"""`scan`: lists the meters that the configured receivers hear, and prints sections to paste for the new ones.

In a terminal `scan` shows a live page. Elsewhere it prints a line for each new meter. It ends at Ctrl-C, `q`, `--time` or the end of a
capture, and then prints the whole table on stdout. It reads only receivers, because meters on a cable need no search. It uses the readers
of `run`. It refuses a port that Telegraf's plugin has open, because two readers would each get half of the bytes.
"""

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable
from typing import Final

from telegraf_han.commands import _roster
from telegraf_han.commands._arguments import add_config, config_of, duration_s
from telegraf_han.commands._saving import Appended
from telegraf_han.config.file import load, table_files
from telegraf_han.config.sections import Config
from telegraf_han.errors import ConfigError
from telegraf_han.inspection.survey import Survey
from telegraf_han.language import _, counted, marked
from telegraf_han.live import threads
from telegraf_han.live.keyfiles import KeyFiles
from telegraf_han.live.log import Log
from telegraf_han.live.threads import Readers
from telegraf_han.printing import say
from telegraf_han.telegram import Frame
from telegraf_han.terminal import scanpage, screen, text
from telegraf_han.terminal.remarks import Remarks
from telegraf_han.terminal.scanpage import Progress
from telegraf_han.terminal.screen import Screen, Signals
from telegraf_han.terminal.text import Line, Piece, View

TURN_S: Final = 0.5
"""Time between two looks at what was heard."""
PLAIN_TURN_S: Final = 0.1
"""The same time if no page is drawn."""
TOLD_S: Final = 30.0
"""Time between two lines that say that the scan goes on, if there is no page."""
STDIN: Final = "-"
_STATES: Final[dict[bool | None, Piece]] = {
    True: (marked("there"), "good"),
    False: (marked("not there"), "bad"),
    None: (marked("being opened"), "dim"),
}
_STEPS: Final = {"up": -1, "down": 1, "page up": -10, "page down": 10}


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser, "with a [[receiver]]; it needs no [[meter]]")
    parser.add_argument("--time", type=duration_s(), metavar="TIME", help="stop after this time, such as 5m (default: stop at q or Ctrl-C)")
    parser.add_argument("--write", metavar="TABLE", help="append each new meter to this table of meters (CSV), without its key")
    parser.add_argument("--save", metavar="FILE", help="append each telegram to this file as a line of hex, for `decode` and `keys`")


def run(arguments: Namespace) -> int:
    """Listen, then print the report. Returns 0, or 1 if nothing was heard. Raises ConfigError, PortInUseError."""
    table = arguments.write or ""
    is_new = bool(table) and _roster.begun(table)  # the configuration may name it, although there was none yet
    warnings: list[str] = []
    try:
        config = load(config_of(arguments), warnings.append)
        _require_receiver(config)
    except ConfigError:
        if is_new:
            os.unlink(table)
        raise
    radio = config._replace(meters=tuple(meter for meter in config.meters if meter.interface == "wmbus"))
    # Only this user may read the file, because its telegrams show who is at home, even if they are enciphered.
    saved = Appended(arguments.save) if arguments.save else None
    scan = Scan(radio, arguments.time, _keeper(saved))
    try:
        with Signals() as signals:
            if screen.is_terminal():
                scan.live(signals, warnings)
            else:
                scan.plainly(signals, warnings)
    finally:
        if saved is not None:
            saved.close()
    scan.tell(with_sections=not table)
    if table:
        _tell_of_table(table, scan, config)
    if saved is not None and saved.failure is not None:
        raise saved.failure
    return 0 if scan.survey.meters_in_range else 1


def _require_receiver(config: Config) -> None:
    if not config.receivers:
        raise ConfigError(
            config.file,
            "",
            _(
                'a [[receiver]] is expected, because `scan` listens with it to wireless meters. A meter with interface = "p1" needs no '
                "search: `telegraf-han check` listens to its port"
            ),
        )


def _tell_of_table(table: str, scan: "Scan", config: Config) -> None:
    """Append the new meters to the table, and say what the user has to do now. Raises ConfigError."""
    new = _roster.new_meters(scan.survey.meters_in_range.values(), config)
    names = _roster.added(table, new, [meter.name for meter in config.meters])
    if names:
        say(
            counted("One meter was added to {table}.", "{number} meters were added to {table}.", len(names), table=table),
            _("Delete the rows of meters that are not yours. Write the key of each of the others into its column."),
        )
    else:
        say(_("{table} has all these meters already. Nothing was added.", table=table))
    if not any(os.path.exists(path) and os.path.samefile(path, table) for path in table_files(config.file)):
        line = f'meters = "{os.path.abspath(table)}"'
        say(_("To read them, write this line at the top of {file}: {line}", file=config.file, line=line))


def _keeper(saved: Appended | None) -> Callable[[Frame], None]:
    """Return a function that appends a frame to a file. The readers call it."""
    if saved is None:
        return lambda _: None

    def keep(frame: Frame) -> None:
        level = "" if frame.rssi_dbm is None else f"  # {frame.rssi_dbm:g} dBm"
        saved.add(f"{frame.data.hex()}{level}")

    return keep


class Scan:
    """One scan, from the first look to the report."""

    def __init__(self, config: Config, whole_s: float | None, keep: Callable[[Frame], None]) -> None:
        """Open nothing yet. `whole_s` is how long the scan may take; `keep` is called with each frame."""
        self.survey: Final = Survey(config, keep)
        self._config: Final = config
        self._whole_s: Final = whole_s
        self._look: Final = screen.look()
        self._begun_s: Final = time.monotonic()

    def live(self, signals: Signals, warnings: Iterable[str]) -> None:
        """Show the page until the end. Raises PortInUseError."""
        remarks = Remarks(warnings)
        reading = Readers(self._config, self.survey, remarks.log)
        reading.require_free()
        key_files = KeyFiles(self._config, self.survey, reading.shared.lock, remarks.log)
        keyboard = [] if any(receiver.port == STDIN for receiver in self._config.receivers) else [screen.IN]
        with reading, Screen(self._look, signals) as page:
            keyboard = keyboard if page.has_keys else []
            top = 0
            while not page.gone and not self._over(reading):
                size = page.size()
                key_files.look()
                with reading.shared.lock:
                    lines = scanpage.page(self.survey, self._progress(), self._places(), View(*size, top, remarks.newest()))
                    lowest = len(self.survey.meters_in_range)
                page.draw(lines, size)
                woken = signals.wait(TURN_S, *keyboard)
                pressed = page.pressed() if woken.ready else []
                if woken.ended or "q" in pressed:
                    return
                top = min(lowest, max(0, top + sum(_STEPS.get(key, 0) for key in pressed)))

    def plainly(self, signals: Signals, warnings: Iterable[str]) -> None:
        """Log a line for each new meter until the end. Raises PortInUseError."""
        log = Log(screen.ERRORS, threads.lock())
        for warning in warnings:
            log.say("W", warning)
        reading = Readers(self._config, self.survey, log)
        reading.require_free()
        key_files = KeyFiles(self._config, self.survey, reading.shared.lock, log)
        log.say("I", _("listening; meters send every 10 to 60 s, some less often"))
        told, due_s = 0, self._begun_s + TOLD_S
        with reading:
            going_on = True
            while going_on:
                going_on = not signals.wait(PLAIN_TURN_S).ended and not self._over(reading)
                key_files.look()
                with reading.shared.lock:
                    new = list(self.survey.meters_in_range.values())[told:]
                    title = scanpage.title(self.survey, self._progress())
                told += len(new)
                for one in new:
                    log.say("I", _("heard {meter}", meter=scanpage.who(one)))
                if time.monotonic() >= due_s:
                    due_s += TOLD_S
                    log.say("I", title)

    def tell(self, *, with_sections: bool) -> None:
        """Print the report on stdout. By now all readers have ended, or are stuck where they cannot reach the survey."""
        file = self._config.file if with_sections else ""
        say(*(text.plain(line, self._look) for line in scanpage.report(self.survey, self._progress(), file)))

    def _progress(self) -> Progress:
        return Progress(time.monotonic_ns(), time.monotonic() - self._begun_s, self._whole_s)

    def _over(self, reading: Readers) -> bool:
        past_s = time.monotonic() - self._begun_s
        return reading.over() or (self._whole_s is not None and past_s >= self._whole_s)

    def _places(self) -> Line:
        """The receivers, and whether the port of each is there."""
        places: list[Piece] = []
        for receiver in self._config.receivers:
            place = ", ".join(filter(None, (receiver.type, receiver.port, *receiver.command[:1])))
            word, role = _STATES[self.survey.ports.get(receiver.name)]
            places += [(f"{receiver.name} ({place}): ", ""), (_(word), role), ("  ", "")]
        return places
