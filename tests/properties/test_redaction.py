"""decode --redact: a serial number leaves the house in no line shape, no envelope and no spelling, and what is harmless stays.

Each shape stands for a place where a meter, a channel, a log or a message can hold the number. Numbers are drawn, each test has
its own.
"""

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

import p1telegrams as p1
from telegraf_han import cli

CONFIG: Final = f"""
[[meter]]
name = "Kowalski"
interface = "p1"
encryption_key = "{p1.EK.hex()}"
authentication_key = "{p1.AK.hex()}"
"""
NUMBERS_A_TEST: Final = 4
HARMLESS: Final = (
    b"0-0:1.0.0(260410150553S)\r\n"
    b"1-0:1.8.0(099699.699*kWh)\r\n"
    b"1-0:1.8.1(099699.699*kWh)\r\n"
    b"1-0:2.8.0(000000.000*kWh)\r\n"
    b"1-0:1.7.0(00.966*kW)\r\n"
    b"1-0:32.7.0(229.6*V)\r\n"
    b"0-0:96.14.0(0002)\r\n"
    b"0-0:17.0.0(16500)\r\n"
    b"0-0:96.13.0()\r\n"
)
VALUES: Final = {
    "active_energy_import": 99699699,
    "active_energy_import_t1": 99699699,
    "active_energy_export": 0,
    "active_power_import": 966,
    "voltage_l1": 229.6,
    "limiter_threshold_active": 16500,
    "tariff": 2,
}


def own(line: str) -> Callable[[str], str]:
    """A shape in a telegram in which the meter says its number in its own line, too."""
    return lambda number: f"0-0:96.1.0({number.encode().hex()})\r\n{line_of(line, number)}"


def alone(line: str) -> Callable[[str], str]:
    """A shape in a telegram in which the number stands nowhere else."""
    return lambda number: line_of(line, number)


def line_of(line: str, number: str) -> str:
    """A shape with the number in it: as it is, in hex, reversed, in parts."""
    pairs = [number[at : at + 2] for at in range(0, len(number), 2)]
    return line.format(
        n=number,
        hex=number.encode().hex().upper(),
        low=number.encode().hex(),
        bcd="".join(reversed(pairs)),
        back=number[::-1],
        dotted=f"{number[:5]}.{number[5:]}",
        whole=f"{number[:6]}.{number[6:]}",
        a=number[:4],
        b=number[4:],
        five=number[:5],
        blanks=" ".join(pairs),
        hexblanks=" ".join(pairs).encode().hex(),
        mixed="AB".join(pairs),
        hexmixed="AB".join(pairs).encode().hex().upper(),
    )


