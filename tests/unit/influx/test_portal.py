"""portal: exported tables give line protocol, whatever their delimiter, decimals, encoding, headings and layout."""

import pytest

from telegraf_han.clock import Zone
from telegraf_han.errors import ConfigError
from telegraf_han.influx import portal

OPTIONS = portal.Options("home", Zone(), "electricity_portal")
JUNE_10 = 1781042400
"""2026-06-10T00:00:00+02:00"""


def lines(text: str | bytes, options: portal.Options = OPTIONS) -> list[str]:
    """The result of a table: fields and second, or the line's number and what is wrong."""
    content = text if isinstance(text, bytes) else text.encode()
    found = []
    for reading in portal.readings(content, options)[1]:
        if reading.wrong:
            found.append(f"{reading.line}: {reading.wrong}")
            continue
        series, fields, stamp = reading.lines.decode().split()
        assert series.startswith("electricity_portal,interval=")
        found.append(f"{fields} +{(int(stamp) // 10**9 - JUNE_10) // 60}")
    return found


IMPORTS = ["energy_import_wh=116 +0", "energy_import_wh=1105 +60", "energy_import_wh=0 +120"]
BOTH = [
    "energy_import_wh=116 +0",
    "energy_export_wh=0 +0",
    "energy_import_wh=1105 +60",
    "energy_export_wh=20 +60",
]

TABLES = {
    "semicolon, comma, heading": (
        "Data;Godzina;Pobór [kWh]\n10.06.2026;00:00;0,116\n10.06.2026;01:00;1,105\n10.06.2026;02:00;0\n",
        IMPORTS,
    ),
    "comma, point": ("date,time,consumption kWh\n2026-06-10,00:00,0.116\n2026-06-10,01:00,1.105\n2026-06-10,02:00,0.000\n", IMPORTS),
    "comma, quoted comma": ('Data,Energia\n2026-06-10 00:00,"0,116"\n2026-06-10 01:00,"1,105"\n2026-06-10 02:00,"0"\n', IMPORTS),
    "tab": ("Data i godzina\tZużycie (kWh)\n2026-06-10 00:00\t0,116\n2026-06-10 01:00\t1,105\n2026-06-10 02:00\t0\n", IMPORTS),
    "in Wh": ("Czas;Wartość [Wh]\n2026-06-10 00:00;116\n2026-06-10 01:00;1 105\n2026-06-10 02:00;0\n", IMPORTS),
    "in MWh": ("Czas;Wartość [MWh]\n2026-06-10 00:00;0,000116\n2026-06-10 01:00;0,001105\n2026-06-10 02:00;0\n", IMPORTS),
    "hours' ends": ("Data;Godz.;A+\n10.06.2026;1;0,116\n10.06.2026;2;1,105\n10.06.2026;3;0\n", IMPORTS),
    "from and to": (
        "Od;Do;Energia pobrana\n2026-06-10 00:00;2026-06-10 01:00;0,116\n2026-06-10 01:00;2026-06-10 02:00;1,105\n2026-06-10 02:00;2026-06-10 03:00;0\n",
        IMPORTS,
    ),
    "lines above, a sum below": (
        "Punkt poboru;590000000000000000\nOkres;czerwiec\n\nData;Godzina;Zużycie kWh\n10.06.2026;00:00;0,116\n10.06.2026;01:00;1,105\n10.06.2026;02:00;0\nSuma;;1,221\n",
        IMPORTS,
    ),
    "no heading": ("2026-06-10 00:00;0,116\n2026-06-10 01:00;1,105\n2026-06-10 02:00;0\n", IMPORTS),
    "no heading, date and hour": ("10.06.2026;00:00;0,116\n10.06.2026;01:00;1,105\n10.06.2026;02:00;0\n", IMPORTS),
    "empty cells": ("Data;Godzina;Pobór\n10.06.2026;00:00;0,116\n10.06.2026;01:00;1,105\n10.06.2026;02:00;0\n10.06.2026;03:00;\n", IMPORTS),
    "quarters": (
        "Data;Pobór\n2026-06-10 00:00;0,025\n2026-06-10 00:15;0,026\n2026-06-10 00:30;0,027\n",
        ["energy_import_wh=25 +0", "energy_import_wh=26 +15", "energy_import_wh=27 +30"],
    ),
    "quarters' ends": (
        "Data;Pobór\n"
        + "".join(f"2026-06-10 {minute // 60:02}:{minute % 60:02};0,001\n" for minute in range(15, 1440, 15))
        + "2026-06-11 00:00;0,001\n",
        [f"energy_import_wh=1 +{minute}" for minute in range(0, 1440, 15)],
    ),
    "import and export": ("Data;Pobór;Oddanie\n2026-06-10 00:00;0,116;0\n2026-06-10 01:00;1,105;0,02\n", BOTH),
    "no heading, both": ("2026-06-10 00:00,0.116,0\n2026-06-10 01:00,1.105,0.02\n", BOTH),
    "a word a row": (
        "Data;Wartość kWh;Rodzaj\n2026-06-10 00:00;0,116;pobór\n2026-06-10 01:00;1,105;pobór\n2026-06-10 00:00;0;oddanie\n2026-06-10 01:00;0,02;oddanie\n",
        [BOTH[0], BOTH[2], BOTH[1], BOTH[3]],
    ),
    "a day a row": (
        "PPE;Typ;Data;" + ";".join(str(hour) for hour in range(1, 25)) + "\n"
        "590;CP;2026-06-10;" + ";".join(["0,116", "1,105", "0"] + [""] * 21) + "\n"
        "590;CB;2026-06-10;" + ";".join(["0,116", "1,085", "0"] + [""] * 21) + "\n",
        IMPORTS,
    ),
    "less than a Wh": (
        "Data;Pobór\n2026-06-10 00:00;0,0001\n2026-06-10 01:00;12,3456789\n",
        ["energy_import_wh=0.1 +0", "energy_import_wh=12345.6789 +60"],
    ),
    "a wrong row": (
        "Data;Godzina;Pobór\n10.06.2026;00:00;0,116\n10.06.2026;noon;1\n10.06.2026;01:00;brak\n10.06.2026\n10.06.2026;02:00;0\n",
        [
            IMPORTS[0],
            "3: an hour or a time such as 13:15 is expected",
            "4: an energy such as 0,123 or 0.123 is expected",
            "5: a row of at least 3 cells is expected",
            IMPORTS[2],
        ],
    ),
}


