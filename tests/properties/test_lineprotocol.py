"""Line protocol against the independent reader: what goes in comes out, and no line is too long."""

from hypothesis import given, settings
from hypothesis import strategies as st

import linereader
from telegraf_han import obis
from telegraf_han.decoding import lineprotocol
from telegraf_han.decoding.lineprotocol import LINE_LIMIT
from telegraf_han.telegram import Column, Shape, Telegram, Value

QUICK = settings(max_examples=80)
TIME_NS = 1_775_826_353_000_000_000

printable = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\\")
names = st.text(printable, min_size=1, max_size=30).filter(lambda name: not name.startswith("#"))
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=2000)
codes = st.sampled_from([*obis.registry(), "1-0:99.7.0", "0-1:24.2.1", "1-0:1.8.0*3"])
numbers = st.one_of(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False))
values = st.one_of(numbers, st.none(), st.just(""), st.text(printable, max_size=60))


@st.composite
def telegrams(draw: st.DrawFn) -> Telegram:
    """A telegram of any columns and values; text stands only in columns of its own, as the parsers put it."""
    found = draw(st.lists(values, min_size=1, max_size=40))
    columns: list[Column] = []
    counts: dict[tuple[str, bool], int] = {}
    for value in found:
        code, is_text = draw(codes), isinstance(value, str)
        counts[code, is_text] = counts.get((code, is_text), 0) + 1
        columns.append(obis.column(code, None, "", counts[code, is_text], text=is_text))
    rssi_dbm = draw(st.one_of(st.none(), st.floats(-120, 0)))
    return Telegram(
        draw(names), "p1", draw(st.one_of(st.just(""), names)), draw(st.one_of(st.just(""), names)), None, 0, False, rssi_dbm, Shape(tuple(columns)), found
    )  # fmt: skip


def expected_fields(telegram: Telegram) -> dict[str, object]:
    """The fields that the wide layout must hold. If a field stands there twice, the last one."""
    pairs = [(column.field, value) for column, value in zip(telegram.shape.columns, telegram.values, strict=True)]
    return {name: _read(value) for name, value in [*pairs, ("rssi_dbm", telegram.rssi_dbm)] if name and value is not None and value != ""}


def _read(value: Value) -> object:
    return value if isinstance(value, str) else float(value or 0)


@QUICK
@given(telegrams(), names)
def test_wide_comes_back(telegram: Telegram, measurement: str) -> None:
    """Every value, tag and name arrives as it was, twice from the same shape."""
    tags = {"interface": "p1", "meter": telegram.meter, "model": telegram.model, "serial": telegram.serial}
    for _ in range(2):
        metrics = linereader.metrics(lineprotocol.wide(telegram, measurement, TIME_NS))

        assert {metric.measurement for metric in metrics} <= {measurement}
        assert all(dict(metric.tags) == {name: value for name, value in tags.items() if value} for metric in metrics)
        assert dict(field for metric in metrics for field in metric.fields) == expected_fields(telegram)


@QUICK
@given(telegrams(), telegrams())
def test_template_of_another_telegram(first: Telegram, second: Telegram) -> None:
    """The values of one telegram in the shape's template never change the line of another telegram."""
    size = min(len(first.values), len(second.values))
    shape = Shape(first.shape.columns[:size])
    for source in (first, second, first):
        telegram = first._replace(shape=shape, values=source.values[:size])
        metrics = linereader.metrics(lineprotocol.wide(telegram, "electricity", TIME_NS))

        assert dict(field for metric in metrics for field in metric.fields) == expected_fields(telegram)


@QUICK
@given(telegrams())
def test_obis_comes_back(telegram: Telegram) -> None:
    """One line for each value of a field, in order, with its code."""
    metrics = linereader.metrics(lineprotocol.tall(telegram, TIME_NS))
    wanted = [
        (column.obis, _read(value))
        for column, value in zip(telegram.shape.columns, telegram.values, strict=True)
        if column.field and value is not None and value != ""
    ]

    assert [(dict(metric.tags).get("code"), metric.fields[0][1]) for metric in metrics if dict(metric.tags).get("name") != "rssi"] == wanted


@QUICK
@given(anything, anything, st.lists(anything, max_size=6), st.integers(1, 60))
def test_hostile_text_never_breaks_a_line(name: str, tag: str, texts: list[str], count: int) -> None:
    """Control characters, backslashes and any length: lines of the legal size that the reader takes, telling each text's beginning."""
    columns = [obis.column(None, f"{place:02X}", "", text=True) for place in range(len(texts))] + [
        obis.column(f"1-0:98.{place}.0", None, "W" * (len(tag) % 300)) for place in range(count)
    ]
    telegram = Telegram(name, "p1", tag, name, None, 0, False, None, Shape(tuple(columns)), [*texts, *range(count)])
    for data in (lineprotocol.wide(telegram, name or "m", TIME_NS), lineprotocol.tall(telegram, TIME_NS)):
        metrics = linereader.metrics(data)

        assert all(len(line) <= LINE_LIMIT for line in data.split(b"\n"))
        assert all(metric.time_ns == TIME_NS for metric in metrics)
