"""`decode --redact`: turns captures into one capture that can be posted, with the configuration that opens it.

It prints hex with comments to stdout, and `decode` can read that again. The telegrams keep their order. Numbers, names and keys are
replaced. A telegram that arrived damaged is left out, because nobody can tell what is in it. A message on stderr reports it. The
configuration comes last, as comments. It contains the demo keys in full, because these keys are public. At the end stderr says what was
kept and what was replaced, so that the owner can look before the capture is posted.

The inputs are read twice. The first reading only finds the numbers that identify somebody. A number of a later telegram is then known in
an earlier one.
"""

import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from telegraf_han import __version__
from telegraf_han.ciphers.demokeys import DEMO_AUTHENTICATION_KEY, DEMO_ENCRYPTION_KEY
from telegraf_han.commands import _inputs
from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.errors import ConfigError, TelegramError
from telegraf_han.inspection.redaction import cable, radio
from telegraf_han.inspection.redaction.numbers import Numbers
from telegraf_han.printing import complain, say
from telegraf_han.telegram import Fault, Frame, Interface

NAMED_LIMIT: Final = 20
"""At most this many left-out telegrams are named one by one."""
PLACES_LIMIT: Final = 40
"""At most this many codes are named after each reason. A meter of three phases has about 40."""
DIGITS_A_LINE: Final = 64
_HEAD: Final = f"""\
# telegraf-han {__version__}, decode --redact: numbers, texts, keys and values of unknown
# meaning are invented. Known values and structure are the meter's. The configuration is at the end.
"""


def run(names: Sequence[str], interface: Interface | None, config: Config) -> int:
    """Write what can be shown of all inputs. Raises ConfigError.

    Returns 0, or 1 if a telegram lost its content or none was found.
    """
    redaction = _Redaction(config)
    heard: list[Frame | Fault] = []
    for name in names:
        for kind, events in _inputs.told_events(name, interface, config):
            redaction.require_one(kind, name)
            heard += [event for event in events if isinstance(event, Frame | Fault)]
    redaction.learn(heard)
    say(*_HEAD.split("\n"))
    for event in heard:
        match event:
            case Fault(cause, detail):
                redaction.damaged(f"{cause}: {detail}")
            case Frame():
                redaction.take(event)
    sys.stdout.flush()
    return redaction.told()


