"""decode --redact: a capture that says the same of nobody."""

import json
import re
from pathlib import Path

import pytest

import dlmsframes as made
import p1telegrams as p1
from telegraf_han import cli

CASES = Path(__file__).parents[2] / "cases"
EK = bytes.fromhex("7d3c9a10ffb2e4580163deadc0de4242")
AK = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90")
P1_METER = f"""
[[meter]]
name = "Kowalski"
interface = "p1"
encryption_key = "{EK.hex()}"
authentication_key = "{AK.hex()}"
encryption = "optional"
"""
NAMES = {"serial_number", "device_type", "message", "message_code", "customer", "fabrication_number", "identification"}
READ = [path.name for path in sorted(CASES.glob("*")) if (path / "expected.lp").exists() and path.name[:2] in ("p1", "wm")]
UNREAD = [path.name for path in sorted(CASES.glob("*")) if not (path / "expected.lp").exists() and path.name[:2] in ("p1", "wm")]
PARTS = ["wmbus-compact-after-full", "wmbus-fragments"]
"""Telegrams that come in parts. The content of a part is withheld, because a part alone does not show what names somebody."""


class Ran:
    """What one call said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def config(self) -> str:
        """The configuration at the end, as somebody would copy it."""
        *_, last = self.out.partition("# Save these lines")
        return "\n".join(line[2:] for line in last.splitlines()[2:])

    @property
    def objects(self) -> list[dict[str, object]]:
        """Telegrams as JSON says them."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def bytes_shown(self) -> bytes:
        """All hex as bytes, one telegram after the other."""
        return bytes.fromhex("".join(re.findall(r"^[0-9a-f]+$", self.out, re.MULTILINE)))


