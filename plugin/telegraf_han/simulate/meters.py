"""Turns a moment of a household into the data of Stoen's four meters. Models, lines and records are rows, in the meter's order.

[seen] the P1 lists of GAMA150 and MA309M and the wireless list of a GAMA350, from captures that users published. [assumed] the P1 lists
of GAMA350 (as GAMA150 plus a device type) and MA110M (as MA309M with one voltage); that a GAMA150 sends the wireless list of the GAMA350
under version byte 02; that a text message is sent as hex of its octets. A register is cut to whole Wh and not rounded. It runs over at
the end of its digits. Parts that do not change from telegram to telegram are written only once.
"""

from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

from telegraf_han.simulate import encode
from telegraf_han.simulate.household import Home, Moment, local_time, voltages_dv
from telegraf_han.simulate.weather import HOUR_S

_WH_DIGITS: Final = 10**9
"""`(000336.420*kWh)` has nine digits."""


class Settings(NamedTuple):
    """Values that the operator has set and the meter only repeats."""

    serial: str
    limits_w: tuple[int, ...]
    """Limiter thresholds active, normal, emergency."""
    dsm_w: tuple[int, ...] = (0, 0)
    limiter_mode: int = 3
    message: str = ""


class Said(NamedTuple):
    """Everything that a meter may send at one moment. A row takes its value from here."""

    moment: Moment
    settings: Settings
    import_wh: tuple[int, ...]
    """Total first, then zones 1 to 4."""
    export_wh: tuple[int, ...]
    voltages_dv: tuple[int, ...]


class Line(NamedTuple):
    """A P1 line: code, and the text between its brackets."""

    code: str
    text: Callable[[Said], str]


class Fixed(NamedTuple):
    """A P1 line that is the same in every telegram."""

    code: str
    text: Callable[[Settings], str]


class Record(NamedTuple):
    """An M-Bus record: DIF, DIFE, VIF, VIFE as sent, and the data behind them."""

    header: bytes
    data: Callable[[Said], bytes]


class Model(NamedTuple):
    """One meter."""

    name: str
    ident: str
    phases: int
    serial: str
    """Invented."""
    limit_w: int
    """All three limiter thresholds, as in captures."""
    pv_w: int
    """Rating of a solar roof that such a household might have. One phase may feed in 3.68 kW at most."""
    lines: tuple[Line | Fixed, ...]
    version: int | None = None
    """Version byte on wireless M-Bus, or None if the meter has no wireless M-Bus."""


# --- P1 ---


@lru_cache(4)
def _hour_text(hour: int) -> tuple[str, str]:
    """YYMMDDhh of the local hour that begins `hour` hours after 1970, and its letter."""
    day, second = local_time(hour * HOUR_S)
    return f"{date.fromordinal(day):%y%m%d}{second // HOUR_S:02}", "S" if _is_summer(hour * HOUR_S) else "W"


def _is_summer(utc_s: int) -> bool:
    """Whether Warsaw's clock is two hours before UTC."""
    _, second = local_time(utc_s)
    return (second - utc_s) % (24 * HOUR_S) == 2 * HOUR_S


def _clock(said: Said) -> str:
    hour, second = divmod(said.moment.utc_s, HOUR_S)
    prefix, letter = _hour_text(hour)
    return f"{prefix}{second // 60:02}{second % 60:02}{letter}"


def _octets(text: str) -> str:
    return text.encode("ascii").hex().upper()


def _kwh(wh: int) -> str:
    digits = f"{wh % _WH_DIGITS:09}"
    return f"{digits[:6]}.{digits[6:]}*kWh"


def _kilo(value: int, unit: str) -> str:
    return f"{value // 1000:02}.{value % 1000:03}*k{unit}"


def _import(zone: int) -> Line:
    return Line(f"1-0:1.8.{zone}", lambda said: _kwh(said.import_wh[zone]))


def _export(zone: int) -> Line:
    return Line(f"1-0:2.8.{zone}", lambda said: _kwh(said.export_wh[zone]))


def _voltage(phase: int) -> Line:
    def text(said: Said) -> str:
        return f"{said.voltages_dv[phase] // 10:03}.{said.voltages_dv[phase] % 10}*V"

    return Line(f"1-0:{32 + 20 * phase}.7.0", text)


def _limit(place: int) -> Fixed:
    return Fixed("0-0:17.0.0", lambda settings: f"{settings.limits_w[place]:05}")


def _device_type(name: str) -> Fixed:
    return Fixed("0-0:96.1.1", lambda _: _octets(name))


_TIME: Final = Line("0-0:1.0.0", _clock)
_SERIAL: Final = Fixed("0-0:96.1.0", lambda settings: _octets(settings.serial))
_REGISTERS: Final = (*(_import(zone) for zone in range(5)), *(_export(zone) for zone in range(5)))
_POWERS: Final = (
    Line("1-0:1.7.0", lambda said: _kilo(max(said.moment.net_w, 0), "W")),
    Line("1-0:2.7.0", lambda said: _kilo(max(-said.moment.net_w, 0), "W")),
)
_REACTIVE: Final = (
    Line("1-0:3.7.0", lambda said: _kilo(max(said.moment.net_var, 0), "var")),
    Line("1-0:4.7.0", lambda said: _kilo(max(-said.moment.net_var, 0), "var")),
)
_DSM: Final = (
    Fixed("0-0:94.98.31", lambda settings: f"{settings.dsm_w[0]:05}"),
    Fixed("0-0:94.98.32", lambda settings: f"{settings.dsm_w[1]:05}"),
    Fixed("0-0:94.98.33", lambda settings: f"{settings.limiter_mode}"),
)
_MESSAGE: Final = Fixed("0-0:96.13.0", lambda settings: _octets(settings.message))


