"""decoder: frames into telegrams, and all the counting."""

from datetime import UTC, datetime

import pytest

import linereader
import p1telegrams as p1
from telegraf_han import RELEASED_S
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import BadKey, Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.decoding import health
from telegraf_han.decoding.decoder import Decoder, UnknownMeterError
from telegraf_han.errors import (
    BadKeyError,
    Cause,
    ChecksumError,
    FramingError,
    RecordError,
    RefusedError,
    SecurityError,
    StaleError,
    WrongKeyError,
)
from telegraf_han.telegram import Fault, Frame

NS = 1_000_000_000
METER_NS = 1_775_826_353 * NS
"""What p1.LINES say."""
NOW_NS = (RELEASED_S + 86_400) * NS
STEADY_NS = 5_000 * NS
"""What the steady clock shows at NOW_NS."""
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
    return Frame("p1", telegram[: telegram.rindex(b"!") + 1] if telegram.startswith(b"/") else telegram, received_ns, steady_ns=STEADY_NS)


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
    "cut block": (STOEN._replace(data=STOEN.data[:100]), HOME, FramingError),
    "no content": (STOEN._replace(data=p1.IDENT), HOME, FramingError),
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
    assert meter.error_ns == {error.cause: STEADY_NS}


def test_counters_of_good_telegrams() -> None:
    """Each telegram counts. P1 sends an unchanged telegram every second, so no telegram is a duplicate."""
    one = decoder()
    for second in range(3):
        assert one.take(STOEN._replace(received_ns=NOW_NS + second * NS, steady_ns=STEADY_NS + second * NS), "home") is not None
    meter = one.meters["home"]

    assert (meter.telegrams, meter.decoded, meter.duplicates, meter.unverified) == (3, 3, 0, 0)
    assert meter.good_ns == STEADY_NS + 2 * NS
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
    """A value that cannot be read counts as a flaw, and never as a telegram that was lost."""
    one = decoder()
    found = one.take(frame(p1.stoen(p1.LINES.replace(b"(00.278*kW)", b"(00.278*kW"))), "home")
    meter = one.meters["home"]

    assert found.flaws == ("a line of 19 characters that is not an OBIS code with a value",)
    assert (meter.decoded, meter.flaws, meter.good_ns) == (1, 1, STEADY_NS)
    assert not any(meter.errors.values())


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
        found = one.take(Frame("wmbus", RADIO_FRAME, NOW_NS, rssi_dbm, steady_ns=STEADY_NS + after_s * NS), "attic")
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


@pytest.mark.parametrize("received_ns", [NOW_NS, (RELEASED_S - 86_400) * NS], ids=["now", "before"])
def test_stamp_of_a_capture(received_ns: int) -> None:
    """In a capture the stamp is the meter's clock, however old. It is the host's clock only if the telegram has no time."""
    one = decoder()
    dated, undated = (
        one.take(frame(p1.stoen(lines), received_ns), "home") for lines in (p1.LINES, p1.LINES.replace(b"260410150553S", b""))
    )

    assert linereader.metrics(one.line(dated))[0].time_ns == METER_NS
    assert linereader.metrics(one.line(undated))[0].time_ns == received_ns
    assert one.meters["home"].host_stamped == 0


def test_two_telegrams_of_one_second_in_a_capture() -> None:
    """Other values of the same second are another point. The same telegram is the same point, however often it is decoded."""
    one = decoder()
    other = frame(p1.stoen(p1.LINES.replace(b"00.278", b"00.279")))

    assert [one.take(each, "home").stamp_ns - METER_NS for each in (STOEN, other, STOEN, STOEN)] == [0, 1, 2, 2]