@pytest.fixture
def decode(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """`decode` with a configuration's text over an input given as bytes."""

    def run(config: str, content: bytes, *options: str) -> Ran:
        (tmp_path / "han.toml").write_text(config)
        (tmp_path / "han.toml").chmod(0o600)
        (tmp_path / "input").write_bytes(content)
        code = cli.main(["decode", "--config", str(tmp_path / "han.toml"), *options, str(tmp_path / "input")])
        return Ran(code, *capfd.readouterr())

    return run


def case(name: str) -> tuple[str, bytes, str]:
    """Configuration, input and interface of a case folder."""
    return (CASES / name / "config.toml").read_text(), (CASES / name / "input.hex").read_bytes(), name.partition("-")[0]


def forms(number: str) -> list[bytes]:
    """A number in the ways telegrams write it."""
    if not number.isdecimal():
        return [number.encode(), number.encode().hex().encode(), number.encode().hex().upper().encode()]
    even = number.zfill(len(number) + len(number) % 2)
    packed = bytes.fromhex(even)
    return [number.encode(), number.encode().hex().encode(), number.encode().hex().upper().encode(), packed, packed[::-1]]


def values(found: dict[str, object]) -> list[tuple[object, ...]]:
    """Readings but for those that name somebody, and those under codes that are not known."""
    readings = [one for one in found["readings"] if not (one["obis"] or "").startswith("C.")]
    return [tuple(one.items()) for one in readings if one["name"] not in NAMES and (one["name"] or one["unit"])]


@pytest.mark.parametrize("name", [name for name in READ if name not in PARTS])
def test_decodes_to_the_same(name: str, decode) -> None:
    """A redacted capture, with the configuration in it, decodes to the same readings, time, model and proof."""
    config, content, kind = case(name)
    before = decode(config, content, "--interface", kind, "--output", "json")
    shown = decode(config, content, "--interface", kind, "--redact")
    after = decode(shown.config, shown.out.encode(), "--interface", kind, "--output", "json")

    assert len(after.objects) == len(before.objects) > 0
    for old, new in zip(before.objects, after.objects, strict=True):
        assert (new["interface"], new["time"], new["verified"]) == (old["interface"], old["time"], old["verified"])
        assert [one["obis"] for one in new["readings"]] == [one["obis"] for one in old["readings"]]
        assert values(new) == values(old)


@pytest.mark.parametrize("name", READ)
def test_no_number_is_left(name: str, decode) -> None:
    """The serial number and the ids of the configuration are gone, in clear and encrypted, in every notation. So are the keys."""
    config, content, kind = case(name)
    before = decode(config, content, "--interface", kind, "--output", "json")
    shown = decode(config, content, "--interface", kind, "--redact")
    after = decode(shown.config, shown.out.encode(), "--interface", kind, "--output", "json")
    quantities = {str(reading["value"]) for one in before.objects for reading in one["readings"] if reading["unit"]}
    numbers = {str(one["serial"]) for one in before.objects} | set(re.findall(r'id = "(\d+)"', config))
    numbers = {number for number in numbers if len(number.strip("0")) > 3} - quantities  # an invented meter's register may be its number

    for number in numbers:
        assert not any(form in place for form in forms(number) for place in (shown.out.encode(), shown.bytes_shown, after.out.encode()))
    for key in re.findall(r'key = "([0-9a-f]{32})"', config):
        if key not in ("000102030405060708090a0b0c0d0e0f", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"):
            assert key not in shown.out
            assert bytes.fromhex(key) not in shown.bytes_shown


@pytest.mark.parametrize("name", PARTS)
def test_parts_are_withheld(name: str, decode) -> None:
    """A part is named as what it is, and nothing of it is shown."""
    config, content, kind = case(name)
    shown = decode(config, content, "--interface", kind, "--redact")
    part = bytes.fromhex(content.split()[-1].decode())

    assert "content removed" in shown.out
    assert part[-8:] not in shown.bytes_shown


@pytest.mark.parametrize("name", UNREAD)
def test_what_does_not_open_shows_nothing(name: str, decode) -> None:
    """Telegrams without a right key keep their form and lose content, number and tag. Damaged ones are left out. Both are reported."""
    config, content, kind = case(name)
    shown = decode(config, content, "--interface", kind, "--redact")

    assert shown.err or any(word in name for word in ("acc-nr", "required", "plain"))
    for number in re.findall(r'id = "(\d+)"', config):
        assert not any(form in shown.out.encode() + shown.bytes_shown for form in forms(number))


def test_foreign_ciphertext_is_not_published(decode) -> None:
    """A ciphertext under the real key is removed, because telegrams of one key stream open each other."""
    sealed = p1.sealed(p1.LINES, EK, AK)
    shown = decode(P1_METER.replace(EK.hex(), "55" * 16), p1.stoen(ek=EK, ak=AK), "--redact")

    assert shown.code == 1
    assert "content removed" in shown.out
    assert sealed[9:40] not in shown.bytes_shown
    assert sealed[-12:] not in shown.bytes_shown
    assert len(shown.bytes_shown) == len(p1.stoen(ek=EK, ak=AK))
    again = decode(shown.config, shown.out.encode(), "--output", "json")
    assert "key: encryption_key does not open the telegram" in again.err


@pytest.mark.parametrize(
    "telegram",
    [
        p1.stoen(ek=EK, ak=AK),
        p1.stoen(ek=EK, ak=bytes(16)),
        p1.stoen(ek=EK, ak=AK, aad=AK),
        p1.stoen(ek=EK, ak=AK, control=0x20),
        p1.stoen(ek=EK, ak=AK, control=0x10),
        p1.luxembourg(ek=EK, ak=AK),
        p1.luxembourg(ek=EK, ak=AK, title=b"EGM\0\x02\x16\x0e\xc1"),
        p1.plain(),
    ],
    ids=["usual", "tag that does not fit", "other additional data", "no tag", "not encrypted", "inner telegram", "title", "plain"],
)
def test_security_stays_as_it_was(telegram: bytes, decode) -> None:
    """Whatever was encrypted, authenticated or neither is so afterwards."""
    before = decode(P1_METER, telegram, "--interface", "p1", "--output", "json").objects
    shown = decode(P1_METER, telegram, "--interface", "p1", "--redact")
    after = decode(shown.config, shown.out.encode(), "--interface", "p1", "--output", "json").objects

    assert shown.code == 0
    assert {line[:2] for line in shown.err.splitlines()} == {"I!"}
    assert len(after) == len(before) == 1
    assert after[0]["verified"] == before[0]["verified"]
    assert values(after[0]) == values(before[0])
    assert len(shown.bytes_shown) == len(telegram)
    assert not any(form in shown.bytes_shown + json.dumps(after).encode() for form in forms("35000001"))
    assert b"\x02\x16\x0e\xc1" not in shown.bytes_shown
    assert not any(secret in shown.out for secret in (EK.hex(), AK.hex(), "Kowalski"))


def test_what_was_kept_is_told(decode) -> None:
    """The owner reads which codes were kept and why, and which were replaced, before the capture is posted."""
    lines = p1.LINES + b"0-0:99.1.0(35)\r\n1-0:4.8.0(35000001*varh)\r\n0-0:96.13.0(Jan)\r\nJan\r\n"
    shown = decode(P1_METER, p1.stoen(lines, ek=EK, ak=AK), "--redact")

    assert shown.err.splitlines() == [
        "I! kept: known models: ident line EGM5G35",
        "I! kept: clocks: 0-0:1.0.0",
        "I! kept: quantities in their unit and range: 0-0:17.0.0, 1-0:1.7.0, 1-0:1.8.0",
        "I! replaced: identifiers: 0-0:96.1.0",
        "I! replaced: values under unknown codes: 0-0:99.1.0",
        "I! replaced: values with digits of an identifier, or out of their form or range: 1-0:4.8.0",
        "I! replaced: texts and messages: 0-0:96.13.0",
        "I! replaced: lines without a code: 3 characters",
        "I! look at what was kept before you post the capture. `decode --output table` shows it",
    ]


def test_many_codes_are_told_shortly(decode) -> None:
    """Of many codes only the first ones are named."""
    lines = p1.LINES + b"".join(b"0-0:99.%d.0(1)\r\n" % number for number in range(60))
    shown = decode(P1_METER, p1.stoen(lines, ek=EK, ak=AK), "--redact")

    assert "0-0:99.0.0, 0-0:99.1.0" in shown.err
    assert "and 20 more\n" in shown.err


def test_flaws_stay(decode) -> None:
    """A line that cannot be read cannot be read afterwards, either, and the program says the same about it."""
    lines = p1.LINES + b"1-0:2.8.0(x12*kWh)\r\nC.1.0(35000001)\r\nJan\r\n1-0:2.7.0()\r\n1-0:32.7.0(-.-*V)\r\n"
    before = decode(P1_METER, p1.stoen(lines, ek=EK, ak=AK), "--output", "json")
    shown = decode(P1_METER, p1.stoen(lines, ek=EK, ak=AK), "--redact")
    after = decode(shown.config, shown.out.encode(), "--output", "json")

    assert before.err
    assert after.err.replace("redacted", "Kowalski") == before.err


def test_damaged_telegrams_are_left_out(decode) -> None:
    """Nobody can tell what bytes are that belong to no telegram. Only their number is reported."""
    damaged = p1.stoen(ek=EK, ak=AK).replace(b"\x30\0\0\0\0", b"\x30\0\0\0\1")
    shown = decode(P1_METER, damaged + p1.stoen(ek=EK, ak=AK), "--redact")

    assert shown.code == 1
    assert shown.out.count("# telegram") == 1
    assert "W! telegram 1: left out: checksum: CRC of a telegram of" in shown.err
    assert "# telegram 2\n" in shown.out
    assert "W! telegrams: 1 shown whole, 0 without content, 1 left out" in shown.err


def test_neighbours_telegrams(decode) -> None:
    """A telegram of a meter that is not configured gets another number and loses its encrypted part."""
    config, content, _ = case("wmbus-gama350-stoen")
    shown = decode(config.replace("12345678", "87654321"), content, "--interface", "wmbus", "--redact")

    assert shown.code == 1
    assert not any(form in shown.bytes_shown + shown.err.encode() for form in forms("12345678"))
    assert shown.bytes_shown.count(0) > 150


def test_nothing_to_save_of_strangers(decode) -> None:
    """If no configured meter was heard, there is no configuration at the end, because nothing would open with it."""
    shown = decode(P1_METER, (CASES / "wmbus-gama350-stoen" / "input.hex").read_bytes(), "--redact")

    assert shown.code == 1
    assert "# telegram 1, content removed" in shown.out
    assert "Save these lines" not in shown.out


def test_one_kind_a_file(tmp_path: Path, decode, capfd: pytest.CaptureFixture[str]) -> None:
    """Telegrams of cable and radio cannot stand in one capture, 2."""
    radio = CASES / "wmbus-gama350-stoen" / "input.hex"
    (tmp_path / "both.toml").write_text(P1_METER + '[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"\n')
    (tmp_path / "p1.bin").write_bytes(p1.stoen(ek=EK, ak=AK))
    code = cli.main(["decode", "--config", str(tmp_path / "both.toml"), "--redact", str(tmp_path / "p1.bin"), str(radio)])

    assert code == 2
    assert "telegrams of p1 are expected, as before" in capfd.readouterr().err


def test_nothing_to_show(decode) -> None:
    """An input without telegrams, 1."""
    shown = decode(P1_METER, b"", "--redact")

    assert shown.code == 1
    assert "no telegram found that can be shown" in shown.err


def test_output_and_redact_exclude_each_other(decode, capfd: pytest.CaptureFixture[str]) -> None:
    """A redacted capture has one form."""
    with pytest.raises(SystemExit) as ended:
        decode(P1_METER, b"", "--redact", "--output", "json")

    assert ended.value.code == 2
    assert "not allowed with" in capfd.readouterr().err


@pytest.mark.parametrize("wrap", [made.hdlc, made.mbus], ids=["hdlc", "mbus"])
@pytest.mark.parametrize("content", [made.push(), made.sealed(made.push(), ek=EK)], ids=["plain", "ciphered"])
def test_frames_of_other_lines_are_withheld(decode, wrap, content: bytes) -> None:
    """Nobody can find the numbers in such frames, so none of their bytes are shown."""
    found = decode(P1_METER, wrap(content), "--redact")

    assert (found.code, found.bytes_shown) == (1, b"")
    assert "nothing of it is shown" in found.err
