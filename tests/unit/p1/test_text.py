"""p1.text: data lines into columns and values."""

import pytest

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.p1 import lines, shapes, text
from telegraf_han.telegram import Body

WARSAW = Zone()


def body(*sent: bytes, ident: str = "") -> Body:
    """These lines with CR LF between them."""
    return text.body(b"\r\n".join(sent) + b"\r\n", ident, WARSAW)


def fields(found: Body) -> dict[str, object]:
    """Field keys and values; two of one name would be an error."""
    named = [(column.field, value) for column, value in zip(found.shape.columns, found.values, strict=True) if column.field]
    assert len(dict(named)) == len(named)
    return dict(named)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (b"1-0:1.8.0(012345.035*kWh)", "active_energy_import_wh", 12345035),
        (b"1-0:1.8.0(000000.000*kWh)", "active_energy_import_wh", 0),
        (b"1-0:1.8.0(999999.999*kWh)", "active_energy_import_wh", 999999999),
        (b"1-0:1.8.0(00012.3456789*kWh)", "active_energy_import_wh", 12345.6789),
        (b"1-0:2.8.0(1.5*MWh)", "active_energy_export_wh", 1500000),
        (b"1-0:1.8.0(12345035*Wh)", "active_energy_import_wh", 12345035),
        (b"1-0:3.8.0(00000.001*kVArh)", "reactive_energy_import_varh", 1),
        (b"1-0:1.7.0(00.278*kW)", "active_power_import_w", 278),
        (b"1-0:1.7.0(-00.278*kW)", "active_power_import_w", -278),
        (b"1-0:1.7.0(+00.278*kW)", "active_power_import_w", 278),
        (b"1-0:1.7.0(-00.000*kW)", "active_power_import_w", 0),
        (b"1-0:1.7.0(-0*kW)", "active_power_import_w", 0),
        (b"1-0:1.7.0( 00.278 *kW)", "active_power_import_w", 278),
        (b"1-0:1.7.0(00.278 * kW )", "active_power_import_w", 278),
        (b"1-0:1.8.0(1*GWh)", "active_energy_import_wh", 1_000_000_000),
        (b"0-0:96.13.0(2*3=6)", "message", "2*3=6"),
        (b"1-0:0.2.0(V1*2)", "firmware", "V1*2"),
        (b"0-0:99.9.9(AB*CD)", "obis_0_0_99_9_9_text", "AB*CD"),
        (b"0-0:99.9.9(12*furlong)", "obis_0_0_99_9_9_furlong", 12),
        (b"1-0:14.7.0(0000.049*kHz)", "frequency_hz", 49),
        (b"1-0:14.7.0(0.00005*MHz)", "frequency_hz", 50),
        (b"1-0:1.7.0(278000*mW)", "active_power_import_w", 278),
        (b"1-0:1.7.0(0.000278*MW)", "active_power_import_w", 278),
        (b"1-0:31.7.0(1500*\xb5A)", "current_l1_a", 0.0015),
        (b"1-0:31.7.0(1500*\xc2\xb5A)", "current_l1_a", 0.0015),
        (b"1-0:1.7.0(5*mw)", "active_power_import_mw", 5),
        (b"0-0:96.14.0(TARIFF 1)", "tariff_text", "TARIFF 1"),
        (b"0-0:96.14.0(T2)", "tariff_text", "T2"),
        (b"0-0:96.14.0(2A)", "tariff_text", "2A"),
        (b"0-0:96.3.10(ON)", "breaker_state_text", "ON"),
        (b"1-0:99.7.0(5*~W)", "obis_1_0_99_7_0_w_unit", 5),
        (b"1-0:99.7.0(5*text)", "obis_1_0_99_7_0_text_unit", 5),
        (b"1-0:99.7.0(5*2)", "obis_1_0_99_7_0_2_unit", 5),
        (b"1-0:1.8.0(5*?kWh)", "active_energy_import_kwh_unit", 5),
        (b"1-0:32.7.0(229.6*V\xc2\x9b)", "voltage_l1_v_unit", 229.6),
        (b"0-0:96.14.0(2*--)", "tariff_unit", 2),
        (b"1-0:99.7.0(12a)", "obis_1_0_99_7_0_text", "12a"),
        (b"1-0:99.7.0(1.2.3)", "obis_1_0_99_7_0_text", "1.2.3"),
        (b"1-0:99.7.0(FFFF)", "obis_1_0_99_7_0_text", "FFFF"),
        (b"1-0:99.7.0(9007199254740992)", "obis_1_0_99_7_0", 9007199254740992),
        (b"1-0:99.7.0(9007199254740993)", "obis_1_0_99_7_0_text", "9007199254740993"),
        (b"1-0:99.7.0(-9007199254740993)", "obis_1_0_99_7_0_text", "-9007199254740993"),
        (b"1-0:1.8.0(9007199254740.992*kWh)", "active_energy_import_wh", 9007199254740992),
        (b"1-0:1.8.0(9007199254740.993*kWh)", "active_energy_import_text", "9007199254740.993*kWh"),
        (b"1-0:1.8.0(" + b"9" * 64 + b")", "active_energy_import_text", "9" * 64),
        (b"1-0:1.8.0(0.1111111111111111111)", "active_energy_import_text", "0.1111111111111111111"),
        (b"0-1:96.1.0(473030303030303132)", "obis_0_1_96_1_0_text", "G00000012"),
        (b"0-2:96.1.0(000000000012)", "obis_0_2_96_1_0_text", "000000000012"),
        (b"0-1:96.1.1(3030303132333435)", "obis_0_1_96_1_1_text", "00012345"),
        (b"0-0:96.1.4(50217)", "obis_0_0_96_1_4_text", "50217"),
        (b"0-1:24.1.0(003)", "obis_0_1_24_1_0", 3),
        (b"0.0.0(00012345)", "obis_0_0_0_0_0_text", "00012345"),
        (b"0.0(          120858)", "obis_0_0_0_0_text", "120858"),
        (b"C.1.0(31323334)", "obis_c_1_0_text", "31323334"),
        (b"C.1.1(        )", "obis_c_1_1_text", ""),
        (b"F.F(00000000)", "obis_f_f_text", "00000000"),
        (b"C.7.0(0008)", "obis_c_7_0", 8),
        (b"C.1.8.0(000009.000*kWh)", "obis_c_1_8_0_wh", 9000),
        (b"1-0:C.1.8.0(000009.000*kWh)", "obis_1_0_c_1_8_0_wh", 9000),
        (b"1-0:0.2.8((ER11))", "obis_1_0_0_2_8_text", "ER11"),
        (b"1-0:1.8.0((000001*kWh))", "active_energy_import_wh", 1000),
        (b"0-0:96.13.0(Przerwa (10-12))", "message", "Przerwa (10-12)"),
        (b"1-0:1.7.0(.5*kW)", "active_power_import_w", 500),
        (b"1-0:1.7.0(5.*kW)", "active_power_import_w", 5000),
        (b"1-0:4.7.0(0.05*kVAr)", "reactive_power_export_var", 50),
        (b"1-0:32.7.0(229.6*V)", "voltage_l1_v", 229.6),
        (b"1-0:32.7.0(0.2296*kV)", "voltage_l1_v", 229.6),
        (b"1-0:51.7.0(0.00123*kA)", "current_l2_a", 1.23),
        (b"1-0:51.7.0(001*A)", "current_l2_a", 1),
        (b"1-0:14.7.0(49.99*Hz)", "frequency_hz", 49.99),
        (b"1-0:73.7.0(-0.987)", "power_factor_l3", -0.987),
        (b"0-0:17.0.0(16500)", "limiter_threshold_active_w", 16500),
        (b"0-0:17.0.0(16.5*kW)", "limiter_threshold_active_w", 16500),
        (b"0-0:94.98.31(00000000)", "dsm_threshold_1_w", 0),
        (b"0-0:94.98.33(3)", "limiter_mode", 3),
        (b"0-0:96.14.0(0002)", "tariff", 2),
        (b"1.8.0(000001*kWh)", "active_energy_import_wh", 1000),
        (b"1-0:1.8.0*255(000001*kWh)", "active_energy_import_wh", 1000),
        (b"1-0:1.8.0.255(000001*kWh)", "active_energy_import_wh", 1000),
        (b"1-0:99.7.0(5*W)", "obis_1_0_99_7_0_w", 5),
        (b"1-0:99.7.0(5)", "obis_1_0_99_7_0", 5),
        (b"1-0:99.7.0(five)", "obis_1_0_99_7_0_text", "five"),
        (b"1-0:99.7.0(5*furlong)", "obis_1_0_99_7_0_furlong", 5),
        (b"0-1:24.2.1(260410150000S)(00024.123*m3)", "obis_0_1_24_2_1_m3", 24.123),
        (b"0-1:24.2.1(260410150000S)(00024.123*m\xb3)", "obis_0_1_24_2_1_m3", 24.123),
        (b"0-1:24.2.1(260410150000S)(00024.123*m\xc2\xb3)", "obis_0_1_24_2_1_m3", 24.123),
        (b"0-1:24.2.1(2604101500)(00024.123*m3)", "obis_0_1_24_2_1_m3", 24.123),
        (b"1-0:1.6.0(260401000000S)(05.120*kW)", "active_power_import_max_w", 5120),
        (b"1-0:1.6.0(260401000000S)(05.120*kW)", "active_power_import_max_time", "2026-04-01T00:00:00+02:00"),
        (b"1-0:1.6.0(05.120*kW)(260401000000S)", "active_power_import_max_w", 5120),
        (b"1-0:1.6.0(05.120*kW)(260401000000S)", "active_power_import_max_time", "2026-04-01T00:00:00+02:00"),
        (b"1.6.1(05.120*kW)(26-04-01 00:15)", "active_power_import_max_t1_time", "2026-04-01T00:15:00+02:00"),
        (b"0-1:24.2.1(150701190000s)(00845.206*m3)", "obis_0_1_24_2_1_m3", 845.206),
        (b"0-1:24.2.1(150701190000s)(00845.206*m3)", "obis_0_1_24_2_1_time", "2015-07-01T19:00:00+02:00"),
        (b"0-1:24.2.1(260110150000w)(00845.206)", "obis_0_1_24_2_1_time", "2026-01-10T15:00:00+01:00"),
        (b"0-1:24.2.1(00845206)(260110150000W)", "obis_0_1_24_2_1", 845206),
        (b"0-1:24.2.1(632525252525S)(00000.000)", "obis_0_1_24_2_1_time", None),
        (b"0-1:24.2.1(632525252525S)(00000.000)", "obis_0_1_24_2_1", 0),
        (b"0-1:24.2.1()(00845.206*m3)", "obis_0_1_24_2_1_m3", 845.206),
        (b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)", "obis_0_1_24_2_1_time", "2012-10-30T14:00:00+01:00"),
        (b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)", "obis_0_1_24_2_1_m3", 24.123),
        (b"1-0:1.8.0(000001*kWh))", "active_energy_import_wh", 1000),
        (b"1-0:1.8.0(000001*kWh) \0", "active_energy_import_wh", 1000),
        (b"1-0:1.8.0(000001*kWh)x", "active_energy_import_wh", 1000),
        (b"0-0:96.13.0(48616C6C6F)", "message", "Hallo"),
        (b"0-0:96.13.0(4861FFFF)", "message", "Ha"),
        (b"0-0:96.13.0()", "message", ""),
        (b"0-0:96.13.0(Awaria)", "message", "Awaria"),
        (b"0-0:96.13.0(486)", "message", "486"),
        (b"0-0:96.13.0(0102)", "message", "0102"),
        (b"0-0:96.13.0(\xff\xff\xff)", "message", ""),
        (b"0-0:96.13.0(5AC3B377)", "message", "Zów"),
        (b"0-0:96.13.0(Z\xc3\xb3w)", "message", "Zów"),
        (b"0-0:96.13.0(Z\xf3w)", "message", "Zów"),
        (b"0-0:96.13.0(Przerwa\r\n10-12)", "message", "Przerwa 10-12"),
        (b"0-0:96.13.0(Przerwa\n(10-12)\n)", "message", "Przerwa(10-12)"),
        (b"0-0:96.13.0(\r\nPrzerwa\r\n\r\n10-12\r\n)", "message", "Przerwa 10-12"),
        (b"0-0:96.13.0(50727a657277610d0a31302d3132)", "message", "Przerwa 10-12"),
        (b"0-0:96.13.0(50727a6572\r\n77610d0a31302d3132)", "message", "Przerwa 10-12"),
        (b"0-0:96.13.0(77b9f374)", "message", "wąót"),
        (b"0-0:96.13.0(77b1f374)", "message", "wąót"),
        (b"0-0:96.13.0(w\xb9\x9c)", "message", "wąś"),
        (b"0-0:96.13.0(w\xb1\xb6)", "message", "wąś"),
        (b"0-0:96.13.0(77e874)", "message", "77e874"),
        (b"0-0:96.13.0(w\xe8t)", "message", "77E874"),
        (b"1-3:0.2.8(50)", "telegram_version", "50"),
    ],
    ids=lambda value: value.decode("latin-1").replace("\r\n", " ") if isinstance(value, bytes) else str(value)[-6:],
)
def test_line(line: bytes, field: str, value: object) -> None:
    """One line, alone and among others, gives this field with this value of this type."""
    for found in (body(line), body(b"1-0:21.7.0(1*W)", line, b"1-0:41.7.0(1*W)")):
        given = fields(found)[field]
        assert (given, type(given)) == (value, type(value))
        assert found.flaws == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"NaN", b"nan", b"Infinity", b"inf", b"----", b"-", b"+", b".", b"-.", b"1e400", b"1E3", b"0x10", b"1_0", b"1,5", b"1.2.3", b"--5",
        b"1 2", b"\xef\xbc\x91\xef\xbc\x92", b"\xb2", b"12a", b"--.---", b"????", b"XXXX", b"FFFFFFFF", b"null", b"N/A", b"9" * 65,
        b"9" * 400, b"0." + b"1" * 63, b"9" * 5000,
    ],
    ids=lambda raw: f"{raw[:6]!r}{len(raw)}",
)  # fmt: skip
@pytest.mark.parametrize("unit", [b"*kWh", b""], ids=["kWh", "no unit"])
def test_what_is_no_number(raw: bytes, unit: bytes) -> None:
    """Such text under a numeric code is no value. It becomes a flaw that does not repeat it, and the other lines are good."""
    found = body(b"1-0:1.8.0(" + raw + unit + b")", b"1-0:1.7.0(00.278*kW)")

    assert fields(found) == {"active_energy_import_wh": None, "active_power_import_w": 278}
    assert found.flaws == (f"1-0:1.8.0: {len(raw)} characters that are not a number",)


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        (b"1-0:1.8.0(ERROR*kWh)", "active_energy_import_text", "ERROR"),
        (b"1-0:1.8.0(ERROR)", "active_energy_import_text", "ERROR"),
        (b"1-0:1.8.0(ERROR*OR)", "active_energy_import_text", "ERROR*OR"),
        (b"1-0:99.7.0(ERROR*W)", "obis_1_0_99_7_0_text", "ERROR"),
    ],
    ids=lambda value: value.decode() if isinstance(value, bytes) else "",
)
def test_word_instead_of_a_quantity(line: bytes, field: str, value: str) -> None:
    """The word is kept. That the quantity is missing is a flaw each time, also where the layout of the telegram is known."""
    for _ in range(2):
        found = body(line, b"1-0:2.7.0(00.278*kW)")

        assert fields(found) == {field: value, "active_power_export_w": 278}
        assert found.flaws == (f"{found.shape.columns[0].obis}: 5 characters that are not a number",)


