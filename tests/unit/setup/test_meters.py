"""The questions about the meter, with real telegrams in the place of the port."""

import tomllib
from pathlib import Path

import pytest

from telegraf_han.errors import ConfigError
from telegraf_han.inspection import captures
from telegraf_han.setup import hearing, meters, texts
from telegraf_han.setup.hearing import Hearing
from telegraf_han.setup.meters import Offer
from telegraf_han.telegram import Frame

from .conftest import Person, options

CASES = Path(__file__).parents[2] / "cases"
EK, AK = "000102030405060708090a0b0c0d0e0f", "d0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
CABLE = Offer("/dev/serial/by-id/usb-P1", "FTDI, a P1 cable", "")
STICK = Offer("/dev/serial/by-id/usb-im871a", 'receiver, type = "im871a"', "im871a")
DONGLE = Offer("", "Realtek RTL2838", "rtl_433", dongle=True)


@pytest.fixture
def plays(monkeypatch):
    """Let the port deliver a recording of tests/cases, or nothing."""

    def play(case: str) -> None:
        def listen(config, whole_s, enough):
            heard = Hearing(config)
            if case:
                lines = (CASES / case / "input.hex").read_text().splitlines()
                data = "\n".join(line for line in lines if not line.startswith("#")).encode()
                _, receiver, _ = captures.recognised(data, None, config)
                for frame in [*receiver.feed(data, 1), *receiver.finish(1)]:
                    if isinstance(frame, Frame):
                        heard.take(frame, config.meters[0].name if config.meters else "receiver")
                    else:
                        heard.fault(frame, config.meters[0].name, 1)
            enough(heard)
            return heard

        monkeypatch.setattr(hearing, "listen", listen)

    return play


@pytest.fixture
def key_file(tmp_path):
    """Write a file with a key, for an option."""

    def write(name: str, text: str) -> str:
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


def test_right_keys(plays, capsys):
    """The telegram is read, and the person sees what the meter shows, too."""
    plays("p1-gama350-stoen")

    answer = meters.asked(Person("", "", EK, AK), options(interface="p1"), [CABLE])

    said = capsys.readouterr().out
    assert answer.heard
    assert answer.meter == texts.Meter(
        "home", "p1", CABLE.port, key_files=(("encryption_key", "home.ek"), ("authentication_key", "home.ak"))
    )
    assert "A telegram of a GAMA350 meter was heard. It is enciphered, so its keys are needed." in said
    assert "The telegram can be read: GAMA350, 35000001, 12345.035 kWh, 278 W." in said
    assert EK not in said


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (AK, EK, "encryption_key and authentication_key are swapped"),
        (EK[:-1], AK, "encryption_key has one digit too few"),
        (bytes.fromhex(EK)[::-1].hex(), AK, "encryption_key "),
    ],
    ids=["swapped", "one digit short", "reversed"],
)
def test_a_mistake_that_can_be_named(plays, capsys, first, second, words):
    """The right key is taken if the person agrees."""
    plays("p1-gama350-stoen")

    answer = meters.asked(Person("", "", first, second, "y"), options(interface="p1"), [CABLE])

    assert words in capsys.readouterr().out
    assert answer.heard
    assert {option: text.reveal() for option, text in answer.keys.items()} == {"encryption_key": EK, "authentication_key": AK}


def test_keys_of_another_meter(plays, capsys):
    """They are asked for again, and at last written as they are."""
    plays("p1-gama350-stoen")

    answer = meters.asked(Person("", "", "1" * 32, "", "y", "2" * 32, "", "n"), options(interface="p1"), [CABLE])

    assert not answer.heard
    assert capsys.readouterr().out.count("The keys do not fit: ") == 2
    assert [text.reveal() for text in answer.keys.values()] == ["2" * 32]


def test_what_is_no_key_is_not_written(plays):
    """After all tries the set-up ends with the option that a script would use."""
    plays("")

    with pytest.raises(ConfigError, match="--encryption-key-file: 32 hex digits expected, found 3 hex digits"):
        meters.asked(Person("", "", "abc", "", "n"), options(interface="p1"), [CABLE])


