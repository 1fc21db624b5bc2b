"""lineprotocol: telegrams into lines that the independent reader takes apart again."""

import pytest

import linereader
from telegraf_han import obis
from telegraf_han.decoding import lineprotocol
from telegraf_han.decoding.lineprotocol import LINE_LIMIT
from telegraf_han.telegram import Column, Shape, Telegram, Value

TIME_NS = 1_775_826_353_000_000_000
CODES = ("0-0:1.0.0", "1-0:1.8.0", "1-0:32.7.0", "0-0:96.13.0")
VALUES: list[Value] = ["2026-04-10T15:05:53+02:00", 12345035, 229.6, ""]


def telegram(columns: list[Column] | None = None, values: list[Value] | None = None, shape: Shape | None = None, **fields) -> Telegram:
    """A telegram of these columns."""
    found = shape or Shape(tuple(columns or [obis.column(code, None, "") for code in CODES]))
    made = Telegram("home", "p1", "35000001", "GAMA350", TIME_NS, TIME_NS, True, None, found, VALUES if values is None else values)
    return made._replace(**fields)


def wide(made: Telegram, measurement: str = "electricity") -> list[linereader.Metric]:
    """The wide lines, read again."""
    return linereader.metrics(lineprotocol.wide(made, measurement, TIME_NS))


def fields(metrics: list[linereader.Metric]) -> dict[str, object]:
    """All fields of these lines; a field in two of them would be an error."""
    found = [field for metric in metrics for field in metric.fields]
    assert len(dict(found)) == len(found)
    return dict(found)


def test_wide() -> None:
    """One line: tags sorted, every number a float field, the clock and empty text left out."""
    line = lineprotocol.wide(telegram(), "electricity", TIME_NS)

    assert line == (
        b"electricity,interface=p1,meter=home,model=GAMA350,serial=35000001 "
        b"active_energy_import_wh=12345035,voltage_l1_v=229.6 1775826353000000000\n"
    )


def test_obis() -> None:
    """A line a reading, with code, name and unit as tags."""
    columns = [obis.column("1-0:1.8.0", None, ""), obis.column("0-0:17.0.0", None, "", 2), obis.column("0-0:96.13.0", None, "")]
    lines = lineprotocol.tall(telegram(columns, [12345035, 16500, "Awaria"]), TIME_NS)
    same = b"interface=p1,meter=home,model=GAMA350"

    assert lines.splitlines() == [
        b"obis,code=1-0:1.8.0," + same + b",name=active_energy_import,serial=35000001,unit=Wh value=12345035 1775826353000000000",
        b"obis,code=0-0:17.0.0,"
        + same
        + b",name=limiter_threshold_normal,occurrence=2,serial=35000001,unit=W value=16500 1775826353000000000",
        b"obis,code=0-0:96.13.0," + same + b',name=message,serial=35000001 text="Awaria" 1775826353000000000',
    ]


TAGS = (("a_first", "x"), ("staircase", "B, 2=3"), ("zone", "ż"))


def test_tags_of_the_owner() -> None:
    """They stand among ours, sorted and escaped, in both layouts, on the fast way and on the slow one."""
    expected = {
        "a_first": "x",
        "staircase": "B, 2=3",
        "zone": "ż",
        "meter": "home",
        "interface": "p1",
        "model": "GAMA350",
        "serial": "35000001",
    }
    line = lineprotocol.wide(telegram(), "electricity", TIME_NS, TAGS)

    assert line.startswith(rb"electricity,a_first=x,interface=p1,meter=home,model=GAMA350,serial=35000001,staircase=B\,\ 2\=3,zone=")
    for values in (VALUES, ["", 1, 2.5, "Awaria"]):
        (metric,) = linereader.metrics(lineprotocol.wide(telegram(values=values), "electricity", TIME_NS, TAGS))
        assert dict(metric.tags) == expected
    for metric in linereader.metrics(lineprotocol.tall(telegram(rssi_dbm=-50.0), TIME_NS, TAGS)):
        assert expected.items() <= dict(metric.tags).items()
        assert list(metric.tags) == sorted(metric.tags)


def test_longest_tags() -> None:
    """Eight tags of the longest names and values leave room for the fields."""
    tags = tuple((f"{place}{'x' * 31}", "Ż" * 64) for place in "abcdefgh")
    (metric, *_) = linereader.metrics(lineprotocol.wide(telegram(), "electricity", TIME_NS, tags))

    assert dict(metric.fields)["active_energy_import_wh"] == 12345035.0


def test_obis_of_a_record_without_code() -> None:
    """Where there is no code, DIF and VIF say which record it is."""
    column = obis.column(None, "02FD17", "")
    (metric,) = linereader.metrics(lineprotocol.tall(telegram([column], [5], serial="", model=""), TIME_NS))

    assert metric.tags == (("interface", "p1"), ("meter", "home"), ("record", "02FD17"))
    assert metric.fields == (("value", 5.0),)