SHAPES: Final = {
    # unknown codes
    "unknown, plain": alone("0-0:99.1.0({n})"),
    "unknown, leading zeros": alone("0-0:99.1.0(0000{n})"),
    "unknown, hex": alone("0-0:99.1.0({hex})"),
    "unknown, hex in lower case": alone("0-0:99.1.0({low})"),
    "unknown, packed digits backwards": alone("0-0:99.1.0({bcd})"),
    "unknown, backwards": alone("0-0:99.1.0({back})"),
    "unknown, with unit": alone("0-0:99.1.0({n}*kWh)"),
    "unknown, decimal with unit": alone("0-0:99.1.0({dotted}*kWh)"),
    "unknown, decimal": alone("0-0:99.1.0({dotted})"),
    "unknown, odd unit": alone("0-0:99.1.0({n}*Ab)"),
    "unknown, number as unit": alone("0-0:99.1.0(1*{n})"),
    "unknown, negative": alone("0-0:99.1.0(-{n}*W)"),
    "unknown, like a time stamp": alone("0-0:99.1.0(2604{n})"),
    "unknown, like a time stamp with letter": alone("0-0:99.1.0(2604{n}S)"),
    "unknown, five digits": alone("0-0:99.1.0({five})"),
    "unknown, four digits": alone("0-0:99.1.0({a})"),
    "unknown, two groups": alone("0-0:99.1.0({a})({b})"),
    "unknown, stamp and number": alone("0-0:99.1.0(260410150500S)({n})"),
    "unknown, stamp and quantity": alone("0-0:99.1.0(260410150500S)({dotted}*kWh)"),
    "unknown, letters": alone("0-0:99.1.0({mixed})"),
    "unknown, letters in hex": alone("0-0:99.1.0({hexmixed})"),
    "unknown, blanks": alone("0-0:99.1.0({blanks})"),
    "unknown, blanks in hex": alone("0-0:99.1.0({hexblanks})"),
    "unknown, brackets": alone("0-0:99.1.0(({n}))"),
    "unknown, bare code": alone("99.1.0({n})"),
    "unknown, star F": alone("1-0:99.1.0*5({n})"),
    # codes that name the meter
    "serial, hex": alone("0-0:96.1.0({hex})"),
    "serial, plain": alone("0-0:96.1.0({n})"),
    "serial, letters": alone("0-0:96.1.0({mixed})"),
    "serial, letters in hex": alone("0-0:96.1.0({hexmixed})"),
    "serial, type": alone("0-0:96.1.1({hex})"),
    "serial, address": alone("0.0.0({n})"),
    "serial, logical name": alone("0-0:42.0.0(454741{hex})"),
    "serial, letter code": alone("C.1.0({n})"),
    # quantities and states of known codes
    "quantity, whole number": alone("1-0:4.8.0({n}*kWh)"),
    "quantity, other unit": alone("1-0:4.8.0({dotted}*V)"),
    "quantity, no unit": alone("1-0:32.36.0({n})"),
    "quantity, decimal": own("1-0:4.8.0({whole}*kvarh)"),
    "quantity, other point": own("1-0:4.8.0({dotted}*kvarh)"),
    "quantity, base unit": own("1-0:4.8.0({n}*varh)"),
    "quantity, backwards": own("1-0:4.8.0({back}*varh)"),
    "quantity, packed digits backwards": own("1-0:4.8.0({bcd}*varh)"),
    "quantity, stamp before it": own("1-0:1.6.0(260410150500S)({dotted}*kW)"),
    "quantity, stamp behind it": own("1-0:1.6.0({dotted}*kW)(260410150500S)"),
    "quantity, a part": own("1-0:4.7.0({five}*var)"),
    "quantity, channel": own("0-1:24.2.1(260410150500S)({dotted}*m3)"),
    "state": alone("0-0:96.3.10({n})"),
    "state, five digits": alone("0-0:96.7.9({five})"),
    "version": alone("1-0:0.2.0({n})"),
    "version, dotted": own("1-0:0.2.0({a}.{b})"),
    "errors": alone("0-0:97.97.0({n})"),
    "second clock": own("1-0:0.9.2({n})"),
    # texts
    "message": alone("0-0:96.13.0(Licznik {n}, tel. 601)"),
    "message, hex": alone("0-0:96.13.0(4C69637A6E696B20{hex})"),
    "message, two lines": alone("0-0:96.13.0(Licznik\r\n{n})"),
    "message, not closed": alone("0-0:96.13.0(Licznik {n}"),
    "message code": alone("0-0:96.13.1({hex})"),
    # logs and channels
    "log, duration": alone("1-0:99.97.0(1)(0-0:96.7.19)(260410150500S)({n}*s)"),
    "log, stamp": alone("1-0:99.97.0(1)(0-0:96.7.19)(2604{n}S)(0000000240*s)"),
    "log, unknown code": alone("1-0:99.97.0(1)(0-0:{n})(260410150500S)(1*s)"),
    "log, of demand": alone("0-0:98.1.0(1)(1-0:1.6.0)(1-0:1.6.0)(260410150500S)(260410150500S)({dotted}*kW)"),
    "channel, hex": alone("0-1:96.1.0({hex})"),
    "channel, plain": alone("0-2:96.1.0(00{n})"),
    "channel, letters": alone("0-1:96.1.0({mixed})"),
    "channel, type": alone("0-1:24.1.0({n})"),
    "channel, reading of DSMR 2.2": own("0-1:24.3.0(121030140000)(00)(60)(1)(0-1:24.2.1)(m3)\r\n({dotted})"),
    # what is no data line
    "no line": alone("what is no line {n}"),
    "behind a value": alone("1-0:4.8.0(1*kvarh) {n}"),
    "groups without a code": alone("({n})"),
}
IDENTS: Final = {
    "ident, behind a model": "/EGM5G35-{n}",
    "ident, behind the maker": "/XYZ5{n}",
    "ident, letters": "/XYZ5{mixed}",
    "ident, letters around it": "/XYZ5\\2AB{n}CD",
    "ident, blanks": "/XYZ5 {blanks}",
    "ident, with dots": "/XYZ5{a}.{b}",
    "ident, nothing but it and letters": "/Abc{n}",
}
ENVELOPES: Final = {
    "plain": lambda lines, ident: p1.plain(lines, ident),
    "stoen": lambda lines, ident: p1.stoen(lines, ident),
    "luxembourg": lambda lines, ident: p1.luxembourg(lines, ident, title=b"EGM\0\x02\x16\x0e\xc1"),
}


