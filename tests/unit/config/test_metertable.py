"""metertable: rows of a spreadsheet become meters, and each mistake has its place."""

import sys
from pathlib import Path

import pytest

from telegraf_han.config import file, metertable
from telegraf_han.config.options import COLUMNS
from telegraf_han.config.rows import Errors, Place
from telegraf_han.config.sections import Config
from telegraf_han.errors import ConfigError

KEY = "00112233445566778899aabbccddeeff"
RECEIVER = '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "/dev/ttyUSB1"\n'
FLATS = f"""name;interface;id;key
flat-1;wmbus;00000001;{KEY}
flat-2;wmbus;00000002;
"""


@pytest.fixture
def read(written, tmp_path: Path):
    """What a configuration with a table becomes, and the warnings."""

    def load(table: str | bytes, more: str = "") -> tuple[Config, list[str]]:
        path = tmp_path / "flats.csv"
        path.write_bytes(table if isinstance(table, bytes) else table.encode())
        path.chmod(0o600)
        warnings: list[str] = []
        return file.load(written(f'meters = "flats.csv"\n{more}\n{RECEIVER}'), warnings.append), warnings

    return load


@pytest.fixture
def wrong(read):
    """The errors of a table, without the folder."""

    def errors(table: str, more: str = "") -> list[str]:
        with pytest.raises(ConfigError) as caught:
            read(table, more)
        return [str(one).partition("flats.csv: ")[2] or str(one) for one in caught.value.every()]

    return errors


def test_a_row_is_a_meter(read) -> None:
    """A cell is an option of the meter, and an empty cell is none. Ids keep their zeros."""
    config, warnings = read(FLATS)

    assert [(meter.name, meter.interface, meter.id, meter.key is None) for meter in config.meters] == [
        ("flat-1", "wmbus", "00000001", False),
        ("flat-2", "wmbus", "00000002", True),
    ]
    assert warnings == []


SAME = {
    "semicolon": FLATS,
    "comma": FLATS.replace(";", ","),
    "tab": FLATS.replace(";", "\t"),
    "byte order mark": b"\xef\xbb\xbf" + FLATS.encode(),
    "Windows": FLATS.replace("\n", "\r\n"),
    "old Mac": FLATS.replace("\n", "\r"),
    "no end": FLATS.rstrip(),
    "Excel names the separator": f"sep=;\n{FLATS}",
    "quotes": FLATS.replace("flat-1", '"flat-1"').replace("00000001", '"00000001"'),
    "zeros kept by a formula": FLATS.replace("00000001", '="00000001"'),
    "zeros kept by a quoted formula": FLATS.replace("00000001", '"=""00000001"""'),
    "blanks": FLATS.replace(";", " ; "),
    "empty rows and columns": f"\n{FLATS.replace(chr(10), f';;{chr(10)}')};;;;;\n\n",
    "interface by the id": "\n".join(";".join(line.split(";")[:1] + line.split(";")[2:]) for line in FLATS.splitlines()),
}


@pytest.mark.parametrize("table", SAME.values(), ids=SAME)
def test_spreadsheets_write_it_so(read, table: str | bytes) -> None:
    """Separators, line ends, byte order marks and quotes of all programs give the same meters."""
    assert read(table)[0].meters == read(FLATS)[0].meters


def test_any_option_may_be_a_column(read, tmp_path: Path) -> None:
    """Inner options have a dot, numbers may have a decimal comma, and a P1 meter needs no interface either."""
    (tmp_path / "g12.toml").write_text('name = "G12"\n[per_kwh]\nenergy = 0.5\n')
    (tmp_path / "g11.toml").write_text('name = "G11"\n[per_kwh]\nenergy = 0.6\n')
    config, _ = read(
        "name;port;id;limits.daily_import_wh;limits.voltage_low_v;tags.staircase;tariff;compare;billing_day;yearly_use_kwh;prices.import_t0_per_kwh\n"
        "home;cable;;25000;207,5;B;file:g12.toml;file:g11.toml;5;2400;\n"
        "shop;;00000001;;;C 1;;;;;1,05\n"
    )
    home, shop = config.meters

    assert (home.interface, home.port, shop.interface) == ("p1", str(tmp_path / "cable"), "wmbus")
    assert home.limits == (("daily_import_wh", 25000.0), ("voltage_low_v", 207.5))
    assert (home.tags, shop.tags) == ((("staircase", "B"),), (("staircase", "C 1"),))
    assert [timeline.name for timeline in home.plan.timelines] == ["own", "G11"]
    assert (home.billing_day, shop.prices) == (5, (("import_t0_per_kwh", 1.05),))