@pytest.mark.parametrize("raw", [b"*****", b"*****kWh", b"****.***", b"****.****kWh", b"**"], ids=repr)
def test_stars_are_no_unit(raw: bytes) -> None:
    """Stars instead of figures are a flaw, although a star begins a unit elsewhere."""
    found = body(b"1-0:1.8.0(" + raw + b")", b"1-0:1.7.0(00.278*kW)")

    assert fields(found) == {"active_energy_import_wh": None, "active_power_import_w": 278}
    assert found.flaws == (f"1-0:1.8.0: {len(raw)} characters that are not a number",)


@pytest.mark.parametrize("raw", [b"", b" ", b"   "], ids=repr)
def test_empty_value(raw: bytes) -> None:
    """Nothing is None, without a flaw."""
    found = body(b"1-0:1.8.0(" + raw + b"*kWh)", b"1-0:1.7.0(" + raw + b")")

    assert fields(found) == {"active_energy_import_wh": None, "active_power_import_w": None}
    assert found.flaws == ()


def test_codes_repeated() -> None:
    """A code that comes again is another column, named by its place or numbered, in telegram order."""
    found = body(b"0-0:17.0.0(1)", b"1-0:1.8.0(4*Wh)", b"0-0:17.0.0(2)", b"1-0:1.8.0(5*Wh)", b"0-0:17.0.0(3)", b"0-0:17.0.0(6)")

    assert list(fields(found).items()) == [
        ("limiter_threshold_active_w", 1),
        ("active_energy_import_wh", 4),
        ("limiter_threshold_normal_w", 2),
        ("active_energy_import_wh_2", 5),
        ("limiter_threshold_emergency_w", 3),
        ("limiter_threshold_w_4", 6),
    ]


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"1-0:99.97.0(2)(0-0:96.7.19)(101208152415W)(0000000240*s)(101208151004W)(0000000301*s)", "obis_1_0_99_97_0_text"),
        (b"1-0:99.97.0(1)(0-0:96.7.19)(000103180420W)(0000237126*s)", "obis_1_0_99_97_0_text"),
        (b"1-0:99.97.0(1)(0-0:96.7.19)(000103180420W)(0000237126)", "obis_1_0_99_97_0_text"),
        (b"1-0:99.97.0(0)(0-0:96.7.19)", "obis_1_0_99_97_0_text"),
        (b"0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(260401000000S)(260315120000W)(05.120*kW)", "obis_0_0_98_1_0_text"),
        (b"1-0:1.8.0(1)(2)", "active_energy_import_text"),
        (b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)", "obis_0_1_24_3_0_text"),
    ],
    ids=["events", "one event", "event without unit", "no event", "maxima", "two values", "gas that does not go on"],
)
def test_lines_of_many_groups_stay_text(line: bytes, field: str) -> None:
    """Logs and profiles are kept whole, in a field that never holds a number."""
    found = body(line, b"1-0:1.7.0(00.278*kW)")

    assert fields(found) == {field: line[line.index(b"(") :].decode(), "active_power_import_w": 278}
    assert found.flaws == ()


