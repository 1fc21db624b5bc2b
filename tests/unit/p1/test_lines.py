"""p1.lines: text into codes, values and units, in one piece or line by line."""

from contextlib import suppress
from time import thread_time_ns

import pytest

from telegraf_han.clock import Zone
from telegraf_han.errors import RecordError
from telegraf_han.p1 import lines, text
from telegraf_han.p1.lines import AS_TEXT, AS_TIME, Triple

GOOD = b"1-0:1.7.0(00.278*kW)\r\n"
READ = (b"1-0:1.7.0", b"00.278", b"kW")


def found(sent: bytes) -> tuple[list[Triple], list[str]]:
    """The lines of a text before a good line, and its flaws."""
    flaws: list[str] = []
    triples = list(zip(*lines.found(sent + b"\r\n" + GOOD, flaws), strict=True))
    assert triples[-1] == READ
    return triples[:-1], flaws


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"1-0:1.8.0(1*kWh)", [(b"1-0:1.8.0", b"1", b"kWh")]),
        (b"1.8.0(1)", [(b"1.8.0", b"1", b"")]),
        (b"1-0:1.8.0*255(1*kWh)", [(b"1-0:1.8.0*255", b"1", b"kWh")]),
        (b"C.1.8.0(1*kWh)", [(b"C.1.8.0", b"1", b"kWh")]),
        (b"F.F(00)", [(b"F.F", b"00", b"")]),
        (b"1-0:1.8.0((1*kWh))", [(b"1-0:1.8.0", b"1", b"kWh")]),
        (b"0-0:96.13.0(a(b)c)", [(b"0-0:96.13.0", b"a(b)c", b"")]),
        (b"0-0:96.13.0((a)(b))", [(b"0-0:96.13.0", b"(a)(b)", b"")]),
        (b"1-0:1.8.0(1*kWh))", [(b"1-0:1.8.0", b"1", b"kWh")]),
        (b"1-0:1.8.0(1*kWh) \0", [(b"1-0:1.8.0", b"1", b"kWh")]),
        (b" \t1-0:1.8.0(1*kWh)", [(b"1-0:1.8.0", b"1", b"kWh")]),
        (b"1-0:1.8.0(1*kWh)x", [(b"1-0:1.8.0", b"1", b"kWh")]),
        (b"1-0:1.8.0(1*a*b)", [(b"1-0:1.8.0", b"1", b"a*b")]),
        (b"1-0:1.8.0(****)", [(b"1-0:1.8.0", b"****", b"")]),
        (b"0-0:96.13.0(a\r\nb)", [(b"0-0:96.13.0", b"a\nb", b"")]),
        (b"0-0:96.13.0(a\n\n b\nc)", [(b"0-0:96.13.0", b"a\nb\nc", b"")]),
        (b"1-0:1.8.0(1)\n(2)", [(b"1-0:1.8.0", b"(1)(2)", AS_TEXT)]),
        (b"1-0:1.8.0(1)(2)", [(b"1-0:1.8.0", b"(1)(2)", AS_TEXT)]),
        (b"1-0:1.6.0(260401000000S)(5*kW)", [(b"1-0:1.6.0", b"5", b"kW"), (b"1-0:1.6.0", b"260401000000S", AS_TIME)]),
        (b"1-0:1.6.0(5*kW)(260401000000S)", [(b"1-0:1.6.0", b"5", b"kW"), (b"1-0:1.6.0", b"260401000000S", AS_TIME)]),
        (b"1-0:1.6.0(5*kW)(2604010000)", [(b"1-0:1.6.0", b"5", b"kW"), (b"1-0:1.6.0", b"2604010000", AS_TIME)]),
        (b"1-0:1.6.0(5.1)(26-04-01 00:15)", [(b"1-0:1.6.0", b"5.1", b""), (b"1-0:1.6.0", b"26-04-01 00:15", AS_TIME)]),
        (b"1-0:1.6.0(5*kW)(26-04-01,00:15)", [(b"1-0:1.6.0", b"5", b"kW"), (b"1-0:1.6.0", b"26-04-01,00:15", AS_TIME)]),
        (b"1-0:1.6.0(5*kW)(2026-04-01, 00:15:00)", [(b"1-0:1.6.0", b"5", b"kW"), (b"1-0:1.6.0", b"2026-04-01, 00:15:00", AS_TIME)]),
        (b"0-1:24.2.1(2604010000)(1234567890)", [(b"0-1:24.2.1", b"1234567890", b""), (b"0-1:24.2.1", b"2604010000", AS_TIME)]),
        (b"0-1:24.2.1()(5*m3)", [(b"0-1:24.2.1", b"5", b"m3"), (b"0-1:24.2.1", b"", AS_TIME)]),
        (
            b"0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n(00024.123)",
            [(b"0-1:24.2.1", b"00024.123", b"m3"), (b"0-1:24.2.1", b"121030140000", AS_TIME)],
        ),
    ],
    ids=lambda value: value.decode("latin-1").replace("\n", " ") if isinstance(value, bytes) else "",
)
def test_line(sent: bytes, expected: list[Triple]) -> None:
    """A line is read without a flaw. Where it can be taken at once, that gives the same."""
    assert found(sent) == (expected, [])
    at_once = lines.at_once(sent + b"\r\n" + GOOD)
    assert at_once is None or list(zip(*at_once, strict=True)) == [*expected, READ]