@pytest.mark.parametrize(("text", "expected"), TABLES.values(), ids=TABLES)
def test_tables(text: str, expected: list[str]) -> None:
    """Every energy has the time of its interval's start and is exact to the last digit. Wrong rows are reported with number and reason."""
    assert lines(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1250", "utf-16"])
def test_encodings(encoding: str) -> None:
    """Headings with Polish letters are read in every encoding that portals use."""
    text = "Dzień;Zużycie oddane\n2026-06-10 00:00;0,116\n2026-06-10 01:00;1,105\n2026-06-10 02:00;0\n".replace("Zużycie oddane", "Zużycie")

    assert lines(text.encode(encoding)) == IMPORTS


def test_the_hour_that_march_leaves_out() -> None:
    """A zero in this hour is ignored. Energy in it is reported, because it must belong to another hour."""
    rows = "".join(f"2026-03-29 {hour:02}:00;{energy}\n" for hour, energy in enumerate(["1", "1", "0", "1"]))

    assert len(lines("Data;Pobór\n" + rows)) == 3
    assert lines("Data;Pobór\n" + rows.replace(";0", ";7"))[2] == "4: this hour does not exist on that day, or the file has it twice"


def test_the_day_of_25_hours() -> None:
    """A year's longest day keeps all its energy."""
    hours = ["1", "2", "2A", *(str(hour) for hour in range(3, 25))]
    text = "Data;" + ";".join(hours) + ";\n2026-10-25;" + ";".join(str(place) for place in range(25)) + ";\n"

    found = lines(text)

    assert [line.split()[0] for line in found] == [f"energy_import_wh={place * 1000}" for place in range(25)]
    assert [int(line.split("+")[1]) for line in found] == list(range(int(found[0].split("+")[1]), int(found[0].split("+")[1]) + 1500, 60))


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"columns": {"date": "1", "import": "3"}},
            "when;no;energy\n2026-06-10 00:00;9;0,116\n2026-06-10 01:00;9;1,105\n2026-06-10 02:00;9;0\n",
        ),
        (
            {"columns": {"date": "When", "import": "second energy"}},
            "when;energy;second  Energy\n2026-06-10 00:00;9;0,116\n2026-06-10 01:00;9;1,105\n2026-06-10 02:00;9;0\n",
        ),
        ({"columns": {"date": "1", "import": "3"}}, "2026-06-10 00:00;9;0,116\n2026-06-10 01:00;9;1,105\n2026-06-10 02:00;9;0\n"),
        ({"unit": "Wh"}, "Data;Pobór [kWh]\n2026-06-10 00:00;116\n2026-06-10 01:00;1105\n2026-06-10 02:00;0\n"),
        ({"stamp": "end"}, "Data;Pobór\n2026-06-10 01:00;0,116\n2026-06-10 02:00;1,105\n2026-06-10 03:00;0\n"),
        ({"zone": Zone("UTC")}, "Data;Pobór\n2026-06-09 22:00;0,116\n2026-06-09 23:00;1,105\n2026-06-10 00:00;0\n"),
    ],
    ids=["numbers", "headings", "numbers without heading", "unit", "stamp", "zone"],
)
def test_what_the_user_says(options: dict[str, object], text: str) -> None:
    """Options have the last word."""
    assert lines(text, OPTIONS._replace(**options)) == IMPORTS