@pytest.mark.parametrize(
    ("stamp", "expected"),
    [(b"260410150553S", 1_775_826_353), (b"261025023000S", 1_792_888_200), (b"261025023000W", 1_792_891_800), (b"", None)],
    ids=["summer", "2 o'clock first", "2 o'clock again", "none"],
)
def test_clock(stamp: bytes, expected: int | None) -> None:
    """The meter's clock in UTC, and as RFC 3339 among the readings."""
    found = body(b"0-0:1.0.0(" + stamp + b")", b"1-0:1.7.0(00.278*kW)")

    assert found.time_ns == (expected and expected * 1_000_000_000)
    assert found.shape.columns[0].field == ""
    assert found.values[0] is None if expected is None else str(found.values[0]).startswith("2026-")
    assert found.flaws == ()


@pytest.mark.parametrize("stamp", [b"991332250000S", b"261310150553W", b"260410", b"noon", b"2026-02-30 10:00:00"], ids=repr)
def test_clock_that_shows_no_time(stamp: bytes) -> None:
    """A meter with a wrong clock, as after a failure of its battery, still sends right registers. The clock is a flaw."""
    found = body(b"0-0:1.0.0(" + stamp + b")", b"1-0:1.7.0(00.278*kW)")

    assert (found.time_ns, found.values) == (None, [None, 278])
    assert len(found.flaws) == 1
    assert found.flaws[0].startswith("0-0:1.0.0: ")