class Live:
    """A meter on a cable whose telegrams come now. Both clocks go on by `step_s` from one telegram to the next."""

    def __init__(self, config: MeterConfig = HOME, layout: str = "wide") -> None:
        self.decoder = decoder(config, layout=layout)
        self.meter = self.decoder.meters["home"]
        self.passed_s = 0.0
        self.host_ns = NOW_NS

    def hear(
        self, clock_s: float | None = None, *, wh: int = 12_345_035, step_s: float = 1, checked: bool = True, **options
    ) -> list[tuple[int, float]]:
        """One more telegram. `clock_s` is the meter's clock after NOW_NS, by default the right one. Stamp and register of each line."""
        self.passed_s += step_s
        clock_ns = NOW_NS + int((self.passed_s if clock_s is None else clock_s) * NS)
        lines = p1.LINES.replace(b"260410150553S", stamp(clock_ns)).replace(b"012345.035", b"%010.3f" % (wh / 1000))
        passed_ns = int(self.passed_s * NS)
        telegram = frame(options.pop("make", p1.stoen)(lines, **options), self.host_ns + passed_ns)
        heard = telegram._replace(steady_ns=STEADY_NS + passed_ns, checked=checked)
        try:
            found = self.decoder.take(heard, "home", live=True)
        except (StaleError, RefusedError):
            return []
        self.warnings = found.warnings
        return [(metric.time_ns, dict(metric.fields)["active_energy_import_wh"]) for metric in linereader.metrics(self.decoder.line(found))]