def _elgama(*tail: Fixed) -> tuple[Line | Fixed, ...]:
    return (_TIME, *_REGISTERS, *_POWERS, _MESSAGE, _SERIAL, _limit(0), _limit(1), _limit(2), *_DSM, *tail)


def _kaifa(name: str, phases: int) -> tuple[Line | Fixed, ...]:
    voltages = (_voltage(phase) for phase in range(phases))
    limits = (_limit(0), _device_type(name), _limit(1), _limit(2))
    return (_TIME, _SERIAL, *_REGISTERS, *_POWERS, *_REACTIVE, *voltages, *limits, *_DSM, _MESSAGE)


MODELS: Final = {
    model.name.lower(): model
    for model in (
        Model("GAMA150", "EGM5G15", 1, "14000001", 16_500, 3_000, _elgama(), 0x02),
        Model("GAMA350", "EGM5G35", 3, "35000001", 16_500, 5_000, _elgama(_device_type("GAMA 350")), 0x01),
        Model("MA110M", "KFM5KAIFA-METER", 1, "10000002", 0, 3_000, _kaifa("MA110M", 1)),
        Model("MA309M", "KFM5KAIFA-METER", 3, "30000001", 0, 5_000, _kaifa("MA309M", 3)),
    )
}
"""By lower-case name."""


class Writer:
    """A model with its settings. It turns moments into P1 text or M-Bus records. Fixed lines are made at the start."""

    __slots__ = ("_home", "_plan", "model", "settings")

    def __init__(self, model: Model, settings: Settings, home: Home) -> None:
        """`home` says how many phases the voltages stand for."""
        self.model: Final = model
        self.settings: Final = settings
        self._home: Final = home
        self._plan: Final = [_planned(line, settings) for line in model.lines]

    def said(self, moment: Moment) -> Said:
        """What the meter says at a moment: registers cut to Wh, voltages calculated."""
        taken, given = moment.import_ws, moment.export_ws
        return Said(
            moment,
            self.settings,
            (sum(taken) // HOUR_S, *[ws // HOUR_S for ws in taken]),
            (sum(given) // HOUR_S, *[ws // HOUR_S for ws in given]),
            voltages_dv(self._home, moment),
        )

    def text(self, moment: Moment) -> bytes:
        """The data lines of a P1 telegram."""
        said = self.said(moment)
        return encode.text_of([code if text is None else f"{code}({text(said)})" for code, text in self._plan])

    def records(self, moment: Moment) -> bytes:
        """The plain records of a wireless telegram."""
        said = self.said(moment)
        return b"".join([record.header + record.data(said) for record in RECORDS])


def _planned(line: Line | Fixed, settings: Settings) -> tuple[str, Callable[[Said], str] | None]:
    """The code and text of a line. If the line is fixed: the whole line and None."""
    if isinstance(line, Fixed):
        return f"{line.code}({line.text(settings)})", None
    return line.code, line.text


# --- wireless M-Bus ---

MANUFACTURER: Final = "EGM"
DEVICE: Final = 0x02
"""Electricity (EN 13757-7, table 13)."""


def clock_record(utc_s: int) -> bytes:
    """Warsaw's time as type I."""
    day, second = local_time(utc_s)
    today = date.fromordinal(day)
    _, week, weekday = today.isocalendar()
    wall = (today.year, today.month, today.day, second // HOUR_S, second // 60 % 60, second % 60)
    return encode.cp48(wall, weekday, week, summer=_is_summer(utc_s))


_DIFS: Final = ("0e", "8e10", "8e20", "8e30", "8e8010")
"""DIF and DIFE of 12 BCD digits, for total and tariffs 1 to 4. The fourth tariff needs a second DIFE."""


def _number(header: str, octets: int, value: Callable[[Said], int]) -> Record:
    """A BCD record of so many octets."""
    return Record(bytes.fromhex(header), lambda said: encode.bcd(value(said), octets))


def _import_record(zone: int) -> Record:
    return _number(_DIFS[zone] + "03", 6, lambda said: said.import_wh[zone])


def _export_record(zone: int) -> Record:
    return _number(_DIFS[zone] + "833c", 6, lambda said: said.export_wh[zone])


RECORDS: Final = (
    Record(bytes.fromhex("066d"), lambda said: clock_record(said.moment.utc_s)),
    _number("0c78", 4, lambda said: int(said.settings.serial)),
    *(_import_record(zone) for zone in range(5)),
    *(_export_record(zone) for zone in range(5)),
    _number("0b2b", 3, lambda said: max(said.moment.net_w, 0)),
    _number("0bab3c", 3, lambda said: max(-said.moment.net_w, 0)),
    _number("0babc8ff13", 3, lambda said: said.settings.limits_w[0]),
    _number("0babc8ff15", 3, lambda said: said.settings.limits_w[1]),
    _number("0babc8ff16", 3, lambda said: said.settings.limits_w[2]),
    _number("0babc8ff17", 3, lambda said: said.settings.dsm_w[0]),
    _number("0babc8ff18", 3, lambda said: said.settings.dsm_w[1]),
    _number("09ff19", 1, lambda said: said.settings.limiter_mode),
)
"""Stoen's list, in the order of a GAMA350."""
