"""terminal.scanpage: a survey into a page and a report whose sections work."""

import tomllib

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.config import sections
from telegraf_han.config.sections import Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.errors import TelegramError
from telegraf_han.inspection.survey import Survey
from telegraf_han.telegram import Frame
from telegraf_han.terminal import scanpage, text
from telegraf_han.terminal.scanpage import Progress
from telegraf_han.terminal.text import Style, View

S = 1_000_000_000
NOW_NS = 1_775_826_400 * S
PLACES = [("attic (hex, /dev/ttyUSB0): ", ""), ("there", "good")]
AFTER = Progress(NOW_NS + 65 * S, 65.0, 180.0)


def frame(meter_id: str = "12345678", device: int = 2, maker: bytes = b"\xed\x14", mode: int = 0) -> bytes:
    """A telegram of a meter: 1000 Wh in plain, or something nobody opens."""
    content = bytes([0x7A, 1, 0, 0x10 * bool(mode), mode]) + (bytes.fromhex("0403E8030000") if not mode else bytes(16))
    head = b"\x44" + maker + bytes.fromhex(meter_id)[::-1] + bytes([1, device])
    return bytes([len(head + content)]) + head + content


def survey(*frames: tuple[bytes, float | None], meters: tuple[MeterConfig, ...] = ()) -> Survey:
    """A survey that heard these, a minute apart twice."""
    one = Survey(Config("han.toml", Output(), meters, (ReceiverConfig("attic", "hex", "-"),)))
    for second in (0, 60):
        for data, rssi_dbm in frames:
            try:
                one.take(Frame("wmbus", data, NOW_NS, rssi_dbm, steady_ns=NOW_NS + second * S), "attic")
            except TelegramError:
                continue
    return one


def page(one: Survey, columns: int = 80, rows: int = 24, top: int = 0, remarks: tuple[str, ...] = ()) -> list[str]:
    return [text.plain(line, Style()) for line in scanpage.page(one, AFTER, PLACES, View(columns, rows, top, remarks))]


def report(one: Survey) -> str:
    return "\n".join(text.plain(line, Style()) for line in scanpage.report(one, AFTER, "han.toml"))


ELECTRICITY = (frame(mode=5), -67.0)
WATER = (frame("11223344", 7), -50.0)
CONFIGURED = MeterConfig("flat", "wmbus", id="12345678", key=Key(bytes(16)))


def test_nothing_yet() -> None:
    """While nothing is heard the page says what to expect."""
    lines = page(survey())

    assert len(lines) == 24
    assert lines[0].startswith("telegraf-han scan  65 s of 3 min  0 meters  0 telegrams  0 damaged")
    assert lines[1] == "listening to attic (hex, /dev/ttyUSB0): there"
    assert "Nothing heard yet" in lines[3]
    assert lines[-1].startswith("q ends")


def test_a_row_a_meter() -> None:
    """A row says who the meter is, how it is heard, and what its key does. Electricity comes first."""
    lines = page(survey(WATER, ELECTRICITY))

    assert lines[3].split() == ["maker", "id", "medium", "key", "signal", "every", "heard", "ago", "ver", "security"]
    assert lines[4].split() == ["EGM", "12345678", "electricity", "new", "-67", "dBm", "60", "s", "2", "5", "s", "01", "5", "AES-CBC"]
    assert lines[5].split()[:4] == ["EGM", "11223344", "water", "new"]


def test_a_configured_meter_has_its_name() -> None:
    """A configured meter has its name and what its key does. Its trouble is in the report."""
    one = survey(ELECTRICITY, WATER, meters=(CONFIGURED, CONFIGURED._replace(name="gone", id="99999999")))

    assert "wrong key" in page(one)[4]
    assert "flat" in page(one)[4]
    assert "flat: the key does not open telegrams of EGM 12345678" in report(one)
    assert "gone (99999999) was not heard" in report(one)


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (40, 10), (20, 5), (1, 1), (200, 60)])
def test_every_size(columns: int, rows: int) -> None:
    """A page has as many lines as the terminal, however few. Lines that are too wide are cut when they are drawn."""
    one = survey(*((frame(f"{number:08d}"), -60.0) for number in range(40)))
    remarks = ("W! attic: one thing that is long enough to be folded in a narrow terminal", "I! attic: reading")

    lines = scanpage.page(one, AFTER, PLACES, View(columns, rows, 0, remarks))

    assert len(lines) == rows or rows < 12
    assert "40 meters" in text.plain(lines[0], Style()) or columns < 60
    assert text.plain(lines[-1], Style()).startswith("q ends")


def test_scrolling() -> None:
    """The head stays. Scrolling ends at the last meter."""
    one = survey(*((frame(f"{number:08d}"), None) for number in range(40)))

    first, later, end = (page(one, rows=12, top=top) for top in (0, 3, 999))

    assert first[3] == later[3] == end[3]
    assert later[4] == first[7]
    assert "00000039" in "\n".join(end)
    assert len(end) == 12


def test_report_of_new_meters_can_be_pasted() -> None:
    """The sections are TOML that this program reads: one per meter, electricity first, keys as files."""
    odd = (frame("0A0B0C0D", 2, maker=b"\x00\x00", mode=5), -90.0)
    said = report(survey(WATER, odd, ELECTRICITY))
    pasted = said[said.index("[[meter]]") :]
    keys = []

    def resolve(written: str) -> Key:
        keys.append(written)
        return Key(bytes(16))

    found = sections.parsed(tomllib.loads(pasted), "x", resolve, str, lambda: ["hex"])

    assert [(meter.name, meter.interface, meter.id) for meter in found.meters] == [
        ("egm-12345678", "wmbus", "12345678"),
        ("meter-0a0b0c0d", "wmbus", "0A0B0C0D"),
        ("egm-11223344", "wmbus", "11223344"),
    ]
    assert keys == ["file:egm-12345678.key", "file:meter-0a0b0c0d.key"]
    assert "# Paste your own meters into han.toml" in said
    assert "[[meter]]  # EGM 12345678, electricity, version 01, security 5 AES-CBC, -67 dBm" in pasted


def test_report_without_new_meters_has_nothing_to_paste() -> None:
    """What is configured is not offered again."""
    assert "[[meter]]" not in report(survey(ELECTRICITY, meters=(CONFIGURED,)))


def test_one_section_an_id() -> None:
    """A configuration finds meters by id alone; two makers with one id give one section."""
    assert report(survey(ELECTRICITY, (frame(maker=b"\x2d\x2c", mode=5), -80.0))).count("[[meter]]") == 1


def test_report_of_nothing() -> None:
    """Nothing heard: what to look at, and whether something was broken."""
    one = survey(meters=(CONFIGURED,))
    one.faults = 3

    said = report(one)

    assert "3 telegrams arrived damaged" in said
    assert "antenna" in said
    assert "flat (12345678) was not heard" in said


def test_report_of_a_port_that_is_not_there() -> None:
    """A receiver that could not be read is named. Antennas are mentioned only if a receiver could have heard something."""
    one = survey()
    one.port("attic", there=False)
    alone = report(one)
    one.port("roof", there=True)

    assert alone == "attic could not be listened to. `telegraf-han check` says why"
    assert "attic could not be listened to" in report(one)
    assert "antenna" in report(one)


@pytest.mark.parametrize(("seconds", "said"), [(0, "0 s"), (15.4, "15 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (200_000, "2 d")])
def test_span(seconds: float, said: str) -> None:
    """Times as people say them."""
    assert scanpage.span(seconds) == said
