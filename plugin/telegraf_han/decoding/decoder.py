"""Turns frames into telegrams: finds the meter, uses its keys, reads the layers in order, and counts.

A frame takes these steps: find the meter, open the frame with the meter's keys, read the content, add the time stamp. A failure is an
exception whose class names the cause. The failure is counted here under that cause, and passed on for the log. One `Decoder` serves all
sources of a process. It knows no thread, no port and no clock. Its whole state is one `MeterState` per meter.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Final

from telegraf_han import clock
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.config.sections import Config, MeterConfig
from telegraf_han.decoding import health, lineprotocol
from telegraf_han.decoding.admission import Kind
from telegraf_han.decoding.meters import MeterState
from telegraf_han.decoding.timing import Moment, nearest
from telegraf_han.errors import BadKeyError, RefusedError, SecurityError, StaleError, TelegramError, WaitingError, WrongKeyError
from telegraf_han.language import _, marked
from telegraf_han.p1 import envelope
from telegraf_han.telegram import Body, Fault, Frame, Plain, Telegram, of_fields

if TYPE_CHECKING:
    from telegraf_han.mbus.layers import Sealed
    from telegraf_han.mbus.memory import Memory

    _Layers = tuple[
        Callable[[bytes], Sealed],
        Callable[[Sealed, Key | None, str, Memory], Plain],
        Callable[..., Body],  # `live` is a keyword
        type[Memory],
    ]

_NS: Final = 1_000_000_000


_STALE: Final = marked(
    "a telegram does not follow the ones before it: its clock or its counter does not go on from theirs. It is held back. It is a "
    "replay, or the meter's clock was set. In the second case it is written as soon as several such telegrams have come"
)
_REFUSED: Final = marked(
    "a telegram is dropped: its serial number is another one than before, and nothing proves that it is from this meter, "
    "or too many serial numbers came already"
)


class UnknownMeterError(WrongKeyError):
    """A radio telegram of a meter that is not configured. In `run` the meter is a neighbour's, in `decode` no key opens the telegram."""

    def __init__(self, manufacturer: str, meter_id: str, ours: str = "") -> None:
        """Maker and id as printed on the meter. `ours` is the maker of the meter that is configured with the same id."""
        who = f"{manufacturer} {meter_id}"
        super().__init__(
            _("telegram of {who}: the configured meter with this id is another one, made by {ours}", who=who, ours=ours)
            if ours
            else _("telegram of {who}: no [[meter]] with this id is configured", who=who)
        )
        self.meter_id = meter_id


