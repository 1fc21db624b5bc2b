"""commands.keys: captures, texts that are no keys, the report, the saved files, and the exit code."""

import json
import os
import pickle
import re
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import p1telegrams as p1
import telegraf_han
from document import Document
from telegraf_han import cli, language
from telegraf_han.config.file import load_written

EK = bytes.fromhex("7d3c9a10ffb2e4580163deadc0de4242")
AK = bytes.fromhex("a1b2c3d4e5f60718293a4b5c6d7e8f90")
GOOD = p1.stoen(ek=EK, ak=AK)
RADIO = (Path(__file__).parents[2] / "cases" / "wmbus-gama350-stoen" / "input.hex").read_bytes()
RADIO_KEY = bytes(range(16))


def meter(ek: str = EK.hex(), ak: str = AK.hex(), name: str = "home", more: str = "") -> str:
    """A section of a P1 meter."""
    return f'[[meter]]\nname = "{name}"\ninterface = "p1"\nencryption_key = "{ek}"\nauthentication_key = "{ak}"\n{more}\n'


def flat(key: str = RADIO_KEY.hex(), number: str = "12345678", name: str = "flat") -> str:
    """A section of a wireless meter."""
    return f'[[meter]]\nname = "{name}"\ninterface = "wmbus"\nid = "{number}"\nkey = "{key}"\n'


class Ran:
    """What one call said."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.err = code, err
        self.lines = out
        self.out = " ".join(out.split())


@pytest.fixture
def keys(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    """`keys` with a configuration's text over inputs given as bytes."""

    def run(config: str, *inputs: bytes, options: tuple[str, ...] = ()) -> Ran:
        (tmp_path / "han.toml").write_text(config)
        (tmp_path / "han.toml").chmod(0o600)
        names = []
        for number, content in enumerate(inputs):
            names.append(tmp_path / f"{number}.bin")
            names[-1].write_bytes(content)
        code = cli.main(["keys", "--config", str(tmp_path / "han.toml"), *options, *map(str, names)])
        return Ran(code, *capfd.readouterr())

    return run


def test_right_keys(keys) -> None:
    """All is well: one sentence, 0."""
    found = keys(meter(), GOOD * 3)

    assert (found.code, found.err) == (0, "")
    assert found.out == "home: ok: encryption_key opens the telegrams and authentication_key proves them (SC || AK)."


def test_wrong_keys(keys) -> None:
    """One sentence on what is wrong, one on what to do, 1; no line wider than 80 columns."""
    found = keys(meter(AK.hex(), EK.hex()), GOOD * 3)

    assert found.code == 1
    assert found.out.startswith("home: WRONG KEY: encryption_key and authentication_key are swapped. What to do: exchange the two options")
    assert max(map(len, found.lines.splitlines())) <= 80


@pytest.mark.parametrize("text", [EK.hex()[1:], f"{EK.hex()}0", EK.hex().replace("0", "O")], ids=["31 digits", "33 digits", "letters"])
@pytest.mark.parametrize("place", ["configuration", "file", "variable"])
def test_keys_that_are_none(keys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, place: str) -> None:
    """A text that `run` refuses as a key is examined here, wherever it is."""
    (tmp_path / "home.ek").write_text(f"{text}\n")
    (tmp_path / "home.ek").chmod(0o600)
    monkeypatch.setenv("HOME_EK", text)
    found = keys(meter({"configuration": text, "file": "file:home.ek", "variable": "env:HOME_EK"}[place]), GOOD)

    assert found.code == 1
    assert "encryption_key has " in found.out
    assert "authentication_key is right" in found.out


def test_key_file_that_is_not_there(keys) -> None:
    """A key that cannot be read is a matter of the configuration, 2."""
    found = keys(meter("file:nothing"), GOOD)

    assert found.code == 2
    assert "encryption_key: a file with 32 hex digits is expected" in found.err


def test_noise_is_no_wrong_key(keys) -> None:
    """A footer that does not fit blames the line. In a capture with some damaged telegrams this comes next to the finding on the keys."""
    damaged = GOOD.replace(b"\x30\0\0\0\0", b"\x30\0\0\0\1")

    alone, among = keys(meter(AK.hex(), AK.hex()), damaged * 3), keys(meter(), GOOD + damaged + GOOD)

    assert alone.code == 1
    assert alone.out.startswith("home: NOISE: 3 telegrams arrived, but their CRCs say that all are damaged")
    assert among.code == 0
    assert "1 of 3 telegrams arrived damaged" in among.out


