"""obis: the registry, its field keys, and what happens to unknown codes."""

import re
from collections import Counter

import pytest

from telegraf_han import obis

PUBLISHED = {
    # the public contract's own list, and the codes Stoen's meters say them under
    "active_energy_import_wh": "1-0:1.8.0",
    "active_energy_import_t1_wh": "1-0:1.8.1",
    "active_energy_import_t2_wh": "1-0:1.8.2",
    "active_energy_import_t3_wh": "1-0:1.8.3",
    "active_energy_import_t4_wh": "1-0:1.8.4",
    "active_energy_export_wh": "1-0:2.8.0",
    "active_energy_export_t1_wh": "1-0:2.8.1",
    "active_energy_export_t4_wh": "1-0:2.8.4",
    "reactive_energy_import_varh": "1-0:3.8.0",
    "reactive_energy_export_varh": "1-0:4.8.0",
    "active_power_import_w": "1-0:1.7.0",
    "active_power_export_w": "1-0:2.7.0",
    "active_power_import_max_w": "1-0:1.6.0",
    "reactive_power_import_var": "1-0:3.7.0",
    "reactive_power_export_var": "1-0:4.7.0",
    "active_power_import_l1_w": "1-0:21.7.0",
    "active_power_export_l3_w": "1-0:62.7.0",
    "apparent_power_import_va": "1-0:9.7.0",
    "apparent_energy_import_vah": "1-0:9.8.0",
    "voltage_l1_v": "1-0:32.7.0",
    "voltage_l2_v": "1-0:52.7.0",
    "voltage_l3_v": "1-0:72.7.0",
    "current_l1_a": "1-0:31.7.0",
    "current_l2_a": "1-0:51.7.0",
    "current_l3_a": "1-0:71.7.0",
    "frequency_hz": "1-0:14.7.0",
    "power_factor": "1-0:13.7.0",
    "power_factor_l3": "1-0:73.7.0",
    "dsm_threshold_1_w": "0-0:94.98.31",
    "dsm_threshold_2_w": "0-0:94.98.32",
    "limiter_mode": "0-0:94.98.33",
    "message": "0-0:96.13.0",
}


@pytest.mark.parametrize("field", PUBLISHED)
def test_published_field(field: str) -> None:
    """Each name of the public contract is the field key of its code."""
    assert obis.column(PUBLISHED[field], None, "").field == field


@pytest.mark.parametrize(
    ("occurrence", "expected"),
    [
        (1, "limiter_threshold_active_w"),
        (2, "limiter_threshold_normal_w"),
        (3, "limiter_threshold_emergency_w"),
        (4, "limiter_threshold_w_4"),
    ],
)
def test_limiter_thresholds(occurrence: int, expected: str) -> None:
    """17.0.0 comes three times, each with its own meaning; a fourth has none."""
    assert obis.column("0-0:17.0.0", None, "", occurrence).field == expected


def test_name_from_the_record() -> None:
    """A radio record names its threshold itself, whatever its place."""
    column = obis.column("0-0:17.0.0", "0BABC8FF16", "W", 1, "limiter_threshold_emergency")

    assert (column.name, column.field, column.record) == ("limiter_threshold_emergency", "limiter_threshold_emergency_w", "0BABC8FF16")


