"""The forms a telegram takes on its way: Frame, Plain, Telegram, and what a stream says besides.

Bytes become a `Frame` (or a `Fault`) in a receiver, a `Plain` once deciphered, a `Telegram` once read. A telegram is columns
and values: what a meter says every time (`Shape`, shared by all telegrams that are built alike) and what changes. All types
are NamedTuples, because they cost 3 ms at start where dataclasses cost 20. Quantities carry their unit in the name.
"""

from typing import Final, Literal, NamedTuple, Protocol

from telegraf_han.errors import Cause

Interface = Literal["p1", "wmbus"]
Value = int | float | str | None
"""What a reading holds in base units: int wherever exact, text, or None where the meter itself says it has no value."""


class Frame(NamedTuple):
    """One telegram as its link delivered it; link checksums are checked and removed.

    `data` for "p1": from the opening byte to the "!" (or the last byte of a bare DLMS block). For "wmbus": L C M A CI … without
    CRCs, or a whole wired frame 68 L L 68 … 16.
    """

    interface: Interface
    data: bytes
    received_ns: int
    """Host clock, UTC, at the last byte."""
    rssi_dbm: float | None = None


class Fault(NamedTuple):
    """What a receiver says of bytes it gave up; never the bytes themselves."""

    cause: Cause
    detail: str
    size: int
    """Bytes given up."""
    lasts: bool = False
    """Whether it will happen each time, so that it is worth a warning also where a lost telegram is nothing."""


class Send(NamedTuple):
    """A receiver's wish to write to its port."""

    data: bytes


class Ready(NamedTuple):
    """A receiver that asks its stick something at opening has its answers: it is set up and listens."""

    what: str
    """What answered and what it listens to, for the log."""


class Lost(NamedTuple):
    """A receiver's stick does not answer, or not as it must: the port has to be closed and opened anew."""

    reason: str
    """Why, and what to do about it."""


Event = Frame | Fault | Send | Ready | Lost


class Receiver(Protocol):
    """Bytes of one port into events. Pure: time is an argument, and no byte sequence makes it raise."""

    def start(self, now_ns: int) -> list[Event]:
        """The port was opened: what to send first, if anything."""

    def feed(self, data: bytes, now_ns: int) -> list[Event]:
        """Bytes arrived; `now_ns` is the host clock right after the read."""

    def idle(self, now_ns: int) -> list[Event]:
        """Nothing arrived for a while: give up what can no longer become whole, resend what was not answered."""

    def finish(self, now_ns: int) -> list[Event]:
        """The input has ended: whatever is left becomes frames or faults now."""


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
    """M A in link order (manufacturer 2, id 4, version 1, type 1), as the IV and nonce want it."""


class Plain(NamedTuple):
    """A deciphered telegram."""

    address: Address | None
    body: bytes
    verified: bool
    """True only where a cryptographic tag or MAC was checked."""
    counter: int | None
    form: Literal["dsmr", "records"]


class Column(NamedTuple):
    """One place of a telegram: what is said there each time."""

    obis: str | None
    """`A-B:C.D.E`, with `*F` only where F is not 255; None where the record has no code."""
    record: str | None
    """DIF and VIF in upper-case hex for M-Bus, else None."""
    unit: str
    """Base unit: Wh W varh var VAh VA V A Hz s m3 …, or "" where there is none."""
    name: str
    """Name of the registry, or "" where it has none."""
    field: str
    """Field key in the wide layout, unit and occurrence included; "" where the value is a tag or the time stamp."""
    occurrence: int
    """1 for the first column with this code in the telegram, 2 for the second …"""


class Shape:
    """All columns of telegrams that are built alike; telegrams share it, so what depends on it is made once.

    Compared by identity. `plan` belongs to the parser that made it, `templates` to the line writer.
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
    """Values that could not be read, one phrase each; the rest of the telegram is good."""


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
    """What the user should know once: a tag that stopped fitting, a clock that is off."""

    def readings(self) -> "list[Reading]":
        """The telegram's readings in order; a view for JSON and tables, not used on the hot path."""
        return [
            Reading(column.obis, value, column.unit, column.name, column.record)
            for column, value in zip(self.shape.columns, self.values, strict=True)
        ]


class Reading(NamedTuple):
    """One value with all that describes it."""

    obis: str | None
    value: Value
    unit: str
    name: str
    record: str | None
