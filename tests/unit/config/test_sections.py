"""sections: a mapping becomes a Config, and each mistake has its sentence."""

import tomllib

import hypothesis.strategies as st
import pytest
from hypothesis import given

from telegraf_han.ciphers import secret
from telegraf_han.config.sections import Config, parsed, require_keys, require_sources
from telegraf_han.errors import ConfigError

KEY = "00112233445566778899aabbccddeeff"
P1 = f"""
[[meter]]
name = "home"
interface = "p1"
port = "/dev/ttyUSB0"
encryption_key = "{KEY}"
"""
WMBUS = """
[[receiver]]
name = "attic"
type = "hex"
port = "/dev/ttyUSB1"

[[meter]]
name = "flat-12"
interface = "wmbus"
id = "12345678"
"""


def config(toml: str) -> Config:
    """What the text becomes, with two receiver types known."""
    return parsed(tomllib.loads(toml), "han.toml", secret.key, lambda port: port, lambda: ["hex", "im871a"])


def test_defaults() -> None:
    """A configuration of the fewest lines has the public contract's defaults."""
    found = config(P1)

    assert found.output == ("wide", "electricity", 10.0)
    assert found.meters[0].line == "115200 8N1"
    assert found.meters[0].authentication == "preferred"
    assert found.meters[0].encryption_key == secret.key(KEY)
    assert found.meters[0].zone.name == "Europe/Warsaw"
    assert found.receivers == ()


def test_everything_set() -> None:
    """Every option of the public contract finds its field."""
    found = config(
        f"""
        [output]
        layout = "obis"
        measurement = "energy"
        status_interval = "500ms"

        [[meter]]
        name = "home"
        interface = "p1"
        port = "socket://10.0.0.7:2001"
        line = "9600 7e1"
        encryption_key = "{KEY}"
        authentication_key = "{KEY[::-1]}"
        authentication = "required"
        timezone = "Europe/Vilnius"
        limits = {{ active_power_import_w = 6000, silence_s = 180, daily_cost = 30, phase_imbalance_percent = 3, decode_errors_percent = 5 }}
        prices = {{ import_t0_per_kwh = 1.05, export_t4_per_kwh = 0.2, currency = "PLN" }}

        [[receiver]]
        name = "attic"
        type = "hex"
        line = "57600 8N1"
        command = ["rtl_433", "-F", "json"]

        [[meter]]
        name = "flat-12"
        interface = "wmbus"
        id = "1234567a"
        key = "{KEY}"
        """
    )

    home, flat = found.meters
    assert found.output == ("obis", "energy", 0.5)
    assert home.port == "socket://10.0.0.7:2001"
    assert home.line == "9600 7E1"
    assert home.authentication == "required"
    assert home.zone.name == "Europe/Vilnius"
    assert dict(home.limits) == {
        "active_power_import_w": 6000.0, "silence_s": 180.0, "daily_cost": 30.0, "phase_imbalance_percent": 3.0, "decode_errors_percent": 5.0,
    }  # fmt: skip
    assert home.prices == (("import_t0_per_kwh", 1.05), ("export_t4_per_kwh", 0.2), ("currency", "PLN"))
    assert (flat.id, flat.key) == ("1234567A", secret.key(KEY))
    assert found.receivers == (("attic", "hex", "", "57600 8N1", ("rtl_433", "-F", "json")),)