def numbers(place: str) -> list[str]:
    """Some invented serial numbers for a test. Their digits differ, so that no part of a number stands anywhere else by chance."""
    drawn = random.Random(place)
    return ["".join(drawn.sample("123456789", 8)) for _ in range(NUMBERS_A_TEST)]


def spellings(number: str) -> set[str]:
    """The number and its parts of four digits, in the ways that a text can spell them."""
    pairs = "".join(number[at : at + 2] for at in range(len(number) - 2, -1, -2))
    parts = {one[at : at + 4] for one in (number, number[::-1], pairs) for at in range(len(number) - 3)}
    return parts | {part.encode().hex() for part in parts}


@pytest.fixture
def decode(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """`decode` over an input given as bytes: its exit code, stdout and stderr."""

    def run(config: str, content: bytes, *options: str) -> tuple[int, str, str]:
        (tmp_path / "han.toml").write_text(config)
        (tmp_path / "han.toml").chmod(0o600)
        (tmp_path / "input").write_bytes(content)
        code = cli.main(["decode", "--config", str(tmp_path / "han.toml"), "--interface", "p1", *options, str(tmp_path / "input")])
        return code, *capfd.readouterr()

    return run


def opened(shown: str, decode) -> tuple[str, list[dict[str, object]], str]:
    """What everybody can read of a redacted capture: its plain text, its telegrams, and what `decode` says about it."""
    data = bytes.fromhex("".join(re.findall(r"^[0-9a-f]+$", shown, re.MULTILINE)))
    *_, last = shown.partition("# Save these lines")
    _, out, err = decode("\n".join(line[2:] for line in last.splitlines()[2:]), shown.encode(), "--output", "json")
    head, _, _ = data.partition(b"\r\n\r\n")
    return head.decode("latin-1"), [json.loads(line) for line in out.splitlines()], err


def nothing_left(number: str, content: bytes, decode) -> list[dict[str, object]]:
    """Redact a telegram and look for the number everywhere. Returns the telegrams that everybody can read."""
    code, shown, said = decode(CONFIG, content, "--redact")
    head, telegrams, err = opened(shown, decode)
    readings = [f"{one['value']}" for telegram in telegrams for one in telegram["readings"]]
    serials = [str(telegram[key]) for telegram in telegrams for key in ("serial", "model")]
    places = [*readings, *serials] + ([] if head[:1] == "\xdb" else [head])
    texts = {re.sub(r"[ .*()\r\n]", "", place).lower() for place in places}

    assert code == 0, said
    assert not {spelling for spelling in spellings(number) for text in texts if spelling in text}
    assert number not in said + shown
    assert "I! kept: " in said
    assert not err or "W!" in err
    return telegrams


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_line_tells_the_number(shape: str, envelope: str, decode) -> None:
    """Whatever line holds the number, neither it nor four digits of it are in the redacted capture. Harmless values are."""
    for number in numbers(shape + envelope):
        lines = HARMLESS + SHAPES[shape](number).encode() + b"\r\n"
        telegrams = nothing_left(number, ENVELOPES[envelope](lines, b"/EGM5G35\r\n\r\n"), decode)
        found = {str(one["name"]): one["value"] for one in telegrams[0]["readings"]}

        assert len(telegrams) == 1
        assert telegrams[0]["time"] == "2026-04-10T15:05:53+02:00"
        assert {name: found.get(name) for name in VALUES} == VALUES


@pytest.mark.parametrize("envelope", ENVELOPES)
@pytest.mark.parametrize("ident", IDENTS)
def test_no_ident_tells_the_number(ident: str, envelope: str, decode) -> None:
    """An ident line is like any other line."""
    for number in numbers(ident + envelope):
        line = line_of(IDENTS[ident], number).encode() + b"\r\n\r\n"
        telegrams = nothing_left(number, ENVELOPES[envelope](HARMLESS, line), decode)

        assert telegrams[0]["time"] == "2026-04-10T15:05:53+02:00"


def test_two_telegrams_are_of_one_meter(decode) -> None:
    """The number of a later telegram is known in an earlier one. Both get the same invented number."""
    for number in numbers("two"):
        first = HARMLESS + f"1-0:4.8.0({number}*varh)\r\n".encode()
        second = HARMLESS + f"0-0:96.1.0({number.encode().hex()})\r\n".encode()
        found = nothing_left(number, p1.stoen(first) + p1.stoen(second), decode)

        assert str(found[0]["readings"][-1]["value"]) == found[1]["serial"]