def test_bytes_that_are_no_telegram(keys) -> None:
    """An inverted line is no wrong key either."""
    found = keys(meter(), bytes(octet ^ 0xFF for octet in GOOD * 3), options=("--interface", "p1"))

    assert found.code == 1
    assert "home: NOISE: bytes arrived, but there is no telegram among them" in found.out


def test_nothing(keys) -> None:
    """An input without anything, 1."""
    found = keys(meter(), b"")

    assert (found.code, found.lines) == (1, "")
    assert "no telegram found" in found.err


def test_two_meters_in_one_capture(keys) -> None:
    """Each telegram is its own meter's, and each finding is told once."""
    ek = bytes(range(70, 86))
    other = p1.stoen(ek=ek, ak=AK)
    found = keys(meter() + meter(ek[::-1].hex(), AK.hex(), "garden"), GOOD * 5 + other * 5)

    assert found.code == 1
    assert found.out.count("home: ok:") == 1
    assert 'right key is configured as encryption_key of "garden", which has its bytes in reverse order' in found.out


def test_mail(keys) -> None:
    """If nothing fits, there is a mail to send, in Polish, with the telegram's facts and no part of any key."""
    found = keys(meter("22" * 16, "11" * 16), GOOD)
    readings = re.search(r"([\d,]+) readings of 2 keys were tried", found.out)

    assert found.code == 1
    assert "home: NOT FOUND" in found.out
    assert "opens this telegram under any nonce: it is another meter's key, or the meter holds another one" in found.out
    assert "What this rests on: " in found.out
    assert "Temat: Interfejs HAN licznika" in found.out
    assert "/EGM5G35" in found.out
    assert "Security control: 30, invocation counter: 0" in found.out
    assert "AES_decrypt(klucz, szyfrogram[0..15] xor tekst jawny[0..15])" in found.out
    assert readings is not None
    assert re.search(
        rf"Sprawdzono {readings[1].replace(',', '')} możliw\w+ zapis\w+ \(2 klucze\), a jako tekst jawny „0-0:1.0.0\(RRMMDD”", found.out
    )
    assert f"dla każdego dnia od 2020-01-01 do {datetime.now(UTC).date() + timedelta(1)}" in found.out
    assert not any(key * 4 in found.out for key in ("22", "11"))
    assert max(map(len, found.lines.splitlines())) <= 80


ODD = {
    "zeros": "00" * 16,
    "virtual meter's": bytes(range(16)).hex(),
    "empty file": "file:empty.ek",
    "file without its word": "empty.ek",
}


@pytest.mark.parametrize("name", ODD)
def test_no_mail_about_what_is_no_key(keys, tmp_path: Path, name: str) -> None:
    """A sample, an empty file, the name of a file: told as what it is, without a mail."""
    (tmp_path / "empty.ek").write_text("\n")
    (tmp_path / "empty.ek").chmod(0o600)
    found = keys(meter(ODD[name]), GOOD)

    assert found.code == 1
    assert found.out.startswith("home: NO KEY: the telegrams are encrypted, but encryption_key ")
    assert "Temat" not in found.out
    assert ("there is no key in " in found.out) == (name == "empty file")


def test_system_title(keys, tmp_path: Path) -> None:
    """A hidden title is named and saved, and `decode` and `keys` use it as an option."""
    hidden = p1.hidden(b"EGM\0\2\x16\x0e\xc1", ek=EK, ak=AK)
    found = keys(meter(), hidden, options=("--save", str(tmp_path)))
    saved = (tmp_path / "home.system_title").read_text()

    assert found.code == 1
    assert found.out.startswith("home: SYSTEM TITLE: encryption_key opens the telegrams and authentication_key proves them")
    assert saved == 'system_title = "45474D0002160EC1"\n'
    assert f'system_title of "home" is written to {tmp_path / "home.system_title"}' in found.out
    assert stat.S_IMODE((tmp_path / "home.system_title").stat().st_mode) == 0o600
    right = keys(meter(more=saved), hidden)
    assert (right.code, right.out.split(":")[1]) == (0, " ok")
    assert cli.main(["decode", "--config", str(tmp_path / "han.toml"), str(tmp_path / "0.bin")]) == 0


