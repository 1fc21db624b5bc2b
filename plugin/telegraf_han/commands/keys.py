"""`keys`: says which key is wrong and how, from a capture or from the meters themselves. It never shows a key.

Without a capture, `keys` reads each source until every meter has sent a telegram, or until the time is over. Then it tries all known
mistakes that may have been made with the configured keys. The report goes to stdout, the progress goes to stderr. A key that was found is
never printed. `--save` writes the key into a file that only its owner may read.
"""

import os
import re
import textwrap
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from telegraf_han.ciphers.secret import Written
from telegraf_han.commands import _inputs, _saving
from telegraf_han.commands._arguments import Needs, add_config, config_of, duration_s, require_effect
from telegraf_han.config.file import load_written
from telegraf_han.config.sections import Config, require_keys, require_sources
from telegraf_han.errors import ConfigError, TelegramError
from telegraf_han.inspection.keytrial import judgement
from telegraf_han.inspection.keytrial.collection import Collection
from telegraf_han.inspection.keytrial.findings import GOOD, Finding, Held
from telegraf_han.inspection.keytrial.judgement import NAMED_LIMIT, Judged
from telegraf_han.language import _, marked
from telegraf_han.live import threads
from telegraf_han.live.log import Log
from telegraf_han.live.threads import Readers
from telegraf_han.printing import complain, say
from telegraf_han.telegram import Fault, Frame
from telegraf_han.terminal import screen
from telegraf_han.terminal.screen import Signals

LISTENED_S: Final = 180.0
"""How long `keys` listens. By radio a GAMA350 sends once per minute, and a telegram may get lost."""
TURN_S: Final = 0.2
TOLD_S: Final = 20.0
"""Time between two lines that say which meters are still missing."""
WIDTH: Final = 80
_SUFFIXES: Final = {"encryption_key": "ek", "authentication_key": "ak", "key": "key"}
_VERDICTS: Final = {
    "right": "ok",
    "plain": "ok",
    "wrong": marked("WRONG KEY"),
    "untitled": marked("SYSTEM TITLE"),
    "unproven": marked("NOT PROVEN"),
    "missing": marked("NO KEY"),
    "unknown": marked("NOT FOUND"),
    "refused": marked("NOT BELIEVED"),
    "unread": marked("NOT READ"),
    "noise": marked("NOISE"),
    "nothing": marked("NO TELEGRAM"),
}


def add_arguments(parser: ArgumentParser) -> None:
    """Name the options."""
    add_config(parser, "with the meters and their keys, right or wrong")
    parser.add_argument("--interface", choices=("p1", "wmbus"), help="interface of the capture (default: detected automatically)")
    parser.add_argument("--time", type=duration_s(), metavar="TIME", help="longest time to listen (default: 3m)")
    parser.add_argument(
        "--save",
        metavar="FOLDER",
        help="write each key and system title that was found into FOLDER, in a new file that only you may read",
    )
    parser.add_argument(
        "input", nargs="*", metavar="INPUT", help='capture file; "-" means stdin (default: listen to the configured sources)'
    )


_NEEDS: Final = (
    Needs("--interface", lambda given: given.input, marked("an INPUT is expected, too, because only a capture has to be recognised")),
    Needs("--time", lambda given: not given.input, marked("no INPUT is expected, because a capture is read to its end")),
)


def run(arguments: Namespace) -> int:
    """Collect telegrams, try the keys, print the report. Returns 0 if every key is right. Raises ConfigError, PortInUseError."""
    require_effect(arguments, _NEEDS)
    config, written = load_written(config_of(arguments))
    if not config.meters:
        raise ConfigError(config.file, "", _("a [[meter]] is expected, with the keys to try"))
    unread = [meter for meter in config.meters if meter.bad_keys]
    if len(unread) == len(config.meters):
        require_keys(config, unread)
    if arguments.input:
        found = _captured(arguments, config)
        heard = {"p1"} if found.cables else set()
        heard |= {"wmbus"} if found.meters_heard or found.radio_faults else set()
    else:
        found = _listened(config, arguments.time or LISTENED_S)
        heard = {"p1", "wmbus"}
    for meter in unread:
        for bad in meter.bad_keys:
            complain(f"E! {meter.name}: {bad.option}: {bad.why}")
    judged = _judged(config, found, written, heard)
    if not judged:
        if not unread:
            complain(f"E! {_nobodys(found)}")
        return 1
    for one in judged:
        say(*_told(one).split("\n"))
    if arguments.save:
        _save(arguments.save, [one.finding for one in judged])
    return 0 if not unread and all(one.finding.verdict in GOOD for one in judged) else 1