@pytest.mark.parametrize(
    ("key", "why"),
    [(KEY[:-1], "32 hex digits expected, found 31 hex digits"), ("file:none.key", "a file with 32 hex digits is expected")],
    ids=["no key", "no file"],
)
def test_a_bad_key_stops_only_its_row(read, wrong, key: str, why: str) -> None:
    """All other rows are read. If there are errors, too, the key is told of as one, with its line."""
    config, _ = read(FLATS.replace(KEY, key))

    assert [[bad.why[: len(why)] for bad in meter.bad_keys] for meter in config.meters] == [[why], []]
    assert wrong(FLATS.replace(KEY, key).replace("00000002", "2"))[-1].startswith(f"line 2: key: {why}")


def test_beside_sections(read) -> None:
    """A table stands beside sections, and none of both may use the other's name or id."""
    config, _ = read(FLATS, '[[meter]]\nname = "home"\ninterface = "p1"\nport = "cable"')
    assert [meter.name for meter in config.meters] == ["home", "flat-1", "flat-2"]

    with pytest.raises(ConfigError) as caught:
        read(FLATS, '[[meter]]\nname = "flat-1"\ninterface = "wmbus"\nid = "00000002"')
    assert [str(one).partition("flats.csv: ")[2].replace(str(caught.value.others[0].file), "") for one in caught.value.every()] == [
        f'line 2: name: another name is expected, because [[meter]] "flat-1" of {file_of(caught.value)} has the same name',
        f'line 3: id: another id is expected, because [[meter]] "flat-1" of {file_of(caught.value)} has the same id',
    ]


def file_of(error: ConfigError) -> str:
    return error.file.replace("flats.csv", "han.toml")


WRONG = {
    "empty": ("", "a first row with the names of options is expected, such as name;interface;id;key"),
    "column misspelt": (FLATS.replace("interface", "interfce", 1), 'line 1: interfce: there is no such option. Did you mean "interface"?'),
    "column in capitals": (FLATS.replace("id", "ID", 1), 'line 1: ID: there is no such option. Did you mean "id"?'),
    "inner column misspelt": ("name;id;limits.daily_imprt_wh\n", 'Did you mean "limits.daily_import_wh"?'),
    "long column misspelt": ("name;id;limits.active_power_import\n", "line 1: limits.active_power_import: there is no such option"),
    "section as a column": ("name;id;limits\n", "line 1: limits: there is no such option"),
    "column twice": (FLATS.replace("interface", "name", 1), "line 1: name: another option is expected, because this column stands twice"),
    "column without a name": (FLATS.replace("\n", ";x\n", 2).replace("key;x", "key;", 1), "line 1: column 5: the name of an option is expected"),
    "key as a column": (f"name;id;{KEY}\n", "line 1: an option of 32 characters: there is no such option"),
    "tag of ours": ("name;id;tags.meter\n", "line 1: tags.meter: another name is expected"),
    "no name": ("name;id\n;00000001\n", "line 2: name: a name is expected"),
    "no interface": ("name;key\nflat;\n", 'line 2: interface: "p1" or "wmbus" is expected'),
    "id and port": ("name;id;port\nflat;00000001;x\n", 'line 2: interface: "p1" or "wmbus" is expected'),
    "short id": (FLATS.replace("00000001", "1"), "line 2: id: the eight digits printed on the meter are expected"),
    "no number": ("name;id;limits.silence_s\nflat;00000001;3m\n", "line 2: limits.silence_s: a number is expected, such as 25000 or 1.05"),
    "number without end": (f"name;id;limits.silence_s\nflat;00000001;{'9' * 5000}\n", "line 2: limits.silence_s: a number is expected, such as"),
    "number of another alphabet": ("name;id;limits.silence_s\nflat;00000001;١٢\n", "line 2: limits.silence_s: a number is expected, such as"),
    "negative": ("name;id;limits.silence_s\nflat;00000001;-3\n", "line 2: limits.silence_s: a number of 0 or more"),
    "day": ("name;id;billing_day\nflat;00000001;1,5\n", "line 2: billing_day: a whole number from 1 to 28"),
    "option of the other interface": (
        "name;interface;id;key;port\nhome;p1;00000001;;cable\n", 'line 2: id: only a meter with interface = "wmbus" has this option',
    ),
    "too many cells": (FLATS.replace(";\n", ";;x\n"), "line 3: 4 cells are expected, but this row has more"),
    "quote left open": (FLATS.replace("flat-1", '"flat-1'), "a table is expected, but it cannot be read"),
    "name twice": (FLATS.replace("flat-2", "flat-1"), "line 3: name: another name is expected, because line 2 has the same name"),
    "id twice": (FLATS.replace("00000002", "00000001"), "line 3: id: another id is expected, because line 2 has the same id"),
    "row of two lines": (FLATS.replace("flat-1", '"flat\n1"'), "line 2: name: a name in quotes is expected"),
    "row after it": (FLATS.replace("flat-1", '"a\n1"').replace("00000002", "2"), "line 4: id: the eight digits"),
}  # fmt: skip