WRONG = {
    "unknown section": ("[outputs]\n", 'outputs: there is no such option. Did you mean "output"?'),
    "unknown option": (P1 + 'prot = "x"', '[[meter]] "home": prot: there is no such option. Did you mean "port"?'),
    "unknown option, nothing near": (P1 + "zzz = 1", '"home": zzz: there is no such option. Known options are name,'),
    "unknown limit": (P1 + "limits.voltage_lo_v = 1", 'limits.voltage_lo_v: there is no such option. Did you mean "voltage_low_v"?'),
    "unknown price": (P1 + "[meter.prices]\nimport_t5_per_kwh = 1", "prices.import_t5_per_kwh: there is no such option"),
    "single bracket": ('[meter]\nname = "home"', "meter: [[meter]] in double brackets"),
    "section as value": ("output = 3", "[output]: a section with options"),
    "no name": ('[[meter]]\ninterface = "p1"', "[[meter]] number 1: name: a name is expected"),
    "bad name": ('[[meter]]\ninterface = "p1"\nname = "a\\\\b"', "[[meter]] number 1: name: a name in quotes"),
    "name of another type": ('[[meter]]\ninterface = "p1"\nname = 3', "[[meter]] number 1: name: a name in quotes"),
    "no interface": ('[[meter]]\nname = "home"', '"home": interface: "p1" or "wmbus"'),
    "interface misspelt": (
        P1.replace("interface =", "interfce ="),
        '"home": interfce: there is no such option. Did you mean "interface"?',
    ),
    "other interface": ('[[meter]]\nname = "home"\ninterface = "p2"', '"home": interface: "p1" or "wmbus"'),
    "P1 meter with id": (P1 + 'id = "12345678"', '"home": id: only a meter with interface = "wmbus" has this option'),
    "wM-Bus meter with port": (WMBUS + 'port = "/dev/ttyUSB0"', '"flat-12": port: only a meter with interface = "p1"'),
    "wM-Bus meter with an encryption key": (WMBUS + f'encryption_key = "{KEY}"', '"flat-12": encryption_key: only a meter'),
    "no id": ('[[meter]]\nname = "flat"\ninterface = "wmbus"', '"flat": id: the eight digits'),
    "short id": ('[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "1234567"', '"flat": id: the eight digits'),
    "id as a number": ('[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = 12345678', "printed on the meter are expected, in quotes"),
    "required without key": (P1 + 'authentication = "required"', '"home": authentication: an authentication_key is expected'),
    "authentication": (P1 + 'authentication = "yes"', '"home": authentication: one of "preferred", "required"'),
    "key of another type": (P1.replace(f'"{KEY}"', "12"), '"home": encryption_key: text in quotes'),
    "time zone": (P1 + 'timezone = "Europe/Warszawa"', 'such as "Europe/Warsaw"'),
    "line": (P1 + 'line = "115200 8X1"', '"home": line: baud, data bits, parity and stop bits'),
    "line without baud": (P1 + 'line = "8N1"', '"home": line: baud, data bits, parity and stop bits'),
    "scheme": (P1.replace("/dev/ttyUSB0", "tcp://10.0.0.7:1"), '"home": port: a device path, socket://HOST:PORT'),
    "socket without port": (P1.replace("/dev/ttyUSB0", "socket://10.0.0.7"), '"home": port: a device path, socket://HOST:PORT'),
    "limit as text": (P1 + '[meter.limits]\nsilence_s = "3m"', "limits.silence_s: a number without quotes"),
    "limit true": (P1 + "[meter.limits]\nsilence_s = true", "limits.silence_s: a number without quotes"),
    "price nan": (P1 + "[meter.prices]\nimport_t0_per_kwh = nan", "prices.import_t0_per_kwh: a number without quotes"),
    "limit below zero": (P1 + "[meter.limits]\nsilence_s = -1", "limits.silence_s: a number of 0 or more"),
    "limit beyond all numbers": (P1 + f"[meter.limits]\nsilence_s = 1{'0' * 400}", "limits.silence_s: a number without quotes"),
    "limits as number": (P1 + "limits = 3", '"home": limits: a section'),
    "key as name": (P1.replace('"home"', f'"{KEY}"'), "[[meter]] number 1: name: a name in quotes"),
    "key with blanks as name": (P1.replace('"home"', f'"{KEY[:16]} {KEY[16:]}"'), "[[meter]] number 1: name: a name in quotes"),
    "layout": ('[output]\nlayout = "tall"', '[output]: layout: one of "wide", "obis"'),
    "interval": ('[output]\nstatus_interval = "10"', "[output]: status_interval: a time from 100ms to 1d is expected"),
    "interval of another unit": ('[output]\nstatus_interval = "10d"', "[output]: status_interval: a time"),
    "interval zero": ("[output]\nstatus_interval = 0", "[output]: status_interval: a time"),
    "interval true": ("[output]\nstatus_interval = true", "[output]: status_interval: a time"),
    "meter name twice": (P1 + P1.replace("USB0", "USB1"), '[[meter]] "home": name: another name is expected'),
    "port twice": (
        P1 + P1.replace("home", "shop"),
        '[[meter]] "shop": port: another port is expected, because [[meter]] "home" has the same port',
    ),
    "port of a receiver": (P1.replace("USB0", "USB1") + WMBUS, '[[receiver]] "attic": port: another port'),
    "receiver named as a meter": (P1 + WMBUS.replace("attic", "home"), '[[receiver]] "home": name: another name'),
    "id twice": (WMBUS + WMBUS.partition("\n\n")[2].replace("flat-12", "flat-13"), '[[meter]] "flat-13": id: another id'),
    "receiver without type": ('[[receiver]]\nname = "attic"', '"attic": type: the type of the receiver'),
    "receiver type": (WMBUS.replace('"hex"', '"hax"'), '[[receiver]] "attic": type: one of hex, im871a is expected'),
    "port and command": (WMBUS.replace('type = "hex"', 'type = "hex"\ncommand = ["x"]'), '"attic": port: either a port or a command'),
    "neither": (WMBUS.replace('port = "/dev/ttyUSB1"', ""), '"attic": port: either a port or a command'),
    "command as text": (WMBUS.replace('port = "/dev/ttyUSB1"', 'command = "rtl_433 -F json"'), '"attic": command: a list of words'),
    "empty command": (WMBUS.replace('port = "/dev/ttyUSB1"', "command = []"), '"attic": command: a list of words'),
}