def _judged(config: Config, found: Collection, written: dict[tuple[str, str], Written], heard: set[str]) -> list[Judged]:
    """What can be said of the keys. A meter whose key cannot be read at all has no key to judge."""
    meters = [meter for meter in config.meters if meter.interface in heard and not meter.bad_keys]
    today = datetime.fromtimestamp(time.time(), UTC).date()
    return judgement.all_of(meters, found, Held(written, config.meters), today)


def _nobodys(found: Collection) -> str:
    """The reason why there is nothing to judge."""
    if found.meters_heard:
        numbers = ", ".join(list(found.meters_heard)[:NAMED_LIMIT])
        return _(
            'the capture holds wireless telegrams (of {numbers}), but no [[meter]] with interface = "wmbus" is configured', numbers=numbers
        )
    if any(cable.telegrams for cable in found.cables.values()):
        return _('the capture holds P1 telegrams, but no [[meter]] with interface = "p1" is configured')
    return _("no telegram found")


def _captured(arguments: Namespace, config: Config) -> Collection:
    """Collect the telegrams of captures. Raises ConfigError."""
    found = Collection(config)
    for name in arguments.input:
        for kind, events in _inputs.told_events(name, arguments.interface, config):
            for event in events:
                match event:
                    case Frame():
                        _take(found, event)
                    case Fault():
                        found.captured_fault(event, kind)
    return found


def _take(found: Collection, frame: Frame) -> None:
    try:
        found.take(frame)
    except TelegramError:
        return  # counted


def _listened(config: Config, whole_s: float) -> Collection:
    """Collect what the meters send. Raises ConfigError, PortInUseError."""
    require_sources(config)
    log = Log(screen.ERRORS, threads.lock())
    found = Collection(config)
    reading = Readers(config, found, log)
    reading.require_free()
    end_s = time.monotonic() + whole_s
    due_s = time.monotonic()
    lacking = found.lacking()
    with Signals() as signals, reading:
        going_on = True
        while going_on:
            over = reading.over()  # asked first, so that everything that came before the end is collected
            if lacking and time.monotonic() >= due_s:
                due_s += TOLD_S
                log.say("I", _("waiting for a telegram of {meters}", meters=", ".join(lacking)))
            with reading.shared.lock:
                before, lacking = lacking, found.lacking()
            for name in before:
                if name not in lacking:
                    log.say("I", _("{name}: a telegram has arrived", name=name))
            going_on = bool(lacking) and not over and time.monotonic() < end_s and not signals.wait(TURN_S).ended
    return found


def _told(judged: Judged) -> str:
    """A finding in lines of a terminal's width."""
    finding = judged.finding
    lines = _wrapped(f"{finding.meter}: {_(_VERDICTS[finding.verdict])}: {finding.said}.", "")
    if judged.remark:
        lines += _wrapped(f"{judged.remark[:1].upper()}{judged.remark[1:]}.", "  ")
    if finding.todo:
        lines += _wrapped(_("What to do: {todo}.", todo=finding.todo), "  ")
    if finding.basis:
        lines += _wrapped(_("What this rests on: {basis}.", basis=finding.basis), "  ")
    if finding.found and finding.what != "swapped":
        lines += _wrapped(_("A key that was found is not shown here. --save FOLDER writes it into a file that only you may read."), "  ")
    if judged.mail:
        lines += ["", "  " + _("A mail to the operator. Fill in the brackets with what only you know:"), ""]
        lines += [f"    {line}".rstrip() for line in judged.mail.splitlines()]
    return "\n".join([*lines, ""])


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _save(folder: str, findings: Iterable[Finding]) -> None:
    """Write each key and system title that was found into a new file. Raises ConfigError for the first that cannot be written."""
    failed: ConfigError | None = None
    for finding in findings:
        name = re.sub(r"[^\w.-]", "_", finding.meter)
        texts = [(option, _SUFFIXES[option], f"{key.reveal().hex()}\n") for option, key in finding.found]
        if finding.title is not None:
            texts.append(("system_title", "system_title", f'system_title = "{finding.title.hex().upper()}"\n'))
        for option, suffix, text in texts:
            path = os.path.join(folder, f"{name}.{suffix}")
            try:
                _saving.save_new(path, text)
            except ConfigError as error:
                failed = failed or error
                continue
            say(_('{option} of "{meter}" is written to {path}', option=option, meter=finding.meter, path=path))
    if failed is not None:
        raise failed