def test_what_is_no_key_is_named(plays, capsys):
    """Also if no telegram tells, and before the keys are asked for again."""
    plays("")

    answer = meters.asked(Person("", "", "abc", "", "y", EK, ""), options(interface="p1"), [CABLE])

    said = capsys.readouterr().out
    assert "encryption_key is no key: 32 hex digits expected, found 3 hex digits." in said
    assert said.count("They are written as they are.") == 1
    assert [text.reveal() for text in answer.keys.values()] == [EK]


def test_a_mistyped_port(plays, capsys):
    """It is asked for again. Who insists is not told that the operator may be the cause."""
    plays("")

    answer = meters.asked(Person("/dev/nonsense", "", __file__, "", EK, ""), options(interface="p1"), [])
    assert answer.meter.port == __file__
    assert "the operator has not switched the port on yet" in capsys.readouterr().out

    answer = meters.asked(Person("/dev/nonsense", "n", "", EK, ""), options(interface="p1"), [])
    assert answer.meter.port == "/dev/nonsense"
    assert "operator has" not in capsys.readouterr().out

    answer = meters.asked(Person("socket://adapter:2000", "", EK, ""), options(interface="p1"), [])
    assert answer.meter.port == "socket://adapter:2000"


def test_a_silent_port(plays, capsys, monkeypatch):
    """The set-up goes on, because the operator may need two months."""
    plays("")
    monkeypatch.setattr(meters, "_is_there", lambda _: True)

    answer = meters.asked(Person("", "", EK, ""), options(interface="p1"), [CABLE])

    assert not answer.heard
    assert "The set-up can go on. Telegraf then waits for the meter." in capsys.readouterr().out
    assert answer.meter.key_files == (("encryption_key", "home.ek"),)


def test_a_meter_without_encryption(plays):
    """No key is asked for."""
    plays("p1-ma309m-plain")

    answer = meters.asked(Person("", ""), options(interface="p1"), [CABLE])

    assert answer.heard
    assert answer.meter.key_files == ()


def test_options_answer_everything(plays, nobody, key_file):
    """`--yes` with all options asks nothing."""
    plays("p1-gama350-stoen")
    given = options(
        interface="p1",
        port="socket://10.0.0.5:2000",
        name="attic flat",
        encryption_key_file=key_file("ek", f"{EK}\n"),
        authentication_key_file=key_file("ak", "D0D1 D2D3 D4D5 D6D7 D8D9 DADB DCDD DEDF"),
    )

    answer = meters.asked(nobody, given, [])

    assert answer.heard
    assert answer.meter.key_files == (("encryption_key", "attic_flat.ek"), ("authentication_key", "attic_flat.ak"))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"interface": "p1"}, "--port: this answer is missing"),
        ({"interface": "p1", "port": "x"}, "--encryption-key-file: a file with the key is expected"),
        ({"interface": "p1", "port": "x", "encryption_key_file": "/nowhere/ek"}, "a file that can be read is expected"),
        ({"interface": "p1", "key_file": "x"}, "--key-file: this option has no effect with --interface p1"),
        ({"interface": "wmbus", "encryption_key_file": "x"}, "--encryption-key-file: this option has no effect with --interface wmbus"),
        ({"interface": "p1", "id": "12345678"}, "--id: this option has no effect with --interface p1"),
        ({"interface": "wmbus"}, "--receiver: this answer is missing"),
        ({"receiver": "im871b"}, "--receiver: one of amb8465, "),
        ({"receiver": "hex", "port": "x"}, "--id: this answer is missing"),
        ({"receiver": "hex", "port": "x", "id": "1234"}, "--id: the eight digits printed on the meter are expected"),
        ({"receiver": "hex", "port": "x", "id": "١٢٣٤٥٦٧٨"}, "--id: the eight digits printed on the meter are expected"),
        ({"receiver": "hex", "port": "x", "id": "12345678", "name": "a\\"}, "--name: a name is expected: 1 to 64"),
        ({"interface": "p1", "port": "x", "name": ""}, "--name: a name is expected: 1 to 64"),
        ({"interface": "p1", "port": "http://10.0.0.5:2000"}, "--port: a device path, socket://HOST:PORT, "),
        ({"interface": "p1", "port": EK}, "--port: a device path, .* this text looks like a key"),
    ],
)
def test_what_is_missing_or_has_no_effect(plays, nobody, given, words):
    """One line names the option."""
    plays("")

    with pytest.raises(ConfigError, match=words):
        meters.asked(nobody, options(**given), [])