@pytest.mark.parametrize(
    "stamp", [b"", b"000000000000W", b"\xff" * 13, b"FFFFFFFFFFFF", b"999999999999S", b"0000-00-00 00:00:00", b"------------"], ids=repr
)
def test_clock_that_is_not_set(stamp: bytes) -> None:
    """A meter that says it has no time is told as a flaw. An empty clock says nothing."""
    found = body(b"0-0:1.0.0(" + stamp + b")", b"1-0:1.7.0(00.278*kW)")

    assert (found.time_ns, found.values) == (None, [None, 278])
    assert found.flaws == (("0-0:1.0.0: the meter's clock says that it has no time",) if stamp else ())


@pytest.mark.parametrize(
    ("clock", "expected", "season_told"),
    [
        ([b"0-0:1.0.0(260410150553S)"], 1_775_826_353, True),
        ([b"0-0:1.0.0(260410150553s)"], 1_775_826_353, True),
        ([b"0-0:1.0.0(260410150553)"], 1_775_826_353, False),
        ([b"0-0:1.0.0(2026-04-10 15:05:53)"], 1_775_826_353, False),
        ([b"0-0:1.0.0(2026-04-10T13:05:53Z)"], 1_775_826_353, True),
        ([b"1.0.0(26-04-10 15:05)"], 1_775_826_300, False),
        ([b"1-0:0.9.1(150553)", b"1-0:0.9.2(260410)"], 1_775_826_353, False),
        ([b"0.9.2(26-04-10)", b"0.9.1(15:05:53S)"], 1_775_826_353, True),
        ([b"0-0:1.0.0(000000000000W)", b"0.9.1(15:05:53)", b"0.9.2(2026-04-10S)"], 1_775_826_353, True),
        ([b"0-0:1.0.0(260410150553S)", b"0.9.1(16:00:00)", b"0.9.2(26-04-10)"], 1_775_826_353, True),
        ([b"0.9.1(15:05:53)", b"0.9.2(00-00-00)"], None, True),
    ],
    ids=["S", "s", "no letter", "spelt out", "UTC", "without medium", "two values", "date first", "beside an empty one", "both", "no date"],
)
def test_time_of_the_telegram(clock: list[bytes], expected: int | None, season_told: bool) -> None:
    """The clock is under 1.0.0 or, if there is none, under 0.9.1 and 0.9.2. Both are readings and no fields."""
    found = body(*clock, b"1-0:1.7.0(00.278*kW)")

    assert (found.time_ns, found.season_told) == (expected and expected * 1_000_000_000, season_told)
    assert fields(found) == {"active_power_import_w": 278}
    assert found.flaws == ()


