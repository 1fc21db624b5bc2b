"""What a neighbour with a transmitter can do: SECURITY.md says it, and this shows it.

He hears the meter's telegrams, changes them, and sends what he likes under the meter's number. He has no key. The meter is `radiotelegrams`,
the tests' own maker.
"""

import contextlib
from collections import Counter

import pytest

import radiotelegrams as radio
from telegraf_han import RELEASED_S
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.decoding import health
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import SecurityError, TelegramError, WaitingError, WrongKeyError
from telegraf_han.telegram import Frame, Telegram

NS = 1_000_000_000
BEGIN_S = RELEASED_S + 86_400
NUMBER = "12345678"
HEAD = 15
"""Bytes before the first enciphered block: link layer, CI, access number, status, configuration."""
STATUS_AT = 12
BLOCK = 16
FLAT = MeterConfig("flat", "wmbus", id=NUMBER, key=Key(radio.KEY))
ATTACKERS_KEY = bytes(range(40, 56))


def decoder() -> Decoder:
    """A decoder of the meter."""
    return Decoder(Config("han.toml", Output(), (FLAT,), (ReceiverConfig("attic", "hex", "-"),)))


def records(place: int) -> bytes:
    """What the meter says at that minute."""
    return radio.records(BEGIN_S + 60 * place, (6_000_000 + 30 * place, 3_000_000), 300_000, 1800)


def sent(place: int) -> bytes:
    """The genuine telegram of that minute."""
    return radio.mode_5(NUMBER, place & 0xFF, records(place))


def taken(one: Decoder, telegram: bytes, place: float) -> Telegram | None:
    """The telegram as the decoder believes it, live."""
    at_ns = int((BEGIN_S + 60 * place) * NS)
    return one.take(Frame("wmbus", telegram, at_ns, checked=True, steady_ns=at_ns), "attic", live=True)