def test_a_key_in_the_place_of_its_file(plays, nobody):
    """It is not shown again."""
    plays("")

    with pytest.raises(ConfigError) as caught:
        meters.asked(nobody, options(interface="p1", port="x", encryption_key_file=EK), [])

    assert str(caught.value).startswith("…: --encryption-key-file: a file that can be read is expected")


def test_a_meter_on_the_air(plays, capsys):
    """Meters in range are offered, and the chosen one's key is tried."""
    plays("wmbus-gama350-stoen")

    answer = meters.asked(Person("1", "1", "flat", EK), options(interface="wmbus"), [STICK])

    assert answer.heard
    assert answer.meter == texts.Meter("flat", "wmbus", STICK.port, "im871a", "12345678", (("key", "flat.key"),))
    said = capsys.readouterr().out
    assert "Heard: 12345678  EGM  electricity, enciphered\n" in said
    assert "  1  12345678  EGM  electricity, enciphered\n" in said


def test_no_meter_on_the_air(plays):
    """The number is asked for, and has to be one."""
    plays("")

    answer = meters.asked(Person("1", "1234", "12345678", "", EK), options(interface="wmbus"), [DONGLE])

    assert not answer.heard
    assert answer.meter == texts.Meter("home", "wmbus", "", "rtl_433", "12345678", (("key", "home.key"),))


def test_what_the_plugin_would_not_read_is_asked_again(plays, capsys):
    """A configuration that `run` refuses is never written."""
    plays("")

    answer = meters.asked(Person("socket://nas", "socket://nas:2000", "x" * 65, "attic", EK, ""), options(interface="p1"), [])

    assert (answer.meter.port, answer.meter.name) == ("socket://nas:2000", "attic")
    said = capsys.readouterr().out
    assert "socket://HOST:PORT, rfc2217://HOST:PORT or a file to replay is expected" in said
    assert "a name is expected: 1 to 64 printable characters, no backslash, and no key" in said


def test_a_path_starts_where_the_person_is(plays, monkeypatch, tmp_path):
    """In the configuration, a path would start at its folder."""
    plays("")
    monkeypatch.chdir(tmp_path)

    answer = meters.asked(Person("", EK, ""), options(interface="p1", port="meter"), [])

    assert answer.meter.port == f"{tmp_path}/meter"


def test_a_meter_that_is_not_heard(plays, nobody, capsys, key_file):
    """The sentence has the time that was listened."""
    plays("")

    meters.asked(nobody, options(receiver="rtl_433", id="12345678", key_file=key_file("key", EK), listen=5.0), [DONGLE])

    assert "Meter 12345678 was not heard within 5 s." in capsys.readouterr().out


def test_listening_can_be_left_out(monkeypatch):
    """With --listen 0 no port is opened."""
    monkeypatch.setattr(hearing, "listen", lambda *_: pytest.fail("listened"))

    answer = meters.asked(Person("", "", EK, AK), options(interface="p1", listen=0.0), [CABLE])

    assert tomllib.loads(texts.han(answer.meter))["meter"][0]["port"] == CABLE.port


def test_an_empty_key_is_answered(plays, capsys):
    """The question comes again, with a word why."""
    plays("p1-gama350-stoen")

    answer = meters.asked(Person("", "", "", EK, AK), options(interface="p1"), [CABLE])

    assert answer.heard
    assert "A key is expected: 32 hex digits." in capsys.readouterr().out
