"""mbus.vif: value information blocks."""

import pytest

from telegraf_han.mbus import vif


@pytest.mark.parametrize(
    ("octets", "quantity", "unit", "exponent"),
    [
        ("00", "active_energy", "Wh", -3),
        ("03", "active_energy", "Wh", 0),
        ("07", "active_energy", "Wh", 4),
        ("0b", "energy", "J", 3),
        ("14", "volume", "m3", -2),
        ("1b", "mass", "kg", 0),
        ("2b", "active_power", "W", 0),
        ("2d", "active_power", "W", 2),
        ("30", "power", "J/h", 0),
        ("3b", "volume_flow", "m3/h", -3),
        ("43", "volume_flow", "m3/min", -4),
        ("4f", "volume_flow", "m3/s", -2),
        ("53", "mass_flow", "kg/h", 0),
        ("59", "flow_temperature", "°C", -2),
        ("5f", "return_temperature", "°C", 0),
        ("61", "temperature_difference", "K", -2),
        ("66", "external_temperature", "°C", -1),
        ("69", "pressure", "bar", -2),
        ("6e", "heat_cost_units", "", 0),
        ("fb00", "active_energy", "Wh", 5),
        ("fb01", "active_energy", "Wh", 6),
        ("fb8273", "reactive_energy", "varh", 0),
        ("fb03", "reactive_energy", "varh", 4),
        ("fb04", "apparent_energy", "VAh", 3),
        ("fb08", "energy", "J", 8),
        ("fb14", "reactive_power", "var", 0),
        ("fb17", "reactive_power", "var", 3),
        ("fb28", "active_power", "W", 5),
        ("fb2a", "phase_angle_voltage", "deg", -1),
        ("fb2d", "frequency", "Hz", -2),
        ("fb36", "apparent_power", "VA", 2),
        ("fd48", "voltage", "V", -1),
        ("fd49", "voltage", "V", 0),
        ("fd59", "current", "A", -3),
        ("fd5b", "current", "A", -1),
        ("fd5c", "current", "A", 0),
        ("fd3a", "dimensionless", "", 0),
        ("fd74", "battery_life", "d", 0),
        ("fd71", "reception_level", "dBm", 0),
        ("8374", "active_energy", "Wh", -2),
        ("837d", "active_energy", "Wh", 3),
        ("fd1c", "baud_rate", "Bd", 0),
        ("fd28", "storage_interval", "months", 0),
        ("fd39", "tariff_period", "years", 0),
        ("fd6f", "battery_operating_time", "years", 0),
        ("fb82ff73", "reactive_energy", "varh", 3),
        ("efab", "", "", 0),
        ("fdfd02", "", "", 0),
        ("6f", "", "", 0),
        ("fb7f", "active_power_cumulated_max", "W", 4),
        ("fd7e", "", "", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_quantity_and_scale(octets: str, quantity: str, unit: str, exponent: int) -> None:
    """Each code gives its quantity, base unit and power of ten, multipliers of VIFEs included."""
    found = vif.vib(bytes.fromhex(octets))

    assert (found.quantity, found.unit, found.exponent, found.factor) == (quantity, unit, exponent, 1)


@pytest.mark.parametrize(
    ("octets", "quantity", "factor"),
    [
        ("20", "on_time", 1),
        ("21", "on_time", 60),
        ("26", "operating_time", 3600),
        ("27", "operating_time", 86400),
        ("72", "averaging_duration", 3600),
        ("75", "actuality_duration", 60),
        ("fd2d", "since_readout", 60),
        ("fd25", "storage_interval", 60),
        ("fd3e", "transmission_period", 3600),
        ("fd31", "tariff_duration", 60),
        ("fd33", "tariff_duration", 86400),
        ("fd68", "since_cumulation", 3600),
        ("fd6d", "battery_operating_time", 86400),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_durations_are_seconds(octets: str, quantity: str, factor: int) -> None:
    """Minutes, hours and days become seconds."""
    found = vif.vib(bytes.fromhex(octets))

    assert (found.quantity, found.unit, found.factor) == (quantity, "s", factor)


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("833c", {"backward"}),
        ("833b", set()),
        ("8300", set()),
        ("ab12", {"average"}),
        ("fdc8fc01", {"l1"}),
        ("fdc8fc07", {"l3-l1"}),
        ("83fc813c", {"l1", "backward"}),
        ("83bcfc02", {"l2", "backward"}),
        ("fb82fc0b", {"q4"}),
        ("83fc0c", {"net"}),
        ("83fc10", {"sum"}),
        ("83fc55", {"FC55"}),
        ("abc8fc10", {"upper limit", "sum"}),
        ("abc8ff13", {"upper limit", "FF13"}),
        ("abff8173", {"FF01", "FF73"}),
        ("ff19", {"FF19"}),
        ("ffd900", {"FF59", "FF00"}),
        ("8325", {"/month"}),
        ("8355", {"duration 55"}),
        ("833e", {"base conditions"}),
        ("8308", {"08"}),
        ("fdfd01", set()),
        ("ef9503", set()),
        ("837e", {"future"}),
        ("837c", {"7C"}),
        ("837f", {"7F"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_words(octets: str, words: set[str]) -> None:
    """The VIFEs give a set of words. FC opens the norm's second table for one VIFE, FF the maker's to the end."""
    assert vif.vib(bytes.fromhex(octets)).words == words


@pytest.mark.parametrize("vife", [0x15, 0x16, 0x17, 0x18, 0x02, 0x0E])
def test_record_errors(vife: int) -> None:
    """A VIFE may say that there is no value; the record keeps its name."""
    found = vif.vib(bytes([0x83, vife]))

    assert (found.silent, found.words) == (True, frozenset())


@pytest.mark.parametrize("octets", ["fdfd01", "fdfd15", "ef02", "ef8115"], ids=str)
def test_the_true_vif_of_a_table_kept_for_later(octets: str) -> None:
    """Behind FD FD and EF stands the true VIF, which is never taken for a VIFE that says there is no value."""
    assert vif.vib(bytes.fromhex(octets)).silent == octets.endswith("8115")


@pytest.mark.parametrize(
    ("octets", "kind"),
    [
        ("6c", "date"),
        ("6d", "date"),
        ("8339", "date"),
        ("ab6a", "date"),
        ("78", "identity"),
        ("fd0c", "identity"),
        ("fd17", "bits"),
        ("fd1b", "flags"),
        ("fd60", "count"),
        ("fd30", "date"),
        ("fd12", "identity"),
        ("03", "number"),
    ],
    ids=lambda value: value,
)
def test_kinds(octets: str, kind: str) -> None:
    """Some codes make the data a date, text or bits."""
    assert vif.vib(bytes.fromhex(octets)).kind == kind


@pytest.mark.parametrize(
    ("text", "unit", "exponent"),
    [(b"kWh", "Wh", 3), (b"m\xb3", "m³", 0), (b"", "", 0), (b"a\x00b\n", "ab", 0), (b"furlong", "furlong", 0)],
)
def test_unit_in_text(text: bytes, unit: str, exponent: int) -> None:
    """A unit that is spelled out, last character first, is understood if the registry knows it.

    Characters that cannot be shown are removed.
    """
    octets = b"\x7c" + bytes([len(text)]) + text[::-1]

    found = vif.vib(octets)

    assert (found.quantity, found.unit, found.exponent) == ("text_unit", unit, exponent)


@pytest.mark.parametrize("octets", [b"\xfc\x03hWk\x3c", b"\xfc\x3c\x03hWk"], ids=["behind", "before"])
def test_unit_in_text_with_vife(octets: bytes) -> None:
    """VIFEs stand before the text or behind it."""
    found = vif.vib(octets)

    assert (found.words, found.unit, found.exponent) == ({"backward"}, "Wh", 3)


def test_the_norms_example_of_a_unit_in_text() -> None:
    """EN 13757-3:2018, table C.2: thousandths of imperial gallons per hour."""
    found = vif.vib(bytes.fromhex("fca273046c616769"))

    assert (found.unit, found.exponent) == ("igal/h", -3)


def test_a_real_unit_in_text() -> None:
    """A wired CMa10 of Elvaco (published in the test frames of libmbus): hundredths of a per cent of relative humidity."""
    found = vif.vib(bytes.fromhex("fc0348522574"))

    assert (found.unit, found.exponent) == ("%RH", -2)


def test_unit_is_text() -> None:
    """Every VIF of every table has a unit, or "" if it has none: never nothing at all."""
    assert {type(what.unit) for table in vif._TABLES.values() for what in table.values()} == {str}