class _Redaction:
    """All telegrams of one run. The same number is replaced in the same way everywhere."""

    def __init__(self, config: Config) -> None:
        self._config: Final = config
        self._numbers = Numbers()
        self._kind: Interface | None = None
        self._ciphered = self._long = False
        self._ids: Final[dict[str, MeterConfig]] = {}
        self._seen = self._shown = self._opened = self._lost = 0

    def require_one(self, kind: Interface, name: str) -> None:
        """Raise ConfigError if the inputs differ in kind, because one file cannot hold both."""
        if self._kind not in (None, kind):
            raise ConfigError(name, "", f"telegrams of {self._kind} are expected, as before. Redact those of {kind} in a separate call")
        self._kind = kind

    def learn(self, heard: Sequence[Frame | Fault]) -> None:
        """Find the numbers that identify somebody. Nothing is written."""
        first = Numbers()
        for event in heard:
            if isinstance(event, Frame):
                with suppress(TelegramError):
                    self._redacted(event, first)
        self._numbers = Numbers(first.known)

    def damaged(self, why: str) -> None:
        """Leave out bytes that are no telegram. They have a number all the same, as in `decode`."""
        self._seen += 1
        self.left_out(f"left out: {why}")

    def left_out(self, why: str) -> None:
        """Report that a telegram is not shown, or that its content is not shown."""
        self._lost += 1
        if self._lost <= NAMED_LIMIT:
            complain(f"W! telegram {self._seen}: {why}")

    def take(self, frame: Frame) -> None:
        """Write one frame."""
        self._seen += 1
        try:
            data, opened, why = self._redacted(frame, self._numbers)
        except TelegramError as error:
            self.left_out(f"left out: {error}")
            return
        if not data:
            self.left_out(f"left out: {why}")
            return
        self._shown += 1
        self._opened += opened
        if not opened:
            self.left_out(f"its content was removed: {why}")
        note = "" if opened else ", content removed"
        say(f"# telegram {self._seen}{note}")
        say(*_hex(data, DIGITS_A_LINE if frame.interface == "p1" else 2 * len(data)))

    def _redacted(self, frame: Frame, numbers: Numbers) -> tuple[bytes, bool, str]:
        return self._of_cable(frame, numbers) if frame.interface == "p1" else self._of_radio(frame, numbers)

    def _of_cable(self, frame: Frame, numbers: Numbers) -> tuple[bytes, bool, str]:
        meters = [meter for meter in self._config.meters if meter.interface == "p1"]
        found = cable.redacted(frame.data, meters, numbers)
        self._ciphered = self._ciphered or found.key_bytes > 0
        self._long = self._long or found.key_bytes > len(DEMO_ENCRYPTION_KEY.reveal())
        return found.data, found.verdict in ("opened", "plain"), found.why

    def _of_radio(self, frame: Frame, numbers: Numbers) -> tuple[bytes, bool, str]:
        configured = {meter.id: meter for meter in self._config.meters if meter.interface == "wmbus"}
        meter = next((configured[number] for number in radio.ids(frame.data) if number in configured), None)
        found = radio.redacted(frame.data, meter.key if meter is not None else None, numbers)
        if meter is not None:
            self._ids.setdefault(found.meter, meter)
        return found.data, found.opened, found.why

    def told(self) -> int:
        """Write the configuration and the sum. Returns the exit code."""
        sections = list(self._sections())
        if self._shown and sections:
            say("", "# Save these lines without # as han.toml. Then run: telegraf-han decode --config han.toml THIS_FILE", "#")
            say(*(f"# {line}".rstrip() for line in sections))
        if self._shown:
            self._tell_what_is_in_it()
        else:
            complain("E! no telegram found that can be shown")
        if self._lost:
            emptied = self._shown - self._opened
            left_out = self._lost - emptied
            complain(f"W! telegrams: {self._opened} shown whole, {emptied} without content, {left_out} left out")
        return 0 if self._shown and not self._lost else 1

    def _tell_what_is_in_it(self) -> None:
        """Say on stderr what was kept and what was replaced, because no program can know every form of a number."""
        for verb, places in (("kept", self._numbers.kept), ("replaced", self._numbers.replaced)):
            for what, where in places.items():
                named = ", ".join(sorted(where)[:PLACES_LIMIT])
                more = f" and {len(where) - PLACES_LIMIT} more" if len(where) > PLACES_LIMIT else ""
                complain(f"I! {verb}: {what}: {named}{more}")
        complain("I! look at what was kept before you post the capture. `decode --output table` shows it")

    def _sections(self) -> Iterator[str]:
        if self._kind == "p1":
            yield from ("[[meter]]", 'name = "redacted"', 'interface = "p1"')
            yield from self._cable_keys() if self._ciphered else ()
        for number, (invented, meter) in enumerate(self._ids.items(), 1):
            yield from ("[[meter]]", f'name = "redacted-{number}"', 'interface = "wmbus"', f'id = "{invented}"')
            yield from (f'key = "{DEMO_ENCRYPTION_KEY.reveal().hex()}"',) if meter.key is not None else ()
            yield from ('encryption = "optional"',) if meter.encryption == "optional" else ()

    def _cable_keys(self) -> Iterator[str]:
        """A line for each key that the user's configuration has."""
        cabled = [meter for meter in self._config.meters if meter.interface == "p1"]
        encryption = cable.LONG_ENCRYPTION_KEY if self._long else DEMO_ENCRYPTION_KEY
        authentication = cable.LONG_AUTHENTICATION_KEY if self._long else DEMO_AUTHENTICATION_KEY
        if any(meter.encryption_key is not None for meter in cabled):
            yield f'encryption_key = "{encryption.reveal().hex()}"'
        if any(meter.authentication_key is not None for meter in cabled):
            yield f'authentication_key = "{authentication.reveal().hex()}"'
        if any(meter.authentication == "required" for meter in cabled):
            yield 'authentication = "required"'
        if any(meter.encryption == "optional" for meter in cabled):
            yield 'encryption = "optional"'


def _hex(data: bytes, digits: int) -> list[str]:
    return textwrap.wrap(data.hex(), digits)
