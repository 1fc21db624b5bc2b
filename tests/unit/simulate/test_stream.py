"""Telegrams of a virtual meter, and that what the decoder reads of them is what the household did."""

from itertools import islice, pairwise

import pytest

from telegraf_han import receivers
from telegraf_han.ciphers import aes, crc
from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone
from telegraf_han.p1 import envelope, text
from telegraf_han.p1.framer import Framer
from telegraf_han.simulate import encode, stream
from telegraf_han.simulate.household import Home, Household, voltages_dv
from telegraf_han.simulate.meters import MODELS, Settings, Writer
from telegraf_han.simulate.stream import Dress, Sent
from telegraf_han.telegram import Frame

EK, AK = Key(bytes(range(100, 116))), Key(bytes(range(200, 216)))
START = 1_781_949_600
"""2026-06-20 12:00 in Warsaw: the roof exports."""


def run(name: str, envelope_name: str = "bare", footer: str = "x25-low-first", interval_s: int = 1, start_s: int = START):
    model = MODELS[name]
    interface = "p1" if envelope_name in stream.ENVELOPES["p1"] else "wmbus"
    home = Home(phases=model.phases, pv_w=model.pv_w)
    writer = Writer(model, Settings(model.serial, (6000, 7000, 500), (400, 200), 2, "!/\\"), home)
    return stream.telegrams(home, writer, Dress(interface, envelope_name, footer, encode.Keys(EK, AK), EK), start_s, interval_s)