@pytest.mark.parametrize(("toml", "sentence"), WRONG.values(), ids=WRONG)
def test_errors_name_file_place_and_expectation(toml: str, sentence: str) -> None:
    """A value that cannot be used gives one line with the file, the place and what is expected, and no key."""
    with pytest.raises(ConfigError) as caught:
        config(toml)

    text = str(caught.value)
    assert text.startswith("han.toml: ")
    assert sentence in text
    assert "\n" not in text
    assert KEY[:16] not in text


def test_a_bad_key_stops_no_other_meter() -> None:
    """A meter without its key carries the reason. A command that needs the key tells it as it tells any error of the file."""
    found = config(P1.replace(KEY, KEY[:-1]) + WMBUS + f'key = "{KEY}"')
    home, flat = found.meters

    assert home.bad_keys == (("encryption_key", "32 hex digits expected, found 31 hex digits"),)
    assert (home.encryption_key, home.key_files) == (None, ())
    assert (flat.bad_keys, flat.key) == ((), secret.key(KEY))
    require_keys(found, [flat])
    with pytest.raises(ConfigError, match=r'han.toml: \[\[meter\]\] "home": encryption_key: 32 hex digits expected, found 31 hex digits'):
        require_keys(found, found.meters)


@pytest.mark.parametrize(
    ("text", "is_file"), [("file:home.ek", True), ("File: home.ek", True), ("credential:ek", False), ("env:HOME_EK", False), (KEY, False)]
)
def test_keys_from_files_are_remembered(text: str, is_file: bool) -> None:
    """The place of a key is kept if it may change while the program runs. It is never shown, because it may be a key."""
    (home,) = parsed(
        {"meter": [{"name": "home", "interface": "p1", "encryption_key": text}]}, "han.toml", lambda _: secret.key(KEY), str, lambda: ()
    ).meters

    assert [(option, written.reveal()) for option, written in home.key_files] == ([("encryption_key", text)] if is_file else [])
    assert "home.ek" not in repr(home)


def test_key_in_the_place_of_an_option_is_not_told() -> None:
    """A key that was pasted as an option's name is not repeated."""
    with pytest.raises(ConfigError, match="an option of 32 characters") as caught:
        config(P1 + f"{KEY} = 1")

    assert KEY not in str(caught.value)


PASTED = {
    "key": KEY,
    "key without a digit": KEY[:-1],
    "three quarters of a key": KEY[:24],
    "groups": "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff",
    "halves": f"{KEY[:16]}-{KEY[16:]}",
    "wrong letter": KEY.replace("00", "0O"),
    "label": f"EK={KEY}",
}


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
@pytest.mark.parametrize("option", ["name", "interface", "port", "line", "authentication", "timezone", "id", "type", "measurement"])
def test_key_in_the_place_of_another_value(option: str, pasted: str) -> None:
    """Wherever a key was pasted, the configuration is refused and the key is not repeated. Otherwise the log would repeat a port."""
    rest = {"interface": "p1", "name": "home", "port": "/dev/ttyUSB0"} | {option: pasted}
    tables = {
        "id": {"meter": [rest | {"interface": "wmbus"}]},
        "type": {"receiver": [rest]},
        "measurement": {"output": {option: pasted}},
    }

    with pytest.raises(ConfigError) as caught:
        parsed(tables.get(option, {"meter": [rest]}), "han.toml", secret.key, lambda port: port, lambda: ["hex"])

    assert pasted[:10] not in str(caught.value)


