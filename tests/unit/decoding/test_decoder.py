"""decoder: frames into telegrams, and all the counting."""

import pytest

import linereader
import p1telegrams as p1
from telegraf_han import RELEASED_S
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import Cause, ChecksumError, FramingError, RecordError, SecurityError, WrongKeyError
from telegraf_han.telegram import Fault, Frame

NS = 1_000_000_000
METER_NS = 1_775_826_353 * NS
"""What p1.LINES say."""
NOW_NS = (RELEASED_S + 86_400) * NS
EK, AK, OTHER = Key(p1.EK), Key(p1.AK), Key(b"\x77" * 16)

HOME = MeterConfig("home", "p1", encryption_key=EK, authentication_key=AK)
RADIO_FRAME = bytes.fromhex(
    "be44ed147856341201027a4f00b0050d0cd1688f43f1cc4c4a80646ce68888bd3878fca5ff9f1422f7dece30bcdc1f42a88c8c781b647708e4714dc5"
    "b965125f96f67325c94344727d69fdab27fa54a8d758b780dee958138f80c920e6bed3e46640ba17f2fbc6ed3e96c0754f82d8e5e78fcbf4fd757e51"
    "653a10602fe55f7f7298a78496c2919594ec20694cc4ff7ecd652af2bca7ecf476ae5c535f7c716b0b532bdc7b5551d3afeef20b6b0c7da3a4175250"
    "6c5ce68f3241160d4a456e"
)
RADIO = MeterConfig("flat", "wmbus", id="12345678", key=Key(bytes(range(16))))


def decoder(*meters: MeterConfig, layout: str = "wide", receivers: tuple[str, ...] = ()) -> Decoder:
    """A decoder of these meters."""
    output = Output(layout=layout)
    return Decoder(Config("han.toml", output, meters or (HOME,), tuple(ReceiverConfig(name, "hex", "-") for name in receivers)))


def frame(telegram: bytes, received_ns: int = NOW_NS) -> Frame:
    """A P1 telegram as the framer gives it."""
    return Frame("p1", telegram[: telegram.rindex(b"!") + 1] if telegram.startswith(b"/") else telegram, received_ns)


STOEN = frame(p1.stoen())


def test_telegram() -> None:
    """A frame becomes a telegram with all that is known of it."""
    found = decoder().take(STOEN, "home")

    assert found is not None
    assert (found.meter, found.interface, found.serial, found.model) == ("home", "p1", "35000001", "GAMA350")
    assert (found.time_ns, found.received_ns, found.verified, found.rssi_dbm) == (METER_NS, NOW_NS, True, None)
    assert (found.flaws, found.warnings) == ((), ())
    assert [(reading.obis, reading.value, reading.unit, reading.name) for reading in found.readings()] == [
        ("0-0:1.0.0", "2026-04-10T15:05:53+02:00", "", "clock"),
        ("1-0:1.8.0", 12345035, "Wh", "active_energy_import"),
        ("1-0:1.7.0", 278, "W", "active_power_import"),
        ("0-0:96.1.0", "35000001", "", "serial_number"),
        ("0-0:17.0.0", 16500, "W", "limiter_threshold_active"),
        ("0-0:17.0.0", 16600, "W", "limiter_threshold_normal"),
        ("0-0:17.0.0", 16700, "W", "limiter_threshold_emergency"),
        ("0-0:96.13.0", "", "", "message"),
    ]


FAILURES = {
    "wrong key": (frame(p1.stoen(ek=b"\x55" * 16)), HOME, WrongKeyError),
    "no key": (STOEN, HOME._replace(encryption_key=None), WrongKeyError),
    "tag required": (STOEN, HOME._replace(authentication_key=OTHER, authentication="required"), SecurityError),
    "no encryption where required": (frame(p1.plain()), HOME._replace(authentication="required"), SecurityError),
    "compression": (frame(p1.stoen(control=0xB0)), HOME, SecurityError),
    "cut block": (Frame("p1", STOEN.data[:100], NOW_NS), HOME, FramingError),
    "no content": (Frame("p1", p1.IDENT, NOW_NS), HOME, FramingError),
    "no lines": (frame(p1.stoen(b"0-0:nothing\r\n")), HOME, RecordError),
    "not encrypted": (frame(p1.plain()), HOME, SecurityError),
    "inner CRC": (frame(b"\xdb" + p1.sealed(p1.plain()[:-6] + b"0000", title=p1.TITLE)), HOME, ChecksumError),
}