def test_half_a_clock_is_a_value() -> None:
    """A date without a time of day is no clock."""
    assert fields(body(b"0.9.2(251002)", b"1-0:1.7.0(00.278*kW)")) == {"obis_0_0_0_9_2": 251002, "active_power_import_w": 278}


def test_clock_in_two_values_that_shows_no_time() -> None:
    """Month 13 is a flaw, as in a clock of one value."""
    found = body(b"0.9.1(15:05:53)", b"0.9.2(26-13-10)", b"1-0:1.7.0(00.278*kW)")

    assert (found.time_ns, len(found.flaws)) == (None, 1)


@pytest.mark.parametrize("date", [b"02-10-25", b"09-12-31", b"021025"])
def test_day_that_comes_first_is_no_year(date: bytes) -> None:
    """A date whose first figures are no year of a meter gives no time of 2002. It is told, and the registers are read."""
    found = body(b"0.9.1(15:05:53)", b"0.9.2(" + date + b")", b"1-0:1.7.0(00.278*kW)")

    assert found.time_ns is None
    assert fields(found) == {"active_power_import_w": 278}
    assert "no year of a meter" in "".join(found.flaws)


def test_stamp_that_shows_no_time() -> None:
    """The value beside it is good, and the stamp is a flaw."""
    found = body(b"1-0:1.6.0(261310150553W)(05.120*kW)")

    assert fields(found) == {"active_power_import_max_w": 5120, "active_power_import_max_time": None}
    assert found.flaws == ("active_power_import_max_time: clock says 2026-13-10, which is not a date",)


