"""A table of forged, replayed and downgraded telegrams, one meter for each row. The row says what must be counted, told and warned about.

All meters are the same household: telegram `place` of each has the same clock and the same registers. So what an attacked meter shows can
be compared with what a meter shows that nobody attacks.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import p1telegrams as p1
import radiotelegrams as radio

COUNT = 56
"""Genuine telegrams of each meter."""
STEP_S = 6
STEP_WH = 30
"""Registers grow by this much from one telegram to the next. It is 18 kW."""
POWER_W = 18_000
FORGED_WH = 4_000_000
"""A forged register, below the genuine ones."""
BASE_WH = 9_000_000
LONG_AGO = -15_000
"""Place of a telegram of the day before: its register is 450 kWh lower."""
FIRST_COUNTER = 7_000_000
ATTACKERS_KEY = bytes(range(40, 56))


class Reading(NamedTuple):
    """What a genuine telegram says."""

    utc_s: int
    zones_wh: tuple[int, int]
    export_wh: int
    power_w: int


def reading(start_s: int, place: int) -> Reading:
    """Telegram `place`. Telegrams before the first one were recorded by somebody. They have another power."""
    used_wh = BASE_WH + STEP_WH * place
    return Reading(start_s + STEP_S * place, (used_wh - used_wh // 3, used_wh // 3), 300_000, POWER_W if place >= 0 else 400)


def fields(said: Reading) -> dict[str, float]:
    """The same as the fields that both interfaces send."""
    return {
        "active_energy_import_wh": sum(said.zones_wh),
        "active_energy_import_t1_wh": said.zones_wh[0],
        "active_energy_import_t2_wh": said.zones_wh[1],
        "active_energy_export_wh": said.export_wh,
        "active_power_import_w": said.power_w,
        "active_power_export_w": 0,
        "limiter_mode": 3,
    }


class Scene(NamedTuple):
    """A meter, and the moment of its first telegram."""

    number: str
    """Serial number."""
    start_s: int


class Attack(NamedTuple):
    """One way to lie."""

    name: str
    """Name of the meter, too."""
    interface: str
    genuine: Callable[[Scene, int], bytes]
    """The telegram of a place as the meter sends it."""
    false: Callable[[Scene, int], list[bytes]]
    """What somebody sends after the genuine telegram of that place."""
    counter: str
    """What counts the false telegrams in `electricity_link`."""
    told: str
    """Words of the log."""
    options: str = ""
    """Options of a cable's section, in place of `KEYS`."""


# -- P1 --


def lines(said: Reading) -> bytes:
    """Data lines of a meter of three phases."""
    now = datetime.fromtimestamp(said.utc_s, UTC).astimezone(radio.WARSAW)
    values = [f"0-0:1.0.0({now:%y%m%d%H%M%S}{'S' if now.dst() else 'W'})"]
    values += [f"1-0:1.8.{zone}({wh / 1000:010.3f}*kWh)" for zone, wh in enumerate((sum(said.zones_wh), *said.zones_wh))]
    values += [f"1-0:2.8.0({said.export_wh / 1000:010.3f}*kWh)", f"1-0:1.7.0({said.power_w / 1000:06.3f}*kW)", "1-0:2.7.0(00.000*kW)"]
    values += [f"1-0:3.7.0({said.power_w / 4000:06.3f}*kvar)", "1-0:4.7.0(00.000*kvar)"]
    values += [f"1-0:{phase}.7.0({230 + phase / 20 + said.utc_s % 70 / 10:05.1f}*V)" for phase in (32, 52, 72)]
    values += ["0-0:96.1.0(3335303030303031)", *["0-0:17.0.0(16500)"] * 3, "0-0:94.98.33(3)", "0-0:96.13.0()"]
    return "".join(f"{value}\r\n" for value in values).encode()


def cable(scene: Scene, place: int, **options) -> bytes:
    """A genuine telegram of a cable."""
    return p1.stoen(lines(reading(scene.start_s, place)), **options)


def glo(scene: Scene, place: int) -> bytes:
    """The same in a general-glo block, whose counter grows."""
    return p1.luxembourg(lines(reading(scene.start_s, place)), p1.IDENT, counter=FIRST_COUNTER + place)


def forged(scene: Scene, place: int) -> Reading:
    """A reading of now with another register and power."""
    return reading(scene.start_s, place)._replace(zones_wh=(FORGED_WH, place), power_w=77)


def rare(false: Callable[[Scene, int], list[bytes]], scene: Scene, place: int) -> list[bytes]:
    """One of many."""
    return false(scene, place) if place == 20 else []


def _forged_cable(make: Callable[[bytes], bytes], scene: Scene, place: int) -> list[bytes]:
    return [make(lines(forged(scene, place)))]


KEYS = f'encryption_key = "{p1.EK.hex()}"\nauthentication_key = "{p1.AK.hex()}"\n'
REQUIRED = f'{KEYS}authentication = "required"\n'


# -- radio --


def air(scene: Scene, place: int) -> bytes:
    """A genuine telegram of mode 5."""
    return radio.line(radio.mode_5(scene.number, place & 0xFF, radio.records(*reading(scene.start_s, place))))


def air_7(scene: Scene, place: int, **options) -> bytes:
    """A genuine telegram of mode 7, with a MAC."""
    return radio.line(radio.mode_7(scene.number, FIRST_COUNTER + place, radio.records(*reading(scene.start_s, place)), **options))