def test_title_that_every_meter_of_a_capture_may_have(keys) -> None:
    """The title is that of the meter whose key opens the telegram."""
    hidden = p1.hidden(b"EGM12345", ek=bytes(range(50, 66)), ak=AK)
    found = keys(meter() + meter(bytes(range(50, 66)).hex(), AK.hex(), "garden"), GOOD + hidden)

    assert "home: ok" in found.out
    assert "garden: SYSTEM TITLE" in found.out
    assert 'into [[meter]] "garden"' in found.out


def test_two_keys_in_one_file(keys, tmp_path: Path) -> None:
    """The file is named, each line is told, and --save writes a file for each key."""
    (tmp_path / "letter.txt").write_text(f"EK: {EK.hex(' ')}\nAK: {AK.hex(' ')}\n")
    (tmp_path / "letter.txt").chmod(0o600)
    found = keys(meter("file:letter.txt", "file:letter.txt"), GOOD, options=("--save", str(tmp_path)))

    assert f"{tmp_path / 'letter.txt'} holds two keys: line 1 is the encryption key, line 2 is the authentication key." in found.out
    assert (tmp_path / "home.ek").read_text() == f"{EK.hex()}\n"
    assert (tmp_path / "home.ak").read_text() == f"{AK.hex()}\n"


def cabled(name: str, ek: bytes, ak: bytes) -> str:
    """A section of a meter that is read from a file."""
    return meter(ek.hex(), ak.hex(), name, f'port = "{name}.bin"')


FLATS = {
    name: (bytes([number] * 8 + [*range(8)]), bytes([number] * 8 + [*range(8, 16)]))
    for number, name in enumerate(("home", "garden", "attic"), 7)
}


@pytest.mark.parametrize("count", [2, 3])
def test_keys_of_flats_exchanged(keys, tmp_path: Path, count: int) -> None:
    """Keys that went round are exchanged. Two copies in a row would destroy one."""
    names = list(FLATS)[:count]
    for name in names:
        (tmp_path / f"{name}.bin").write_bytes(p1.stoen(ek=FLATS[name][0], ak=FLATS[name][1]))
    found = keys("".join(cabled(name, *FLATS[names[at - 1]]) for at, name in enumerate(names)))

    assert found.out.count("WRONG KEY") == count
    assert found.out.count("exchange them") == 2 * count
    assert "copy that key" not in found.out
    assert ("Do not copy one over the other" in found.out) == (count == 2)


def test_keys_of_two_flats_by_radio(keys) -> None:
    """The same by radio, although only one of the two was heard."""
    found = keys(flat("55" * 16) + flat(RADIO_KEY.hex(), "87654321", "garden"), RADIO)

    assert 'exchange them: key of [[meter]] "flat" and key of [[meter]] "garden"' in found.out
    assert "copy that key" not in found.out


def test_copy_where_nothing_is_lost(keys, tmp_path: Path) -> None:
    """A key is copied to a place without a key."""
    (tmp_path / "flat.key").touch(0o600)
    found = keys(flat("file:flat.key") + flat(RADIO_KEY.hex(), "87654321", "garden"), RADIO)

    assert 'copy that key to key of [[meter]] "flat"' in found.out


@pytest.mark.parametrize(("more", "code", "words"), [("", 1, "home: NOT BELIEVED"), ('encryption = "optional"', 0, "home: ok")])
def test_plain_telegrams_with_a_key(keys, more: str, code: int, words: str) -> None:
    """Telegrams without encryption are not believed where a key is configured, and the report says so as `run` does."""
    found = keys(meter(more=more), p1.plain())

    assert (found.code, found.out.startswith(words)) == (code, True)


def test_required(keys) -> None:
    """With authentication = "required" and a tag that does not fit, the report says that `run` drops the telegrams."""
    found = keys(meter(ak="33" * 16, more='authentication = "required"'), GOOD)

    assert found.out.startswith("home: NOT PROVEN")
    assert 'because of authentication = "required", `run` drops every telegram' in found.out


FRAMED = json.loads((Path(__file__).parents[1] / "inspection" / "keytrial" / "framed.json").read_text())