def stamp(time_ns: int) -> bytes:
    """A clock of Warsaw in November, as a meter sends it."""
    return datetime.fromtimestamp(time_ns // NS + 3600, UTC).strftime("%y%m%d%H%M%SW").encode()


@pytest.mark.parametrize(
    ("off_s", "clock"), [(0, "meter"), (599, "meter"), (-599, "meter"), (601, "host"), (-601, "host"), (-3600, "host"), (10**6, "host")]
)
def test_stamp_of_a_live_telegram(off_s: int, clock: str) -> None:
    """The meter's clock is used within ten minutes of the host's. Beyond, the host's is used, counted and told once."""
    one = Live()
    stamps = [one.hear(off_s + one.passed_s + 1)[0][0] for _ in range(3)]

    expected = [NOW_NS + (second + (off_s if clock == "meter" else 0)) * NS for second in (1, 2, 3)]
    assert stamps == expected
    assert one.meter.host_stamped == (0 if clock == "meter" else 3)
    assert one.meter.clock_offset_s == off_s


def test_a_clock_at_the_edge_does_not_flip() -> None:
    """A clock that is ten minutes off, now a little more and now a little less, does not change the stamps to and fro."""
    one = Live()
    used = [
        one.hear(off_s + one.passed_s + 1)[0][0] - NOW_NS - int(one.passed_s * NS) for off_s in (-599, -601, -599, -601, -545, -530, -530)
    ]

    assert [offset_ns // NS for offset_ns in used] == [-599, 0, 0, 0, 0, -530, -530]


def test_a_standing_clock_loses_no_telegram() -> None:
    """3,600 telegrams of a clock that stands still are 3,600 points, near their real times. It is told once."""
    one = Live(MeterConfig("home", "p1"))
    told: list[str] = []
    stamps: list[int] = []
    for _ in range(3600):
        stamps += [when for when, _ in one.hear(0, make=p1.plain)]
        told += one.warnings

    assert len(set(stamps)) == 3600
    assert all(abs(when - NOW_NS - (second + 1) * NS) <= 2 * NS for second, when in enumerate(stamps))
    assert told == ["the meter's clock stands still, so this machine's time is used"]


def test_telegrams_of_one_read_never_share_a_stamp() -> None:
    """A read of the port may bring several telegrams, of one second or with no clock at all."""
    for clock in (b"260410150553S", b""):
        one = Live()
        telegrams = [
            one.decoder.take(frame(p1.stoen(p1.LINES.replace(b"260410150553S", clock or b""))), "home", live=True) for _ in range(5)
        ]
        assert len({telegram.stamp_ns for telegram in telegrams if telegram}) == 5


def test_a_replay_is_held_back() -> None:
    """A genuine telegram of three days ago makes no line, and counts as stale. The meter's own telegrams go on."""
    one = Live()
    before = [one.hear(wh=12_345_035 + second) for second in range(5)]
    replayed = [one.hear(-3 * 86_400, wh=11_845_035, step_s=0.5) for _ in range(5)]
    after = one.hear(wh=12_345_041)

    assert all(len(lines) == 1 for lines in (*before, after))
    assert replayed == [[]] * 5
    assert (one.meter.stale, one.meter.registers_back, one.meter.telegrams, one.meter.decoded) == (5, 0, 11, 6)
    assert not any(one.meter.errors.values())


def test_a_recording_in_order_is_held_back_too() -> None:
    """Old telegrams in order have lower registers. As long as the meter's own telegrams come between them, none is believed."""
    one = Live()
    one.hear()
    found = []
    for second in range(40):
        found.append(one.hear(-86_400 + second, wh=12_000_000 + second, step_s=0.5))
        assert len(one.hear(wh=12_345_036 + second, step_s=0.5)) == 1

    assert found == [[]] * 40


@pytest.mark.parametrize("count", [3, 60, 300])
def test_a_recording_that_is_played_fast_is_held_back(count: int) -> None:
    """Between two telegrams of the meter there is time for many old ones. They are in order, but go on faster than their clocks."""
    one = Live()
    one.hear()
    found = [one.hear(-86_400 + 10 * number, wh=12_000_000 + number, step_s=0.002) for number in range(count)]

    assert found == [[]] * count
    assert len(one.hear(wh=12_345_036)) == 1
    assert one.meter.stale == count


def test_a_recording_of_another_kind_is_held_back() -> None:
    """Old telegrams with another list of lines, as before a new firmware, have lower registers all the same. Without registers, none can tell."""
    one = Live()
    one.hear()
    for more in (b"1-0:2.7.0(00.000*kW)\r\n", b""):

        def older(lines: bytes, more: bytes = more) -> bytes:
            return p1.stoen(lines + more if more else lines.replace(b"1-0:1.8.0", b"1-0:99.8.0"))

        assert [one.hear(-86_400 + number, wh=12_000_000 + number, step_s=0.001, make=older) for number in range(20)] == [[]] * 20


@pytest.mark.parametrize("ago_s", [1, 30, 59])
def test_a_recording_of_this_minute_is_held_back(ago_s: int) -> None:
    """A clock may go back by some seconds, and a register may be lower. Both together are an old telegram."""
    one = Live()
    for second in range(90):
        one.hear(wh=12_345_035 + second)

    assert one.hear(one.passed_s - ago_s, wh=12_345_035 + 89 - ago_s, step_s=0.5) == []
    assert len(one.hear(one.passed_s - ago_s, wh=12_345_035 + 89, step_s=0.5)) == 1
    assert (one.meter.stale, one.meter.registers_back) == (1, 0)


def test_a_clock_that_was_set_loses_nothing() -> None:
    """The meter's clock is put back by an hour. The first telegrams are held, then all are written with the host's time, in order."""
    one = Live()
    one.hear()
    found = [one.hear(one.passed_s + 1 - 3600, wh=12_345_036 + second) for second in range(6)]

    assert [len(lines) for lines in found] == [0, 0, 3, 1, 1, 1]
    assert [line for lines in found for line in lines] == [(NOW_NS + (second + 2) * NS, 12_345_036.0 + second) for second in range(6)]
    assert (one.meter.stale, one.meter.decoded) == (2, 7)


@pytest.mark.parametrize("back_s", [130, 180, 240])
def test_a_clock_that_was_set_by_some_minutes_loses_nothing(back_s: int) -> None:
    """A meter sends once a minute, and its clock is put back. It is soon near the last time again, but what was held is written all the same."""
    one = Live()
    one.hear()
    found = [one.hear(one.passed_s + 60 - back_s, wh=12_345_036 + minute, step_s=60) for minute in range(8)]

    assert [line[1] for lines in found for line in lines] == [12_345_036.0 + minute for minute in range(8)]
    assert [len(lines) for lines in found[:3]] == [0, 0, 3]


def test_a_meter_that_lost_clock_and_registers_comes_back() -> None:
    """It looks like a replay, so it takes longer. But nothing is lost."""
    one = Live()
    one.hear()
    found = [one.hear(-86_400 * 365 * 9 + one.passed_s, wh=second) for second in range(100)]

    assert sum(map(len, found)) == 100
    assert (one.meter.registers_back, one.meter.stale) == (1, 59)


def test_counters_that_grew_must_grow() -> None:
    """Once the invocation counter was seen to grow, an old one is stale. A counter that begins anew with a new key is believed at last."""
    config = HOME._replace(encryption_key=EK)
    one = Live(config)

    def hear(counter: int) -> int:
        return len(one.hear(make=lambda lines, counter: p1.luxembourg(lines, counter=counter), counter=counter))

    assert [hear(counter) for counter in (7, 8, 9)] == [1, 1, 1]
    assert [hear(counter) for counter in (8, 9, 7)] == [0, 0, 0]
    assert hear(10) == 1
    assert [hear(counter) for counter in (1, 2, 3, 4)] == [0, 0, 3, 1]


def test_a_counter_that_never_grows_is_no_counter() -> None:
    """Stoen's counter is zero in every telegram."""
    one = Live()

    assert [len(one.hear()) for _ in range(5)] == [1] * 5


def test_registers_that_run_back_are_counted_and_told_once() -> None:
    """The clock is right, so the telegram is believed. A roll-over and an exchanged meter are no step back."""
    one = Live()
    found = []
    for wh in (5_000, 4_000, 4_001, 4_002):
        assert one.hear(wh=wh)[0][1] == wh
        found.append(one.warnings)

    assert one.meter.registers_back == 1
    assert [len(warnings) for warnings in found] == [0, 1, 0, 0]
    assert "active_energy_import went from 5000 to 4000 Wh" in found[1][0]
    one.hear(wh=999_999_990)
    one.hear(wh=10)
    assert one.meter.registers_back == 1


def test_a_host_clock_that_jumps_hides_nothing() -> None:
    """Ages are measured with the steady clock. A host clock that was put back by a day does not make a silent meter ok."""
    one = Live()
    one.hear()
    status = [
        dict(linereader.metrics(one.decoder.status(NOW_NS + host_s * NS, STEADY_NS + steady_s * NS, {})["home"])[0].fields)
        for host_s, steady_s in ((1, 1), (-86_400, 2), (80_000, 2), (-86_400 + 200, 202), (300, 302))
    ]

    assert [fields["state"] for fields in status] == ["ok", "ok", "ok", "silent", "silent"]
    assert [fields["age_s"] for fields in status] == [0.0, 1.0, 1.0, 201.0, 301.0]


def test_a_host_without_a_clock() -> None:
    """A Pi that just booted shows 1970. The meter's clock is taken, also for the status. Nothing is written as long as there is none."""
    one = Live()
    one.host_ns = 12 * NS
    assert one.decoder.status(12 * NS, STEADY_NS, {}) == one.decoder.settings(12 * NS, STEADY_NS) == {}

    undated = frame(p1.stoen(p1.LINES.replace(b"260410150553S", b"")), 12 * NS)
    found = one.decoder.take(undated, "home", live=True)
    assert one.decoder.line(found) == b""
    assert "no line is written" in found.warnings[0]
    one.passed_s = 10
    assert one.hear()[0][0] == NOW_NS + 11 * NS
    (metric,) = linereader.metrics(one.decoder.status(24 * NS, STEADY_NS + 12 * NS, {})["home"])
    assert metric.time_ns == NOW_NS + 12 * NS


def test_a_meter_that_authenticates_is_not_believed_without() -> None:
    """Once a tag was proven, a telegram that carries none is somebody else's, unless encryption is optional."""
    one = decoder()
    untagged = frame(p1.stoen(control=0x20))
    assert one.take(untagged, "home") is not None
    assert one.take(STOEN, "home").verified
    with pytest.raises(SecurityError, match="no tag"):
        one.take(untagged, "home")

    assert one.meters["home"].errors[Cause.SECURITY] == 1


BAD = (BadKey("key", "the file is empty"),)
KEYLESS_HOME = HOME._replace(encryption_key=None, bad_keys=(BadKey("encryption_key", "the file is empty"),))
KEYLESS_FLAT = RADIO._replace(key=None, bad_keys=BAD)


def counted(one: Decoder, name: str) -> dict[str, int]:
    """The counters of a meter that are not 0."""
    meter = one.meters[name]
    found = {"telegrams": meter.telegrams, "decoded": meter.decoded, "duplicates": meter.duplicates}
    return {word: count for word, count in (found | meter.errors).items() if count}


def test_a_radio_meter_without_its_key() -> None:
    """Its telegrams are counted and not read, whatever they hold. Other meters do not notice."""
    other = MeterConfig("shop", "wmbus", id="87654321")
    one = decoder(KEYLESS_FLAT._replace(encryption="optional"), other)
    plain = bytes.fromhex("1444ED147856341201027A2A0000000C0356341200")
    neighbour = bytes.fromhex("1444ED142143658701027A2A0000000C0356341200")

    for telegram in (RADIO_FRAME, plain):
        with pytest.raises(BadKeyError, match=r"^key: the file is empty$") as caught:
            one.take(Frame("wmbus", telegram, NOW_NS, steady_ns=STEADY_NS), "attic", live=True)
        assert caught.value.meter == "flat"
    assert one.take(Frame("wmbus", RADIO_FRAME, NOW_NS, steady_ns=STEADY_NS), "attic", live=True) is None
    assert one.take(Frame("wmbus", neighbour, NOW_NS, steady_ns=STEADY_NS), "attic", live=True).meter == "shop"

    assert counted(one, "flat") == {"telegrams": 3, "duplicates": 1, "key": 2}
    assert counted(one, "shop") == {"telegrams": 1, "decoded": 1}


@pytest.mark.parametrize("telegram", [p1.stoen(), p1.plain(), p1.stoen(ek=b"\x55" * 16)], ids=["its own", "plain", "another's"])
def test_a_cable_whose_meter_has_no_key(telegram: bytes) -> None:
    """What comes through its cable is counted and not read, also what needs no key, or what the key of another meter opens."""
    one = decoder(KEYLESS_HOME._replace(encryption="optional"), HOME._replace(name="away"), MeterConfig("plain", "p1"))

    with pytest.raises(BadKeyError, match=r"^encryption_key: the file is empty$"):
        one.take(frame(telegram), "home", live=True)
    assert [counted(one, name) for name in one.meters] == [{"telegrams": 1, "key": 1}, {}, {}]


def test_a_capture_of_meters_of_which_one_has_no_key() -> None:
    """The other keys are tried. A telegram that none of them opens may belong to the meter without a key, so no other key is called wrong."""
    one = decoder(HOME._replace(name="away", encryption_key=OTHER), KEYLESS_HOME)

    assert one.take(frame(p1.stoen(ek=b"\x77" * 16))).meter == "away"
    with pytest.raises(BadKeyError):
        one.take(STOEN)
    with pytest.raises(RecordError):
        one.take(frame(p1.stoen(b"0-0:1.0.0 is no line\r\n", ek=b"\x77" * 16)))

    assert counted(one, "away") == {"telegrams": 2, "decoded": 1, "records": 1}
    assert counted(one, "home") == {"telegrams": 1, "key": 1}


def test_a_key_that_comes_later() -> None:
    """From then on telegrams are read, also one that was just heard. The state follows at once, and the counters go on."""
    one = decoder(KEYLESS_FLAT)
    sent = Frame("wmbus", RADIO_FRAME, NOW_NS, steady_ns=STEADY_NS)
    with pytest.raises(BadKeyError):
        one.take(sent, "attic")
    assert health.state(one.meters["flat"], STEADY_NS) == "bad_key_file"

    one.rekey(RADIO)

    assert health.state(one.meters["flat"], STEADY_NS) == "silent"
    assert one.take(sent, "attic").meter == "flat"
    assert health.state(one.meters["flat"], STEADY_NS) == "ok"
    assert one.meters["flat"].sealed
    assert counted(one, "flat") == {"telegrams": 2, "decoded": 1, "key": 1}


def test_a_wrong_key_that_is_corrected() -> None:
    """The state does not stay at `wrong_key` for the telegrams that the old key did not open."""
    one = decoder(HOME._replace(encryption_key=OTHER))
    with pytest.raises(WrongKeyError):
        one.take(STOEN, "home")
    assert health.state(one.meters["home"], STEADY_NS) == "wrong_key"

    one.rekey(HOME)

    assert health.state(one.meters["home"], STEADY_NS) == "silent"
    assert one.take(STOEN, "home").verified


def test_a_new_reason_changes_nothing_else() -> None:
    """What was proved under the keys stays, if only the words about a key change."""
    one = decoder()
    one.take(STOEN, "home")

    one.rekey(HOME._replace(bad_keys=BAD))

    assert one.meters["home"].proved
    assert one.meters["home"].config.bad_keys == BAD


def test_a_key_is_exchanged() -> None:
    """What was proved under the old key proves nothing now: a tag may be missing, and the frame counter begins anew."""
    one = decoder()
    seconds = iter(range(99))

    def hear(**options: object) -> bool:
        """Whether a telegram is proven genuine. Raises TelegramError."""
        return one.take(frame(p1.stoen(**options))._replace(steady_ns=STEADY_NS + next(seconds) * NS), "home", live=True).verified

    assert [hear(counter=counter) for counter in (2000, 2001)] == [True, True]
    with pytest.raises(StaleError):
        hear(counter=2000)

    one.rekey(HOME._replace(encryption_key=OTHER))

    assert hear(ek=b"\x77" * 16, control=0x20, counter=1) is False
    assert hear(ek=b"\x77" * 16, counter=2) is True
    with pytest.raises(StaleError):
        hear(ek=b"\x77" * 16, counter=1)
    assert one.meters["home"].stale == 2


def test_a_radio_key_is_exchanged() -> None:
    """The key that once proved right is not asked any more."""
    one = decoder(RADIO)
    one.take(Frame("wmbus", RADIO_FRAME, NOW_NS, steady_ns=STEADY_NS), "attic")
    assert one.meters["flat"].memory.key == RADIO.key

    one.rekey(RADIO._replace(key=OTHER))

    with pytest.raises(WrongKeyError):
        one.take(Frame("wmbus", RADIO_FRAME, NOW_NS, steady_ns=STEADY_NS), "attic")


def test_series_are_bounded() -> None:
    """2,000 telegrams without a key, each with another serial number and other codes, make a few dozen series and some hundred fields."""
    one = Live(MeterConfig("home", "p1"))
    series: set[str] = set()
    fields: set[str] = set()
    for number in range(2_000):
        lines = p1.LINES.replace(b"3335303030303031", b"%016d" % (3030303030303030 + number)).replace(
            b"0-0:17.0.0", b"1-0:99.%d.%d" % (number % 250, number // 250)
        )
        telegram = frame(p1.plain(lines), NOW_NS + number * NS)._replace(checked=bool(number % 2))
        try:
            found = one.decoder.take(telegram, "home", live=True)
        except (RefusedError, StaleError):
            continue
        for metric in linereader.metrics(one.decoder.line(found)):
            series.add(str(metric.tags))
            fields |= {name for name, _ in metric.fields}

    assert 1 <= len(series) <= 24
    assert len(fields) <= 400
    assert one.meter.fields_refused > 2_000


def test_what_nothing_proves_is_admitted_when_it_repeats() -> None:
    """A meter without key and checksum is read from the first telegram. Another serial number is believed at its second telegram."""
    one = Live(MeterConfig("home", "p1"))
    other = p1.LINES.replace(b"3335303030303031", b"3335303030303032")

    def hear(lines: bytes) -> bool:
        try:
            return bool(one.decoder.line(one.decoder.take(frame(p1.plain(lines)), "home", live=True)))
        except RefusedError:
            return False

    assert [hear(lines) for lines in (p1.LINES, other, p1.LINES, other, other)] == [True, False, True, True, True]


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
    status = linereader.metrics(b"".join(one.status(NOW_NS, STEADY_NS, {"away": 4}).values()))
    settings = linereader.metrics(b"".join(one.settings(NOW_NS, STEADY_NS).values()))

    assert [(dict(metric.tags)["meter"], dict(metric.fields)["lines_dropped"]) for metric in status] == [("home", 0), ("away", 4)]
    assert [dict(metric.fields)["state"] for metric in status] == ["ok", "silent"]
    assert [(dict(metric.tags)["meter"], dict(metric.fields)["silence_s"]) for metric in settings] == [("home", 5.0), ("away", 180.0)]