def test_second_stamp_of_a_code() -> None:
    """Each value has its own stamp."""
    found = body(b"1-0:1.6.0(260401000000S)(5*kW)", b"1-0:1.6.0(260402000000S)(6*kW)")

    assert fields(found) == {
        "active_power_import_max_w": 5000,
        "active_power_import_max_time": "2026-04-01T00:00:00+02:00",
        "active_power_import_max_w_2": 6000,
        "active_power_import_max_time_2": "2026-04-02T00:00:00+02:00",
    }


@pytest.mark.parametrize(
    ("lines", "ident", "expected"),
    [
        ([b"0-0:96.1.0(3335303030303031)"], "EGM5G35", ("35000001", "GAMA350")),
        ([b"0-0:96.1.0(3135303030303031)"], "EGM5G15xyz", ("15000001", "GAMA150")),
        ([b"0-0:96.1.0(33)", b"0-0:96.1.1(47414D4120333530)"], "", ("3", "GAMA350")),
        ([b"0-0:96.1.0(33)", b"0-0:96.1.1(4D413330394D)"], "KFM5KAIFA-METER", ("3", "MA309M")),
        ([b"0-0:96.1.0(33)", b"0-0:96.1.1(4D41343030)"], "KFM5KAIFA-METER", ("3", "MA400")),
        ([b"0-0:96.1.0(33)", b"0-0:96.1.1(4D41343030)"], "ISk5", ("3", "")),
        ([b"0-0:96.1.0(80000000)", b"0-0:96.1.1(36303030303030303030)"], "ISk5\\2MIESE-200", ("80000000", "")),
        ([b"0-0:96.1.1(4530303236303030303135353033393134)"], "KFM5KAIFA-METER", ("E0026000015503914", "")),
        ([b"0-0:96.1.1(4D413330394D)"], "KFM5KAIFA-METER", ("", "MA309M")),
        ([b"0-0:96.1.0(33)", b"0-0:96.1.1()"], "EGM5G35", ("3", "GAMA350")),
        ([b"0-0:96.1.1(4B384547303034303436333935353037)"], "ISk5", ("K8EG004046395507", "")),
        ([b"0-0:96.1.1(205A414246303031)"], "KMP5", ("ZABF001", "")),
        ([b"1-0:1.8.0(1*Wh)"], "KFM5KAIFA-METER", ("", "")),
        ([b"0-0:96.1.0(AB!)"], "", ("AB!", "")),
        ([b"0-0:96.1.0(00010203)"], "", ("00010203", "")),
        ([b"0-0:96.1.0(9903218166)"], "AUX59903218166", ("9903218166", "")),
        ([b"0-0:96.1.0(5051525354)"], "AUX55051525354", ("5051525354", "")),
        ([b"0-0:96.1.0(53414731303330373930303032353734)"], "", ("SAG1030790002574", "")),
        ([b"0-0:96.1.0(4142433132)"], "", ("4142433132", "")),
        ([b"0-0:96.1.0(414C433132)"], "", ("ALC12", "")),
    ],
    ids=[
        "ident",
        "ident begins",
        "device type",
        "device type over ident",
        "device type that is new",
        "the same under another ident",
        "second number",
        "known ident, DSMR's serial number",
        "device type without a serial number",
        "empty type",
        "DSMR's serial number",
        "filled up with a blank",
        "nothing",
        "plain text",
        "binary",
        "number as it stands",
        "number that is also hex of letters",
        "hex of a maker and a number",
        "too short to be one",
        "hex for certain",
    ],
)
def test_serial_and_model(lines: list[bytes], ident: str, expected: tuple[str, str]) -> None:
    """The telegram says which meter it is from. If it does not, the ident line helps."""
    found = body(*lines, ident=ident)

    assert (found.serial, found.model) == expected


