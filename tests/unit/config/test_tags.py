"""tags: an owner's own tags of a meter, bounded, and never one of ours."""

from pathlib import Path

import pytest

from telegraf_han.config import tags
from telegraf_han.config.rows import Errors, Place
from telegraf_han.config.sections import MeterConfig
from telegraf_han.decoding import health
from telegraf_han.decoding.meters import MeterState
from telegraf_han.errors import Cause, ConfigError
from telegraf_han.tariffs.components import BILL_FIELDS, COST_FIELDS, FORECAST

PUBLISHED = [
    line.split()[0]
    for line in (Path(__file__).parents[2] / "published_fields.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
PLACE = Place("han.toml", '[[meter]] "flat"', "tags.")


@pytest.mark.parametrize("name", ["staircase", "floor", "Flat_12", "a1", "energy_class", "owner", "building", "street", "room", "circuit"])
def test_names(name: str) -> None:
    """What an owner calls a place is a name."""
    assert tags.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "1st", "_field", "a-b", "a b", "a,b", "klatka schodowa", "piętro", "x" * 33])
def test_no_names(name: str) -> None:
    """Only letters, digits and _, and no name that InfluxDB reserves."""
    with pytest.raises(ValueError, match="the name of a tag is expected"):
        tags.checked_name(name)


OURS = [
    "interface",
    "meter",
    "model",
    "serial",
    "code",
    "unit",
    "name",
    "occurrence",
    "record",
    "tariff",
    "series",
    "inverter",
    "host",
    "time",
]


@pytest.mark.parametrize("name", [*OURS, "Meter", "HOST", "value", "text", "state", "limiter_mode"])
def test_names_of_ours(name: str) -> None:
    """A tag of this program or of Telegraf, in any case of letters, has its meaning already."""
    with pytest.raises(ValueError, match="another name is expected"):
        tags.checked_name(name)


def lines_fields() -> set[str]:
    """The fields of the two status measurements."""
    config = MeterConfig("m", "p1", limits=(("daily_cost", 1.0), ("monthly_cost", 1.0)), prices=(("currency", "PLN"),))
    meter = MeterState(config)
    meter.good_ns, meter.clock_offset_s, meter.rssi_dbm = 0, 0.0, 0.0
    meter.failed(Cause.KEY, 0)
    lines = health.link(meter, "e", 0, 1, 1) + health.settings(config, "e", 1)
    return {field.partition("=")[0] for line in lines.decode().splitlines() for field in line.split(" ")[1].split(",")}


@pytest.mark.parametrize(
    "fields", [PUBLISHED, lines_fields(), COST_FIELDS, BILL_FIELDS, FORECAST], ids=["registers", "status", "cost", "bill", "forecast"]
)
def test_no_field_is_a_tag(fields: list[str]) -> None:
    """In a query a tag would hide the field of the same name."""
    allowed = []
    for field in fields:
        try:
            allowed.append(tags.checked_name(field[: tags.NAME_LIMIT]) and field)
        except ValueError:
            continue

    assert len(fields) > 1
    assert [field for field in allowed if len(field) <= tags.NAME_LIMIT] == []


@pytest.mark.parametrize(
    ("value", "sentence"),
    [("", "a name in quotes"), (3, "a name in quotes"), ("a\nb", "a name in quotes"), ("x" * 65, "with 1 to 64 printable"), ("00112233445566778899aabbccddeeff", "looks like a key")],
    ids=["empty", "number", "line break", "long", "key"],
)  # fmt: skip
def test_values(value: object, sentence: str) -> None:
    """A value is short, printable text, and no key."""
    errors = Errors()

    assert tags.read({"floor": "3", "staircase": value}, PLACE, errors) == {"floor": "3"}
    assert str(errors[0]).startswith('han.toml: [[meter]] "flat": tags.staircase: ')
    assert sentence in str(errors[0])


def test_how_many() -> None:
    """Eight tags are enough. Every line repeats them."""
    tags.require_together({f"t{number}x": "1" for number in range(8)}, PLACE)
    with pytest.raises(ConfigError, match="at most 8 tags"):
        tags.require_together({f"t{number}x": "1" for number in range(9)}, PLACE)


def test_names_that_differ_in_their_case() -> None:
    """Somebody who reads a board does not see the difference, and SQL does not either."""
    with pytest.raises(ConfigError, match='one of "floor" and "Floor" is expected'):
        tags.require_together({"floor": "1", "Floor": "2"}, PLACE)