@pytest.mark.parametrize("name", FAILURES)
def test_failure_is_counted_and_raised(name: str) -> None:
    """What fails raises its leaf and counts once, under the meter it belongs to."""
    failing, config, error = FAILURES[name]
    one = decoder(config)

    with pytest.raises(error):
        one.take(failing, "home")

    meter = one.meters["home"]
    assert (meter.telegrams, meter.decoded, meter.good_ns) == (1, 0, None)
    assert meter.errors == {cause: int(cause is error.cause) for cause in Cause}
    assert meter.error_ns == {error.cause: NOW_NS}


def test_counters_of_good_telegrams() -> None:
    """Each telegram counts. P1 sends an unchanged telegram every second, so no telegram is a duplicate."""
    one = decoder()
    for second in range(3):
        assert one.take(STOEN._replace(received_ns=NOW_NS + second * NS), "home") is not None
    meter = one.meters["home"]

    assert (meter.telegrams, meter.decoded, meter.duplicates, meter.unverified) == (3, 3, 0, 0)
    assert meter.good_ns == NOW_NS + 2 * NS
    assert meter.clock_offset_s == (METER_NS - NOW_NS) / NS - 2
    assert not any(meter.errors.values())


def test_failing_tag_warns_once_each_time_it_begins() -> None:
    """Readings go on with verified = false and are counted. There is one warning, and the next only after a telegram was verified again."""
    one = decoder()
    bad = frame(p1.stoen(ak=b"\x55" * 16))
    found = [one.take(telegram, "home") for telegram in (STOEN, bad, bad, bad, STOEN, bad)]

    assert [telegram.verified for telegram in found if telegram] == [True, False, False, False, True, False]
    assert [len(telegram.warnings) for telegram in found if telegram] == [0, 1, 0, 0, 0, 1]
    assert "authentication_key" in found[1].warnings[0]
    assert one.meters["home"].unverified == 4
    assert not any(one.meters["home"].errors.values())


def test_without_authentication_key_nothing_is_warned_of() -> None:
    """Who gives no key for the tag has asked for none; it is counted all the same."""
    one = decoder(HOME._replace(authentication_key=None))
    found = one.take(STOEN, "home")

    assert (found.verified, found.warnings, one.meters["home"].unverified) == (False, (), 1)


def test_flaw_counts_and_costs_nothing_else() -> None:
    """A value that cannot be read counts as an error of records; the telegram is good."""
    one = decoder()
    found = one.take(frame(p1.stoen(p1.LINES.replace(b"00.278", b"ERROR!"))), "home")
    meter = one.meters["home"]

    assert found.flaws == ("1-0:1.7.0: 6 characters that are not a number",)
    assert (meter.decoded, meter.errors[Cause.RECORDS], meter.good_ns) == (1, 1, NOW_NS)


def test_several_meters_in_one_capture() -> None:
    """Telegrams without a cable find their meter by the key that opens them."""
    away = MeterConfig("away", "p1", encryption_key=OTHER, authentication_key=AK)
    plain = MeterConfig("plain", "p1")
    one = decoder(HOME, away, plain)
    frames = [STOEN, frame(p1.stoen(ek=b"\x77" * 16)), frame(p1.luxembourg()), frame(p1.stoen(ek=b"\x77" * 16))]

    assert [one.take(each).meter for each in frames] == ["home", "away", "home", "away"]
    assert [(meter.telegrams, meter.decoded) for meter in one.meters.values()] == [(2, 2), (2, 2), (0, 0)]
    with pytest.raises(WrongKeyError, match="does not open"):
        one.take(frame(p1.stoen(ek=b"\x55" * 16)))
    assert not any(any(meter.errors.values()) for meter in list(one.meters.values())[1:])


def test_telegram_that_a_key_opens_fails_with_its_meter() -> None:
    """In a capture of several meters, an error inside a telegram belongs to the meter whose key opens it, not to the first meter's key."""
    both = decoder(HOME._replace(name="shop", encryption_key=OTHER), HOME)
    with pytest.raises(RecordError) as caught:
        both.take(frame(p1.stoen(b"0-0:1.0.0 is no line\r\n")))

    assert caught.value.meter == "home"
    assert both.meters["home"].errors[Cause.RECORDS] == 1
    assert both.meters["shop"].errors[Cause.KEY] == both.meters["shop"].telegrams == 0


def test_cable_names_its_meter() -> None:
    """What comes through a meter's cable is that meter's, whoever's key would open it."""
    away = MeterConfig("away", "p1", encryption_key=OTHER)
    one = decoder(HOME, away)

    with pytest.raises(WrongKeyError):
        one.take(STOEN, "away")
    assert one.meters["away"].errors[Cause.KEY] == 1
    assert one.meters["home"].telegrams == 0


