"""Defines the forms that a telegram takes on its way (Frame, Plain, Telegram), and what else a stream reports.

A receiver turns bytes into a `Frame` (or a `Fault`). A deciphered frame is a `Plain`. A plain telegram that was read is a `Telegram`. It
consists of columns and values. The columns do not change from telegram to telegram (`Shape`, which all telegrams that are built alike
share). The values change. All types are NamedTuples, because they cost 3 ms at start and dataclasses cost 20 ms. Quantities have their unit
in their name.

To call a NamedTuple takes 0.4 µs, because its `__new__` is a function of Python. A telegram needs ten of them. So where each telegram comes
by, they are made with `of_fields`.
"""

from typing import Final, Literal, NamedTuple, Protocol

from telegraf_han.errors import Cause

of_fields: Final = tuple.__new__
"""Makes a NamedTuple from a tuple of all its fields, in their order. This takes a third of the time, but no checker counts the fields."""

Interface = Literal["p1", "wmbus"]
Value = int | float | str | None
"""The value of a reading in base units: int whenever that is exact, text, or None if the meter itself says that it has no value."""


class Frame(NamedTuple):
    """One telegram as its link delivered it. The checksums of the link are checked and removed.

    `data` for "p1": from the opening byte to the "!" (or the last byte of a bare DLMS block). `data` for "wmbus": L C M A CI … without
    CRCs, or a whole wired frame 68 L L 68 … 16.
    """

    interface: Interface
    data: bytes
    received_ns: int
    """Host clock, UTC, at the last byte."""
    rssi_dbm: float | None = None
    checked: bool = False
    """Whether a checksum of the line or the link was there and fits. Without one, damage does not show."""
    steady_ns: int = 0
    """The steady clock at the last byte. Nobody sets it, so ages and pauses are measured with it. 0 in a capture."""


class Fault(NamedTuple):
    """What a receiver reports about bytes that it gave up. It never holds the bytes themselves."""

    cause: Cause
    detail: str
    size: int
    """Bytes given up."""
    lasts: bool = False
    """Whether the fault will happen each time. Then it is worth a warning even where one lost telegram is not."""
    named: str = ""
    """What the bytes are, if they were recognised: a sentence, which `detail` repeats."""


class Send(NamedTuple):
    """Bytes that a receiver wants to write to its port."""

    data: bytes


class Ready(NamedTuple):
    """A receiver that asks its stick questions at opening has all answers. The stick is set up and listens."""

    what: str
    """Which stick answered and what it listens to, for the log."""


class Lost(NamedTuple):
    """The stick of a receiver does not answer, or not as it must. The port has to be closed and opened again."""

    reason: str
    """Why, and what to do about it."""


class Remark(NamedTuple):
    """Something about a stream that its user should know once, although it costs no telegram."""

    text: str


Event = Frame | Fault | Send | Ready | Lost | Remark


class Receiver(Protocol):
    """Turns the bytes of one port into events. Pure: time is an argument, and no sequence of bytes makes it raise.

    `now_ns` is a clock that only goes forward. A frame gets it as its `received_ns`, and the caller puts the host's clock there.
    """

    def start(self, now_ns: int) -> list[Event]:
        """The port was opened. Returns what to send first, if anything."""

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """Bytes arrived; `now_ns` is the clock right after the read."""

    def idle(self, now_ns: int) -> list[Event]:
        """Nothing arrived for a while. Give up what can no longer become whole, and send again what was not answered."""

    def finish(self, now_ns: int) -> list[Event]:
        """The input has ended. Whatever is left becomes frames or faults now."""


class Address(NamedTuple):
    """A meter's address on M-Bus (EN 13757-7, 7.5.1)."""

    manufacturer: str
    """Three letters, e.g. EGM."""
    id: str
    """Eight digits as printed on the meter."""
    version: int
    device: int
    """Device type; 0x02 is electricity."""
    raw: bytes
    """M A in link order (manufacturer 2, id 4, version 1, type 1), as the IV and the nonce need it."""


class Plain(NamedTuple):
    """A deciphered telegram."""

    address: Address | None
    body: bytes
    verified: bool
    """True only if a cryptographic tag or MAC was checked."""
    counter: int | None
    form: Literal["dsmr", "records"]
    doubt: str = ""
    """Why it is not verified, although there is a key that could verify it."""
    status: int | None = None
    """The status byte of a wireless header. None if there is no header."""
    remarks: tuple[str, ...] = ()
    """What was not believed. These are flaws of the telegram."""
    unproven: bytes = b""
    """The first enciphered block of a wireless telegram, if no MAC proves what a key opened."""


class Column(NamedTuple):
    """One place of a telegram: everything about it that is the same each time."""

    obis: str | None
    """`A-B:C.D.E`, with `*F` only if F is not 255. None if the record has no code."""
    record: str | None
    """DIF and VIF in upper-case hex for M-Bus, else None."""
    unit: str
    """Base unit: Wh W varh var VAh VA V A Hz s m3 …, or "" if there is none."""
    name: str
    """Name from the registry, or "" if it has none."""
    field: str
    """Field key in the wide layout, with unit and occurrence. "" if the value is a tag or the time stamp."""
    occurrence: int
    """1 for the first column with this code in the telegram, 2 for the second …"""


class Shape:
    """All columns of telegrams that are built alike. Such telegrams share one shape, so everything that depends on it is made once.

    Shapes are compared by identity. `plan` belongs to the parser that made the shape, `templates` to the line writer.
    """

    __slots__ = ("columns", "plan", "templates")

    def __init__(self, columns: tuple[Column, ...], plan: object = None) -> None:
        """Columns in telegram order."""
        self.columns: Final = columns
        self.plan: Final = plan
        self.templates: Final[dict[object, object]] = {}

    def __repr__(self) -> str:
        """Number of columns; for debugging."""
        return f"Shape({len(self.columns)} columns)"


class Body(NamedTuple):
    """What a parser reads from a plain telegram."""

    shape: Shape
    values: list[Value]
    time_ns: int | None
    """The meter's clock, UTC; None if it sends none."""
    serial: str
    model: str
    flaws: tuple[str, ...] = ()
    """Values that could not be read, one phrase for each. The rest of the telegram is good."""
    season_told: bool = True
    """Whether the clock itself says if it is summer or winter time. If it does not, `time_ns` follows the zone's rule."""


class Telegram(NamedTuple):
    """One decoded telegram of one configured meter, values in base units."""

    meter: str
    interface: Interface
    serial: str
    model: str
    time_ns: int | None
    received_ns: int
    verified: bool
    rssi_dbm: float | None
    shape: Shape
    values: list[Value]
    flaws: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    """What the user should know once, such as a tag that stopped fitting or a clock that is off."""
    stamp_ns: int | None = None
    """Its time stamp in the database, UTC. None if no clock can be right."""
    held_before: "tuple[Telegram, ...]" = ()
    """Telegrams that were held back as a replay, and that this telegram proves."""

    def readings(self) -> "list[Reading]":
        """The telegram's readings in order. This view is for JSON and tables. It is not used on the hot path."""
        return [
            Reading(column.obis, value, column.unit, column.name, column.record)
            for column, value in zip(self.shape.columns, self.values, strict=True)
        ]


class Reading(NamedTuple):
    """One value with everything that describes it."""

    obis: str | None
    value: Value
    unit: str
    name: str
    record: str | None