def test_signal_strength() -> None:
    """Of a radio telegram it is one more field, or one more line."""
    made = telegram(interface="wmbus", rssi_dbm=-67.5)

    assert fields(wide(made))["rssi_dbm"] == -67.5
    last = linereader.metrics(lineprotocol.tall(made, TIME_NS))[-1]
    assert dict(last.tags) == {
        "interface": "wmbus",
        "meter": "home",
        "model": "GAMA350",
        "serial": "35000001",
        "name": "rssi",
        "unit": "dBm",
    }
    assert last.fields == (("value", -67.5),)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0.0), (-5, -5.0), (12345035, 12345035.0), (10**18, 1e18), (229.6, 229.6), (1e-18, 1e-18), (1.5e22, 1.5e22), (-0.987, -0.987),
        (0.1 + 0.2, 0.1 + 0.2), (123456789.01234567, 123456789.01234567),
    ],
    ids=repr,
)  # fmt: skip
@pytest.mark.parametrize("beside", [[], [1], ["text"]], ids=["alone", "with a number", "with a text"])
def test_numbers_survive(value: float, expected: float, beside: list[Value]) -> None:
    """The number read again is the number written, on the fast way and on the slow one."""
    columns = [obis.column("1-0:1.8.0", None, ""), obis.column("1-0:1.7.0" if beside != ["text"] else "0-0:96.13.0", None, "")]
    made = telegram(columns[: 1 + len(beside)], [value, *beside])

    assert fields(wide(made))["active_energy_import_wh"] == expected
    assert linereader.metrics(lineprotocol.tall(made, TIME_NS))[0].fields == (("value", expected),)


@pytest.mark.parametrize("nothing", [None, ""], ids=repr)
def test_nothing_is_left_out(nothing: Value) -> None:
    """None and empty text are no fields; a telegram of nothing else is no line."""
    columns = [obis.column("1-0:1.8.0", None, ""), obis.column("1-0:1.7.0", None, ""), obis.column("0-0:96.13.0", None, "")]

    assert fields(wide(telegram(columns, [nothing, 5, nothing]))) == {"active_power_import_w": 5.0}
    assert wide(telegram(columns, [nothing, nothing, nothing])) == []
    assert lineprotocol.tall(telegram(columns, [nothing] * 3), TIME_NS) == b""


def test_template_follows_the_values() -> None:
    """Telegrams of one shape may lack a number or bring a text at any time. The next whole telegram is whole again."""
    shape = Shape(tuple(obis.column(code, None, "") for code in CODES))
    plays: list[tuple[list[Value], dict[str, object]]] = [
        (["", 1, 2.5, ""], {"active_energy_import_wh": 1.0, "voltage_l1_v": 2.5}),
        (["", 1, 2.5, "Awaria"], {"active_energy_import_wh": 1.0, "voltage_l1_v": 2.5, "message": "Awaria"}),
        (["", None, 2.5, ""], {"voltage_l1_v": 2.5}),
        (["", 1, 2.5, 0], {"active_energy_import_wh": 1.0, "voltage_l1_v": 2.5, "message": 0.0}),
        (["", 0, 0, None], {"active_energy_import_wh": 0.0, "voltage_l1_v": 0.0}),
        (["", 1, "odd", ""], {"active_energy_import_wh": 1.0, "voltage_l1_v": "odd"}),
        (["", 1, 2.5, ""], {"active_energy_import_wh": 1.0, "voltage_l1_v": 2.5}),
    ]
    for first in range(len(plays)):
        shape.templates.clear()
        for values, expected in plays[first:] + plays[:first]:
            assert fields(wide(telegram(values=values, shape=shape))) == expected


def test_texts_that_change() -> None:
    """Each telegram has its own text, whatever is in it, and only a few are remembered."""
    shape = Shape(tuple(obis.column(code, None, "") for code in CODES))
    for text in ["100 % %s %(a)d", "", *map(str, range(100)), "100 % %s %(a)d"]:
        found = fields(wide(telegram(values=["", 1, 2.5, text], shape=shape, rssi_dbm=-70.5)))

        assert found.get("message", "") == text
        assert {found["active_energy_import_wh"], found["voltage_l1_v"], found["rssi_dbm"]} == {1.0, 2.5, -70.5}
    assert len(shape.templates["wide"].patterns) <= lineprotocol._PATTERNS_LIMIT


NASTY = {
    "comma": "a,b",
    "blank": "a b",
    "equals": "a=b",
    "quote": 'a"b',
    "quotes": '"a"',
    "apostrophe": "a'b",
    "hash": "#a",
    "percent": "%s %d %",
    "Polish": "dom na Żoliborzu, półpiętro",
    "emoji": "a😀b",
    "leading blank": " a",
    "trailing blank": "a ",
    "comma at the end": "a,",
    "equals at the end": "a=",
    "only marks": ", =",
}