@pytest.mark.parametrize(("table", "sentence"), WRONG.values(), ids=WRONG)
def test_errors_name_line_and_column(wrong, table: str, sentence: str) -> None:
    """Each mistake names the file, the line in it and the column, and shows no key."""
    errors = wrong(table)

    assert any(sentence in error for error in errors), errors
    assert not any(KEY[:16] in error or "\n" in error for error in errors)


def test_all_errors_of_a_table(wrong) -> None:
    """A wrong column is told once, and not for each row. All other errors are told, too."""
    assert wrong(f"name;id;kye\nflat-1;1;{KEY}\nflat-2;2;{KEY}\nflat-2;00000003;{KEY}\n") == [
        'line 1: kye: there is no such option. Did you mean "key"?',
        "line 2: id: the eight digits printed on the meter are expected, in quotes. In a spreadsheet, format the column as text",
        "line 3: id: the eight digits printed on the meter are expected, in quotes. In a spreadsheet, format the column as text",
        "line 4: name: another name is expected, because line 3 has the same name",
    ]


def test_no_table(written, reason) -> None:
    """A table that is not there is named."""
    assert "nowhere.csv: this table of meters cannot be read: no such file or directory" in reason(written('meters = "nowhere.csv"'))


def test_not_utf_8(written, reason, tmp_path: Path) -> None:
    """A table in the code page of an old Excel is refused, and not read wrongly."""
    (tmp_path / "flats.csv").write_bytes("name;id\nwieża;00000001\n".encode("cp1250"))

    assert "flats.csv: text in UTF-8 is expected" in reason(written('meters = "flats.csv"'))


def test_meters_after_a_section(written, reason) -> None:
    """In TOML the line would belong to the section before it. The error says where it belongs."""
    text = f'{RECEIVER}meters = "flats.csv"\n'

    assert 'attic": meters: this option is expected at the top of the file, before the first section' in reason(written(text))


def test_rights_of_a_table_with_keys(read, tmp_path: Path) -> None:
    """Others may not read a table with keys, as they may not read a key file. The configuration beside it holds no key."""
    read(FLATS)
    (tmp_path / "flats.csv").chmod(0o644)
    (tmp_path / "han.toml").chmod(0o644)
    warnings: list[str] = []
    file.load(str(tmp_path / "han.toml"), warnings.append)

    assert len(warnings) == 1
    assert warnings[0].startswith(f"{tmp_path}/flats.csv holds a key, and every user of this machine may read it")


def test_a_table_without_keys_may_be_read(read, tmp_path: Path) -> None:
    """A table that only names key files is no secret."""
    (tmp_path / "a.key").write_text(KEY)
    (tmp_path / "a.key").chmod(0o600)
    read(FLATS.replace(KEY, "file:a.key"))
    (tmp_path / "flats.csv").chmod(0o644)
    warnings: list[str] = []
    file.load(str(tmp_path / "han.toml"), warnings.append)

    assert warnings == []