def _forged_air(make: Callable[[str, int, bytes], bytes], scene: Scene, place: int) -> list[bytes]:
    return [radio.line(make(scene.number, place + 100 & 0xFF, radio.records(*forged(scene, place))))]


# -- when a recording is played --

Make = Callable[[Scene, int], bytes]


def once(make: Make, scene: Scene, place: int) -> list[bytes]:
    """One telegram of yesterday."""
    return [make(scene, LONG_AGO)] if place == 20 else []


def often(make: Make, scene: Scene, place: int) -> list[bytes]:
    """The same telegram, 100 times."""
    return [make(scene, LONG_AGO)] * 100 if place == 20 else []


def in_order(make: Make, scene: Scene, place: int) -> list[bytes]:
    """A recording in order, one telegram after each genuine one."""
    return [make(scene, LONG_AGO + place)]


def fast(make: Make, scene: Scene, place: int) -> list[bytes]:
    """150 telegrams in order, faster than they were recorded, between two genuine ones."""
    return [make(scene, LONG_AGO + number) for number in range(150)] if place == 20 else []


def minutes(make: Make, scene: Scene, place: int) -> list[bytes]:
    """Telegrams that were sent five minutes ago."""
    return [make(scene, place - 30)] if place >= 30 else []


def seconds(make: Make, scene: Scene, place: int) -> list[bytes]:
    """Telegrams that were sent half a minute ago."""
    return [make(scene, place - 3)] if place >= 3 else []


RECORDINGS = {"once": once, "often": often, "in-order": in_order, "fast": fast, "minutes": minutes}
_NOT_ENCRYPTED = "is not encrypted, but"
_NO_TAG = "(carries|has) no tag"
_OLD = "does not follow the ones before it"


def _replays(kind: str, interface: str, make: Make, recordings: dict[str, Callable], options: str = "") -> Iterator[Attack]:
    for name, recording in recordings.items():
        yield Attack(f"{kind}-replayed-{name}", interface, make, partial(recording, make), "stale", _OLD, options)


ATTACKS = (
    Attack("p1-plain-text", "p1", cable, partial(_forged_cable, p1.plain), "errors_security", _NOT_ENCRYPTED),
    Attack(
        "p1-authentication-only",
        "p1",
        cable,
        partial(_forged_cable, partial(p1.stoen, control=0x10, ek=ATTACKERS_KEY)),
        "errors_security",
        _NOT_ENCRYPTED,
    ),
    Attack("p1-tag-stripped", "p1", cable, partial(_forged_cable, partial(p1.stoen, control=0x20)), "errors_security", _NO_TAG),
    Attack(
        "p1-tag-stripped-required",
        "p1",
        cable,
        partial(_forged_cable, partial(p1.stoen, control=0x20)),
        "errors_security",
        _NO_TAG,
        REQUIRED,
    ),
    Attack(
        "p1-tag-forged-required",
        "p1",
        cable,
        partial(_forged_cable, partial(p1.stoen, ak=ATTACKERS_KEY)),
        "errors_security",
        "tag does not fit",
        REQUIRED,
    ),
    Attack("p1-plain-text-required", "p1", cable, partial(_forged_cable, p1.plain), "errors_security", "is not encrypted, but", REQUIRED),
    Attack("p1-plain-text-rare", "p1", cable, partial(rare, partial(_forged_cable, p1.plain)), "errors_security", _NOT_ENCRYPTED),
    *_replays("p1", "p1", cable, {**RECORDINGS, "seconds": seconds}),
    *_replays("p1-glo", "p1", glo, {"in-order": in_order, "fast": fast, "seconds": seconds}, REQUIRED),
    Attack("radio-mode-0", "wmbus", air, partial(_forged_air, radio.mode_0), "errors_security", _NOT_ENCRYPTED),
    Attack("radio-mode-0-rare", "wmbus", air, partial(rare, partial(_forged_air, radio.mode_0)), "errors_security", _NOT_ENCRYPTED),
    Attack("radio-mode-5-in-plain", "wmbus", air, partial(_forged_air, radio.mode_5_in_plain), "errors_security", _NOT_ENCRYPTED),
    Attack("radio-mode-7-in-plain", "wmbus", air, partial(_forged_air, radio.mode_7_in_plain), "errors_security", _NOT_ENCRYPTED),
    Attack("radio-mac-stripped", "wmbus", air_7, lambda scene, place: [air_7(scene, place, mac=False)], "errors_security", _NO_TAG),
    Attack("radio-mode-5-after-7", "wmbus", air_7, partial(_forged_air, radio.mode_5), "errors_security", _NO_TAG),
    *_replays("radio", "wmbus", air, RECORDINGS),
    Attack("radio-replayed-seconds", "wmbus", air, partial(seconds, air), "duplicates", ""),
    *_replays("radio-7", "wmbus", air_7, {"in-order": in_order, "fast": fast}),
)
CALM = (
    Attack("p1-calm", "p1", cable, lambda _scene, _place: [], "", ""),
    Attack("radio-calm", "wmbus", air, lambda _scene, _place: [], "", ""),
)


def section(name: str, interface: str, scene: Scene, options: str = KEYS) -> str:
    """The meter's section of the configuration. `options` are those of a cable."""
    own = f'id = "{scene.number}"\nkey = "{radio.KEY.hex()}"\n' if interface == "wmbus" else f'port = "{name}"\n{options}'
    return f'[[meter]]\nname = "{name}"\ninterface = "{interface}"\n{own}limits.active_power_import_w = 80000\n'