@pytest.mark.parametrize("name", FRAMED)
@pytest.mark.parametrize("key", ["000102030405060708090a0b0c0d0e0f", EK.hex()], ids=["right", "foreign"])
def test_frames_of_another_line(keys, name: str, key: str) -> None:
    """Frames that are no P1 telegrams are named for what they are. No key and no cable is blamed, and there is no mail."""
    config = f'[[meter]]\nname = "home"\ninterface = "p1"\nencryption_key = "{key}"\n'
    found = keys(config, bytes.fromhex(FRAMED[name]["input"]) * 3, options=("--interface", "p1"))

    assert found.code == 1
    assert found.out.startswith("home: NOT READ: ")
    assert FRAMED[name]["words"] in found.out
    assert "not open" not in found.out
    assert "Temat" not in found.out
    assert "inversion" not in found.out
    if key.startswith("0001") and FRAMED[name]["sealed"]:
        assert "encryption_key is right" in found.out


def test_mail_in_a_terminal_without_utf8(tmp_path: Path) -> None:
    """Letters that a terminal does not have are gaps, and no defect."""
    (tmp_path / "han.toml").write_text(meter("22" * 16, "11" * 16))
    (tmp_path / "capture.bin").write_bytes(GOOD)
    words = [sys.executable, "-m", "telegraf_han", "keys", "--config", str(tmp_path / "han.toml"), str(tmp_path / "capture.bin")]
    environment = os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONPATH": str(Path(telegraf_han.__file__).parents[1])}
    done = subprocess.run(words, env=environment, capture_output=True, timeout=60, check=False)

    assert done.returncode == 1
    assert b"Dzie? dobry" in done.stdout
    assert b"Traceback" not in done.stderr


def test_key_that_is_missing(keys) -> None:
    """Without a key, there is no mail to the operator."""
    cable = keys('[[meter]]\nname = "home"\ninterface = "p1"\n', GOOD)
    radio = keys('[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"\n', RADIO)

    assert cable.out.startswith("home: NO KEY: the telegrams are encrypted and encryption_key is missing. What to do: put the key")
    assert radio.out.startswith("flat: NO KEY: the telegrams of EGM 12345678 are encrypted and key is missing.")
    assert (cable.code, radio.code) == (1, 1)
    assert "Temat" not in cable.out + radio.out


def test_capture_of_the_other_kind(keys) -> None:
    """A radio capture for a meter on a cable (or the reverse) is reported as such, and not as noise."""
    radio, cable = keys(meter(), RADIO), keys(flat(), GOOD * 3)

    assert (radio.code, radio.out, cable.code, cable.out) == (1, "", 1, "")
    assert radio.err == 'E! the capture holds wireless telegrams (of 12345678), but no [[meter]] with interface = "wmbus" is configured\n'
    assert cable.err == 'E! the capture holds P1 telegrams, but no [[meter]] with interface = "p1" is configured\n'


def test_telegrams_of_another_meter_in_between(keys) -> None:
    """A capture that also holds a stranger's telegrams does not make a right key wrong."""
    stranger = p1.stoen(ek=bytes(range(50, 66)), ak=AK)
    alone, with_garden = keys(meter(), GOOD * 2 + stranger), keys(meter() + meter("99" * 16, "88" * 16, "garden"), GOOD + stranger)

    assert alone.code == 1
    assert alone.out.count("home: ok:") == 1
    assert (
        "further telegrams: NOT FOUND: each configured key opens telegrams, but there are also telegrams that no configured key opens"
        in alone.out
    )
    assert with_garden.out.count("home: ok:") == 1
    assert "garden: NOT FOUND: the telegrams arrive whole, but encryption_key does not open them" in with_garden.out
    assert "Temat" not in alone.out + with_garden.out


def test_one_telegram_among_damaged_ones(keys) -> None:
    """If most telegrams are damaged, the one that does not open may be damaged, too. So there is no mail to the operator."""
    (line,) = (row for row in RADIO.split(b"\n") if row and not row.startswith(b"#"))
    spoiled = bytearray(bytes.fromhex(line.decode()))
    spoiled[20] ^= 1
    found = keys(flat(), spoiled.hex().encode() + b"\n" + line[:90])

    assert "NOT FOUND" in found.out
    assert "Other telegrams arrived damaged. This telegram may be damaged, too" in found.out
    assert "Temat" not in found.out


def test_everything_cut(keys) -> None:
    """If a radio receives only broken telegrams, the advice is about the radio."""
    found = keys(flat(), b"\n".join(line[:60] for line in RADIO.split(b"\n")))

    assert "no telegram of id 12345678 was heard, and no other telegram either; 1 arrived damaged" in found.out
    assert "something sends, but the signal is too weak" in found.out


