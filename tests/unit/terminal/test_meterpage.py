"""terminal.meterpage: turns what is known of the meters into lines, whatever a meter says and however large the terminal is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import p1telegrams as p1
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import BadKey, Config, MeterConfig, Output, ReceiverConfig
from telegraf_han.errors import Cause
from telegraf_han.inspection.recent import Point, Recent
from telegraf_han.telegram import Frame
from telegraf_han.terminal import meterpage, text
from telegraf_han.terminal.meterpage import Choice, Scene
from telegraf_han.terminal.text import Style, View

S = 1_000_000_000
NOW_NS = 1_775_826_353 * S
METER = Choice()
LOOK = Style(colours=False)
HOME = MeterConfig("home", "p1", encryption_key=Key(p1.EK), authentication_key=Key(p1.AK))
FLAT = MeterConfig("flat", "wmbus", id="12345678", key=Key(bytes(range(16))))
THREE = {
    "active_power_import_w": 2780,
    "active_power_export_w": 0,
    **{f"voltage_l{phase}_v": 229.5 + phase for phase in (1, 2, 3)},
    **{f"current_l{phase}_a": 1.25 * phase for phase in (1, 2, 3)},
    "frequency_hz": 50.01,
    "active_energy_import_wh": 12345035,
    "active_energy_import_t1_wh": 12000030,
    "active_energy_import_t2_wh": 345005,
    "active_energy_import_t3_wh": 0,
    "active_energy_export_wh": 0,
    "reactive_energy_import_varh": 1500,
    "limiter_mode": 3,
    "limiter_threshold_active_w": 16500,
}


def recent(*meters: MeterConfig) -> Recent:
    return Recent(Config("han.toml", Output(), meters or (HOME,), (ReceiverConfig("attic", "hex", "-"),)))


def heard(fields: dict[str, object] | None = None, meter: MeterConfig = HOME) -> Recent:
    """A meter that sent a telegram just now, and says these fields."""
    one = recent(meter)
    one.take(Frame("p1", p1.stoen(), NOW_NS, steady_ns=NOW_NS), "home")
    one.fields["home"] = dict(THREE if fields is None else fields)
    return one


def page(one: Recent, choice: Choice = METER, columns: int = 80, rows: int = 24, after_s: float = 1.0, **others) -> list[str]:
    scene = Scene(one, choice, LOOK, NOW_NS + int(after_s * S), NOW_NS + int(after_s * S))
    return [text.plain(line, LOOK) for line in meterpage.page(scene, View(columns, rows, **others)).lines]


def test_everything_at_80_by_24() -> None:
    """Power, chart, phases, registers, limiter, counters: on one page of the smallest usual terminal."""
    lines = page(heard())
    said = "\n".join(lines)

    assert len(lines) == 24
    assert lines[0].startswith("telegraf-han watch  15:05:54")
    assert lines[1] == "home  p1  GAMA350  35000001  ok  verified  1 s ago"
    assert "import 2 780 W   export 0 W" in said
    assert ["L3", "232.5", "3.75"] in [line.split() for line in lines]
    assert "frequency 50.01 Hz" in said
    assert "import           12 345.035  12 000.030  345.005  kWh" in said
    assert "reactive import       1.500                       kvarh" in said
    assert "limiter  active 16 500 W   mode 3" in said
    assert "telegrams 1   decoded 1   repeated 0   unverified 0   clock +0 s" in said
    assert "no errors" in said
    assert lines[-1].startswith("q quit")
    assert max(map(len, lines)) <= 80


def test_zones_that_never_counted_are_left_out() -> None:
    """Four zones exist, two are used."""
    said = "\n".join(page(heard()))

    assert "T2" in said
    assert "T3" not in said


def test_narrow() -> None:
    """In 40 columns nothing of the numbers is cut: registers have a line each."""
    lines = page(heard(), columns=40, rows=40)

    assert "import total           12 345.035  kWh" in "\n".join(lines)
    assert [line for line in lines[:-1] if len(line) > 40] == []


def test_chart() -> None:
    """The last minutes of power are bars, export below import. The highest value is written in words."""
    one = heard()
    one.history["home"].clear()
    one.history["home"].extend([Point(NOW_NS - 60 * S, 1000.0, 0.0), Point(NOW_NS, 0.0, 4000.0)])

    lines = page(one, columns=20, rows=40)

    assert "last 2 min, top 4 000 W" in "\n".join(lines)
    first = next(number for number, line in enumerate(lines) if line.startswith("last 2 min")) + 1
    assert lines[first : first + 4] == ["", " " * 8 + "▄" * 10 + "▁▁", " " * 18 + "██", " " * 8 + "▁" * 10 + "██"]


@pytest.mark.parametrize(("limit_w", "said"), [(6000, "46% of the limit of 6 000 W"), (2000, "139% of the limit of 2 000 W")])
def test_limit(limit_w: float, said: str) -> None:
    """The configuration's own limit, where it sets one."""
    limited = HOME._replace(limits=(("active_power_import_w", limit_w),))

    assert said in "\n".join(page(heard(meter=limited)))
    assert "of the limit" not in "\n".join(page(heard()))


