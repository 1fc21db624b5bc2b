"""survey: who is in range, how often, how strong, and what the configured key does."""

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import BadKey, Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.errors import Cause, TelegramError
from telegraf_han.inspection.survey import METERS_LIMIT, Survey
from telegraf_han.telegram import Fault, Frame

S = 1_000_000_000
NOW_NS = 1_775_826_400 * S
SEALED = bytes.fromhex(
    "be44ed147856341201027a4f00b0050d0cd1688f43f1cc4c4a80646ce68888bd3878fca5ff9f1422f7dece30bcdc1f42a88c8c781b647708e4714dc5"
    "b965125f96f67325c94344727d69fdab27fa54a8d758b780dee958138f80c920e6bed3e46640ba17f2fbc6ed3e96c0754f82d8e5e78fcbf4fd757e51"
    "653a10602fe55f7f7298a78496c2919594ec20694cc4ff7ecd652af2bca7ecf476ae5c535f7c716b0b532bdc7b5551d3afeef20b6b0c7da3a4175250"
    "6c5ce68f3241160d4a456e"
)
"""Of a meter 12345678, mode 5, key 00 01 … 0F."""
FLAT = MeterConfig("flat", "wmbus", id="12345678", key=Key(bytes(range(16))))


def plain(meter_id: str = "12345678", device: int = 2) -> bytes:
    """A telegram without encryption: 1000 Wh."""
    content = bytes([0x7A, 1, 0, 0, 0]) + bytes.fromhex("0403E8030000")
    head = b"\x44\xed\x14" + bytes.fromhex(meter_id)[::-1] + bytes([1, device])
    return bytes([len(head + content)]) + head + content


def survey(*meters: MeterConfig) -> Survey:
    return Survey(Config("han.toml", Output(), meters, (ReceiverConfig("attic", "hex", "-"),)))


def hear(one: Survey, data: bytes, second: float = 0.0, rssi_dbm: float | None = None) -> str:
    """Let the survey hear a telegram. Returns the class of the error, or ""."""
    try:
        one.take(Frame("wmbus", data, NOW_NS, rssi_dbm, steady_ns=NOW_NS + int(second * S)), "attic")
    except TelegramError as error:
        return type(error).__name__
    return ""


def only(one: Survey):
    """The one meter in range."""
    (row,) = one.meters_in_range.values()
    return row


@pytest.mark.parametrize(
    ("meter", "data", "opening", "security"),
    [
        (None, SEALED, "unknown", "5 AES-CBC"),
        (None, plain(), "plain", "none"),
        (FLAT, SEALED, "opens", "5 AES-CBC"),
        (FLAT, plain(), "unread", "none"),
        (FLAT._replace(encryption="optional"), plain(), "plain", "none"),
        (FLAT._replace(key=Key(b"\x55" * 16)), SEALED, "wrong", "5 AES-CBC"),
        (FLAT._replace(key=None), SEALED, "none", "5 AES-CBC"),
        (FLAT._replace(key=None, bad_keys=(BadKey("key", "the file is empty"),)), SEALED, "bad", "5 AES-CBC"),
        (FLAT, SEALED[:10] + b"\x7f" + SEALED[11:], "unread", "5 AES-CBC"),
    ],
    ids=[
        "not configured",
        "not configured, plain",
        "right key",
        "not encrypted",
        "no key needed",
        "wrong key",
        "no key",
        "bad key",
        "odd content",
    ],
)
def test_what_the_key_does(meter: MeterConfig | None, data: bytes, opening: str, security: str) -> None:
    """Each meter says how it is secured. Its key is tried, and if the key fails, the reason is kept."""
    one = survey(*([meter] if meter else []))
    hear(one, data)

    row = only(one)
    assert (row.address.manufacturer, row.address.id, row.address.device, row.telegrams) == ("EGM", "12345678", 2, 1)
    assert (row.opening, row.security) == (opening, security)
    assert bool(row.trouble) == (opening in ("wrong", "none", "bad", "unread"))
    assert (row.section.name if row.section else None) == (meter.name if meter else None)


def test_a_right_key_forgives() -> None:
    """A telegram that opens clears the trouble of an earlier telegram."""
    one = survey(FLAT)
    hear(one, SEALED[:10] + b"\x7f" + SEALED[11:])
    hear(one, SEALED, 60)

    assert (only(one).opening, only(one).trouble) == ("opens", "")


def test_unknown_meters_are_no_trouble() -> None:
    """A neighbour's meter has its row and is no error for the readers, because a survey looks for all meters."""
    one = survey()

    assert one.take(Frame("wmbus", SEALED, NOW_NS), "attic") is None
    assert only(one).opening == "unknown"


def test_interval() -> None:
    """The interval is a median. One missed telegram does not double it, and a repetition does not count."""
    one = survey()
    for second in (0, 15, 15.2, 30, 60, 75):
        hear(one, SEALED, second)

    assert only(one).interval_s == 15.0
    assert only(one).telegrams == 6
    assert only(one).newest_ns == NOW_NS + 75 * S


def test_a_file_has_no_interval() -> None:
    """Telegrams that are read at once give no interval."""
    one = survey()
    for second in (0, 0.001, 0.002):
        hear(one, SEALED, second)

    assert only(one).interval_s is None


def test_signal() -> None:
    """The newest level and the strongest; a telegram without one leaves both."""
    one = survey()
    for level in (-80.0, -60.0, None, -70.0, None):
        hear(one, SEALED, 1, level)

    assert (only(one).rssi_dbm, only(one).strongest_dbm) == (-70.0, -60.0)


def test_broken_telegrams_are_counted() -> None:
    """What a receiver gives up and frames that contradict themselves are counted, and make no meter."""
    one = survey(FLAT)
    one.fault(Fault(Cause.CHECKSUM, "link CRC", 20), "attic", NOW_NS)

    assert hear(one, SEALED[:40]) == "FramingError"
    assert (one.faults, one.frames, one.meters_in_range) == (2, 1, {})


def test_bounded() -> None:
    """Noise invents meters. Beyond the limit they are only counted, and the known meters go on."""
    one = survey(FLAT)
    for number in range(METERS_LIMIT + 5):
        hear(one, plain(f"{number:08d}"))
    hear(one, SEALED)
    hear(one, plain("00000000"), 60)

    assert (len(one.meters_in_range), one.uncounted) == (METERS_LIMIT, 6)
    assert next(iter(one.meters_in_range.values())).telegrams == 2


def test_ports_and_lines() -> None:
    """A receiver's port is there or not; nothing is written for anybody."""
    one = survey(FLAT)
    one.port("attic", there=False)
    telegram = one.take(Frame("wmbus", SEALED, NOW_NS), "attic")

    assert one.ports == {"attic": False}
    assert telegram is not None
    assert one.line(telegram) == b""


def test_a_key_that_is_corrected_meanwhile() -> None:
    """The row says what the key of now does, not the one of the start."""
    keyless = FLAT._replace(key=None, bad_keys=(BadKey("key", "the file is empty"),))
    one = survey(keyless)
    hear(one, SEALED)
    one.rekey(FLAT._replace(key=Key(b"\x55" * 16)))
    hear(one, SEALED, 60)
    openings = [only(one).opening]
    one.rekey(FLAT)
    hear(one, SEALED, 120)

    assert [*openings, only(one).opening] == ["wrong", "opens"]