@pytest.mark.parametrize(
    ("page", "spoken", "verdict"), [("docs/trouble.md", "en", "WRONG KEY: "), ("docs/trouble.pl.md", "pl", "ZŁY KLUCZ: ")]
)
def test_what_the_documents_show(keys, monkeypatch: pytest.MonkeyPatch, page: str, spoken: str, verdict: str) -> None:
    """The report in the documents is the program's own, in the language of the page."""
    (shown,) = (block for block in Document(page).blocks if verdict in block)
    monkeypatch.setenv("LANGUAGE", spoken)
    try:
        assert keys(meter(AK.hex(), EK.hex()), GOOD).lines.strip() == shown.strip()
    finally:
        language.choose("en")


def test_save(keys, tmp_path: Path) -> None:
    """Keys that were found go into files that only the owner may read, never over another file, and are not shown."""
    found = keys(meter(EK[::-1].hex(), AK.hex()[1:], "home / 1"), GOOD, options=("--save", str(tmp_path)))

    assert (tmp_path / "home___1.ek").read_text() == f"{EK.hex()}\n"
    assert (tmp_path / "home___1.ak").read_text() == f"{AK.hex()}\n"
    assert stat.S_IMODE((tmp_path / "home___1.ek").stat().st_mode) == 0o600
    assert EK.hex()[:8] not in found.out + found.err
    again = keys(meter(EK[::-1].hex(), AK.hex()[1:], "home / 1"), GOOD, options=("--save", str(tmp_path)))
    assert again.code == 2
    assert "there is a file of this name already. Move it away, or name another folder" in again.err


@pytest.mark.parametrize(
    ("folder", "expected"),
    [("missing", "Make it first: mkdir "), ("han.toml", "but a file has the name "), ("/dev/full", "but a file has the name /dev/full")],
)
def test_save_where_nothing_can_be_written(keys, tmp_path: Path, folder: str, expected: str) -> None:
    """A folder that is none is a clear error, and the report comes all the same."""
    found = keys(meter(EK[::-1].hex()), GOOD, options=("--save", str(tmp_path / folder)))

    assert found.code == 2
    assert found.out.startswith("home: WRONG KEY")
    assert expected in found.err


def test_save_one_of_two(keys, tmp_path: Path) -> None:
    """A file that is there already does not keep the other key from being written."""
    (tmp_path / "home.ek").write_text("precious")
    found = keys(meter(EK[::-1].hex(), AK[::-1].hex()), GOOD, options=("--save", str(tmp_path)))

    assert found.code == 2
    assert (tmp_path / "home.ek").read_text() == "precious"
    assert (tmp_path / "home.ak").read_text() == f"{AK.hex()}\n"