def test_no_two_columns_share_a_field() -> None:
    """A line of the database holds a field once. A code with F = 2 and the second of the same code without F would have the same name."""
    found = body(b"1-0:99.7.0(1)", b"1-0:99.7.0(2)", b"1-0:99.7.0*2(3)", b"1-0:99.7.0*2(4)")

    assert list(fields(found).values()) == [1, 2, 3, 4]


def test_second_of_what_becomes_a_tag() -> None:
    """The first clock is the time stamp and the first serial number the tag; a second one of either is kept as text."""
    sent = (b"0-0:1.0.0(260410150553S)", b"0-0:1.0.0(260410150500S)", b"0-0:96.1.0(3335)", b"0-0:96.1.0(3336)", b"0-0:96.1.1(41)")
    found = body(*sent, ident="KFM5KAIFA-METER")

    assert (found.time_ns, found.serial, found.model) == (1_775_826_353_000_000_000, "35", "A")
    assert fields(found) == {"clock_text": "260410150500S", "serial_number_text": "36"}


def test_device_that_is_no_model() -> None:
    """Under an ident line that is not known to go with a model, 96.1.1 is a text."""
    sent = (b"0-0:96.1.0(3335)", b"0-0:96.1.1(36303030303030303030)")

    assert fields(body(*sent, ident="ISk5\\2MIESE-200")) == {"obis_0_0_96_1_1_text": "6000000000"}
    assert fields(body(*sent, ident="EGM5G35")) == {}


