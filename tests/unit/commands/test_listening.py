"""commands.listening: what comes through a port that `check` opened."""

import time
from pathlib import Path

import pytest

import dlmsframes as made
from telegraf_han.commands import _listening
from telegraf_han.commands._listening import Finding
from telegraf_han.config.file import load
from telegraf_han.config.sections import Config
from telegraf_han.p1 import signal
from telegraf_han.simulate import sticks
from telegraf_han.simulate.sticks import Twin

CASES = Path(__file__).parents[2] / "cases"
RIGHT = "000102030405060708090a0b0c0d0e0f"
PROOF = "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
FOREIGN = "5a" * 16


def telegram(name: str) -> bytes:
    """A case's bytes."""
    lines = (CASES / name / "input.hex").read_text().splitlines()
    return bytes.fromhex("".join(text.split("#")[0] for text in lines))


def configured(tmp_path: Path, ek: str, ak: str, more: str = "") -> Config:
    """A meter on a cable."""
    file = tmp_path / "han.toml"
    keys = (f'encryption_key = "{ek}"\n' if ek else "") + (f'authentication_key = "{ak}"\n' if ak else "")
    file.write_text(f'[[meter]]\nname = "home"\ninterface = "p1"\nport = "x"\n{keys}{more}')
    return load(str(file), lambda _: None)


class Cable:
    """A source that delivers some bytes and then nothing."""

    finite = False

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, wait_s: float) -> bytes:
        data, self._data = self._data, b""
        time.sleep(0 if data else wait_s)
        return data


