"""The telegrams that the benchmarks measure with. All are made here: keys, numbers and values are invented.

What a meter says comes from the simulator's household, so values, lengths and clocks change as they do in a house. The tests' own makers
(`tests/tools`) encipher it, so a fault that writer and reader share cannot make a measurement look good.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import p1telegrams
import radiotelegrams
from telegraf_han.simulate.household import Home, Household
from telegraf_han.simulate.meters import MODELS, Settings, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BEGIN_S = 1_790_000_000
"""A day in September 2026."""
WARSAW = ZoneInfo("Europe/Warsaw")
SERIAL = "12345678"
NEIGHBOURS = 3
"""Telegrams of neighbours for each of ours in the mixed capture. In a block of flats, most of what a receiver hears is not ours."""
_P1_METER = '[[meter]]\nname = "{name}"\ninterface = "p1"\nport = "{port}"\nencryption_key = "{ek}"\nauthentication_key = "{ak}"\n'
_RADIO_METER = '[[meter]]\nname = "{name}"\ninterface = "wmbus"\nid = "{id}"\nkey = "{key}"\n'
_RECEIVER = '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "{port}"\n'


class Capture(NamedTuple):
    """Files with telegrams, and the configuration that reads them."""

    files: list[Path]
    config: Path
    sizes: list[int]
    """Bytes of each telegram of the first file. Empty if there is more in the files than telegrams."""
    telegrams: int
    """In all files, whosever they are."""
    ours: int
    """Telegrams of configured meters that are whole, so lines of line protocol."""
    texts: list[str]
    """What the first telegrams say in clear text, in hex, for who only deciphers."""


def written(folder: Path, name: str, telegrams: list[bytes], config: str, texts: list[bytes] | None = None) -> Capture:
    """One file of telegrams and its configuration."""
    path, config_path = folder / f"{name}.capture", folder / f"{name}.toml"
    path.write_bytes(b"".join(telegrams))
    config_path.write_text(config)
    config_path.chmod(0o600)
    clear = [text.hex() for text in (texts or [])[:3]]
    return Capture([path], config_path, [len(one) for one in telegrams], len(telegrams), len(telegrams), clear)


def said(model: str, count: int, step_s: int, serial: str = "") -> Iterator[tuple[Writer, object]]:
    """A household's meter and its moments."""
    kind = MODELS[model]
    home = Home(1, kind.phases, kind.pv_w, "g12")
    writer = Writer(kind, Settings(serial or kind.serial, (kind.limit_w,) * 3, (0, 0), 3, ""), home)
    household = Household(home, BEGIN_S)
    for number in range(count):
        yield writer, household.at(BEGIN_S + step_s * number)


def texts(model: str, count: int) -> tuple[bytes, list[bytes]]:
    """The ident line of a meter and the lines of its P1 telegrams, one a second."""
    found = list(said(model, count, 1))
    return f"/{found[0][0].model.ident}\r\n\r\n".encode(), [writer.text(moment) for writer, moment in found]


def stoen(folder: Path, count: int) -> Capture:
    """Encrypted P1 telegrams of a GAMA350, as Stoen's meters send them."""
    ident, lines = texts("gama350", count)
    return written(folder, "stoen", [p1telegrams.stoen(one, ident) for one in lines], cable(), lines)


def luxembourg(folder: Path, count: int) -> Capture:
    """The same content in the envelope of Luxembourg (general-glo-ciphering), which dsmr_parser and dlms-cosem read."""
    ident, lines = texts("gama350", count)
    plain = [p1telegrams.plain(one, ident) for one in lines]
    sealed = [p1telegrams.luxembourg(one, ident, counter=number) for number, one in enumerate(lines)]
    return written(folder, "luxembourg", sealed, cable(), plain)


def plain(folder: Path, count: int) -> Capture:
    """The same content without encryption, with DSMR's footer."""
    ident, lines = texts("gama350", count)
    return written(folder, "plain", [p1telegrams.plain(one, ident) for one in lines], open_cable())


def companion(folder: Path, count: int) -> Capture:
    """Telegrams as a Dutch meter with three phases and a gas meter sends them (DSMR 5): what dsmr_parser is made for."""
    return written(
        folder, "dsmr5", [p1telegrams.plain(_dutch(number), b"/XMX5BENCH00001\r\n\r\n") for number in range(count)], open_cable()
    )


def _dutch(number: int) -> bytes:
    now = datetime.fromtimestamp(BEGIN_S + number, UTC).astimezone(WARSAW)
    stamp = f"{now:%y%m%d%H%M%S}" + "WS"[bool(now.dst())]
    hour = f"{now:%y%m%d%H}0000" + "WS"[bool(now.dst())]
    used, made = 1_234_567 + number // 2, 345_678 + number // 5
    power = 200 + number % 4000
    rows = [
        "1-3:0.2.8(50)", f"0-0:1.0.0({stamp})", "0-0:96.1.1(4E564B454E434800303031)".replace("00", "30"),
        f"1-0:1.8.1({used / 1000:010.3f}*kWh)", f"1-0:1.8.2({(used + 777) / 1000:010.3f}*kWh)",
        f"1-0:2.8.1({made / 1000:010.3f}*kWh)", f"1-0:2.8.2({(made + 99) / 1000:010.3f}*kWh)", "0-0:96.14.0(0002)",
        f"1-0:1.7.0({power / 1000:06.3f}*kW)", "1-0:2.7.0(00.000*kW)", "0-0:96.7.21(00004)", "0-0:96.7.9(00002)",
        "1-0:99.97.0(2)(0-0:96.7.19)(260108152415W)(0000000240*s)(260108151004W)(0000000301*s)",
        "1-0:32.32.0(00002)", "1-0:52.32.0(00001)", "1-0:72.32.0(00000)", "1-0:32.36.0(00000)", "1-0:52.36.0(00003)",
        "1-0:72.36.0(00000)", "0-0:96.13.0()",
        f"1-0:32.7.0({229 + number % 7}.{number % 10}*V)", "1-0:52.7.0(231.2*V)", "1-0:72.7.0(230.3*V)",
        f"1-0:31.7.0({power // 690:03}*A)", "1-0:51.7.0(002*A)", "1-0:71.7.0(003*A)",
        f"1-0:21.7.0({power // 3 / 1000:06.3f}*kW)", "1-0:41.7.0(00.222*kW)", "1-0:61.7.0(00.333*kW)",
        "1-0:22.7.0(00.000*kW)", "1-0:42.7.0(00.000*kW)", "1-0:62.7.0(00.000*kW)",
        "0-1:24.1.0(003)", "0-1:96.1.0(4730303339303031363434303435313234)", f"0-1:24.2.1({hour})({12785 + number / 1e4:09.3f}*m3)",
    ]  # fmt: skip
    return "".join(f"{row}\r\n" for row in rows).encode()


