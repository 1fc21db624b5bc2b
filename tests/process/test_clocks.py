"""`run` while clocks are wrong: the machine's is set or was never right, the meter's is dead, and the two nights on which Poland changes its own.

The test says what time it is on the machine, through a library that is preloaded (`hostclock.c`). The plugin is the real one. Each telegram has a
number, which is the value of its register. The expected time stamps come from `zoneinfo`, which the plugin does not use for Warsaw.
"""

import mmap
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from socket import create_server, socket

import pytest

import linereader
import p1telegrams as p1
import radiotelegrams as radio
from telegraf_han import RELEASED_S

NS = 1_000_000_000
SOON_S = 60.0
HOUR_S = 3600
NOBODYS_S = 1_830_000_000
"""Some moment of 2027, for clocks that need no certain day."""
NIGHTS = {"March": datetime(2027, 3, 28, 1, tzinfo=UTC), "October": datetime(2027, 10, 31, 1, tzinfo=UTC)}
"""The moment at which the clocks change."""


class Host:
    """The clock of the machine, as a program started with `environment` sees it."""

    def __init__(self, folder: Path) -> None:
        if (compiler := shutil.which("cc")) is None:
            pytest.skip("the machine's clock is a library, and there is no C compiler to make it")
        library, file = folder / "hostclock.so", folder / "hostclock"
        source = Path(__file__).with_name("hostclock.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, source, "-ldl"], check=True, timeout=SOON_S)
        file.write_bytes(bytes(8))
        with file.open("r+b") as opened:
            self._offset = mmap.mmap(opened.fileno(), 8)
        self.environment = {"LD_PRELOAD": str(library), "CLOCK_FILE": str(file)}

    def shows(self, utc_s: float) -> None:
        """Set it. It goes on from there."""
        self._offset[:] = (int(utc_s * NS) - time.time_ns()).to_bytes(8, sys.byteorder, signed=True)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """The machine's clock."""
    return Host(tmp_path)


def wall(utc_s: int, *, letter: bool = True) -> bytes:
    """DSMR's time stamp, by the library alone."""
    local = datetime.fromtimestamp(utc_s, UTC).astimezone(radio.WARSAW)
    return f"{local:%y%m%d%H%M%S}".encode() + (b"S" if local.dst() else b"W") * letter


def cable(number: int, clock: bytes | None) -> bytes:
    """A P1 telegram whose register is its number."""
    stamp = b"" if clock is None else b"0-0:1.0.0(%s)\r\n" % clock
    return p1.plain(stamp + b"1-0:1.8.0(%06d.%03d*kWh)\r\n0-0:96.1.0(3335303030303031)\r\n" % divmod(number, 1000))


def minutes(utc_s: int, *, bit: bool) -> bytes:
    """The meter's local time without seconds, type F, with or without its summer bit."""
    now = datetime.fromtimestamp(utc_s, UTC).astimezone(radio.WARSAW)
    year = now.year % 100
    return bytes([now.minute, now.hour | 0x80 * (bit and bool(now.dst())), now.day | (year & 7) << 5, now.month | year >> 3 << 4])


def air(meter: str, number: int, clock: bytes) -> bytes:
    """A line of a receiver with a radio telegram whose register is its number. `clock` is a record."""
    return radio.line(radio.mode_5(meter, number & 0xFF, clock + b"\x0e\x03" + radio.bcd(number, 6)))


class House:
    """Meters on connections of their own and one receiver, read by one plugin."""

    def __init__(self, start: Callable, cables: list[str], flats: list[str], **environment: str) -> None:
        self._listening = {name: create_server(("127.0.0.1", 0)) for name in ["attic", *cables]}
        text = '[output]\nstatus_interval = "100ms"\n'
        for name, listening in self._listening.items():
            port = f'port = "socket://127.0.0.1:{listening.getsockname()[1]}"\n'
            text += f'[[receiver]]\nname = "{name}"\ntype = "hex"\n{port}' if name == "attic" else ""
            text += f'[[meter]]\nname = "{name}"\ninterface = "p1"\n{port}' if name != "attic" else ""
        for name in flats:
            text += f'[[meter]]\nname = "{name}"\ninterface = "wmbus"\nid = "{name}"\nkey = "{radio.KEY.hex()}"\n'
        self.plugin = start(text, **environment)
        self._lines: dict[str, socket] = {}
        for name, listening in self._listening.items():
            listening.settimeout(SOON_S)
            self._lines[name], _ = listening.accept()
        self.sent = 0
        self._found = self._looked_at = 0

    def send(self, name: str, *telegrams: bytes) -> None:
        """What a meter says on its connection."""
        self.sent += len(telegrams)
        self._lines[name].sendall(b"".join(telegrams))

    def settle(self, missing: int = 0) -> None:
        """Wait until each telegram that was sent, but so many, is a line."""
        end_s = time.monotonic() + SOON_S
        while self._found < self.sent - missing:
            assert time.monotonic() < end_s, (self._found, self.sent, self.plugin.log.text, self.plugin.output.text[-2000:])
            time.sleep(0.001)
            new = self.plugin.output._data[self._looked_at :]
            self._looked_at += (whole := new.rfind(b"\n") + 1)
            self._found += new[:whole].count(b"electricity,")

    def points(self, name: str) -> list[tuple[int, int]]:
        """Number and time stamp of each line of a meter, in the order of the lines."""
        found = linereader.metrics("\n".join([*self.plugin.output.having("electricity,", f"meter={name},"), ""]).encode())
        return [(int(dict(line.fields)["active_energy_import_wh"]), line.time_ns) for line in found]

    def link(self, name: str, *words: str) -> dict:
        """The fields of the next status line of a meter with these words."""
        count = len(self.plugin.output.having("electricity_link", f"meter={name} "))
        self.plugin.output.wait_for("electricity_link", f"meter={name} ", times=count + 2)
        return dict(linereader.metric(self.plugin.output.wait_for("electricity_link", f"meter={name} ", *words)[-1]).fields)

    def close(self) -> None:
        for end in (*self._lines.values(), *self._listening.values()):
            end.close()


@pytest.fixture
def house(start: Callable) -> Iterator[Callable[..., House]]:
    """Make a house; its connections are closed at the test's end."""
    made: list[House] = []

    def one(*names: str, **environment: str) -> House:
        made.append(
            House(start, [name for name in names if not name.isdecimal()], [name for name in names if name.isdecimal()], **environment)
        )
        return made[-1]

    yield one
    for house in made:
        house.close()


# -- the two nights of the year --


@pytest.mark.parametrize("night", NIGHTS)
def test_night_on_which_the_clocks_change(house, host: Host, night: str) -> None:
    """Each telegram of a cable and of three kinds of radio clocks is one point at its right time, in order, with or without a mark of the season."""
    change_s = int(NIGHTS[night].timestamp())
    begin_s, end_s = change_s - 75 * 60, change_s + 75 * 60
    host.shows(begin_s)
    home = house("marked", "bare", "00000048", "00000132", "00000032", **host.environment)
    for part_s in range(begin_s, end_s, 15 * 60):
        host.shows(part_s + 15 * 30)
        seconds = range(part_s, part_s + 15 * 60, 4)
        home.send("marked", *(cable(second - begin_s, wall(second)) for second in seconds))
        home.send("bare", *(cable(second - begin_s, wall(second, letter=False)) for second in seconds))
        for minute_s in range(part_s, part_s + 15 * 60, 60):
            number = (minute_s - begin_s) // 60
            home.send(
                "attic",
                air("00000048", number, b"\x06\x6d" + radio.clock(minute_s + 30)),
                air("00000132", number, b"\x04\x6d" + minutes(minute_s, bit=True)),
                air("00000032", number, b"\x04\x6d" + minutes(minute_s, bit=False)),
            )
        home.settle()

    for name in ("marked", "bare"):
        assert home.points(name) == [(second - begin_s, second * NS) for second in range(begin_s, end_s, 4)]
    assert home.points("00000048") == [(number, (begin_s + number * 60 + 30) * NS) for number in range(150)]
    for name in ("00000132", "00000032"):
        assert home.points(name) == [(number, (begin_s + number * 60) * NS) for number in range(150)]
    assert home.plugin.log.having("W! ") == []
    assert {home.link(name)["host_stamped"] for name in ("marked", "bare", "00000048", "00000132", "00000032")} == {0}


# -- the machine's clock --


def test_machine_whose_clock_is_set(house, host: Host) -> None:
    """However often and however far the machine's clock is set, each telegram is a point with a stamp of its own, and the state stays right."""
    host.shows(NOBODYS_S)
    home = house("home", **host.environment)
    expected: list[tuple[int, int]] = []
    off_s = {}
    for round_, by_s in enumerate((0, -HOUR_S, 0, HOUR_S, 0, -5, 400, -400, -NOBODYS_S + 60, 0, 86_400 * 366, 0)):
        for number in range(20 * round_, 20 * (round_ + 1)):
            now_s = NOBODYS_S + number
            host.shows(now_s + by_s)
            home.send("home", cable(number, wall(now_s)))
            home.settle()
            off_s[number] = by_s
            expected.append((number, now_s))
    points = home.points("home")

    assert [number for number, _ in points] == [number for number, _ in expected]
    assert len({stamp_ns for _, stamp_ns in points}) == len(points)
    for (number, now_s), (_, stamp_ns) in zip(expected, points, strict=True):
        if abs(off_s[number]) <= 400 or off_s[number] < -86_400 * 366:  # a clock of 1970 is not believed either
            assert stamp_ns == now_s * NS
        else:
            assert 0 <= stamp_ns - (now_s + off_s[number]) * NS < SOON_S * NS
    link = home.link("home", 'state="ok"', "stale=0i,registers_back=0i")
    assert (link["decoded"], link["host_stamped"]) == (240, 60)
    assert link["age_s"] < SOON_S
    assert [line.partition("home: ")[2] for line in home.plugin.log.having("W! ")] == [
        "the meter's clock is 60 minutes ahead, so this machine's time is used"
    ]


def test_machine_that_starts_in_1970(house, host: Host) -> None:
    """A Raspberry Pi without a clock: no point is of 1970. A meter with a clock loses nothing, another one what comes before the time is set."""
    host.shows(30)
    home = house("clock", "none", **host.environment)
    home.send("none", *(cable(number, None) for number in range(5)))
    home.plugin.log.wait_for("W! none: no line is written: this machine's clock shows a time before this program was released")
    assert home.plugin.output.text == ""

    home.send("clock", *(cable(number, wall(NOBODYS_S + number)) for number in range(20)))
    home.settle(missing=5)
    home.link("none", "decoded=5i")
    host.shows(NOBODYS_S + 20)
    home.send("clock", *(cable(number, wall(NOBODYS_S + number)) for number in range(20, 40)))
    home.send("none", *(cable(number, None) for number in range(5, 10)))
    home.settle(missing=5)

    assert home.points("clock") == [(number, (NOBODYS_S + number) * NS) for number in range(40)]
    assert [number for number, _ in home.points("none")] == [5, 6, 7, 8, 9]
    assert all(0 <= stamp_ns - (NOBODYS_S + 20) * NS < SOON_S * NS for _, stamp_ns in home.points("none"))
    every = linereader.metrics(home.plugin.output.text.rpartition("\n")[0].encode() + b"\n")
    assert min(line.time_ns for line in every) >= RELEASED_S * NS


def test_machine_that_starts_where_it_ended(house, host: Host) -> None:
    """A machine that was off for two hours and goes on with its old time: its points are two hours early until its clock is set, and none is lost."""
    host.shows(NOBODYS_S - 2 * HOUR_S)
    home = house("home", **host.environment)
    home.send("home", *(cable(number, wall(NOBODYS_S + number)) for number in range(20)))
    home.settle()
    assert home.link("home")["clock_offset_s"] > 2 * HOUR_S - SOON_S
    host.shows(NOBODYS_S + 20)
    home.send("home", *(cable(number, wall(NOBODYS_S + number)) for number in range(20, 40)))
    home.settle()
    points = home.points("home")

    assert [number for number, _ in points] == list(range(40))
    assert [stamp_ns for _, stamp_ns in points] == sorted({stamp_ns for _, stamp_ns in points})
    assert all(0 <= stamp_ns - (NOBODYS_S - 2 * HOUR_S) * NS < SOON_S * NS for _, stamp_ns in points[:20])
    assert [stamp_ns for _, stamp_ns in points[20:]] == [(NOBODYS_S + number) * NS for number in range(20, 40)]
    assert home.link("home")["host_stamped"] == 20
    assert home.plugin.log.having("W! home: the meter's clock is 120 minutes ahead, so this machine's time is used")


# -- the meter's clock --

COUNT = 12
DEAD: dict[str, Callable[[int, int], bytes | None]] = {
    "absent": lambda now_s, number: None,
    "zeros": lambda now_s, number: b"000000000000W",
    "of-2000": lambda now_s, number: wall(946_684_800 + number),
    "of-1970": lambda now_s, number: b"7001010000%02dW" % number,
    "season": lambda now_s, number: wall(now_s + number)[:-1] + (b"W" if wall(now_s + number)[-1:] == b"S" else b"S"),
    "nonsense": lambda now_s, number: b"269941257799W",
}
"""Clocks of cables of which nothing can be used."""
RADIO_DEAD = {
    "00000001": b"\x04\x6d\x80\x00\x00\x00",
    "00000002": b"\x06\x6d\x00\x80\x00\x00\x00\x00",
    "00000003": b"\x04\x6d\x00\x00\xc1\x81",
    "00000004": b"\x04\x6d\xff\xff\xff\xff",
}
"""Type F and I with their bit for "invalid", 1 January of year 70, and bits that are all set."""


def test_meter_whose_clock_is_dead(house) -> None:
    """A clock that is missing, of another year or season, or nonsense costs no telegram. Each gets the machine's time at its last byte."""
    home = house(*DEAD, *RADIO_DEAD)
    begun_ns = time.time_ns()
    for number in range(COUNT):
        now_s = int(time.time())
        for name, clock in DEAD.items():
            home.send(name, cable(number, clock(now_s, number)))
        home.send("attic", *(air(name, number, clock) for name, clock in RADIO_DEAD.items()))
        home.settle()
    ended_ns = time.time_ns()

    for name in (*DEAD, *RADIO_DEAD):
        points = home.points(name)
        assert [number for number, _ in points] == list(range(COUNT)), name
        stamps = [stamp_ns for _, stamp_ns in points]
        assert stamps == sorted(set(stamps)), name
        assert begun_ns <= stamps[0], name
        assert stamps[-1] <= ended_ns, name
    for name in ("absent", "zeros", "nonsense", "00000001", "00000002", "00000004"):
        assert "clock_offset_s" not in home.link(name), name
    for name in ("of-2000", "of-1970", "season"):
        assert home.link(name)["host_stamped"] == COUNT
        assert len(home.plugin.log.having(f"W! {name}: the meter's clock is ", ", so this machine's time is used")) == 1


def test_meter_whose_clock_stands_still(house, hurried) -> None:
    """The same time in each telegram, or the same second: no point replaces another. A clock that stands is logged, and not used any more."""
    home = house("still", "minutes", PYTHONPATH=hurried(decoding__timing={"_STANDS_NS": NS // 2}))
    begun_s = int(time.time())
    for number in range(COUNT):
        home.send("still", cable(number, wall(begun_s)))
        home.send("minutes", cable(number, wall(begun_s // 60 * 60 + 60 * (number // 4))))
        home.settle()
        time.sleep(0.1)

    for name in ("still", "minutes"):
        points = home.points(name)
        assert [number for number, _ in points] == list(range(COUNT))
        assert [stamp_ns for _, stamp_ns in points] == sorted({stamp_ns for _, stamp_ns in points})
    assert all(begun_s * NS <= stamp_ns <= time.time_ns() for _, stamp_ns in home.points("still"))
    assert [(stamp_ns // NS - begun_s // 60 * 60) // 60 for _, stamp_ns in home.points("minutes")] == [0] * 4 + [1] * 4 + [2] * 4
    assert home.link("still")["host_stamped"] > 0
    assert len(home.plugin.log.having("W! still: the meter's clock stands still, so this machine's time is used")) == 1


@pytest.mark.parametrize("by_s", [366 * 86_400, -366 * 86_400], ids=["forward", "back"])
def test_meter_whose_clock_jumps_a_year(house, by_s: int) -> None:
    """If the new time goes on, nothing is lost: three telegrams prove it. One telegram with a wrong time is held back, and counted as stale."""
    home = house("jumps", "slips")
    begun_ns, now_s = time.time_ns(), int(time.time())
    for number in range(COUNT):
        home.send("jumps", cable(number, wall(now_s + number + by_s * (number >= 5))))
        home.send("slips", cable(number, wall(now_s + number + by_s * (number == 5))))
    home.settle(missing=1)
    points = home.points("jumps")

    assert [number for number, _ in points] == list(range(COUNT))
    assert [stamp_ns for _, stamp_ns in points[:5]] == [(now_s + number) * NS for number in range(5)]
    assert all(begun_ns <= stamp_ns <= time.time_ns() for _, stamp_ns in points[5:])
    assert len({stamp_ns for _, stamp_ns in points}) == COUNT
    assert home.points("slips") == [(number, (now_s + number) * NS) for number in range(COUNT) if number != 5]
    assert home.link("jumps")["stale"] == 2
    assert home.link("slips")["stale"] == 1
