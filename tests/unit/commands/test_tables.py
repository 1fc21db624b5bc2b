"""commands.tables: what a telegram looks like for a person."""

from pathlib import Path

import pytest

from telegraf_han import cli
from telegraf_han.clock import Zone
from telegraf_han.commands import _tables
from telegraf_han.telegram import Column, Shape, Telegram

CASES = Path(__file__).parents[2] / "cases"


def telegram(*readings: tuple[str | None, str, object, str]) -> Telegram:
    """A telegram of these codes, names, values and units."""
    columns = tuple(Column(code, None if code else "0E8440FC10", unit, name, "", 1) for code, name, _, unit in readings)
    return Telegram("home", "p1", "", "", None, 0, False, None, Shape(columns), [value for _, _, value, _ in readings])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234, "1234"),
        (12345035, "12 345 035"),
        (-12345, "-12 345"),
        (229.6, "229.6"),
        (12785.123, "12 785.123"),
        (0.1 + 0.2, "0.30000000000000004"),
        (None, "-"),
        ("MA309M", "MA309M"),
    ],
)
def test_value(value, shown) -> None:
    """Thousands are separated, digits are never rounded, and a missing value is a dash."""
    *_, row = _tables.table(telegram(("1-0:1.8.0", "register", value, "")), Zone()).rstrip("\n").split("\n")

    assert row.removeprefix("1-0:1.8.0  register").strip() == shown


def test_units_stand_under_each_other() -> None:
    """Numbers end in one column, whatever their length."""
    text = _tables.table(telegram(("1-0:1.8.0", "energy", 1234567, "Wh"), ("1-0:32.7.0", "voltage_l1", 230.1, "V")), Zone())
    title, _, heading, first, second, *_ = text.split("\n")

    assert title == "home  no time  not verified"
    assert first.index(" Wh") == second.index(" V") == heading.index(" unit")


def test_long_text_goes_on_below() -> None:
    """A long text is whole, in lines of 80 columns, under where it began."""
    said = "0123456789" * 30
    text = _tables.table(telegram(("1-0:1.7.0", "active_power_import", 12, "W"), ("0-0:96.13.0", "message", said, "")), Zone())
    lines = text.split("\n")[4:-2]
    begin = lines[0].index("0123456789")

    assert "".join(line[begin:] for line in lines) == said
    assert {line[:begin].strip() for line in lines[1:]} == {""}
    assert max(map(len, lines)) <= 80


def test_long_header_of_a_record() -> None:
    """A record without a code shows its header instead. A header that is too long has a line of its own, and all columns stay."""
    code = "0E8440FC10" * 3
    shape = Shape((Column(None, code, "Wh", "", "", 1), Column("1-0:1.8.0", None, "Wh", "energy", "", 1)))
    text = _tables.table(Telegram("flat", "wmbus", "", "", None, 0, False, None, shape, [5, 6]), Zone())
    *_, header, first, second, _, _ = text.split("\n")

    assert header == code
    assert (first.split(), second.split()) == (["5", "Wh"], ["1-0:1.8.0", "energy", "6", "Wh"])
    assert first.index(" Wh") == second.index(" Wh")


@pytest.mark.parametrize(
    "case", [path.name for path in sorted(CASES.glob("*")) if (path / "expected.lp").exists() and path.name[:2] in ("p1", "wm")]
)
def test_every_case_fits_a_terminal(case: str, capsys: pytest.CaptureFixture[str]) -> None:
    """No table of any meter known is wider than 80 columns."""
    kind = case.partition("-")[0]
    cli.main(
        ["decode", "--config", str(CASES / case / "config.toml"), "--interface", kind, "--output", "table", str(CASES / case / "input.hex")]
    )

    out = capsys.readouterr().out
    assert out
    assert max(map(len, out.splitlines())) <= 80