def test_no_meter_of_this_interface() -> None:
    """A P1 capture with radio meters configured says what is missing."""
    with pytest.raises(WrongKeyError, match='interface = "p1"'):
        decoder(RADIO).take(STOEN)


def test_radio_telegram() -> None:
    """A radio telegram finds its meter by id."""
    one = decoder(HOME, RADIO)
    found = one.take(Frame("wmbus", RADIO_FRAME, NOW_NS, -67.0), "attic")

    assert (found.meter, found.serial, found.rssi_dbm, found.verified) == ("flat", "12345678", -67.0, False)
    assert {reading.name: reading.value for reading in found.readings()}["active_energy_import"] == 3171835
    assert one.meters["flat"].rssi_dbm == -67.0
    assert one.meters["home"].telegrams == 0


def test_radio_duplicates() -> None:
    """A telegram that any receiver hears again counts once, and the stronger signal is kept. Much later it counts as new."""
    one = decoder(RADIO)
    plays = [(0, -80.0, True), (1, -60.0, False), (2, -90.0, False), (299, None, False), (301, -70.0, True)]
    for after_s, rssi_dbm, is_new in plays:
        found = one.take(Frame("wmbus", RADIO_FRAME, NOW_NS + after_s * NS, rssi_dbm), "attic")
        assert (found is not None) is is_new, after_s
        if after_s == 299:
            assert one.meters["flat"].rssi_dbm == -60.0
    meter = one.meters["flat"]

    assert (meter.telegrams, meter.decoded, meter.duplicates) == (5, 2, 3)


def test_duplicate_memory_is_bounded() -> None:
    """Only some telegrams are remembered, however many come; the last ones are among them."""
    meter = decoder(RADIO).meters["flat"]

    assert not any(meter.heard_before(b"%d" % number, NOW_NS) for number in range(200))
    assert len(meter.recent) <= 16
    assert meter.heard_before(b"199", NOW_NS)


def test_neighbours_are_passed_over() -> None:
    """A telegram of a meter not configured is no error of ours, whatever is in it."""
    one = decoder(RADIO)
    other = RADIO_FRAME[:4] + bytes.fromhex("21436587") + RADIO_FRAME[8:]
    odd = other[:10] + b"\x7f" + other[11:]

    for neighbour in (other, odd):
        with pytest.raises(UnknownMeterError, match="87654321"):
            one.take(Frame("wmbus", neighbour, NOW_NS))
    meter = one.meters["flat"]
    assert (meter.telegrams, any(meter.errors.values())) == (0, False)


def test_a_neighbour_with_the_same_number() -> None:
    """Makers use the same numbers. Once our meter was read, unreadable telegrams of another maker are no errors of our meter."""
    one = decoder(RADIO)
    other = RADIO_FRAME[:2] + bytes.fromhex("0106") + RADIO_FRAME[4:]

    with pytest.raises(WrongKeyError, match="does not open"):
        one.take(Frame("wmbus", other, NOW_NS))
    assert one.take(Frame("wmbus", RADIO_FRAME, NOW_NS)) is not None
    with pytest.raises(UnknownMeterError, match="made by EGM"):
        one.take(Frame("wmbus", other[:11] + b"\x77" + other[12:], NOW_NS))

    meter = one.meters["flat"]
    assert (meter.telegrams, meter.errors[Cause.KEY]) == (2, 1)


def test_faults_and_ports_reach_their_meters() -> None:
    """A fault of a cable counts for its meter. A fault of a receiver counts for every radio meter, because it names none."""
    cottage = HOME._replace(name="cottage")
    one = decoder(HOME, cottage, RADIO, receivers=("attic",))
    fault = Fault(Cause.FRAMING, "noise", 5)

    one.fault(fault, "home", NOW_NS)
    one.fault(fault, "attic", NOW_NS)
    one.port("cottage", there=False)
    one.port("attic", there=False)

    assert {name: meter.errors[Cause.FRAMING] for name, meter in one.meters.items()} == {"home": 1, "cottage": 0, "flat": 1}
    assert {name: meter.port_there for name, meter in one.meters.items()} == {"home": True, "cottage": False, "flat": False}
    one.port("attic", there=True)
    assert one.meters["flat"].port_there


def test_a_radio_meter_misses_no_port_while_one_receiver_is_there() -> None:
    """What one receiver hears is not made unheard by another one's port."""
    one = decoder(RADIO, receivers=("attic", "cellar"))
    seen = []

    for source, there in (("cellar", False), ("attic", True), ("cellar", False), ("attic", False), ("cellar", True)):
        one.port(source, there=there)
        seen.append(one.meters["flat"].port_there)

    assert seen == [True, True, True, False, True]


