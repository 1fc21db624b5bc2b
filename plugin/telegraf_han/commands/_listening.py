"""Turns the bytes of an open port into findings of `check`: a meter that can be read or not, the configured stick or another.

A cable is only listened to. A stick is asked and set up as `run` does it. Otherwise a stick that never answers would look like a stick
that hears no meter.
"""

import time
from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple

from telegraf_han import receivers
from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import BadKeyError, TelegramError, WrongKeyError
from telegraf_han.language import _, counted
from telegraf_han.p1 import envelope, others, signal
from telegraf_han.p1.framer import Framer
from telegraf_han.ports.sources import Source
from telegraf_han.receivers._stick import ANSWER_NS, ASKED_LIMIT
from telegraf_han.telegram import Event, Fault, Frame, Lost, Ready, Receiver, Remark, Send

KEPT_BYTES: Final = 65_536
"""Bytes from a cable that are kept, to find out what they look like."""
ANSWERED_S: Final = ASKED_LIMIT * ANSWER_NS / 1e9 + 2.0
"""A stick that has not answered by then will never answer. Its receiver has given up before."""
_TURN_S: Final = 0.2


class Finding(NamedTuple):
    """One line of the report."""

    level: Literal["ok", "warning", "error"]
    text: str


def cable(name: str, config: Config, source: Source, listen_s: float) -> Iterator[Finding]:
    """Read a cable: it delivers telegrams, nothing, or bytes that show the fault. Raises SourceError."""
    framer, data, until_s = Framer(), b"", time.monotonic() + listen_s
    faults: dict[str, None] = {}
    while (left_s := until_s - time.monotonic()) > 0:
        piece = source.read(left_s) or b""
        data = (data + piece)[-KEPT_BYTES:]
        events = framer.feed(piece, time.time_ns())
        yield from (Finding("warning", f"{name}: {event.text}") for event in events if isinstance(event, Remark))
        frame = next((event for event in events if isinstance(event, Frame)), None)
        if frame is not None:
            yield from _telegram(name, config, frame)
            return
        faults |= {event.detail: None for event in events if isinstance(event, Fault)}
    if not data:
        yield Finding(
            "warning",
            _(
                "{name}: nothing came within {seconds:g} s. Is the port activated? Is the data-request pin high? "
                "If the meter sends rarely, use --listen 15s",
                name=name,
                seconds=listen_s,
            ),
        )
        return
    told = counted(
        "{name}: {number} bytes came within {seconds:g} s, but no whole telegram: {why}",
        "{name}: {number} bytes came within {seconds:g} s, but no whole telegram: {why}",
        len(data),
        name=name,
        seconds=listen_s,
        why=_unread(data, list(faults)),
    )
    yield Finding("warning", told)


def _unread(data: bytes, faults: list[str]) -> str:
    """What is wrong with bytes that are no whole telegram, and what to do. If there is text among them, the line is right."""
    if why := signal.wrong(data):
        return why
    ident = others.ident(data)
    if faults and (ident or signal.readable(data)):
        return _(
            "{fault}. Parts can be read, so the signal and the speed are right. Check the plug, and use a shorter or shielded cable",
            fault=faults[0],
        )
    if ident:
        return _(
            'a telegram begins with the ident line "{ident}", so the signal and the speed are right, but its end did not come. '
            "Use --listen 15s. If its end does not come then either, bytes get lost on the way: check the plug and the converter",
            ident=ident,
        )
    if signal.readable(data):
        return _("lines of a telegram can be read, so the signal and the speed are right, but its beginning did not come. Use --listen 15s")
    return _(
        "the bytes show no cause. Check that the plug is in, that `line` is the meter's speed, that the cable is one for P1, "
        "and that this is the meter's port. Then use --listen 15s"
    )


