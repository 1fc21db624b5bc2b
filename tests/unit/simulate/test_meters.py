"""What each model says: its lines and records, in its order, to the byte of the vectors; and Warsaw's time in both forms."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from telegraf_han.ciphers.secret import Key
from telegraf_han.clock import Zone, cp48_ns, tst_ns
from telegraf_han.simulate import encode, meters
from telegraf_han.simulate.household import Home, Moment
from telegraf_han.simulate.meters import MODELS, Settings, Writer

VECTORS = Path(__file__).parent / "vectors"
NS = 1_000_000_000
GAMA_TIME = int(datetime(2026, 4, 10, 15, 5, 53, tzinfo=ZoneInfo("Europe/Warsaw")).timestamp())
KAIFA_TIME = int(datetime(2025, 11, 25, 10, 56, 43, tzinfo=ZoneInfo("Europe/Warsaw")).timestamp())


def ws(*watt_hours: int) -> tuple[int, ...]:
    """Registers in Ws that show these Wh: the last Ws before the next."""
    return tuple(wh * 3600 for wh in watt_hours)


ELGAMA = Moment(GAMA_TIME, 1, 278, -120, (278,), ws(12_000_030, 345_005, 0, 0), ws(0, 0, 0, 0))
KAIFA = Moment(KAIFA_TIME, 1, 132, -257, (44, 44, 44), ws(300_400, 36_020, 0, 0), ws(12_500, 0, 0, 0))


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch):
    """A model's text at a moment, with the voltages of the Kaifa vectors."""
    monkeypatch.setattr(meters, "voltages_dv", lambda *_: (2296, 2291, 2303))

    def text(name: str, settings: Settings, moment: Moment) -> bytes:
        return Writer(MODELS[name], settings, Home(phases=MODELS[name].phases)).text(moment)

    return text


@pytest.mark.parametrize(
    ("name", "serial", "limit_w", "moment"),
    [
        ("gama150", "14000001", 16_500, ELGAMA),
        ("gama350", "35000001", 16_500, ELGAMA),
        ("ma110m", "10000002", 0, KAIFA),
        ("ma309m", "30000001", 0, KAIFA),
    ],
)
def test_lines_are_those_of_the_vector(name: str, serial: str, limit_w: int, moment: Moment, written) -> None:
    """The vector's values give its lines, in its order."""
    lines = json.loads((VECTORS / f"p1-stoen-{name}.json").read_text())["lines"]

    assert written(name, Settings(serial, (limit_w,) * 3), moment).decode().splitlines() == lines


def test_gama350_wireless_frame_is_rebuilt_to_the_byte() -> None:
    """The vector's values, id, key and access number give its frame."""
    found = json.loads((VECTORS / "wmbus-gama350-stoen.json").read_text())
    local = datetime(2024, 7, 3, 23, 12, 16, tzinfo=ZoneInfo("Europe/Warsaw"))
    moment = Moment(int(local.timestamp()), 2, 307, 0, (307, 0, 0), ws(3_171_835, 0, 0, 0), ws(9, 0, 0, 0))
    model = MODELS["gama350"]
    writer = Writer(model, Settings("12345678", (70_000,) * 3), Home())

    address = encode.link_address(meters.MANUFACTURER, "12345678", model.version, meters.DEVICE)
    frame = encode.mode_5(address, 0x4F, writer.records(moment), Key(bytes.fromhex(found["key"])))

    assert frame.hex() == found["frame"]


@pytest.mark.parametrize(
    ("watt_seconds", "shown"),
    [(0, "000000.000"), (3599, "000000.000"), (3600, "000000.001"), (3600 * 10**9 - 1, "999999.999"), (3600 * 10**9, "000000.000")],
    ids=["zero", "cut, not rounded", "one Wh", "full", "run over"],
)
def test_register_is_cut_to_whole_wh(watt_seconds: int, shown: str, written) -> None:
    """A register shows the Wh that are complete, and begins again after its last digit."""
    text = written("gama150", Settings("14000001", (0, 0, 0)), ELGAMA._replace(import_ws=(watt_seconds, 0, 0, 0)))

    assert f"1-0:1.8.1({shown}*kWh)\r\n".encode() in text


@pytest.mark.parametrize(("net_w", "taken", "given"), [(12_345, "12.345", "00.000"), (-3_999, "00.000", "03.999"), (0, "00.000", "00.000")])
def test_power_flows_one_way_at_a_time(net_w: int, taken: str, given: str, written) -> None:
    """Import and export are the two halves of one net power."""
    text = written("ma309m", Settings("30000001", (0, 0, 0)), KAIFA._replace(net_w=net_w))

    assert f"1-0:1.7.0({taken}*kW)\r\n1-0:2.7.0({given}*kW)\r\n".encode() in text


def test_settings_of_the_operator_are_repeated(written) -> None:
    """Three limiter thresholds in their order, DSM thresholds, mode, and the message as hex."""
    text = written("gama350", Settings("35000001", (6000, 16_500, 500), (4000, 2000), 1, "Hello"), ELGAMA).decode()

    found = [line for line in text.splitlines() if line.startswith(("0-0:17", "0-0:94", "0-0:96.13"))]
    assert found == [
        "0-0:96.13.0(48656C6C6F)",
        "0-0:17.0.0(06000)",
        "0-0:17.0.0(16500)",
        "0-0:17.0.0(00500)",
        "0-0:94.98.31(04000)",
        "0-0:94.98.32(02000)",
        "0-0:94.98.33(1)",
    ]


CHANGES = [datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2028, 2, 29, 12, tzinfo=UTC)]


@pytest.mark.parametrize("change", CHANGES, ids=["spring", "autumn", "leap day"])
def test_both_forms_of_time_lead_back_to_the_second(change: datetime, written) -> None:
    """Every ten minutes around a clock change, the hour that comes twice included, S/W letter and summer bit name one moment."""
    for second in range(int(change.timestamp()) - 10_800, int(change.timestamp()) + 10_801, 600):
        text = written("ma110m", Settings("10000002", (0, 0, 0)), KAIFA._replace(utc_s=second))
        assert tst_ns(text[len(b"0-0:1.0.0(") : len(b"0-0:1.0.0(") + 13], Zone()) == second * NS
        assert cp48_ns(meters.clock_record(second), Zone()) == second * NS
        local = datetime.fromtimestamp(second, ZoneInfo("Europe/Warsaw"))
        assert text.startswith(f"0-0:1.0.0({local:%y%m%d%H%M%S}{'S' if local.dst() else 'W'})".encode())


def test_only_gama_meters_have_wireless() -> None:
    """Kaifa's meters have no version byte, hence no radio."""
    assert [name for name, model in MODELS.items() if model.version is not None] == ["gama150", "gama350"]
