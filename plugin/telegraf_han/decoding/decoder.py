"""Turns frames into telegrams: finds the meter, uses its keys, reads the layers in order, and counts.

A frame takes these steps: find the meter, open the frame with the meter's keys, read the content, add the time stamp. A failure is an
exception whose class names the cause. The failure is counted here under that cause, and passed on for the log. One `Decoder` serves all
sources of a process. It knows no thread, no port and no clock. Its whole state is one `MeterState` per meter.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from telegraf_han import RELEASED_S
from telegraf_han.config.sections import Config
from telegraf_han.decoding import health, lineprotocol
from telegraf_han.decoding.meters import MeterState
from telegraf_han.errors import Cause, TelegramError, WrongKeyError
from telegraf_han.p1 import envelope, text
from telegraf_han.telegram import Body, Fault, Frame, Plain, Telegram

_NS: Final = 1_000_000_000
CLOCK_BELIEVED_NS: Final = 3600 * _NS
"""If a meter's clock differs from the host's by more than this, the host's clock is used (public contract)."""


class UnknownMeterError(WrongKeyError):
    """A radio telegram of a meter that is not configured. In `run` the meter is a neighbour's, in `decode` no key opens the telegram."""

    def __init__(self, manufacturer: str, meter_id: str, ours: str = "") -> None:
        """Maker and id as printed on the meter. `ours` is the maker of the meter that is configured with the same id."""
        super().__init__(
            f"telegram of {manufacturer} {meter_id}: the configured meter with this id is another one, made by {ours}"
            if ours
            else f"telegram of {manufacturer} {meter_id}: no [[meter]] with this id is configured"
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

    def take(self, frame: Frame, source: str = "") -> Telegram | None:
        """Decode one frame.

        `source` is the name of the P1 meter whose cable delivered the frame, or the name of a receiver. With "" it may be any P1 meter.
        Returns None if there is nothing to report: a telegram that was heard before, or one without data. Raises UnknownMeterError for a
        neighbour's meter, and TelegramError for every other failure, counted with the meter to which the telegram belongs.
        """
        return self._radio_telegram(frame) if frame.interface == "wmbus" else self._p1_telegram(frame, source)

    def fault(self, fault: Fault, source: str, now_ns: int) -> None:
        """Count bytes that a receiver gave up. Bytes from a radio receiver count for every radio meter, because they name no meter."""
        for meter in self._of_source(source):
            meter.failed(fault.cause, now_ns)

    def port(self, source: str, *, there: bool) -> None:
        """Note that a source's port appeared or vanished. For a radio meter, one receiver is enough."""
        (self._gone.discard if there else self._gone.add)(source)
        receivers_there = any(receiver.name not in self._gone for receiver in self._config.receivers)
        for meter in self._of_source(source):
            meter.port_there = there or (meter.config.interface == "wmbus" and receivers_there)

    def _of_source(self, source: str) -> Iterable[MeterState]:
        own = self.meters.get(source)
        if own is not None and own.config.interface == "p1":
            return (own,)
        return self._radio if any(receiver.name == source for receiver in self._config.receivers) else self.meters.values()

    def _p1_telegram(self, frame: Frame, source: str) -> Telegram:
        """A P1 telegram names no meter. Its cable shows the meter or, in a capture, the first key that opens the telegram."""
        own = self.meters.get(source)
        candidates = [own] if own is not None else self._p1
        if not candidates:
            raise WrongKeyError('no meter with interface = "p1" is configured')
        refused: TelegramError | None = None
        whose = candidates[0]
        for meter in candidates:
            try:
                found = envelope.envelope(frame.data)
                plain = envelope.opened(
                    found,
                    meter.config.encryption_key,
                    meter.config.authentication_key,
                    meter.config.authentication,
                    encryption=meter.config.encryption,
                    system_title=meter.config.system_title,
                )
                body = text.body(plain.body, found.ident, meter.config.zone)
            except TelegramError as error:
                if refused is None or (isinstance(refused, WrongKeyError) and not isinstance(error, WrongKeyError)):
                    refused, whose = error, meter
                continue
            meter.telegrams += 1
            return self._telegram(meter, frame, plain, body)
        assert refused is not None
        whose.telegrams += 1
        raise whose.blamed(refused, frame.received_ns)

    def _radio_telegram(self, frame: Frame) -> Telegram | None:
        """A radio telegram names its meter in clear text. A telegram of another meter is rejected before any key is used."""
        # Imported here, because it takes 10 of the 60 ms that a start may cost. You do not need it if you have a cable.
        from telegraf_han.mbus import layers  # noqa: PLC0415
        from telegraf_han.mbus.memory import Memory  # noqa: PLC0415

        try:
            sealed = layers.opened(frame.data)
        except TelegramError as error:
            for one in self._radio:
                one.failed(error.cause, frame.received_ns)
            raise
        meter = self._by_id.get(sealed.meter.id) or self._by_id.get(sealed.link.id)
        if meter is None:
            raise UnknownMeterError(sealed.meter.manufacturer, sealed.meter.id)
        meter.telegrams += 1
        if meter.heard_before(frame.data, frame.received_ns):
            meter.duplicates += 1
            if frame.rssi_dbm is not None:
                meter.rssi_dbm = max(frame.rssi_dbm, meter.rssi_dbm or frame.rssi_dbm)
            return None
        if sealed.empty:
            return None
        memory = meter.memory = meter.memory or Memory()
        try:
            plain = layers.plain(sealed, meter.config.key, meter.config.encryption, memory)
            body = layers.body(plain, meter.config.zone, memory)
        except TelegramError as error:
            if isinstance(error, WrongKeyError) and meter.maker not in ("", sealed.meter.manufacturer):
                meter.telegrams -= 1
                raise UnknownMeterError(sealed.meter.manufacturer, sealed.meter.id, meter.maker) from None
            raise meter.blamed(error, frame.received_ns) from None
        meter.maker = sealed.meter.manufacturer
        return self._telegram(meter, frame, plain, body)

    def _telegram(self, meter: MeterState, frame: Frame, plain: Plain, body: Body) -> Telegram:
        """Make the telegram, and update its meter's state."""
        warnings: list[str] = []
        meter.decoded += 1
        meter.good_ns = frame.received_ns
        meter.rssi_dbm = frame.rssi_dbm
        if body.flaws:
            meter.failed(Cause.RECORDS, frame.received_ns)
        if body.time_ns is not None:
            meter.clock_offset_s = (body.time_ns - frame.received_ns) / _NS
        if not plain.verified:
            meter.unverified += 1
            if meter.config.authentication_key is not None and not meter.tag_failed:
                warnings.append(
                    "authentication_key proves nothing: the tag is missing or does not fit. The values are used, with verified = false"
                )
        meter.tag_failed = not plain.verified
        return Telegram(
            meter.config.name,
            frame.interface,
            body.serial,
            body.model,
            body.time_ns,
            frame.received_ns,
            plain.verified,
            frame.rssi_dbm,
            body.shape,
            body.values,
            body.flaws,
            tuple(warnings),
        )

    def line(self, telegram: Telegram, now_ns: int | None = None) -> bytes:
        """Return the line protocol of a telegram in the configured layout.

        `now_ns` is the host clock in live operation. In `decode` and replay it is None. Then the time stamp is the meter's clock.
        """
        time_ns = self._stamp_ns(telegram, now_ns)
        if self._config.output.layout == "obis":
            return lineprotocol.tall(telegram, time_ns)
        return lineprotocol.wide(telegram, self._config.output.measurement, time_ns)

    def _stamp_ns(self, telegram: Telegram, now_ns: int | None) -> int:
        """The meter's clock if the two clocks differ by at most an hour or the host's clock cannot be right. Otherwise the host's clock."""
        time_ns, received_ns = telegram.time_ns, telegram.received_ns
        meter = self.meters[telegram.meter]
        if time_ns is not None:
            if now_ns is None or now_ns < RELEASED_S * _NS or abs(time_ns - received_ns) <= CLOCK_BELIEVED_NS:
                return time_ns
            meter.host_stamped += 1
        return meter.host_stamp_ns(received_ns)

    def status(self, now_ns: int, dropped: Mapping[str, int]) -> bytes:
        """Return the `electricity_link` lines of all meters. `dropped` counts the lines of each meter that Telegraf did not take."""
        measurement = self._config.output.measurement
        return b"".join(health.link(meter, measurement, dropped.get(name, 0), now_ns) for name, meter in self.meters.items())

    def settings(self, now_ns: int) -> bytes:
        """Return the `electricity_settings` lines of all meters."""
        return b"".join(health.settings(meter, self._config.output.measurement, now_ns) for meter in self._config.meters)