def changed(telegram: bytes, bit: int) -> bytes:
    """The telegram with one other bit. The link's checksums are made anew by whoever sends it."""
    found = bytearray(telegram)
    found[bit // 8] ^= 0x80 >> bit % 8
    return bytes(found)


def values(telegram: Telegram) -> dict[str, object]:
    """All fields but the status."""
    found = zip(telegram.shape.columns, telegram.values, strict=True)
    return {column.field: value for column, value in found if not column.field.startswith("meter_status")}


def test_mode_5_is_never_verified() -> None:
    """A genuine telegram of mode 5 has no MAC. It is read, and counted as unverified."""
    one = decoder()
    found = taken(one, sent(0), 0)

    assert found is not None
    assert (found.verified, one.meters["flat"].unverified) == (False, 1)


def test_no_changed_bit_of_mode_5_makes_a_reading() -> None:
    """Each bit of a telegram is changed in turn. Without the fix of 0.3.0 the text behind the changed block was believed."""
    counted: Counter[str] = Counter()
    for bit in range(8 * HEAD, 8 * len(sent(1))):
        one = decoder()
        taken(one, sent(0), 0)
        with pytest.raises(TelegramError) as refused:
            taken(one, changed(sent(1), bit), 1)
        counted[type(refused.value).__name__] += 1
        assert taken(one, sent(1), 1) is not None

    assert counted == {"WrongKeyError": 8 * BLOCK, "WaitingError": 8 * (len(sent(1)) - HEAD - BLOCK)}


def test_a_changed_telegram_sent_twice_proves_nothing() -> None:
    """Another status makes other bytes of the same text, so it is no duplicate. It is the same enciphered block, so it is no second telegram."""
    one = decoder()
    taken(one, sent(0), 0)
    forged = changed(sent(1), 8 * (HEAD + 2 * BLOCK))
    for status in (0, 0x40, 0x80):
        with pytest.raises(WaitingError, match="records of a new kind"):
            taken(one, forged[:STATUS_AT] + bytes([status]) + forged[STATUS_AT + 1 :], 1)


def test_a_meter_that_sends_another_list_is_read_from_the_second() -> None:
    """What is refused above is what a meter does whose list of records was changed. It loses one telegram of each new kind."""
    one = decoder()
    taken(one, sent(0), 0)
    longer = [radio.mode_5(NUMBER, place, records(place) + bytes.fromhex("0afdc8fc013023")) for place in (1, 2, 3)]
    with pytest.raises(WaitingError):
        taken(one, longer[0], 1)

    assert [len(values(found)) for telegram, place in ((longer[1], 2), (longer[2], 3)) if (found := taken(one, telegram, place))] == [9, 9]


def test_status_of_a_telegram_is_not_protected() -> None:
    """The status byte is in clear and nothing covers it. Whoever sends the telegram again first can set its alarms, and no number."""
    one = decoder()
    before = taken(one, sent(0), 0)
    found = taken(one, changed(sent(1), 8 * STATUS_AT + 3), 1)

    assert before is not None
    assert found is not None
    assert "meter_status_text" in {column.field for column in found.shape.columns}
    assert values(found).keys() == values(before).keys()


def test_first_telegram_after_a_start_may_be_a_replay() -> None:
    """There is nothing to compare it with, so it is believed once. After the next genuine one, no old one is."""
    one = decoder()
    old = taken(one, sent(0), 100)
    assert old is not None
    assert taken(one, sent(100), 100.1) is not None
    with pytest.raises(TelegramError):
        taken(one, sent(3), 100.2)

    assert (one.meters["flat"].decoded, one.meters["flat"].stale) == (2, 1)


def test_one_telegram_of_another_key_makes_wrong_key_until_the_next_good_one() -> None:
    """Whoever sends under the meter's number and a key of his own changes the state, and no reading."""
    one, states = decoder(), []
    for place, key in ((0, radio.KEY), (1, ATTACKERS_KEY), (2, radio.KEY)):
        try:
            taken(one, radio.mode_5(NUMBER, place, records(place), key), place)
        except TelegramError as error:
            assert isinstance(error, WrongKeyError)  # noqa: PT017, two of the three are good
        states.append(health.state(one.meters["flat"], int((BEGIN_S + 60 * place) * NS)))

    assert states == ["ok", "wrong_key", "ok"]
    assert one.meters["flat"].decoded == 2


def test_no_changed_bit_of_mode_7_changes_a_reading() -> None:
    """A MAC covers the transport header and the text. Of what it does not cover, nothing becomes a value."""
    genuine = radio.mode_7(NUMBER, 8, records(1))
    believed = []
    for bit in range(8 * 10, 8 * len(genuine)):
        one = decoder()
        taken(one, radio.mode_7(NUMBER, 7, records(0)), 0)
        with contextlib.suppress(TelegramError):
            believed.append(taken(one, changed(genuine, bit), 1))
    one = decoder()
    taken(one, radio.mode_7(NUMBER, 7, records(0)), 0)
    honest = taken(one, genuine, 1)

    assert honest is not None
    assert {(found.verified, tuple(found.values)) for found in believed if found} == {(True, tuple(honest.values))}
    assert len(believed) < 8  # bits of the authentication layer's own header


def test_plain_telegram_under_our_number() -> None:
    """A neighbour who sends plain records under our number is refused and counted."""
    one = decoder()
    with pytest.raises(SecurityError, match="is not encrypted"):
        taken(one, radio.mode_0(NUMBER, 1, records(1)), 1)

    assert one.meters["flat"].decoded == 0


def test_a_neighbours_own_telegrams_are_none_of_our_business() -> None:
    """Any number of them changes no counter of our meter."""
    one = decoder()
    for number in range(1, 50):
        with pytest.raises(UnknownMeterError):
            taken(one, radio.mode_5(f"{number:08}", number, records(1), ATTACKERS_KEY), 1)

    assert (one.meters["flat"].telegrams, sum(one.meters["flat"].errors.values())) == (0, 0)