@pytest.mark.parametrize(
    ("cause", "after_s", "said"),
    [
        (None, 1, "ok"),
        (None, 400, "silent"),
        (Cause.KEY, 400, "wrong key"),
        (Cause.CHECKSUM, 400, "noise"),
    ],
    ids=["ok", "silent", "wrong key", "noise"],
)
def test_states(cause: Cause | None, after_s: int, said: str) -> None:
    """The state of the reading is in the first line, and its meaning is below it."""
    one = heard()
    if cause is not None:
        one.meters["home"].failed(cause, NOW_NS + 390 * S)
        one.meters["home"].errors[cause] = 7

    lines = page(one, after_s=after_s)

    assert said in lines[1]
    assert bool(lines[2]) == (said != "ok")
    if cause is not None:
        assert f"errors  {cause} 7" in "\n".join(lines)


def test_bad_key() -> None:
    """A key that cannot be had is a state of its own, from the start, and it says what to do."""
    one = recent(HOME._replace(encryption_key=None, bad_keys=(BadKey("encryption_key", "the file is empty"),)))
    lines = page(one)

    assert "bad key file" in lines[1]
    assert "telegraf-han check says why" in lines[2]


def test_port_missing_and_waiting() -> None:
    """Nothing heard yet is no fault; a port that is not there is."""
    one = recent()
    assert "waiting" in page(one)[1]

    one.port("home", there=False)
    assert "port missing" in page(one)[1]


def test_signal() -> None:
    """A radio meter's level stands beside its age."""
    one = heard()
    one.meters["home"].rssi_dbm = -71.4

    assert page(one)[1].endswith("1 s ago  -71 dBm")


def test_message_cannot_command_the_terminal() -> None:
    """The operator's text is shown, its control characters are not obeyed."""
    one = heard(THREE | {"message": "prąd\x1b[2J\x07"})
    scene = Scene(one, Choice(), LOOK, NOW_NS, NOW_NS)

    drawn = [text.rendered(line, 80, LOOK) for line in meterpage.page(scene, View(80, 24)).lines]

    assert "message of the operator: prąd?[2J?" in "\n".join(drawn)


def test_all_readings() -> None:
    """Code, name, value and unit of everything the newest telegram says."""
    lines = page(heard(), Choice("readings"), rows=40)

    assert ["1-0:1.8.0", "active_energy_import", "12345035", "Wh"] in [line.split() for line in lines]


def test_overview() -> None:
    """A row per meter, with a chart if there is room."""
    one = recent(HOME, FLAT)
    one.take(Frame("p1", p1.stoen(), NOW_NS, steady_ns=NOW_NS), "home")

    lines = page(one, Choice("overview"))

    assert lines[1].split()[:3] == ["meter", "state", "import"]
    assert lines[2].split() == ["all", "2", "1", "ok,", "1", "not", "278", "0"]
    assert lines[3].split()[:6] == ["1", "home", "ok", "278", "12", "345.035"]
    assert lines[3].rstrip().endswith("█")
    assert lines[4].split() == ["2", "flat", "waiting"]
    assert "Enter opens it" in lines[-1]
    assert "left/right meter" in page(one, Choice("meter", 1))[-1]
    assert page(one, Choice("meter", 1))[0].startswith("telegraf-han watch  2 of 2")