@pytest.mark.parametrize(
    ("code", "record", "unit", "occurrence", "text", "expected"),
    [
        ("1-0:99.7.0", None, "", 1, False, "obis_1_0_99_7_0"),
        ("1-0:99.7.0", None, "W", 1, False, "obis_1_0_99_7_0_w"),
        ("1-0:99.7.0", None, "W", 2, False, "obis_1_0_99_7_0_w_2"),
        ("1-0:99.7.0", None, "W", 3, False, "obis_1_0_99_7_0_w_3"),
        ("1-0:99.7.0", None, "", 1, True, "obis_1_0_99_7_0_text"),
        ("1-0:1.8.0*1", None, "Wh", 1, False, "obis_1_0_1_8_0_1_wh"),
        ("0-1:24.2.1", None, "m3", 1, False, "obis_0_1_24_2_1_m3"),
        ("1-0:1.8.0", None, "", 2, False, "active_energy_import_wh_2"),
        ("1-0:1.8.0", None, "varh", 1, False, "active_energy_import_varh"),
        ("1-0:1.8.0", None, "", 1, True, "active_energy_import_text"),
        ("0-0:96.13.0", None, "", 1, True, "message"),
        (None, "02FD17", "", 1, False, "record_02fd17"),
        (None, "02FD17", "W", 2, False, "record_02fd17_w_2"),
        (None, "0DFD0C", "", 1, True, "record_0dfd0c_text"),
        (obis.CLOCK, None, "", 1, False, ""),
        (obis.SERIAL, None, "", 1, False, ""),
        (obis.MODEL, None, "", 1, False, ""),
    ],
    ids=[
        "unknown", "unknown with unit", "second", "third", "unknown text", "historical value", "gas", "known twice", "another unit",
        "text where a number is usual", "text where text is usual", "record", "record with unit", "record of text", "clock", "serial", "model",
    ],
)  # fmt: skip
def test_field_key(code, record, unit, occurrence, text, expected) -> None:
    """A code that the registry does not name keeps its code or record. Tags and time stamp are no fields."""
    assert obis.column(code, record, unit, occurrence, text=text).field == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("1-0:1.8.0", "1-0:1.8.0"),
        ("1-0:1.8.0*255", "1-0:1.8.0"),
        ("1-0:1.8.0.255", "1-0:1.8.0"),
        ("1-0:1.8.0*1", "1-0:1.8.0*1"),
        ("1-0:1.8.0.1", "1-0:1.8.0*1"),
        ("1.8.0", "1-0:1.8.0"),
        ("1.8.0*255", "1-0:1.8.0"),
        ("1.8.0.255", "1-0:1.8.0"),
        ("32.7.0", "1-0:32.7.0"),
        ("0.9.1", "0-0:0.9.1"),
        ("17.0.0", "0-0:17.0.0"),
        ("96.1.0", "0-0:96.1.0"),
        ("94.98.33", "0-0:94.98.33"),
        ("1.0.0", "0-0:1.0.0"),
        ("0.0", "0-0:0.0"),
        ("C.1.8.0", "C.1.8.0"),
        ("C.1.8.0*255", "C.1.8.0"),
        ("1-0:F.F", "1-0:F.F"),
    ],
)
def test_full(code: str, expected: str) -> None:
    """A code has one spelling: medium and channel in front, *F only where F is not 255."""
    assert obis.full(code) == expected


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("0-1:96.1.0", "id"),
        ("0-4:96.1.1", "id"),
        ("0-0:96.1.4", "id"),
        ("0-0:42.0.0", "id"),
        ("0-0:0.0.0", "label"),
        ("1-0:0.0.0", "label"),
        ("0-0:0.0", "label"),
        ("C.1.0", "label"),
        ("F.F", "text"),
        ("1-0:0.2.8", "text"),
        ("0-0:96.1.0", "serial"),
        ("0-1:24.1.0", "number"),
        ("0-0:96.10.0", "number"),
        ("1-0:0.20.0", "number"),
        ("C.10.0", "number"),
        ("C.7.0", "number"),
    ],
)
def test_codes_of_identifiers(code: str, kind: str) -> None:
    """A code that names something is no number, on any channel."""
    assert obis.row(code).kind == kind


@pytest.mark.parametrize(
    ("code", "occurrence", "field"),
    [
        ("1-0:1.6.0", 1, "active_power_import_max_time"),
        ("1-0:1.6.0", 2, "active_power_import_max_time_2"),
        ("0-1:24.2.1", 1, "obis_0_1_24_2_1_time"),
        ("C.1.8.0", 1, "obis_c_1_8_0_time"),
    ],
)
def test_time_column(code: str, occurrence: int, field: str) -> None:
    """The stamp of a value is named like the value, without its unit."""
    found = obis.time_column(obis.column(code, None, "kW", occurrence))

    assert (found.field, found.obis, found.unit) == (field, None, "")


def test_no_two_rows_share_a_field() -> None:
    """No field key has two meanings: not among rows, occurrences, nor with a second occurrence of another code."""
    fields = [
        obis.column(code, None, "", occurrence).field
        for code, row in obis.registry().items()
        for occurrence in range(1, max(2, len(row.occurrences) + 1) + 1)
    ]

    assert [field for field, count in Counter(fields).items() if count > 1 and field] == []


@pytest.mark.parametrize("code", [code for code in obis.registry() if not code.startswith("1-0:")])
def test_rows_are_spelt_as_codes_are(code: str) -> None:
    """A row whose code `full` would write in another way is never found."""
    assert re.fullmatch(r"\d+-\d+:\d+\.\d+\.\d+", code)
    assert obis.full(code) == code


def test_grid_reaches_every_phase_and_zone() -> None:
    """The regular codes are spelt by rule: eight zones, three phases, maxima per zone."""
    fields = {code: obis.column(code, None, "").field for code in obis.registry()}

    assert fields["1-0:41.8.0"] == "active_energy_import_l2_wh"
    assert fields["1-0:62.8.8"] == "active_energy_export_l3_t8_wh"
    assert fields["1-0:1.6.3"] == "active_power_import_max_t3_w"
    assert fields["1-0:64.4.0"] == "reactive_power_export_average_l3_var"
    assert fields["1-0:16.7.0"] == "active_power_net_w"
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*[a-z0-9]|", field) for field in fields.values())
