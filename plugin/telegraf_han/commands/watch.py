"""`watch`: shows the configured meters as a live page in the terminal.

It reads the same sources as `run`, with the same readers, but writes no lines. It needs a terminal. A port can have only one reader, so
Telegraf's plugin must not have the port open at the same time. If it has, `watch` ends at once and says how to stop and start Telegraf.
"""

import sys
import time
from argparse import ArgumentParser, Namespace
from typing import Final

from telegraf_han.commands._arguments import add_config, config_of
from telegraf_han.config.file import load
from telegraf_han.config.sections import require_sources
from telegraf_han.errors import ConfigError
from telegraf_han.inspection.recent import Recent
from telegraf_han.live.threads import Readers
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
        "Keys: q quits, left and right or 1 to 9 choose a meter, o shows all meters, a shows all readings, t changes the time span."
    )
    add_config(parser)


def run(arguments: Namespace) -> int:
    """Show the page until q, Ctrl-C or SIGTERM. Returns 0. Raises ConfigError, PortInUseError."""
    if not screen.is_terminal():
        raise ConfigError("", "watch", "a terminal that can show a page is expected as stdout. For lines use `telegraf-han run`")
    warnings: list[str] = []
    config = load(config_of(arguments), warnings.append)
    require_sources(config)
    if not config.meters:
        raise ConfigError(config.file, "", "at least one [[meter]] is expected. `telegraf-han scan` lists the meters in range")
    recent, remarks, look = Recent(config), Remarks(warnings), screen.look()
    reading = Readers(config, recent, remarks.log)
    reading.require_free()
    by_radio = any(meter.interface == "wmbus" for meter in config.meters)
    sight = Sight(Choice("overview" if len(config.meters) > 1 else "meter", span=int(by_radio)), len(config.meters))
    with Signals() as signals, reading, Screen(look, signals) as page:
        keyboard = [screen.IN] if page.has_keys else []
        while not page.gone:
            size = page.size()
            with reading.shared.lock:
                scene = Scene(recent, sight.choice, look, time.time_ns(), time.monotonic_ns())
                sight.bounded(len(meterpage.body(scene, size[0])) - 1)
                lines = meterpage.page(scene, View(*size, sight.top, remarks.newest()))
            page.draw(lines, size)
            woken = signals.wait(TURN_S, *keyboard)
            pressed = page.pressed() if woken.ready else []
            if woken.ended or "q" in pressed:
                break
            for key in pressed:
                sight.press(key)
            if "redraw" in pressed:
                page.forget()
    return 0


class Sight:
    """What the user has chosen with the keys of the keyboard."""

    def __init__(self, choice: Choice, meters: int) -> None:
        """`meters` is the number of meters."""
        self.choice = choice
        self.top = 0
        self._meters: Final = meters

    def press(self, key: str) -> None:
        """Act on one key. An unknown key does nothing."""
        choice = self.choice
        match key:
            case "left" | "right":
                step = 1 if key == "right" else -1
                self.choice = choice._replace(
                    kind="meter" if choice.kind == "overview" else choice.kind, meter=(choice.meter + step) % self._meters
                )
            case "o" if self._meters > 1:
                self.choice = choice._replace(kind="meter" if choice.kind == "overview" else "overview")
            case "a":
                self.choice = choice._replace(kind="meter" if choice.kind == "readings" else "readings")
            case "t":
                self.choice = choice._replace(span=(choice.span + 1) % len(SPANS_S))
            case "home":
                self.top = 0
            case "end":
                self.top = sys.maxsize
            case _ if key.isdecimal() and 0 < int(key) <= self._meters:
                self.choice = choice._replace(kind="meter" if choice.kind == "overview" else choice.kind, meter=int(key) - 1)
            case _:
                self.top += _STEPS.get(key, 0)
        if self.choice != choice:
            self.top = 0

    def bounded(self, lowest: int) -> None:
        """Keep the scroll position between the first line and the last (`lowest`)."""
        self.top = max(0, min(self.top, lowest))