def test_save_on_a_full_disk(tmp_path: Path) -> None:
    """If a file cannot be written to its end, nothing is left of it, and the report comes all the same."""
    (tmp_path / "han.toml").write_text(meter(EK[::-1].hex()))
    (tmp_path / "han.toml").chmod(0o600)
    (tmp_path / "capture.bin").write_bytes(GOOD)
    words = ["keys", "--config", str(tmp_path / "han.toml"), "--save", str(tmp_path), str(tmp_path / "capture.bin")]
    program = f"import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); from telegraf_han import cli; sys.exit(cli.main({words}))"
    environment = os.environ | {"PYTHONPATH": str(Path(telegraf_han.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 2
    assert done.stdout.startswith("home: WRONG KEY")
    assert "home.ek" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home.ek").exists()


def test_wireless(keys) -> None:
    """The same for one key."""
    right, wrong = keys(flat(), RADIO), keys(flat(RADIO_KEY[::-1].hex()), RADIO)

    assert (right.code, wrong.code) == (0, 1)
    assert right.out == "flat: ok: key opens the telegrams."
    assert wrong.out.startswith("flat: WRONG KEY: key has its bytes in reverse order. What to do: write its bytes")


def test_wireless_under_another_id(keys) -> None:
    """A key that opens the telegrams of a number nobody configured says that the number is mistyped."""
    found = keys(flat(number="12345687"), RADIO)

    assert found.code == 1
    assert 'flat: WRONG KEY: key opens the telegrams of EGM 12345678, not those of id "12345687"' in found.out
    assert 'write id = "12345678"' in found.out


def test_wireless_not_heard(keys) -> None:
    """A meter that was not heard is no wrong key. The meters that were heard are named."""
    found = keys(flat("55" * 16, "12345687"), RADIO)

    assert found.code == 1
    assert "flat: NO TELEGRAM: no telegram of id 12345687 was heard, but telegrams of 12345678 were" in found.out


def test_wireless_of_two_meters(keys) -> None:
    """Keys of two meters that were exchanged."""
    found = keys(flat("55" * 16) + flat(RADIO_KEY.hex(), "87654321", "garden"), RADIO)

    assert 'flat: WRONG KEY: key is wrong; the right key is configured as key of "garden"' in found.out


def test_wireless_mail(keys) -> None:
    """The mail on a wireless meter names its address and mode."""
    found = keys(flat("55" * 16), RADIO)

    assert "Adres wM-Bus: EGM 12345678, wersja 01, typ 02" in found.out
    assert "security mode): 5" in found.out


def test_both_interfaces(keys) -> None:
    """Captures of cable and radio are told apart, and only the meters that were heard are judged."""
    both = keys(meter() + flat(), GOOD, RADIO)
    one = keys(meter() + flat(), GOOD)

    assert (
        both.out
        == "home: ok: encryption_key opens the telegrams and authentication_key proves them (SC || AK). flat: ok: key opens the telegrams."
    )
    assert "flat" not in one.out


def test_live_files(keys, tmp_path: Path) -> None:
    """Without an input the configured sources are read, here files, until each meter was heard."""
    (tmp_path / "p1.bin").write_bytes(GOOD)
    (tmp_path / "radio.hex").write_bytes(RADIO)
    receiver = '[[receiver]]\nname = "attic"\ntype = "hex"\nport = "radio.hex"\n'
    found = keys(meter(more='port = "p1.bin"') + flat() + receiver)

    assert found.code == 0
    assert (found.out.count("home: ok:"), found.out.count("flat: ok:")) == (1, 1)
    assert "waiting for a telegram of home, flat" in found.err


def test_live_needs_sources(keys) -> None:
    """Without an input every meter needs a port, 2."""
    found = keys(meter())

    assert found.code == 2
    assert "the port that this meter is read from is expected" in found.err


def test_no_meter(keys) -> None:
    """Keys belong to meters."""
    found = keys("", GOOD)

    assert found.code == 2
    assert "a [[meter]] is expected, with the keys to try" in found.err


def test_no_line_shows_a_key(keys) -> None:
    """No part of any key, given or found, in any finding."""
    config = meter(EK.hex()[:9] + EK.hex()[10:], AK[::-1].hex()) + flat("0" + RADIO_KEY.hex()[1:][::-1])
    found = keys(config, GOOD, RADIO)
    said = (found.out + found.err).lower()

    for key in (EK, AK, AK[::-1], RADIO_KEY[1:]):
        assert not any(key.hex()[at : at + 6] in said for at in range(len(key.hex()) - 6))


def test_a_key_that_cannot_be_read(keys) -> None:
    """There is nothing to judge, so it is told, and the keys of the other meters are judged. If it is the only meter, that is an error."""
    away = meter("file:none.ek", AK.hex(), "away")
    both = keys(meter() + away, GOOD)
    other = keys(flat() + away, GOOD)
    alone = keys(away, GOOD)

    told = "away: encryption_key: a file with 32 hex digits is expected, but "
    assert both.code == other.code == 1
    assert both.out.startswith("home: ok: encryption_key opens the telegrams")
    assert both.err.startswith(f"E! {told}")
    assert len(both.err.splitlines()) == len(other.err.splitlines()) == 1
    assert other.out == ""
    assert (alone.code, alone.out) == (2, "")
    assert '[[meter]] "away": encryption_key: a file with 32 hex digits is expected, but ' in alone.err


def test_written_keys_are_silent(tmp_path: Path) -> None:
    """The texts of keys, usable or not, are shown by no repr and cannot be pickled."""
    (tmp_path / "han.toml").write_text(meter(EK.hex()[1:], AK.hex()))
    (tmp_path / "han.toml").chmod(0o600)
    config, written = load_written(str(tmp_path / "han.toml"))

    assert config.meters[0].encryption_key is None
    assert config.meters[0].authentication_key is not None
    assert EK.hex()[1:9] not in f"{config!r} {written!r}"
    assert AK.hex()[:8] not in f"{config!r} {written!r}"
    with pytest.raises(TypeError):
        pickle.dumps(written)