class Decoder:
    """Holds all configured meters, and turns a frame into a line."""

    __slots__ = ("_by_id", "_config", "_gone", "_p1", "_radio", "meters")

    def __init__(self, config: Config) -> None:
        """Take the meters as configured. Nothing is heard yet."""
        self._config: Final = config
        self.meters: Final = {meter.name: MeterState(meter) for meter in config.meters}
        self._p1: Final = [meter for meter in self.meters.values() if meter.config.interface == "p1"]
        self._radio: Final = [meter for meter in self.meters.values() if meter.config.interface == "wmbus"]
        self._gone: Final[set[str]] = set()
        self._by_id: Final = {meter.config.id: meter for meter in self._radio}

    def take(self, frame: Frame, source: str = "", *, live: bool = False) -> Telegram | None:
        """Decode one frame.

        `source` is the name of the P1 meter whose cable delivered the frame, or the name of a receiver. With "" it may be any P1 meter.
        A `live` frame comes from a meter now. So it must be from now, and its names must be proven. A capture is old on purpose.
        Returns None if there is nothing to report: a telegram that was heard before, or one without data. Raises UnknownMeterError for a
        neighbour's meter, WaitingError, StaleError or RefusedError for a telegram that is counted apart, and TelegramError for every other
        failure, counted with the meter to which the telegram belongs.
        """
        return self._radio_telegram(frame, live=live) if frame.interface == "wmbus" else self._p1_telegram(frame, source, live=live)

    def fault(self, fault: Fault, source: str, steady_ns: int) -> None:
        """Count bytes that a receiver gave up. Bytes from a radio receiver count for every radio meter, because they name no meter."""
        for meter in self._of_source(source):
            meter.failed(fault.cause, steady_ns)

    def port(self, source: str, *, there: bool) -> None:
        """Note that a source's port appeared or vanished. For a radio meter, one receiver is enough."""
        (self._gone.discard if there else self._gone.add)(source)
        receivers_there = any(receiver.name not in self._gone for receiver in self._config.receivers)
        for meter in self._of_source(source):
            meter.port_there = there or (meter.config.interface == "wmbus" and receivers_there)

    def rekey(self, config: MeterConfig) -> None:
        """Use the keys of this configuration for the meter of that name from now on."""
        self.meters[config.name].rekey(config)

    def _of_source(self, source: str) -> Iterable[MeterState]:
        own = self.meters.get(source)
        if own is not None and own.config.interface == "p1":
            return (own,)
        return self._radio if any(receiver.name == source for receiver in self._config.receivers) else self.meters.values()

    def _p1_telegram(self, frame: Frame, source: str, *, live: bool) -> Telegram:
        """A P1 telegram names no meter. Its cable shows the meter or, in a capture, the first key that opens the telegram."""
        own = self.meters.get(source)
        candidates = [own] if own is not None else self._p1
        if not candidates:
            raise WrongKeyError(_('no meter with interface = "p1" is configured'))
        refused: TelegramError | None = None
        unkeyed: MeterState | None = None
        whose = candidates[0]
        read = _reader()
        for meter in candidates:
            config = meter.config
            if config.bad_keys:
                unkeyed = unkeyed or meter
                continue
            try:
                found = envelope.envelope(frame.data)
                plain = envelope.opened(
                    found,
                    config.encryption_key,
                    config.authentication_key,
                    config.authentication,
                    encryption=config.encryption,
                    system_title=config.system_title,
                    checked=frame.checked,
                )
                body = read(plain.body, found.ident, config.zone)
            except TelegramError as error:
                if refused is None or (isinstance(refused, WrongKeyError) and not isinstance(error, WrongKeyError)):
                    refused, whose = error, meter
                continue
            meter.telegrams += 1
            tagged = plain.verified or (found.block is not None and found.block.tag != b"")
            return self._telegram(meter, frame, plain, body, tagged=tagged, live=live)
        if unkeyed is not None and (refused is None or isinstance(refused, WrongKeyError)):
            refused, whose = _bad_key(unkeyed), unkeyed  # the telegram may be this meter's, so no other key is wrong
        assert refused is not None
        whose.telegrams += 1
        raise whose.blamed(refused, frame.steady_ns)

    def _radio_telegram(self, frame: Frame, *, live: bool) -> Telegram | None:
        """A radio telegram names its meter in clear text. A telegram of another meter is rejected before any key is used."""
        opened, plain, body, memory_of_a_meter = _layers()
        try:
            sealed = opened(frame.data)
        except TelegramError as error:
            for one in self._radio:
                one.failed(error.cause, frame.steady_ns)
            raise
        meter = self._by_id.get(sealed.meter.id) or self._by_id.get(sealed.link.id)
        if meter is None:
            raise UnknownMeterError(sealed.meter.manufacturer, sealed.meter.id)
        meter.telegrams += 1
        if meter.heard_before(frame.data, frame.steady_ns):
            meter.duplicates += 1
            if frame.rssi_dbm is not None:
                meter.rssi_dbm = max(frame.rssi_dbm, meter.rssi_dbm or frame.rssi_dbm)
            return None
        if sealed.empty:
            return None
        if meter.config.bad_keys:
            raise meter.blamed(_bad_key(meter), frame.steady_ns)
        memory = meter.memory = meter.memory or memory_of_a_meter()
        try:
            clear = plain(sealed, meter.config.key, meter.config.encryption, memory)
            found = body(clear, meter.config.zone, memory, live=live)
        except WaitingError as error:
            meter.waiting += 1
            raise meter.named(error) from None
        except TelegramError as error:
            if isinstance(error, WrongKeyError) and meter.maker not in ("", sealed.meter.manufacturer):
                meter.telegrams -= 1
                raise UnknownMeterError(sealed.meter.manufacturer, sealed.meter.id, meter.maker) from None
            raise meter.blamed(error, frame.steady_ns) from None
        meter.maker = sealed.meter.manufacturer
        return self._telegram(meter, frame, clear, found, tagged=clear.verified, live=live)

    def _telegram(self, meter: MeterState, frame: Frame, plain: Plain, body: Body, *, tagged: bool, live: bool) -> Telegram:
        """Make the telegram, and update its meter's state. `tagged` says whether a tag or MAC came with it."""
        if meter.proved and not tagged and meter.config.encryption == "required":
            error = SecurityError(
                _(
                    "the telegram carries no tag or MAC, but earlier telegrams of this meter did, so it is not believed. "
                    "If the operator changed the meter, restart Telegraf"
                )
            )
            raise meter.blamed(error, frame.steady_ns)
        warnings = [] if plain.verified and meter.proved and not meter.tag_failed else _of_the_tag(meter, plain)
        if live:
            telegram = self._live(meter, frame, plain, body, warnings)
        else:
            stamp_ns = meter.timing.stamp_of_capture(body.time_ns, frame.received_ns, body.values)
            telegram = _made(meter, frame, plain, body, stamp_ns, warnings=warnings)
        meter.decoded += 1
        if body.flaws:
            meter.flaws += len(body.flaws)
        meter.good_ns = frame.steady_ns
        meter.newest = telegram
        meter.rssi_dbm = frame.rssi_dbm
        if telegram.time_ns is not None:
            meter.clock_offset_s = (telegram.time_ns - frame.received_ns) / _NS
        return telegram

    def _live(self, meter: MeterState, frame: Frame, plain: Plain, body: Body, warnings: list[str]) -> Telegram:
        """The telegram with the time stamp of now, and with the telegrams that it proves. Raises StaleError, RefusedError."""
        held: tuple[Telegram, ...] = ()
        if body.time_ns is not None and not body.season_told:
            body = body._replace(time_ns=nearest(body.time_ns, frame.received_ns, meter.config.zone))
        kind = meter.admission.kind(body, proven=meter.sealed or frame.checked)
        if kind.refused:
            body = _admitted(meter, kind, body, warnings)
        now = of_fields(Moment, (body.time_ns, plain.counter, frame.received_ns, frame.steady_ns))
        if meter.timing.follows(now, meter.registers.lower, body):
            lower: str | None = meter.registers.noted(body)
        else:
            lower = meter.registers.lower(body)
            telegram = _made(meter, frame, plain, body)
            proven = meter.timing.held(now, telegram, lower=None if lower is None else bool(lower))
            if proven is None:
                meter.stale += 1
                raise meter.named(StaleError(_(_STALE)))
            held = tuple(one._replace(stamp_ns=_stamp_ns(meter, at)[0]) for at, one in proven)
            meter.decoded += len(held)
            meter.registers.noted(body)
        stamp_ns, is_meters = _stamp_ns(meter, now)
        if lower:
            meter.registers_back += 1
            warnings.append(
                _("a register ran backwards: {lower}. The meter was reset or exchanged, or the telegram is not genuine", lower=lower)
            )
        if not is_meters or meter.clock_told:
            _tell_of_the_clock(meter, now, stamp_ns, is_meters=is_meters, warnings=warnings)
        telegram = _made(meter, frame, plain, body, stamp_ns, warnings=warnings)
        return telegram._replace(held_before=held) if held else telegram

    def line(self, telegram: Telegram) -> bytes:
        """Return the line protocol of a telegram in the configured layout, after the telegrams that it proves.

        A telegram without a time stamp gives no line.
        """
        if telegram.held_before:
            return b"".join(map(self.line, (*telegram.held_before, telegram._replace(held_before=()))))
        stamp_ns = telegram.stamp_ns
        if stamp_ns is None:
            return b""
        output, tags = self._config.output, self.meters[telegram.meter].config.tags
        if output.layout == "obis":
            return lineprotocol.tall(telegram, stamp_ns, tags)
        return lineprotocol.wide(telegram, output.measurement, stamp_ns, tags)

    def status(self, now_ns: int, steady_ns: int, dropped: Mapping[str, int]) -> dict[str, bytes]:
        """Return the `electricity_link` line of each meter. `dropped` counts the lines of each meter that Telegraf did not take.

        There is no line as long as no clock can be right.
        """
        stamp_ns = self._now_ns(now_ns, steady_ns)
        if stamp_ns is None:
            return {}
        measurement = self._config.output.measurement
        return {name: health.link(meter, measurement, dropped.get(name, 0), stamp_ns, steady_ns) for name, meter in self.meters.items()}

    def settings(self, now_ns: int, steady_ns: int) -> dict[str, bytes]:
        """Return the `electricity_settings` line of each meter. There is no line as long as no clock can be right."""
        stamp_ns = self._now_ns(now_ns, steady_ns)
        if stamp_ns is None:
            return {}
        measurement = self._config.output.measurement
        return {meter.name: health.settings(meter, measurement, stamp_ns) for meter in self._config.meters}

    def _now_ns(self, now_ns: int, steady_ns: int) -> int | None:
        """The host's time or, if it cannot be right, the time that a meter told."""
        found = (meter.timing.now_ns(now_ns, steady_ns) for meter in self.meters.values())
        return next((one for one in found if one is not None), None)