@pytest.mark.parametrize("port", ["socket://{}:2001", "rfc2217://{}:1", "/dev/{}", "./{}", "captures/{}"])
def test_key_inside_a_port(port: str) -> None:
    """A key inside a path or an address is not repeated either."""
    with pytest.raises(ConfigError, match="looks like a key") as caught:
        config(P1.replace("/dev/ttyUSB0", port.format(KEY)))

    assert KEY[:10] not in str(caught.value)


def test_key_as_a_program() -> None:
    """The first word of a command is in every message about it."""
    with pytest.raises(ConfigError, match="looks like a key"):
        config(WMBUS.replace('port = "/dev/ttyUSB1"', f'command = ["{KEY}"]'))


@pytest.mark.parametrize(
    "port",
    [
        "/dev/serial/by-id/usb-Silicon_Labs_CP2102N_USB_to_UART_Bridge_Controller_a8d5f3a0e2b4ea118e2d9f1d62c613ac-if00-port0",
        "/dev/serial/by-path/platform-fd500000.pcie-pci-0000:01:00.0-usb-0:1.4:1.0-port0",
        "socket://[2001:0db8:85a3:0000:0000:8a2e:0370:7334]:2001",
        "capture-2026-04-10_15-05-53_2026-04-10_16-05-53.hex",
        "123e4567-e89b-12d3-a456-426614174000.bin",
    ],
)
def test_ports_that_only_look_like_keys(port: str) -> None:
    """The serial number of a converter, an address, a time or a UUID is no key."""
    assert config(P1.replace("/dev/ttyUSB0", port)).meters[0].port == port


DURATIONS = {'"10s"': 10.0, '"500ms"': 0.5, '"2m"': 120.0, '"1h"': 3600.0, "30": 30.0, "2.5": 2.5, '"1.5 s"': 1.5}


@pytest.mark.parametrize(("written", "seconds"), DURATIONS.items(), ids=DURATIONS)
def test_durations(written: str, seconds: float) -> None:
    """A time is a number of seconds or a number with its unit."""
    assert config(f"[output]\nstatus_interval = {written}").output.status_interval_s == seconds


def test_located_ports_are_compared() -> None:
    """Two ways to write one relative path are one port."""
    toml = P1.replace("/dev/ttyUSB0", "./a") + P1.replace("/dev/ttyUSB0", "a").replace("home", "shop")

    with pytest.raises(ConfigError, match="port: another port"):
        parsed(tomllib.loads(toml), "f", secret.key, lambda port: port.removeprefix("./"), list)


@pytest.mark.parametrize(
    ("toml", "sentence"),
    [
        ("", "at least one"),
        ('[[meter]]\nname = "home"\ninterface = "p1"', '"home": port: the port that this meter is read from'),
        ('[[meter]]\nname = "flat"\ninterface = "wmbus"\nid = "12345678"', '[[meter]] "flat": a [[receiver]] is expected too'),
        (P1.replace("/dev/ttyUSB0", "-"), "stdin"),
    ],
    ids=["nothing", "no port", "no receiver", "stdin"],
)
def test_live_reading_needs_sources(toml: str, sentence: str) -> None:
    """What decode may leave open, live reading may not."""
    found = config(toml)

    with pytest.raises(ConfigError) as caught:
        require_sources(found)

    assert sentence in str(caught.value)


def test_live_reading_of_good_configuration() -> None:
    """A meter on its port and a radio meter with a receiver are enough."""
    require_sources(config(P1 + WMBUS))


def test_no_key_in_the_representation() -> None:
    """Printing the whole configuration shows no key."""
    assert KEY not in repr(config(P1)).lower()


_WORDS = ["output", "meter", "receiver", "name", "interface", "p1", "wmbus", "port", "id", "12345678", "key", KEY, "limits", "silence_s"]
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(_WORDS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(_WORDS), _VALUES, max_size=3))
def test_any_mapping_is_a_configuration_or_an_error(whole: dict[str, object]) -> None:
    """Whatever stands in a file, it becomes a Config or the one error."""
    try:
        found = parsed(whole, "f", secret.key, lambda port: port, lambda: ["hex"])
    except ConfigError:
        return
    assert isinstance(found, Config)