def _telegram(name: str, config: Config, frame: Frame) -> Iterator[Finding]:
    """Whether a telegram can be read, as `run` would read it. Only a checksum shows that it is whole."""
    try:
        telegram = Decoder(config).take(frame, name)
    except BadKeyError:
        bad = " and ".join(bad.option for bad in _meter(name, config).bad_keys)
        yield Finding("error", _shut(name, frame, _("they cannot be opened before {bad} is corrected", bad=bad)))
        return
    except WrongKeyError as error:
        yield Finding("error", _shut(name, frame, _why(name, config, frame, error)))
        return
    except TelegramError as error:
        yield Finding("error", _shut(name, frame, _("cannot be read: {why}", why=error)))
        return
    assert telegram is not None
    if frame.checked and telegram.verified:
        read = _("{name}: whole telegrams arrive and can be read, proven genuine", name=name)
    elif frame.checked:
        read = _("{name}: whole telegrams arrive and can be read", name=name)
    elif telegram.verified:
        read = _("{name}: telegrams arrive and can be read, proven genuine", name=name)
    else:
        read = _("{name}: telegrams arrive and can be read", name=name)
    yield Finding("ok", read)
    for remark in (*telegram.warnings, *telegram.flaws):
        yield Finding("warning", f"{name}: {remark}")


def _shut(name: str, frame: Frame, why: str) -> str:
    """Telegrams arrive, but are of no use."""
    if frame.checked:
        return _("{name}: whole telegrams arrive, but {why}", name=name, why=why)
    return _("{name}: telegrams arrive, but {why}", name=name, why=why)


def _why(name: str, config: Config, frame: Frame, error: WrongKeyError) -> str:
    """Why a telegram cannot be opened, and what to do: add a key, exchange two, or search for the mistake."""
    meter = _meter(name, config)
    if meter.encryption_key is None:
        return _(
            'they are encrypted, and the meter has no encryption_key. Add the key that the operator sent: encryption_key = "file:PATH"'
        )
    if _exchanged_opens(name, config, frame):
        return _('encryption_key and authentication_key are swapped. Exchange the two options of [[meter]] "{meter}"', meter=name)
    why = str(error).removesuffix(f". {_(envelope.SEARCH)}")
    return _("cannot be opened: {why}. To find the mistake, run: telegraf-han keys --config {file}", why=why, file=config.file)


def _meter(name: str, config: Config) -> MeterConfig:
    return next(meter for meter in config.meters if meter.name == name)


def _exchanged_opens(name: str, config: Config, frame: Frame) -> bool:
    """Whether a telegram opens if EK and AK of its meter change places."""
    exchanged = [
        meter._replace(encryption_key=meter.authentication_key, authentication_key=meter.encryption_key) if meter.name == name else meter
        for meter in config.meters
    ]
    try:
        return Decoder(config._replace(meters=tuple(exchanged))).take(frame, name) is not None
    except TelegramError:
        return False


def stick(name: str, kind: str, source: Source) -> Iterator[Finding]:
    """Ask a stick about itself. Types that are not asked give no finding. Raises SourceError."""
    receiver: Receiver = receivers.named(kind).Receiver()
    events = receiver.start(time.time_ns())
    if not any(isinstance(event, Send) for event in events):
        return
    until_s = time.monotonic() + ANSWERED_S
    while (found := _answer(name, events, source)) is None and time.monotonic() < until_s:
        data = source.read(_TURN_S)
        events = receiver.feed(data, time.time_ns()) if data else receiver.idle(time.time_ns())
    yield found or Finding("error", _("{name}: the stick does not answer. Unplug it and plug it in again", name=name))


def _answer(name: str, events: Iterable[Event], source: Source) -> Finding | None:
    """Do what the events ask for, until one of them brings the finding."""
    for event in events:
        match event:
            case Send(data):
                source.write(data)
            case Ready(what):
                return Finding("ok", f"{name}: {what}")
            case Lost(reason):
                return Finding("error", f"{name}: {reason}")
    return None