def mode_5(folder: Path, count: int) -> Capture:
    """Wireless telegrams of a GAMA350 in security mode 5, one a minute, as hex lines."""
    found = [
        radiotelegrams.mode_5(SERIAL, number & 0xFF, writer.records(moment))
        for number, (writer, moment) in enumerate(said("gama350", count, 60, SERIAL))
    ]
    return written(folder, "mode5", [hex_line(one) for one in found], radio())


def mode_7(folder: Path, count: int) -> Capture:
    """The same content in security mode 7, with the MAC that proves it."""
    found = [
        radiotelegrams.mode_7(SERIAL, number + 1, writer.records(moment))
        for number, (writer, moment) in enumerate(said("gama350", count, 60, SERIAL))
    ]
    return written(folder, "mode7", [hex_line(one) for one in found], radio())


def mixed(folder: Path, count: int) -> Capture:
    """All four meters with noise between their telegrams, and a receiver that hears four meters of ours and many of the neighbours'."""
    chance = random.Random(1)
    config, files, telegrams = "", [], 0
    each = count // 8
    for place, model in enumerate(MODELS):
        key, ak = bytes([place + 1]) * 16, bytes([place + 101]) * 16
        ident, lines = texts(model, each)
        sent = [p1telegrams.stoen(one, ident, ek=key, ak=ak) + (chance.randbytes(40) if chance.random() < 0.1 else b"") for one in lines]
        files.append(folder / f"mixed-{model}.capture")
        files[-1].write_bytes(b"".join(sent))
        telegrams += each
        config += _P1_METER.format(name=model, port=f"/dev/{model}", ek=key.hex(), ak=ak.hex())
    ours = telegrams
    numbers = [f"{number:08}" for number in range(1, 5)]
    config += "".join(_RADIO_METER.format(name=f"radio-{one}", id=one, key=radiotelegrams.KEY.hex()) for one in numbers)
    heard = []
    for turn, (writer, moment) in enumerate(said("gama350", each, 60)):
        body = writer.records(moment)
        heard += [hex_line(radiotelegrams.mode_5(numbers[turn % 4], turn // 4 & 0xFF, body))]
        heard += [
            hex_line(radiotelegrams.mode_5(f"{90_000_000 + chance.randrange(40)}", turn & 0xFF, body, bytes(16))) for _ in range(NEIGHBOURS)
        ]
        if chance.random() < 0.1:
            heard.append(chance.randbytes(60).hex().encode() + b"\n")
    files.append(folder / "mixed-radio.capture")
    files[-1].write_bytes(b"".join(heard))
    path = folder / "mixed.toml"
    path.write_text(config + _RECEIVER.format(port="/dev/attic"))
    path.chmod(0o600)
    return Capture(files, path, [], telegrams + each * (1 + NEIGHBOURS), ours + each, [])


def cable(port: str = "-") -> str:
    """The configuration of a P1 meter with both keys."""
    return _P1_METER.format(name="home", port=port, ek=p1telegrams.EK.hex(), ak=p1telegrams.AK.hex())


def cable_of(name: str, ek: bytes, ak: bytes) -> Callable[[str], str]:
    """The same for one of several meters, once its port is known."""
    return lambda port: _P1_METER.format(name=name, port=port, ek=ek.hex(), ak=ak.hex())


def open_cable() -> str:
    """The configuration of a P1 meter that does not encrypt."""
    return '[[meter]]\nname = "home"\ninterface = "p1"\nport = "-"\n'


def radio(port: str = "-", numbers: tuple[str, ...] = (SERIAL,)) -> str:
    """The configuration of wireless meters under one key and of a receiver."""
    meters = "".join(_RADIO_METER.format(name=f"radio-{one}", id=one, key=radiotelegrams.KEY.hex()) for one in numbers)
    return meters + _RECEIVER.format(port=port)


def hex_line(frame: bytes) -> bytes:
    """A telegram as most receivers print it: without the CRCs of the link, which they have checked."""
    return frame.hex().upper().encode() + b"\n"


WORKLOADS: dict[str, tuple[Callable[[Path, int], Capture], int]] = {
    "stoen": (stoen, 20_000),
    "luxembourg": (luxembourg, 6_000),
    "plain": (plain, 10_000),
    "dsmr5": (companion, 3_000),
    "mode5": (mode_5, 10_000),
    "mode7": (mode_7, 6_000),
    "mixed": (mixed, 16_000),
}
"""Each capture, and how many telegrams a pass over it has: enough for a third of a second."""