@pytest.mark.parametrize("name", NASTY)
def test_nasty_names(name: str) -> None:
    """Tags, measurement and texts arrive as they are."""
    nasty = NASTY[name]
    column = obis.column("0-0:96.13.0", None, "")
    made = telegram([column, obis.column("1-0:1.8.0", None, "")], [nasty, 5], meter=nasty, serial=nasty, model=nasty)
    (metric,) = wide(made, nasty)

    assert metric.measurement == ("_a" if name == "hash" else nasty)
    assert dict(metric.tags) == {"interface": "p1", "meter": nasty, "model": nasty, "serial": nasty}
    assert metric.fields == (("message", nasty), ("active_energy_import_wh", 5.0))
    assert dict(linereader.metrics(lineprotocol.tall(made, TIME_NS))[0].fields) == {"text": nasty}


@pytest.mark.parametrize(
    ("nasty", "tag", "text"),
    [
        ("a\nb", "a b", "a b"),
        ("a\r\nb", "a  b", "a  b"),
        ("a\tb\0c\x1b[31m\x7f", "a b c [31m ", "a b c [31m "),
        ("C:\\meter\\", "C:/meter/", "C:\\meter\\"),
        ("\\", "/", "\\"),
        ('\\"', '/"', '\\"'),
    ],
    ids=["newline", "CR LF", "control", "backslashes", "backslash", "backslash and quote"],
)
def test_what_a_line_cannot_hold(nasty: str, tag: str, text: str) -> None:
    """Control characters become blanks, and a tag's backslash, which would escape what follows, a slash."""
    made = telegram([obis.column("0-0:96.13.0", None, "")], [nasty], meter=nasty)
    (metric,) = wide(made)

    assert dict(metric.tags)["meter"] == tag
    assert metric.fields == (("message", text),)


def test_empty_tags_are_left_out() -> None:
    """A meter that says no serial number has no such tag."""
    (metric,) = wide(telegram(serial="", model=""))

    assert metric.tags == (("interface", "p1"), ("meter", "home"))


@pytest.mark.parametrize("character", ["x", '"', "\\", "ż", "😀", ","], ids=repr)
@pytest.mark.parametrize("length", [1000, 5000, 100_000])
def test_long_text_is_cut(character: str, length: int) -> None:
    """A text of any length fits its line, and its beginning is there."""
    made = telegram([obis.column("0-0:96.13.0", None, ""), obis.column("1-0:1.8.0", None, "")], [character * length, 5])
    message = fields(wide(made))["message"]

    assert isinstance(message, str)
    assert message == character * len(message)
    assert 250 <= len(message) <= 1024
    assert fields(wide(made))["active_energy_import_wh"] == 5.0


@pytest.mark.parametrize("count", [1, 2, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 500, 2000])
@pytest.mark.parametrize("meter", ["home", "ż" * 64], ids=["ASCII", "Polish"])
def test_long_telegram_is_split(count: int, meter: str) -> None:
    """More fields than a line holds become several lines with the same tags and time. No field is lost, and none comes twice."""
    columns = [obis.column(f"1-0:99.{number // 100}.{number % 100}", None, "Wh") for number in range(count)]
    made = telegram(columns, [10**18 - number for number in range(count)], meter=meter)
    data = lineprotocol.wide(made, "electricity", TIME_NS)
    metrics = linereader.metrics(data)

    assert max(map(len, data.splitlines(keepends=True))) <= LINE_LIMIT
    assert len({(metric.measurement, metric.tags, metric.time_ns) for metric in metrics}) == 1
    assert list(fields(metrics)) == [column.field for column in columns]
    assert len(metrics) == 1 or len(data) > LINE_LIMIT


def test_absurd_tags() -> None:
    """Tags of any length leave lines of no more than the limit, or none."""
    columns = [obis.column(None, "," * 5000, "W" * 5000, text=is_text)._replace(name="=" * 5000) for is_text in (True, False)]
    made = telegram(columns, ['"' * 5000, 5], meter="ż," * 5000, serial="," * 5000, model="😀" * 5000)

    for data in (lineprotocol.wide(made, "," * 5000, TIME_NS), lineprotocol.tall(made, TIME_NS)):
        assert all(len(line) <= LINE_LIMIT for line in data.splitlines(keepends=True))
        assert [metric.fields[-1][1] for metric in linereader.metrics(data)][-1] == 5.0


def test_line() -> None:
    """A single line: counters as integers first, numbers as floats, text quoted."""
    data = lineprotocol.line(
        "a b", {"z": "1", "a": "x y", "n": ""}, {"f": 1.5, "none": None, "s": "it's", "empty": ""}, 7, {"count": 3, "big": 2**40}
    )

    assert data == b'a\\ b,a=x\\ y,z=1 count=3i,big=1099511627776i,f=1.5,s="it\'s" 7\n'


def test_line_without_fields() -> None:
    """Nothing to say is no line."""
    assert lineprotocol.line("electricity", {"meter": "home"}, {"f": None}, 7) == b""


@pytest.mark.parametrize("time_ns", [0, 1, 1_775_826_353_000_000_000, 2**63 - 1, -1])
def test_time(time_ns: int) -> None:
    """Nanoseconds as they are."""
    assert linereader.metrics(lineprotocol.wide(telegram(), "electricity", time_ns))[0].time_ns == time_ns