@cache
def _reader() -> Callable[[bytes, str, Zone], Body]:
    """The reader of P1 lines. It is loaded when a telegram of a cable comes, because a radio meter does without."""
    from telegraf_han.p1 import text  # noqa: PLC0415

    return text.body


@cache
def _layers() -> "_Layers":
    """The readers of M-Bus. They are loaded when a telegram of the radio comes, because they take 10 of the 60 ms of a start."""
    from telegraf_han.mbus import layers, memory  # noqa: PLC0415

    return layers.opened, layers.plain, layers.body, memory.Memory


def _bad_key(meter: MeterState) -> BadKeyError:
    return BadKeyError("; ".join(f"{bad.option}: {bad.why}" for bad in meter.config.bad_keys))


def _made(
    meter: MeterState,
    frame: Frame,
    plain: Plain,
    body: Body,
    stamp_ns: int | None = None,
    *,
    warnings: Sequence[str] = (),
) -> Telegram:
    shape, values, time_ns, serial, model, flaws, _season_told = body
    interface, _data, received_ns, rssi_dbm, _checked, _steady_ns = frame
    said, verified = tuple(warnings) if warnings else (), plain.verified
    name = meter.config.name
    return of_fields(
        Telegram,
        (name, interface, serial, model, time_ns, received_ns, verified, rssi_dbm, shape, values, flaws, said, stamp_ns, ()),
    )