HOUR_NS = 3600 * NS
BEFORE_NS = (RELEASED_S - 86_400) * NS


@pytest.mark.parametrize(
    ("meter_ns", "received_ns", "expected", "counted"),
    [
        (NOW_NS, NOW_NS, "meter", 0),
        (NOW_NS - HOUR_NS, NOW_NS, "meter", 0),
        (NOW_NS + HOUR_NS, NOW_NS, "meter", 0),
        (NOW_NS - HOUR_NS - NS, NOW_NS, "host", 1),
        (NOW_NS + HOUR_NS + NS, NOW_NS, "host", 1),
        (0, NOW_NS, "host", 1),
        (NOW_NS, BEFORE_NS, "meter", 0),
        (NOW_NS, 12 * NS, "meter", 0),
        (None, NOW_NS, "host", 0),
        (None, BEFORE_NS, "host", 0),
    ],
    ids=[
        "same", "an hour late", "an hour early", "later than an hour", "earlier than an hour", "meter in 1970",
        "host before the release", "host just booted", "meter without clock", "neither has a clock",
    ],
)  # fmt: skip
def test_stamp_in_run(meter_ns: int | None, received_ns: int, expected: str, counted: int) -> None:
    """Live, the meter's clock is used within an hour of the host's, or if the host's cannot be right. Otherwise the line is counted."""
    one = decoder()
    telegram = one.take(STOEN._replace(received_ns=received_ns), "home")._replace(time_ns=meter_ns)
    (metric,) = linereader.metrics(one.line(telegram, received_ns))

    assert metric.time_ns == (meter_ns if expected == "meter" else received_ns)
    assert one.meters["home"].host_stamped == counted


@pytest.mark.parametrize("received_ns", [NOW_NS, BEFORE_NS], ids=["now", "before"])
def test_stamp_in_replay(received_ns: int) -> None:
    """In a replay the stamp is the meter's clock, however old. It is the host's clock only if the telegram has no time."""
    one = decoder()
    telegram = one.take(STOEN._replace(received_ns=received_ns), "home")

    assert linereader.metrics(one.line(telegram))[0].time_ns == METER_NS
    assert linereader.metrics(one.line(telegram._replace(time_ns=None)))[0].time_ns == received_ns
    assert one.meters["home"].host_stamped == 0


@pytest.mark.parametrize("meter_ns", [None, 0, NOW_NS - 5 * HOUR_NS], ids=["no clock", "1970", "five hours late"])
def test_stamps_of_one_read_differ(meter_ns: int | None) -> None:
    """Telegrams of one read that get the host's clock do not overwrite each other. The clock of the next read is used as it is."""
    one = decoder()

    def stamps(received_ns: int) -> list[int]:
        telegram = one.take(STOEN._replace(received_ns=received_ns), "home")._replace(time_ns=meter_ns)
        return [linereader.metrics(one.line(telegram, received_ns))[0].time_ns for _ in range(3)]

    assert stamps(NOW_NS) == [NOW_NS, NOW_NS + 1, NOW_NS + 2]
    assert stamps(NOW_NS + NS) == [NOW_NS + NS, NOW_NS + NS + 1, NOW_NS + NS + 2]
    assert stamps(NOW_NS - HOUR_NS)[0] == NOW_NS - HOUR_NS


def test_layouts() -> None:
    """The configuration's layout decides, and its measurement."""
    wide, tall = decoder(), decoder(layout="obis")
    config = wide._config
    named = Decoder(config._replace(output=config.output._replace(measurement="energy")))

    assert {metric.measurement for metric in linereader.metrics(wide.line(wide.take(STOEN)))} == {"electricity"}
    assert {metric.measurement for metric in linereader.metrics(tall.line(tall.take(STOEN)))} == {"obis"}
    assert {metric.measurement for metric in linereader.metrics(named.line(named.take(STOEN)))} == {"energy"}


def test_status_and_settings() -> None:
    """One link line and one settings line a meter."""
    one = decoder(HOME._replace(limits=(("silence_s", 5.0),)), HOME._replace(name="away"))
    one.take(STOEN, "home")
    status = linereader.metrics(one.status(NOW_NS, {"away": 4}))
    settings = linereader.metrics(one.settings(NOW_NS))

    assert [(dict(metric.tags)["meter"], dict(metric.fields)["lines_dropped"]) for metric in status] == [("home", 0), ("away", 4)]
    assert [dict(metric.fields)["state"] for metric in status] == ["ok", "silent"]
    assert [(dict(metric.tags)["meter"], dict(metric.fields)["silence_s"]) for metric in settings] == [("home", 5.0), ("away", 180.0)]
