"""`watch`: shows the configured meters as a live page in the terminal.

A port can have only one reader. If Telegraf's plugin runs, it has the ports, and `watch` reads beside it, through the plugin's tap. Then it
needs neither the keys nor the configuration's content. If there is no tap, it reads the same sources as `run`, with the same readers, but
writes no lines. If the ports are in use then, it ends at once and says what to do. It needs a terminal.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from telegraf_han.commands._arguments import add_config, config_of
from telegraf_han.commands._beside import Beside, Place, Ports
from telegraf_han.config.file import load
from telegraf_han.config.sections import require_sources
from telegraf_han.errors import ConfigError, SourceError
from telegraf_han.inspection.recent import Recent
from telegraf_han.live import threads
from telegraf_han.live.keyfiles import KeyFiles
from telegraf_han.live.threads import Readers
from telegraf_han.ports import taps
from telegraf_han.terminal import meterpage, screen
from telegraf_han.terminal.meterpage import SPANS_S, Choice, Scene
from telegraf_han.terminal.remarks import Remarks
from telegraf_han.terminal.screen import Screen, Signals
from telegraf_han.terminal.text import View

TURN_S: Final = 0.5
"""Time between two looks at what was read. This is twice as often as a P1 port sends."""
_STEPS: Final = {"up": -1, "down": 1, "page up": -10, "page down": 10}


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    parser.epilog = (
        "Keys: q quits, up and down choose a meter or scroll, Enter opens the meter, o or Backspace goes back to all meters, "
        "left and right or 1 to 9 choose a meter, a shows all readings, t changes the time span."
    )
    add_config(parser)


def run(arguments: Namespace) -> int:
    """Show the page until q, Ctrl-C or SIGTERM. Returns 0. Raises ConfigError, SourceError."""
    if not screen.is_terminal():
        raise ConfigError("", "watch", "a terminal that can show a page is expected as stdout. For lines use `telegraf-han run`")
    with _place(config_of(arguments)) as place:
        _show(place)
    return 0


def _place(config_path: str) -> Place:
    """The tap of a running plugin or, without one, the ports. Raises ConfigError, SourceError."""
    tap = taps.path(config_path)
    try:
        return Beside(tap)
    except SourceError:
        raise
    except PermissionError:
        return _ports(config_path, taps.access(tap, config_path))
    except OSError:
        return _ports(config_path, f"{threads.STOP_FIRST}. {taps.missing(tap)}")


def _ports(config_path: str, advice: str) -> Ports:
    """The ports. `advice` is what to do if another program has one. Raises ConfigError, PortInUseError."""
    warnings: list[str] = []
    config = load(config_path, warnings.append)
    require_sources(config)
    if not config.meters:
        raise ConfigError(config.file, "", "at least one [[meter]] is expected. `telegraf-han scan` lists the meters in range")
    recent, remarks = Recent(config), Remarks(warnings)
    readers = Readers(config, recent, remarks.log)
    readers.require_free(advice)
    key_files = KeyFiles(config, recent, readers.shared.lock, remarks.log)
    key_files.tell(config.meters)
    return Ports(readers, recent, remarks, key_files)


def _show(place: Place) -> None:
    """Draw the page again and again, until the end. Raises SourceError."""
    meters, look = place.recent.meters.values(), screen.look()
    by_radio = any(meter.config.interface == "wmbus" for meter in meters)
    sight = Sight(Choice("overview" if len(meters) > 1 else "meter", span=int(by_radio)), len(meters))
    with Signals() as signals, Screen(look, signals) as page:
        keyboard = [screen.IN] if page.has_keys else []
        while not page.gone:
            size = page.size()
            place.take()
            sight.follow(len(place.recent.meters))
            with place.lock:
                scene = Scene(place.recent, sight.choice, look, time.time_ns(), time.monotonic_ns(), place.words)
                drawn = meterpage.page(scene, View(*size, sight.top, place.remarks()))
            sight.top = drawn.top
            page.draw(drawn.lines, size)
            woken = signals.wait(TURN_S, *keyboard, *place.descriptors())
            pressed = page.pressed() if screen.IN in woken.ready else []
            if woken.ended or "q" in pressed:
                break
            for key in pressed:
                sight.press(key)
            if "redraw" in pressed:
                page.forget()


class Sight:
    """What the user has chosen with the keys of the keyboard."""

    def __init__(self, choice: Choice, meters: int) -> None:
        """`meters` is the number of meters."""
        self.choice = choice
        self.top = 0
        self._meters = meters

    def follow(self, meters: int) -> None:
        """Note how many meters there are. A plugin that was restarted may have others."""
        self._meters = meters
        self.choice = self.choice._replace(meter=max(0, min(self.choice.meter, meters - 1)))

    def press(self, key: str) -> None:
        """Act on one key. An unknown key does nothing."""
        before = self.choice.kind, self.choice.meter
        self.choice = self._after(key)
        if self.choice.kind == "overview":
            self._choose(key)
        elif (self.choice.kind, self.choice.meter) != before:
            self.top = 0
        else:
            self._scroll(key)

    def _after(self, key: str) -> Choice:
        """The choice after a key that opens a page, or chooses a meter by its number."""
        choice = self.choice
        opened = "meter" if choice.kind == "overview" else choice.kind
        match key:
            case "left" | "right":
                return choice._replace(kind=opened, meter=(choice.meter + (1 if key == "right" else -1)) % self._meters)
            case "o" if self._meters > 1:
                return choice._replace(kind="meter" if choice.kind == "overview" else "overview")
            case "back" if choice.kind == "readings" or self._meters > 1:
                return choice._replace(kind="meter" if choice.kind == "readings" else "overview")
            case "enter":
                return choice._replace(kind=opened)
            case "a":
                return choice._replace(kind="meter" if choice.kind == "readings" else "readings")
            case "t":
                return choice._replace(span=(choice.span + 1) % len(SPANS_S))
            case _ if key.isdecimal() and 0 < int(key) <= self._meters:
                return choice._replace(kind=opened, meter=int(key) - 1)
        return choice

    def _choose(self, key: str) -> None:
        """Choose another row of all meters. The page scrolls by itself."""
        place = {"home": 0, "end": self._meters - 1}.get(key, self.choice.meter + _STEPS.get(key, 0))
        self.choice = self.choice._replace(meter=max(0, min(place, self._meters - 1)))

    def _scroll(self, key: str) -> None:
        """Scroll. The page says how far that is possible."""
        self.top = max(0, {"home": 0, "end": sys.maxsize}.get(key, self.top + _STEPS.get(key, 0)))