class Port:
    """A source with a virtual stick behind it, or bytes of something else."""

    finite = False

    def __init__(self, twin: Twin | None, says: bytes = b"") -> None:
        self._twin = twin
        self._waiting = says + (twin.opened() if twin else b"")

    def write(self, data: bytes) -> None:
        self._waiting += self._twin.told(data) if self._twin else b""

    def read(self, _: float) -> bytes:
        data, self._waiting = self._waiting, b""
        return data


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the clock is a quarter of a second after the one before."""
    passed = iter(range(10**9))
    monkeypatch.setattr(_listening.time, "monotonic", lambda: next(passed) / 4)
    monkeypatch.setattr(_listening.time, "time_ns", lambda: next(passed) * 250_000_000)


def heard(config: Config, sent: bytes) -> list[Finding]:
    return list(_listening.cable("home", config, Cable(sent), 0.05))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sent", "level", "words"),
    [
        (telegram("p1-gama350-stoen"), "ok", "whole telegrams arrive and can be read, proven genuine"),
        (telegram("p1-ma309m-plain"), "error", "not encrypted"),
        (signal.inverted(telegram("p1-gama350-stoen")), "warning", "inverted"),
        (b"\x00\x80\xf8" * 40, "warning", "9600 7E1"),
        (bytes(range(1, 200)), "warning", "no whole telegram"),
        (b"", "warning", "nothing came"),
    ],
    ids=["telegram", "plain", "inverted", "too fast", "noise", "silence"],
)
def test_what_a_cable_delivers(tmp_path: Path, sent: bytes, level: str, words: str) -> None:
    """It is listened to, and what comes is judged."""
    found = heard(configured(tmp_path, RIGHT, PROOF), sent)[0]

    assert found.level == level
    assert found.text.startswith("home: ")
    assert words in found.text


@pytest.mark.parametrize(
    ("ek", "ak", "level", "words"),
    [
        (PROOF, RIGHT, "error", 'are swapped. Exchange the two options of [[meter]] "home"'),
        (FOREIGN, PROOF, "error", "han.toml"),
        ("", "", "error", "the meter has no encryption_key. Add the key that the operator sent"),
        (RIGHT, FOREIGN, "warning", "authentication_key proves nothing"),
        (RIGHT, "", "ok", "can be read"),
    ],
    ids=["swapped", "foreign", "missing", "authentication key foreign", "authentication key missing"],
)
def test_keys_are_tried(tmp_path: Path, ek: str, ak: str, level: str, words: str) -> None:
    """A wrong key is found here and not at `run`, and no part of it is shown."""
    found = heard(configured(tmp_path, ek, ak), telegram("p1-gama350-stoen"))

    assert found[-1].level == level
    assert words in found[-1].text
    assert not any(key[:8] in one.text for key in (RIGHT, PROOF, FOREIGN) for one in found)


@pytest.mark.parametrize("ek", [RIGHT[1:], "file:none.ek"])
def test_key_that_cannot_be_had(tmp_path: Path, ek: str) -> None:
    """The cable is fine, and neither it nor another key is blamed."""
    (found,) = heard(configured(tmp_path, ek, PROOF), telegram("p1-gama350-stoen"))

    assert found == ("error", "home: whole telegrams arrive, but they cannot be opened before encryption_key is corrected")


def test_required_proof_that_fails(tmp_path: Path) -> None:
    """What `run` would drop is an error."""
    (found,) = heard(configured(tmp_path, RIGHT, FOREIGN, 'authentication = "required"\n'), telegram("p1-gama350-stoen"))

    assert found.level == "error"
    assert "cannot be read: " in found.text


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (telegram("p1-gama350-stoen")[:500], 'begins with the ident line "/EGM5G35", so the signal and the speed are right'),
        (telegram("p1-ma309m-plain")[60:400], "lines of a telegram can be read, so the signal and the speed are right"),
        (telegram("p1-ma309m-plain").replace(b"229.6", b"229.7"), "CRC of a telegram of 658 bytes does not fit"),
        (made.hdlc(made.push())[:25], "an HDLC frame that is damaged or cut off"),
        (made.hdlc(made.push()).hex().encode(), "hex text of an HDLC frame"),
        (b"\x02F.F(00)\r\n1.8.0(000001.000*kWh)\r\n!\r\n\x03\x55", "a readout of an optical port"),
    ],
    ids=["cut", "middle", "damaged", "part of a frame", "hex", "readout"],
)
def test_structure_before_the_cable(tmp_path: Path, sent: bytes, words: str) -> None:
    """What can be recognised is told. Then neither the inversion nor the speed nor a bad contact is blamed."""
    (found,) = heard(configured(tmp_path, RIGHT, PROOF), sent)

    assert found.level == "warning"
    assert words in found.text
    assert "inver" not in found.text
    assert "9600" not in found.text


@pytest.mark.parametrize("ek", [RIGHT, FOREIGN, ""], ids=["right", "wrong", "none"])
def test_frames_of_other_lines(tmp_path: Path, ek: str) -> None:
    """A frame of another line is named with every key. The right key is said to be right."""
    (found,) = heard(configured(tmp_path, ek, ""), made.hdlc(made.sealed(made.push())))

    assert found.level == "error"
    assert ("encryption_key is right" in found.text) is (ek == RIGHT)
    assert ("an HDLC frame with a ciphered DLMS message" in found.text) is bool(ek)


def test_changed_line_ends(tmp_path: Path) -> None:
    """A converter that changes line ends is told."""
    config = configured(tmp_path, "", "")
    found = heard(config, telegram("p1-ma309m-plain").replace(b"\r\n", b"\n"))

    assert [one.level for one in found] == ["warning", "ok"]
    assert "the line ends were changed" in found[0].text


def test_whole_is_said_of_what_was_checked(tmp_path: Path) -> None:
    """Without a checksum nobody knows whether a telegram is whole."""
    config = configured(tmp_path, "", "")

    assert "whole telegrams arrive" in heard(config, telegram("p1-ma309m-plain"))[0].text
    assert heard(config, telegram("p1-ma309m-plain-no-crc"))[0].text.startswith("home: telegrams arrive")


def asked(kind: str, port: Port) -> list[Finding]:
    return list(_listening.stick("attic", kind, port))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", sticks.KINDS)
@pytest.mark.parametrize("fault", ["", "garbage", "other-mode"])
@pytest.mark.usefixtures("seconds")
def test_stick_says_who_it_is(kind: str, fault: str) -> None:
    """The stick that is configured answers, in the words that `run` logs."""
    (found,) = asked(kind, Port(sticks.twin(kind, fault)))

    assert found.level == "ok"
    assert found.text.startswith("attic: ")
    assert "listening to" in found.text


@pytest.mark.parametrize("kind", sticks.KINDS)
@pytest.mark.usefixtures("seconds")
def test_stick_that_is_another(kind: str) -> None:
    """Another stick than the configured one, or nothing, is an error that says so."""
    other = "cul" if kind != "cul" else "im871a"
    (another,), (nothing,) = asked(kind, Port(sticks.twin(other))), asked(kind, Port(None))

    assert (another.level, nothing.level) == ("error", "error")
    assert "answers here" in another.text
    assert "answers here: the device is another one" in nothing.text


@pytest.mark.usefixtures("seconds")
def test_a_meter_where_a_stick_should_be() -> None:
    """Ports that were exchanged are recognised."""
    (found,) = asked("im871a", Port(None, telegram("p1-ma309m-plain")))

    assert found.text.endswith("it looks like a meter's P1 port")


def test_lines_are_not_asked() -> None:
    """Who only prints cannot be asked."""
    assert asked("hex", Port(None)) == []