def _admitted(meter: MeterState, kind: Kind, body: Body, warnings: list[str]) -> Body:
    """The content without the fields that are refused. Raises RefusedError if the telegram's serial number is refused."""
    meter.fields_refused += kind.refused
    if kind.shape is None:
        raise meter.named(RefusedError(_(_REFUSED)))
    warnings.append(
        _(
            "{number} fields of a telegram are left out, because this meter has too many already, or nothing proves them",
            number=kind.refused,
        )
    )
    return body._replace(shape=kind.shape, values=[body.values[place] for place in kind.places])


def _stamp_ns(meter: MeterState, at: Moment) -> tuple[int | None, bool]:
    """The time stamp of a telegram that is believed, and whether it is the meter's clock. Counts if it is not."""
    stamp_ns, is_meters = stamp = meter.timing.stamp(at)
    if not is_meters and stamp_ns is not None and at.time_ns is not None:
        meter.host_stamped += 1
    return stamp


def _of_the_tag(meter: MeterState, plain: Plain) -> list[str]:
    """Count whether a tag proved the telegram. Returns the warning that it stopped doing so."""
    failed_before, meter.tag_failed = meter.tag_failed, not plain.verified
    if plain.verified:
        meter.proved = True
        return []
    meter.unverified += 1
    if meter.config.authentication_key is None or failed_before:
        return []
    doubt = plain.doubt or _("authentication_key proves nothing: the telegram has no tag")
    return [_("{doubt}. The values are used, with verified = false", doubt=doubt)]


def _tell_of_the_clock(meter: MeterState, at: Moment, stamp_ns: int | None, *, is_meters: bool, warnings: list[str]) -> None:
    """Add what has to be told about the clocks. Each change is told once."""
    kind = said = ""
    if stamp_ns is None:
        kind = "no time"
        said = _("no line is written: this machine's clock shows a time before this program was released, and the meter sends no clock")
    elif meter.timing.standing:
        kind = "off"
        said = _("the meter's clock stands still, so this machine's time is used")
    elif at.time_ns is not None and not is_meters and meter.timing.on_host:
        off_s = (at.time_ns - at.host_ns) / _NS
        kind, off = "off", clock.span(abs(off_s), in_words=True)
        said = (
            _("the meter's clock is {time} ahead, so this machine's time is used", time=off)
            if off_s > 0
            else _("the meter's clock is {time} behind, so this machine's time is used", time=off)
        )
    if said and kind != meter.clock_told:
        warnings.append(said)
    meter.clock_told = kind