def expected(name: str, household: Household, second: int) -> dict[str, object]:
    """The values that must be read from a telegram, straight from the household."""
    moment = household.at(second)
    registers = {"import": moment.import_ws, "export": moment.export_ws}
    values: dict[str, object] = {
        "active_power_import": max(moment.net_w, 0),
        "active_power_export": max(-moment.net_w, 0),
        "limiter_threshold_active": 6000,
        "limiter_threshold_normal": 7000,
        "limiter_threshold_emergency": 500,
        "dsm_threshold_1": 400,
        "dsm_threshold_2": 200,
        "limiter_mode": 2,
        "message": "!/\\",
    }
    for way, zones in registers.items():
        values[f"active_energy_{way}"] = sum(zones) // 3600
        values |= {f"active_energy_{way}_t{zone + 1}": ws // 3600 for zone, ws in enumerate(zones)}
    if name.startswith("ma"):
        values |= {"reactive_power_import": max(moment.net_var, 0), "reactive_power_export": max(-moment.net_var, 0)}
        values |= {f"voltage_l{phase + 1}": dv / 10 for phase, dv in enumerate(voltages_dv(household.home, moment))}
    return values


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("dress", "footer"), [("bare", "x25-low-first"), ("bare", "x25-high-first"), ("plain", "arc"), ("glo", "arc")])
def test_decoder_reads_what_the_household_did(name: str, dress: str, footer: str) -> None:
    """Framer, envelope and text parser find every telegram whole, the tag right and every value exact, in each dialect."""
    sents = list(islice(run(name, dress, footer, interval_s=3600), 12))
    framer = Framer()
    frames = [event for sent in sents for event in framer.feed(sent.wire, sent.frame.received_ns)] + framer.finish(0)

    assert [frame.data for frame in frames if isinstance(frame, Frame)] == [sent.frame.data for sent in sents]
    household = Household(Home(phases=MODELS[name].phases, pv_w=MODELS[name].pv_w), START)
    for sent in sents:
        found = envelope.envelope(sent.frame.data)
        plain = envelope.opened(found, EK, AK, "preferred", encryption="optional")
        body = text.body(plain.body, found.ident or plain.body[1:8].decode(), Zone())

        assert body.time_ns == sent.frame.received_ns
        assert body.serial == MODELS[name].serial
        assert plain.verified == (dress != "plain")
        read = {column.name: value for column, value in zip(body.shape.columns, body.values, strict=True)}
        wanted = expected(name, household, sent.frame.received_ns // stream.NS)
        assert {key: read.get(key) for key in wanted} == wanted


@pytest.mark.parametrize(("name", "version"), [("gama150", 2), ("gama350", 1)])
def test_wireless_frame_holds_what_the_household_did(name: str, version: int) -> None:
    """Opened with the key, ten hours of frames have the moment's registers and powers behind their DIF and VIF."""
    household = Household(Home(phases=MODELS[name].phases, pv_w=MODELS[name].pv_w), START)
    for sent in islice(run(name, "stripped", interval_s=600), 60):
        frame = sent.frame.data
        plain = aes.cbc(EK, frame[2:10] + frame[11:12] * 8, frame[15:]).hex()
        moment = household.at(sent.frame.received_ns // stream.NS)
        wanted = {
            "0e03": (sum(moment.import_ws) // 3600, 12),
            "8e1003": (moment.import_ws[0] // 3600, 12),
            "8e2003": (moment.import_ws[1] // 3600, 12),
            "0e833c": (sum(moment.export_ws) // 3600, 12),
            "0b2b": (max(moment.net_w, 0), 6),
            "0bab3c": (max(-moment.net_w, 0), 6),
            "0babc8ff16": (500, 6),
            "09ff19": (2, 2),
        }

        assert frame[8] == version
        assert plain.startswith("2f2f066d")
        for header, (value, digits) in wanted.items():
            assert header + bytes.fromhex(f"{value:0{digits}}")[::-1].hex() in plain


@pytest.mark.parametrize("name", ["gama150", "gama350"])
def test_access_number_counts_up_and_wraps(name: str) -> None:
    """Wireless telegrams count by one, modulo 256, wherever a run begins."""
    accesses = [sent.frame.data[11] for sent in islice(run(name, "stripped", interval_s=60), 300)]

    assert [(after - before) % 256 for before, after in pairwise(accesses)] == [1] * 299


def test_invocation_counter_of_general_glo_counts_up() -> None:
    """The counter rises by one a telegram."""
    counters = [int.from_bytes(sent.wire[14:18], "big") for sent in islice(run("ma309m", "glo", interval_s=10), 5)]

    assert [after - before for before, after in pairwise(counters)] == [1] * 4


def test_hex_lines_hold_the_frame_without_and_with_link_crcs() -> None:
    """One upper-case line a telegram; with CRCs its blocks check."""
    stripped = next(run("gama350", "stripped"))
    on_air = next(run("gama350", "crc"))

    assert stripped.wire == stripped.frame.data.hex().upper().encode() + b"\n"
    assert on_air.frame == stripped.frame
    octets = bytes.fromhex(on_air.wire.decode())
    assert octets[:10] == stripped.frame.data[:10]
    assert crc.en13757(octets[:10]) == int.from_bytes(octets[10:12], "big")


@pytest.mark.parametrize("name", stream.PROGRAMS)
def test_lines_of_programs_are_read_by_their_receivers(name: str) -> None:
    """Each telegram once, although rtl_wmbus prints it twice, with the frame that the meter sent."""
    sents = list(islice(run("gama350", name, interval_s=60), 20))
    receiver = receivers.named(name).Receiver()
    events = [event for sent in sents for event in receiver.feed(sent.wire, sent.frame.received_ns)]

    assert events == [sent.frame._replace(checked=True) for sent in sents]
    assert [sent.frame for sent in sents] == [sent.frame for sent in islice(run("gama350", "stripped", interval_s=60), 20)]


def test_later_start_changes_registers_and_nothing_else() -> None:
    """Two runs that reach the same second send the same time, power and settings."""

    def lines(sent: Sent) -> list[bytes]:
        return [line for line in sent.wire.split(b"\r\n") if b".8." not in line and not line.startswith(b"!")]

    early = list(islice(run("ma309m", "plain"), 3700))[-1]
    late = next(run("ma309m", "plain", start_s=START + 3699))
    assert lines(early) == lines(late)
