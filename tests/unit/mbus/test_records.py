"""mbus.records: columns, values, shapes and the meter's clock."""

import pytest

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.mbus import link, records

ZONE = Zone()
CLOCK = "066d1e2e5532" + "3b" + "2f"
EGM = link.address(bytes.fromhex("ed14785634120102"))


@pytest.fixture(autouse=True)
def _nothing_remembered():
    """Each test begins without shapes from other tests."""
    records._shapes.clear()
    records._layouts.clear()


def _body(octets: str, address=EGM, zone=ZONE, status=None):
    return records.body(bytes.fromhex(octets), address, zone, status)


@pytest.mark.parametrize(
    ("record", "obis", "value", "unit", "field"),
    [
        ("0e03351817030000", "1-0:1.8.0", 3171835, "Wh", "active_energy_import_wh"),
        ("8e801003010000000000", "1-0:1.8.4", 1, "Wh", "active_energy_import_t4_wh"),
        ("4e03351817030000", "1-0:1.8.0*1", 3171835, "Wh", "obis_1_0_1_8_0_1_wh"),
        ("1b2b214300", "1-0:1.6.0", 4321, "W", "active_power_import_max_w"),
        ("0afdc8fc020123", "1-0:52.7.0", 230.1, "V", "voltage_l2_v"),
        ("0babc8ff13700100", "0-0:17.0.0", 170, "W", "limiter_threshold_active_w"),
        ("09ff1903", "0-0:94.98.33", 3, "", "limiter_mode"),
        ("0c1427048502", None, 28504.27, "m3", "record_0c14_m3"),
        ("025a0a01", None, 26.6, "°C", "record_025a_degc"),
        ("0409e8030000", None, 10000, "J", "record_0409_j"),
        ("0f0102ff", None, "0102FF", "", "record_0f_text"),
        ("0dfd1103434241", None, "ABC", "", "record_0dfd11_text"),
        ("047c0368576b0a000000", None, 10000, "Wh", "record_047c0368576b_wh"),
        ("02fd171000", "0-0:97.97.0", "0010", "", "error_flags"),
        ("0dfd0e0541312e3256", "1-0:0.2.0", "V2.1A", "", "firmware"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_column_and_value(record: str, obis: str | None, value: object, unit: str, field: str) -> None:
    """A record becomes a column and a value in base units. The column has its code, or its header if it has none."""
    found = _body(record)
    (column,) = found.shape.columns

    assert (column.obis, found.values, column.unit, column.field, found.flaws) == (obis, [value], unit, field, ())
    assert record.upper().startswith(str(column.record))


def test_clock_gives_the_time() -> None:
    """The clock record is the telegram's time; its reading is the same as text."""
    found = _body(CLOCK)

    assert found.time_ns == 1_763_498_790_000_000_000
    assert (found.values, found.shape.columns[0].field) == (["2025-11-18T21:46:30+01:00"], "")


@pytest.mark.parametrize(
    ("octets", "flaws"),
    [("066d1eae55323b2f", 0), ("066d1e2e5532392f", 0), ("066d1e3f5532" + "3b2f", 1), ("046d230a0c3d", 1), ("0c6d12345678", 0)],
    ids=["says it is invalid", "valid", "minute 63", "month 13", "no date at all"],
)
def test_clock_that_says_no_time(octets: str, flaws: int) -> None:
    """A clock that is not set or impossible costs the time stamp, but not the telegram."""
    found = _body(octets + "042bfa000000")

    assert found.values[-1] == 250
    assert len(found.flaws) == flaws
    assert (found.time_ns is None) == (found.values[0] is None or octets.startswith("0c"))


@pytest.mark.parametrize(
    "record", ["466d1e2e55323b2f", "166d1e2e55323b2f", "8640" + "6d1e2e55323b2f"], ids=["storage 1", "maximum", "subunit"]
)
def test_other_dates_are_not_the_clock(record: str) -> None:
    """The time of an earlier reading, or of a maximum, is not the telegram's."""
    found = _body(record)

    assert found.time_ns is None
    assert found.shape.columns[0].field != ""


@pytest.mark.parametrize(
    ("record", "flaw"),
    [("0c031a345678", "1-0:1.8.0: 4 bytes"), ("426c0c3d", "1-0:0.9.2*1: 0c3d (type G)")],
    ids=["hex digits", "date"],
)
def test_value_that_cannot_be_read(record: str, flaw: str) -> None:
    """One bad value is None and a flaw; the others are read."""
    found = _body(record + "04ab3c64000000")

    assert found.values == [None, 100]
    assert len(found.flaws) == 1
    assert found.flaws[0].startswith(flaw)


@pytest.mark.parametrize(
    "record",
    ["0c03ffffffff", "042b00000080", "04831500000000", "0003", "052b0000c07f", "052b000080ff", "04ab1712345678"],
    ids=["all F", "lowest", "no data VIFE", "no data", "NaN", "infinity", "underflow VIFE"],
)
def test_value_that_is_not_there(record: str) -> None:
    """If the meter itself says that it has no value, that is None and no flaw."""
    found = _body(record)

    assert (found.values, found.flaws) == ([None], ())
    assert found.shape.columns[0].obis in ("1-0:1.8.0", "1-0:1.7.0")


def test_flaws_are_bounded() -> None:
    """A telegram full of bad values does not fill the log."""
    assert len(_body("0c03aaaaaaaa" * 30).flaws) == records.FLAWS_LIMIT


def test_repeated_code() -> None:
    """The same code twice is two columns, the second numbered."""
    columns = _body("0403010000000403020000000e03030000000000").shape.columns

    assert [(column.occurrence, column.field) for column in columns] == [
        (1, "active_energy_import_wh"),
        (2, "active_energy_import_wh_2"),
        (3, "active_energy_import_wh_3"),
    ]


@pytest.mark.parametrize("octets", ["0babc8ff13000001" + "0babc8ff13000002"], ids=["one row"])
def test_no_field_twice(octets: str) -> None:
    """Records that get the same name in different ways do not overwrite each other in a line."""
    columns = _body(octets).shape.columns

    assert [(column.field, column.occurrence) for column in columns] == [
        ("limiter_threshold_active_w", 1),
        ("limiter_threshold_active_w_2", 2),
    ]


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        (CLOCK + "046d230a0c33", ["", "clock_text"]),
        ("036d1e2e15" + CLOCK, ["clock_text", ""]),
        ("0c7887654321" + "0c7812345678", ["", "serial_number_text"]),
    ],
    ids=["second time", "time of day before", "second number"],
)
def test_what_is_no_tag_and_no_time_stamp_is_a_field(octets: str, fields: list[str]) -> None:
    """One clock is the time stamp and one number is a tag. The others in the telegram are not lost."""
    assert [column.field for column in _body(octets).shape.columns] == fields


@pytest.mark.parametrize(
    ("record", "value"),
    [("0283" + "f0" * 9 + "70" + "0100", 1e-60), ("02fdc0" + "f0" * 8 + "70" + "0100", 1e-63), ("0283" + "fd" * 5 + "70" + "0100", 10**9)],
    ids=["ten millionths", "nine of a voltage", "five thousands"],
)
def test_absurd_scales(record: str, value: float) -> None:
    """A chain of VIFEs as long as the norm allows is scaled, however small or large the result is."""
    assert _body(record).values == [value]


def test_repeated_record_without_code() -> None:
    """Records without code are numbered by their header."""
    columns = _body("041401000000041402000000").shape.columns

    assert [column.field for column in columns] == ["record_0414_m3", "record_0414_m3_2"]


@pytest.mark.parametrize(
    ("address", "octets", "model"),
    [
        ("ed14785634120102", "0403e8030000", "GAMA350"),
        ("ed14785634120902", "0403e8030000", ""),
        ("0106785634120202", "0403e8030000", ""),
        ("0106785634120202", "0dfd0c044c444f4d", "MODL"),
    ],
    ids=["by its address", "other version", "other maker", "said itself"],
)
def test_model(address: str, octets: str, model: str) -> None:
    """The model is what the telegram says, or else what the address is known to be."""
    found = _body(octets, link.address(bytes.fromhex(address)))

    assert (found.serial, found.model) == ("12345678", model)


def test_shape_is_shared() -> None:
    """Telegrams built alike share their shape, whatever their values and fillers."""
    first, second, third = _body("0403e8030000042b01000000"), _body("0403e9030000042b02000000"), _body("2f2f0403e9030000042b020000002f")

    assert first.shape is second.shape is third.shape
    assert second.values == [1001, 2]


@pytest.mark.parametrize(
    "octets",
    ["0402e8030000042b01000000", "0403e80300002f2b01000000", "042b010000000403e8030000", "0403e803000002ab3c01002f"],
    ids=["other VIF", "filler in a header's place", "other order", "other data"],
)
def test_layout_is_not_taken_for_another(octets: str) -> None:
    """A telegram of the same length but other headers is walked anew and gets its own shape."""
    first = _body("0403e8030000042b01000000")
    try:
        found = _body(octets)
    except RecordError:
        return
    assert found.shape is not first.shape


def test_names_depend_on_the_meter() -> None:
    """The same records of a gas meter are not electricity's, though they look alike."""
    gas = link.address(bytes.fromhex("ed14785634120103"))

    assert _body("0403e8030000").shape.columns[0].obis == "1-0:1.8.0"
    assert _body("0403e8030000", gas).shape.columns[0].obis is None


def test_text_and_number_of_a_variable_field_are_two_columns() -> None:
    """A field never changes between text and number: a variable field has a column for each."""
    text, number = _body("0d14024142"), _body("0d14e20100")

    assert (text.values, text.shape.columns[0].field) == (["BA"], "record_0d14_text")
    assert (number.values, number.shape.columns[0].field) == ([0.01], "record_0d14_m3")


def test_memory_is_bounded() -> None:
    """Only a limited number of shapes and layouts stays, however many kinds of telegrams come."""
    for number in range(300):
        _body("0403e8030000" * (number % 40 + 1), link.address(bytes.fromhex(f"{number:04x}785634120102")))

    assert len(records._shapes) <= records.SHAPES_LIMIT
    assert len(records._layouts) <= records.SHAPES_LIMIT


@pytest.mark.parametrize("octets", ["", "2f2f2f2f", "ff"], ids=["nothing", "fillers", "noise"])
def test_no_records(octets: str) -> None:
    """A telegram without any record is no telegram."""
    with pytest.raises(RecordError):
        _body(octets)


def test_junk_at_the_end_does_not_change_the_shape() -> None:
    """Bytes behind the last filler that are no record change with each telegram. The shape stays the same."""
    assert _body("0403e80300002f2fde47").shape is _body("0403e80300002f2fbe11").shape


@pytest.mark.parametrize(
    ("status", "added"),
    [(None, []), (0, [("meter_status", 0)]), (8, [("meter_status", 8), ("meter_status_text", "permanent error")])],
    ids=["no header", "no error", "an error"],
)
def test_status(status: int | None, added: list[tuple[str, object]]) -> None:
    """The header's status comes behind the records, its words only if it is not 0, also in the short cut of a known layout."""
    for _ in range(2):
        found = _body("0403e8030000042b01000000", status=status)
        columns = [(column.field, value) for column, value in zip(found.shape.columns, found.values, strict=True)]

        assert columns == [("active_energy_import_wh", 1000), ("active_power_import_w", 1), *added]


def test_status_changes_the_shape_only() -> None:
    """Each form of the status has one shape, so lines keep their templates."""
    shapes = [_body("0403e8030000", status=status).shape for status in (0, 8, 0, 4, None)]

    assert shapes[0] is shapes[2]
    assert shapes[1] is shapes[3]
    assert len(set(map(id, shapes))) == 3


def test_status_with_a_bad_value() -> None:
    """A value that cannot be read does not shift the status."""
    found = _body("0c031a345678042b01000000", status=4)

    assert found.values == [None, 1, 4, "power low"]
    assert len(found.flaws) == 1


@pytest.mark.parametrize(
    ("octets", "zone", "told"),
    [
        ("066d5e2e5532372f", ZONE, True),
        ("066d1e2e55323b2f", ZONE, False),
        ("046d238a0c37", ZONE, True),
        ("046d230a0c33", ZONE, False),
        ("066d1e2e55323b2f", Zone("UTC"), True),
        ("0403e8030000", ZONE, True),
    ],
    ids=["I, summer", "I", "F, summer", "F", "no summer time", "no clock"],
)
def test_season(octets: str, zone: Zone, told: bool) -> None:
    """A clock tells the season only by the bit for summer time. Without it, some meters just do not use the bit."""
    assert _body(octets, zone=zone).season_told is told


@pytest.mark.parametrize(
    ("octets", "value", "words"),
    [
        ("0703" + "ffffffffffff1f00", 2**53 - 1, ""),
        ("0703" + "0100000000002000", None, "9007199254740993 is too large"),
        ("07ff25" + "00000000000000c0", None, "-4611686018427387904 is too large"),
        ("07fd3a" + "ffffffffffffffff", -1, ""),
        ("0efb00" + "105471992590", None, "90259971541000000 is too large"),
        ("0efb00" + "105471992500", 259_971_541_000_000, ""),
    ],
    ids=["largest", "one more", "makers own", "minus one", "by its scale", "below it by its scale"],
)
def test_number_that_no_database_keeps(octets: str, value: int | None, words: str) -> None:
    """A database would round a number above 2**53 to another one. So it is told, with all its digits, and not written."""
    found = _body(octets)

    assert found.values == [value]
    assert words in "".join(found.flaws)
    assert bool(found.flaws) is bool(words)


@pytest.mark.parametrize("tail", ["ffff", "0403e803", "84", "0c"], ids=["no DIF", "cut in its data", "cut in its header", "one byte"])
def test_tail_costs_nothing_before_it(tail: str) -> None:
    """What stands before bytes that are no record is read. The bytes are told."""
    found = _body("0403e8030000042b01000000" + tail)

    assert found.values == [1000, 1]
    assert len(found.flaws) == 1
    assert "no record" in found.flaws[0]


def test_rated_power() -> None:
    """Apator's upper limit of the summed power is the same in all houses. It is no threshold of a limiter."""
    found = _body("0babc8fc10000007")
    (column,) = found.shape.columns

    assert (column.obis, column.record, column.name, column.field) == (None, "0BABC8FC10", "rated_power_max", "rated_power_max_w")
    assert found.values == [70000]


def test_units_of_subunits() -> None:
    """A record without a code has the unit of what its maker's subunit measures."""
    schneider = link.address(bytes.fromhex("a34c785634120102"))

    assert [_body("844083ff0d10000000", meter).shape.columns[0].unit for meter in (schneider, EGM)] == ["varh", "Wh"]
    assert _body("848040abff0d10000000", schneider).shape.columns[0].unit == "VA"