def test_no_line_is_dropped() -> None:
    """Every line is a column or a flaw, however odd its neighbours."""
    lines = [
        b"1-0:1.8.0(1*Wh)",
        b"garbage",
        b"1-0:1.7.0(2*W",
        b"1-0:2.8.0(3*Wh)",
        b"(stray)",
        b"1-0:2.7.0(4*W)",
        b"\xff\xfe(5)",
        b"x1-0:3.7.0(6*var)",
    ]
    found = body(*lines)

    assert set(fields(found).values()) >= {1, 4}
    assert len(found.shape.columns) + len(found.flaws) == len(lines) - 1  # "(stray)" goes on from the line before


def test_flaws_are_bounded_and_quote_nothing() -> None:
    """If there are many bad lines, the first of them are reported, by length."""
    found = body(*[b"PRIVATE"] * 100, b"1-0:1.8.0(1*Wh)", *[b"1-0:1.7.0(PRIVATE)"] * 100)

    assert len(found.flaws) == lines.FLAWS_LIMIT
    assert not any("PRIV" in flaw for flaw in found.flaws)


@pytest.mark.parametrize("lines", [b"", b"\r\n", b"garbage\r\n", b"(1)(2)\r\n", b"\0" * 50, b"\xff" * 50], ids=repr)
def test_no_line_at_all(lines: bytes) -> None:
    """Text without any code is a record error."""
    with pytest.raises(RecordError, match="no line"):
        text.body(lines, "", WARSAW)


def test_too_many_lines() -> None:
    """A telegram of thousands of lines is refused, simple lines or not."""
    for line in (b"1-0:1.8.0(1*Wh)\n", b"1-0:1.8.0(1*Wh))\n"):
        with pytest.raises(RecordError, match="lines"):
            text.body(line * (lines.LINES_LIMIT + 1), "", WARSAW)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\n"], ids=repr)
def test_line_ends(line_end: bytes) -> None:
    """All kinds of line ends are accepted."""
    found = text.body(line_end.join([b"1-0:1.8.0(1*Wh)", b"1-0:1.7.0(2*W)", b""]), "", WARSAW)

    assert fields(found) == {"active_energy_import_wh": 1, "active_power_import_w": 2}


def test_shape_is_shared() -> None:
    """Telegrams of the same codes and units share one shape; another unit, order or number of lines is another."""
    first = body(b"1-0:1.8.0(1*kWh)", b"1-0:1.7.0(2*W)")

    assert body(b"1-0:1.8.0(8*kWh)", b"1-0:1.7.0(*W)").shape is first.shape
    assert body(b"1-0:1.8.0(8*Wh)", b"1-0:1.7.0(2*W)").shape is not first.shape
    assert body(b"1-0:1.7.0(2*W)", b"1-0:1.8.0(1*kWh)").shape is not first.shape


def test_shape_knows_number_and_text_apart() -> None:
    """A code without a name that is first a number and then a text has a field for each, whichever comes first."""
    for _ in range(2):
        assert fields(body(b"1-0:99.1.0(5)")) == {"obis_1_0_99_1_0": 5}
        assert fields(body(b"1-0:99.1.0(on)")) == {"obis_1_0_99_1_0_text": "on"}
        assert fields(body(b"1-0:99.1.0()")) == {"obis_1_0_99_1_0_text": ""}


@pytest.mark.parametrize("second", [b"1*345", b"1)(45", b"12)45", b"1234\n", b"-1234", b" 1234", b"1.345", b"12a45"], ids=repr)
def test_same_length_is_not_same_layout(second: bytes) -> None:
    """A telegram as long as the last one, but with something else in place of digits, is read as if it were the first."""
    lines = b"1-0:1.8.0(%b)\r\n1-0:1.7.0(00.278*kW)\r\n"
    text._layouts.clear()
    fresh = text.body(lines % second, "", WARSAW)
    text._layouts.clear()
    text.body(lines % b"12345", "", WARSAW)

    assert text.body(lines % second, "", WARSAW) == fresh
    assert fields(text.body(lines % b"99999", "", WARSAW))["active_energy_import_wh"] == 99999


def test_shapes_are_bounded() -> None:
    """Only a limited number of kinds of telegrams is remembered, and all are read right."""
    for number in range(3 * shapes.SHAPES_LIMIT):
        assert (
            fields(body(b"1-0:1.8.0(1*kWh)", b"1-0:99.%d.%d(%d)" % (number % 100, number // 100, number)))["active_energy_import_wh"]
            == 1000
        )
        assert max(len(shapes._shapes), len(shapes._usual), len(text._layouts)) <= shapes.SHAPES_LIMIT