def test_an_interval_that_one_row_does_not_tell() -> None:
    """A single row needs --interval. With it, the row can be read."""
    text = "Data;Pobór\n2026-06-10 00:00;0,116\n"

    with pytest.raises(ConfigError, match="--interval"):
        lines(text)
    assert lines(text, OPTIONS._replace(interval_s=3600)) == IMPORTS[:1]


@pytest.mark.parametrize(
    "text", ["", "a letter to my operator\n", "Data;Godzina\n10.06.2026;01:00\n", "\0;\n"], ids=["empty", "prose", "no energy", "binary"]
)
def test_no_table(text: str) -> None:
    """A file that is no table of energies is refused, and the error says what to do."""
    with pytest.raises(ConfigError, match="--columns: columns with a date and an energy are expected"):
        lines(text)


def test_what_was_understood_is_told() -> None:
    """The user sees the role of each column."""
    told, _ = portal.readings("Data;Godzina;Pobór;Oddanie\n10.06.2026;1;1;1\n10.06.2026;2;1;1\n".encode(), OPTIONS)

    assert told == 'date from "Data", hour from "Godzina", import from "Pobór", export from "Oddanie"'


def test_known_portals() -> None:
    """Tauron's hours 1:00 to 24:00 and Enea's last minutes of hours: energies before balancing, at the start of their hours."""
    tauron = "Data; Strefa; Wartość kWh;Rodzaj;Status;\n" + "".join(
        f"2026-06-10 {hour}:00;T1;{amount};{kind};licznik;\n"
        for kind in ("pobór", "pobrana po zbilansowaniu")
        for hour, amount in ((1, "0,116"), (2, "1,105"), (24, "0"))
    )
    head = 'Data;"Wolumen energii elektrycznej pobranej z\nsieci przed bilansowaniem godzinowym";"Wolumen energii pobranej po bilansowaniu godzinowym"'
    enea = head + "".join(f'\n\0"=""2026-06-10 0{hour}:59"""\0;"{amount}";"9"' for hour, amount in enumerate(("0,116", "1,105", "0")))

    assert lines(tauron) == [*IMPORTS[:2], "energy_import_wh=0 +1380"]
    assert lines(enea) == IMPORTS


@pytest.mark.parametrize(
    "text",
    [
        "Data;Godzina;Stan licznika [kWh]\n2026-06-10;00:00;1234,5\n2026-06-10;01:00;1234,9\n",
        "Czas;Wskazanie\n2026-06-10 00:00;1234,5\n2026-06-10 01:00;1234,9\n",
        "Data;Pobór\n" + "".join(f"2026-06-{10 + hour // 24} {hour % 24:02}:00;{1000 + hour},5\n" for hour in range(50)),
    ],
    ids=["stan", "wskazanie", "numbers that only rise"],
)
def test_readings_are_no_energy(text: str) -> None:
    """A column of register readings is refused, by its heading or by its numbers."""
    with pytest.raises(ConfigError, match="readings of the register"):
        lines(text)