def test_files_and_texts_of_a_table(read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `check` and `keys` ask: the files that a table names, and the text of its keys."""
    monkeypatch.setenv("FLAT_KEY", KEY)
    (tmp_path / "a.key").write_text(KEY)
    (tmp_path / "a.key").chmod(0o600)
    (tmp_path / "g12.toml").write_text("[per_kwh]\nenergy = 0.5\n")
    read(
        "name;id;key;tariff\nflat-1;00000001;file:a.key;file:g12.toml\nflat-2;00000002;env:FLAT_KEY;\n",
        '[defaults]\ntariff = "file:g12.toml"',
    )
    path = str(tmp_path / "han.toml")
    config, written = file.load_written(path)

    assert file.table_files(path) == [str(tmp_path / "flats.csv")]
    assert file.key_files(path) == [str(tmp_path / "a.key")]
    assert file.tariff_files(path) == [str(tmp_path / "g12.toml")]
    assert {place: text.reveal() for place, text in written.items()} == {("flat-1", "key"): KEY, ("flat-2", "key"): KEY}
    assert written["flat-1", "key"].place == str(tmp_path / "a.key")
    assert config.secrets == {"FLAT_KEY"}


NEW = ({"name": "egm-3", "interface": "wmbus", "id": "00000003"}, {"name": 'a;"b"', "interface": "wmbus", "id": "00000004"})
APPENDED = {
    "as it is": ("name;interface;id;key\n", 'egm-3;wmbus;00000003;\n"a;""b""";wmbus;00000004;\n'),
    "other columns": ("id,limits.silence_s,name\n", '00000003,,egm-3\n00000004,,"a;""b"""\n'),
    "Windows": ("name\tid\r\nx\t00000001\r\n", 'egm-3\t00000003\r\n"a;""b"""\t00000004\r\n'),
    "no end": ("name;id\nx;00000001", '\negm-3;00000003\n"a;""b""";00000004\n'),
    "Excel names the separator": ("sep=,\nname,id\n", 'egm-3,00000003\n"a;""b""",00000004\n'),
}


@pytest.mark.parametrize(("table", "expected"), APPENDED.values(), ids=APPENDED)
def test_rows_are_appended(table: str, expected: str) -> None:
    """New rows have the table's columns, separator and line ends, and can be read again."""
    added = metertable.added(table, NEW)
    errors = Errors()

    assert added == expected
    rows = metertable.read(table + added, "t", COLUMNS, errors)
    assert ([row["id"] for row, _ in rows][-2:], errors) == (["00000003", "00000004"], [])
    assert metertable.known(table + added)[0] >= {"00000003", "00000004"}
    assert metertable.added(table, ()) == ""


@pytest.mark.parametrize("table", ["", "name;key\n", 'a;"\n'])
def test_nothing_is_appended_to_what_is_no_table(table: str) -> None:
    """Without columns for name and id nobody could read the row."""
    with pytest.raises(ConfigError, match="expected"):
        metertable.added(table, NEW)


def calls(meters: int, read) -> int:
    """Calls of functions that it takes to load so many meters with one tariff and one set of tags."""
    rows = [f"flat-{number};{number:08};{number:032x};A;file:g12.toml\n" for number in range(1, meters + 1)]
    found = 0

    def count(_: object, event: str, __: object) -> None:
        nonlocal found
        found += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read("name;id;key;tags.staircase;tariff\n" + "".join(rows), "[defaults]\nlimits = { silence_s = 600 }")
    finally:
        sys.setprofile(None)
    return found


def test_a_first_row_without_end() -> None:
    """A file that is no table may be one long line. No column is compared with all before it: that took minutes."""
    compared = 0

    class Cell(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other: object) -> bool:
            nonlocal compared
            compared += 1
            return str(self) == other

    head = metertable.Row(1, [Cell(f"tags.a{number}") for number in range(2000)])

    assert len(metertable._names(head, [], Place("flats.csv"), {}, Errors())) == 2000
    assert compared < 10_000


def test_many_meters_cost_no_more_each(read, tmp_path: Path) -> None:
    """Twice the rows take twice the work: nothing compares each meter with all others, and a tariff is read once."""
    (tmp_path / "g12.toml").write_text('name = "G12"\n[per_kwh]\nenergy = 0.5\n')
    calls(10, read)  # what is loaded once
    few, many = calls(100, read), calls(300, read)

    assert many < 3.1 * few
    assert many > 300