def block(count: int) -> Recent:
    """A house of that many flats. Each reads some power, but the third is silent."""
    one = recent(*(MeterConfig(f"flat-{number}", "wmbus", id=f"{number:08}") for number in range(1, count + 1)))
    for number, (name, meter) in enumerate(one.meters.items(), 1):
        one.fields[name] = {"active_power_import_w": 100 * number, "active_power_export_w": 7}
        meter.telegrams, meter.good_ns = 1, NOW_NS - (400 * S if number == 3 else 0)
    return one


def test_the_sum_of_a_house() -> None:
    """The row of the sum has the power of all meters that are read now, and the number of the others."""
    lines = page(block(40), Choice("overview"))

    assert lines[2].split() == ["all", "40", "39", "ok,", "1", "not", "81", "700", "273"]
    assert lines[2].index("81 700") + len("81 700") == lines[3].index(" 100 ") + len(" 100")
    assert page(block(2), Choice("overview"))[2].split()[:4] == ["all", "2", "2", "ok"]


@given(st.integers(2, 60), st.data(), st.integers(4, 40), st.integers(20, 120), st.integers(-5, 80))
def test_the_chosen_meter_is_visible(count: int, data: st.DataObject, rows: int, columns: int, top: int) -> None:
    """However many meters there are and however low the terminal is: the head stays, and the chosen row is there and marked."""
    chosen = data.draw(st.integers(0, count - 1))
    scene = Scene(block(count), Choice("overview", chosen), LOOK, NOW_NS, NOW_NS)

    drawn = meterpage.page(scene, View(columns, rows, top))

    marked = [line for line in drawn.lines[1:] if any(role == "title" for _, role in line)]
    assert [text.plain(line, LOOK).split()[:2] for line in marked] == [[str(chosen + 1), f"flat-{chosen + 1}"]]
    assert len(drawn.lines) == rows
    assert drawn.top <= chosen
    assert meterpage.page(scene, View(columns, rows, drawn.top)) == drawn
    if rows >= 5:
        assert text.plain(drawn.lines[2], LOOK).split()[:2] == ["all", str(count)]


def test_where_the_numbers_come_from() -> None:
    """The title says so."""
    scene = Scene(heard(), METER, LOOK, NOW_NS, NOW_NS, "from Telegraf's plugin")

    assert text.plain(meterpage.page(scene, View(80, 24)).lines[0], LOOK) == "telegraf-han watch  15:05:53  from Telegraf's plugin"


def test_remarks_give_way_to_numbers() -> None:
    """The log's newest sentences stand at the foot, unless the terminal is too low for both."""
    remarks = ("W! home: the cable is loose",)

    assert page(heard(), remarks=remarks)[-2] == remarks[0]
    assert remarks[0] not in page(heard(), rows=4, remarks=remarks)


def test_scrolling() -> None:
    """A low terminal shows a part; below the last line there is nothing."""
    top, later, end = (page(heard(), rows=8, top=top) for top in (0, 2, 999))

    assert top[3] == later[1]
    assert end[-2] == "no errors"
    assert len(top) == len(end) == 8


VALUES = st.one_of(st.none(), st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9), st.text(max_size=8))


@settings(max_examples=30)
@given(
    st.dictionaries(st.sampled_from([*THREE, "message", "power_factor", "dsm_threshold_1_w", "active_power_import_l1_w"]), VALUES),
    st.sampled_from(["meter", "readings", "overview"]),
    st.integers(1, 200),
    st.integers(1, 60),
)
def test_any_meter_and_any_size(fields, kind: str, columns: int, rows: int) -> None:
    """Whatever a meter says, in a terminal of any size, the page has as many lines as the terminal."""
    scene = Scene(heard(fields), Choice(kind), LOOK, NOW_NS, NOW_NS)

    lines = meterpage.page(scene, View(columns, rows)).lines

    assert len(lines) == max(rows, 2)