@pytest.mark.parametrize(
    ("sent", "expected", "flaws"),
    [
        (b"garbage", [], ["a line of 7 characters that is not an OBIS code with a value"]),
        (b"1-0:1.8.0(1*kWh", [], ["a line of 15 characters that is not an OBIS code with a value"]),
        (b"1-0:1.8.01*kWh)", [], ["a line of 15 characters that is not an OBIS code with a value"]),
        (b"1-0:1.8.0((1*kWh)", [], ["a line of 17 characters that is not an OBIS code with a value"]),
        (b"x1-0:1.8.0(1*kWh)", [], ["a line of 17 characters that is not an OBIS code with a value"]),
        (b"X.1.8.0(1*kWh)", [], ["a line of 14 characters that is not an OBIS code with a value"]),
        (b"c.1.8.0(1*kWh)", [], ["a line of 14 characters that is not an OBIS code with a value"]),
        (b"*1.8.0(1*kWh)", [], ["a line of 13 characters that is not an OBIS code with a value"]),
        (b"1-0:1234.8.0(1*kWh)", [], ["a line of 19 characters that is not an OBIS code with a value"]),
        (b"1-0:1.8.0(1*kWh)7", [(b"1-0:1.8.0", b"1", b"kWh")], ["1-0:1.8.0: 1 characters after the value that are not a line"]),
        (b"1-0:1.8.0(1*kWh)(", [(b"1-0:1.8.0", b"1", b"kWh")], ["1-0:1.8.0: 1 characters after the value that are not a line"]),
        (
            b"1-0:1.8.0(1*kWh)1-0:2.8.0(2*kWh)\r\n0-0:94.",
            [(b"1-0:1.8.0", b"1", b"kWh"), (b"1-0:2.8.0", b"2", b"kWh")],
            [
                "1-0:1.8.0: another line follows the value without a line end",
                "a line of 7 characters that is not an OBIS code with a value",
            ],
        ),
        (b"0-0:96.13.0(a\r\nb", [], ["a line of 13 characters that is not an OBIS code with a value", "a line of 1 characters that is not an OBIS code with a value"]),
    ],
    ids=lambda value: value.decode("latin-1").replace("\n", " ") if isinstance(value, bytes) else "",
)  # fmt: skip
def test_broken_line(sent: bytes, expected: list[Triple], flaws: list[str]) -> None:
    """A line that is broken says so, and the whole lines around it are read. Nothing takes it at once."""
    assert found(sent) == (expected, flaws)
    assert lines.at_once(sent + b"\r\n" + GOOD) is None
    assert lines.at_once(GOOD + sent) is None


def test_flaws_are_bounded() -> None:
    """Of many bad lines only the first are told."""
    flaws: list[str] = []
    lines.found(GOOD + b"garbage\n" * 100, flaws)

    assert len(flaws) == lines.FLAWS_LIMIT


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"garbage", b"(1)"], ids=repr)
def test_no_line(sent: bytes) -> None:
    """Without any line there is no telegram."""
    assert lines.at_once(sent) is None
    with pytest.raises(RecordError, match="no line"):
        lines.found(sent, [])


HOSTILE = [
    b"1", b"1.8.0", b"1.8.0(", b"1.8.0(1", b"(", b")", b"()", b"((", b"(a", b"(a(b)", b"*", b"1.8.0(*", b"\r", b"\n", b"(\n", b"1\n", b"a(\n",
    b"1.8.0(1)", b"1.8.0(1)x", b"1.8.0(a\n", b" ", b"\0", b"1.8.0() ", b"(1604010000)", b"1.8.0(1*kWh)\r\n(", b"-", b"1-0:", b"\xff", b"0x",
    b"1.8.0(1)\n)",
]  # fmt: skip


def busy_ns(sent: bytes) -> int:
    """The time of this thread that a text takes, at best of three."""
    best = 1 << 62
    for _ in range(3):
        begin = thread_time_ns()
        with suppress(RecordError):
            text.body(sent, "", Zone())
        best = min(best, thread_time_ns() - begin)
    return best


@pytest.mark.parametrize("before", [b"", b"1-0:1.8.0(", b"0-0:96.13.0(", b"0-0:1.0.0("], ids=["alone", "number", "message", "clock"])
@pytest.mark.parametrize("piece", HOSTILE, ids=repr)
def test_time_is_linear(piece: bytes, before: bytes) -> None:
    """Eight times as much of any piece takes no more than some eight times as long. A quadratic reader would take 64 times as long."""
    short, long = (before + piece * (size // len(piece)) for size in (2_048, 16_384))

    assert busy_ns(long) < 24 * max(busy_ns(short), 20_000)


def test_old_gas_reading_without_a_time() -> None:
    """A reading of DSMR 2.2 whose time stamp is none has no column for it."""
    assert found(b"0-1:24.3.0(x)(00)(60)(1)(0-1:24.2.1)(m3)(00000.123)") == ([(b"0-1:24.2.1", b"00000.123", b"m3")], [])
