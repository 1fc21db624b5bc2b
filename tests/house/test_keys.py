"""A canary for keys: whatever is rendered, printed or logged, no part of a key is in it, in any writing."""

import base64
import copy
import os
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

import p1telegrams as p1
from telegraf_han import errors
from telegraf_han.ciphers.secret import Key, key
from telegraf_han.config.file import load
from telegraf_han.config.sections import parsed, require_keys
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import ConfigError, TelegramError
from telegraf_han.telegram import Frame

CANARY = bytes.fromhex("c0ffee11deadbeef42badcab1e5ca1ab")
CANARY_AK = bytes.fromhex("facade77decade99beaded55fee1dead")
DIGITS_SHOWN = 8
"""So many hex digits in a row may be chance, or a path's; more of a key's are a leak."""


def leaks(said: str | bytes, secret: bytes = CANARY) -> list[str]:
    """Ways in which a text holds a part of the key."""
    raw = said.encode("utf-8", "surrogateescape") if isinstance(said, str) else said
    flat = bytes(octet for octet in raw.lower() if octet in b"0123456789abcdef")
    ways = {
        "octets": [secret[at : at + 4] for at in range(13)],
        "reversed octets": [secret[::-1][at : at + 4] for at in range(13)],
        "base64": [base64.b64encode(secret)[:12]],
        "escaped": [repr(secret[at : at + 3])[2:-1].encode() for at in range(14)],
    }
    found = [way for way, forms in ways.items() if any(form in raw for form in forms)]
    digits = secret.hex().encode()
    windows = {digits[at : at + DIGITS_SHOWN + 1] for at in range(len(digits) - DIGITS_SHOWN)}
    return found + (["hex"] if any(window in flat for window in windows) else [])


CONFIG = f"""
[[meter]]
name = "home"
interface = "p1"
encryption_key = "{CANARY.hex()}"
authentication_key = "{CANARY_AK.hex(":").upper()}"

[[meter]]
name = "flat"
interface = "wmbus"
id = "12345678"
key = "{CANARY.hex("-")}"
"""
BAD = {
    "one digit short": CONFIG.replace(CANARY.hex(), CANARY.hex()[:-1]),
    "one digit long": CONFIG.replace(CANARY.hex(), CANARY.hex() + "0"),
    "letter O": CONFIG.replace(CANARY.hex(), CANARY.hex().replace("0", "O")),
    "key as option": CONFIG.replace('name = "home"', f'name = "home"\n{CANARY.hex()} = 1'),
    "key as section": CONFIG + f'\n["{CANARY.hex()}"]\n',
    "key as id": CONFIG.replace('"12345678"', f'"{CANARY.hex()}"'),
    "key as interface": CONFIG.replace('"p1"', f'"{CANARY.hex()}"'),
    "key as file": CONFIG.replace(CANARY.hex(), f"file:{CANARY.hex()}"),
    "key as variable": CONFIG.replace(CANARY.hex(), f"env:{CANARY.hex()}"),
    "key as credential": CONFIG.replace(CANARY.hex(), f"credential:{CANARY.hex()}"),
    "key as authentication": CONFIG.replace('interface = "p1"', f'interface = "p1"\nauthentication = "{CANARY.hex()}"'),
    "key as timezone": CONFIG.replace('interface = "p1"', f'interface = "p1"\ntimezone = "{CANARY.hex()}"'),
    "key as line": CONFIG.replace('interface = "p1"', f'interface = "p1"\nline = "{CANARY.hex()}"'),
    "key as limit": CONFIG + f'\n[meter.limits]\nsilence_s = "{CANARY.hex()}"\n',
    "key as layout": CONFIG + f'\n[output]\nlayout = "{CANARY.hex()}"\n',
    "key without quotes": CONFIG.replace(f'"{CANARY.hex()}"', CANARY.hex()),
    "key as number": CONFIG.replace(f'"{CANARY.hex()}"', f"0x{CANARY.hex()}"),
    "key in a list": CONFIG.replace(f'"{CANARY.hex()}"', f'["{CANARY.hex()}"]'),
    "used twice": CONFIG.replace('"flat"', '"home"'),
    "receiver's type": CONFIG + f'\n[[receiver]]\nname = "attic"\ntype = "{CANARY.hex()}"\nport = "/dev/null"\n',
    "receiver's option": CONFIG + f'\n[[receiver]]\nname = "attic"\ntype = "hex"\nport = "/dev/null"\nkey = "{CANARY.hex()}"\n',
}


def config_file(folder: Path, text: str = CONFIG) -> Path:
    """A configuration that only we may read."""
    path = folder / "han.toml"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_canary_sings() -> None:
    """The search finds a key in each way it knows, and none where there is none."""
    for said in (
        CANARY.hex(),
        CANARY.hex().upper(),
        CANARY.hex(" "),
        CANARY.hex(":")[6:40],
        CANARY,
        repr(CANARY),
        base64.b64encode(CANARY),
        CANARY[::-1],
    ):
        assert leaks(said), said
    assert not leaks("E! han.toml: meter[0].encryption_key: 32 hex digits expected, found 31 hex digits")
    assert not leaks(CANARY_AK.hex())


def rendered(value: object) -> Iterator[str]:
    """A value in every way that text is made of it."""
    yield repr(value)
    yield str(value)
    yield f"{value}"
    yield repr([value])
    yield repr(getattr(value, "__slots__", "")) + repr(getattr(value, "__dict__", ""))


def test_no_object_shows_a_key(tmp_path: Path) -> None:
    """Configuration, decoder and the states of its meters show no key, however they are rendered."""
    config = load(str(config_file(tmp_path)))
    decoder = Decoder(config)
    objects = [config, *config.meters, config.meters[0]._asdict(), decoder, *decoder.meters.values(), Key(CANARY), key(CANARY.hex())]

    for value in objects:
        assert not any(leaks(text) or leaks(text, CANARY_AK) for text in rendered(value)), type(value)
    with pytest.raises(TypeError):
        copy.deepcopy(config)


def _with_all_keys(path: str) -> None:
    """Load a configuration as commands do that cannot work without a key. Raises ConfigError."""
    config = load(path)
    kept = [text.replace(os.path.dirname(path), "") for meter in config.meters for text in rendered(meter)]
    assert not any(map(leaks, kept))
    require_keys(config, config.meters)


@pytest.mark.parametrize("name", BAD)
def test_no_configuration_error_shows_a_key(name: str, tmp_path: Path) -> None:
    """A key mistyped, or written where it does not belong, is not repeated; nor is it in the traceback, nor in what is kept of it."""
    path = str(config_file(tmp_path, BAD[name]))
    with pytest.raises(ConfigError) as caught:
        _with_all_keys(path)

    said = "".join(traceback.format_exception(caught.value)).replace(str(tmp_path), "")
    assert not leaks(str(caught.value).replace(str(tmp_path), ""))
    assert not leaks(repr(caught.value.args).replace(str(tmp_path), ""))
    assert not leaks(said)


def frames() -> Iterator[Frame]:
    """Telegrams that fail in all ways a P1 telegram can."""
    good = p1.stoen(ek=CANARY, ak=CANARY_AK)
    others = [
        p1.stoen(),
        p1.stoen(ek=CANARY_AK, ak=CANARY),
        p1.stoen(ek=CANARY),
        p1.stoen(ek=CANARY, control=0xB0),
        p1.stoen(ek=CANARY * 2, control=0x32),
        p1.stoen(CANARY + CANARY_AK, ek=CANARY, ak=CANARY_AK),
        p1.stoen(b"1-0:1.8.0(" + CANARY.hex().encode() + b"*kWh)\r\n", ek=CANARY, ak=CANARY_AK),
        p1.plain(CANARY + b"\r\n"),
        good[:-50] + b"!",
    ]
    return (Frame("p1", telegram[: telegram.rindex(b"!") + 1], 0) for telegram in [good, *others])


@pytest.mark.parametrize("authentication", ["preferred", "required"])
def test_no_telegram_error_shows_a_key(authentication: str, tmp_path: Path) -> None:
    """Neither an error of a telegram, nor its traceback, nor a flaw or warning shows a key, even where the telegram itself holds one."""
    text = CONFIG.replace('interface = "p1"', f'interface = "p1"\nauthentication = "{authentication}"')
    decoder = Decoder(load(str(config_file(tmp_path, text))))
    seen = set()
    for frame in frames():
        try:
            found = decoder.take(frame, "home")
        except TelegramError as error:
            seen.add(type(error))
            said = "".join(traceback.format_exception(error))
        else:
            said = repr((found.flaws, found.warnings)) if found else ""
        assert not leaks(said)
        assert not leaks(said, CANARY_AK)
    assert len(seen) >= 3


def test_every_error_class_renders_what_it_was_given_only() -> None:
    """No class of ours adds anything to its sentence."""
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.HanError)]

    assert len(classes) >= 9
    for kind in classes:
        made = kind("a", "b", "c") if kind is ConfigError else kind("a sentence")
        assert str(made) == ("a: b: c" if kind is ConfigError else "a sentence")


@pytest.mark.parametrize("name", ["wrong", "swapped", "short", "right"])
@pytest.mark.parametrize("command", ["decode", "check"])
def test_no_process_shows_a_key(command: str, name: str, tmp_path: Path) -> None:
    """The command's output and log, with right keys and wrong ones, in every output."""
    capture = tmp_path / "capture.bin"
    capture.write_bytes(b"".join(frame.data + b"0000\r\n" for frame in frames()) + p1.stoen(ek=CANARY, ak=CANARY_AK) * 2 + p1.stoen())
    text = {
        "right": CONFIG,
        "wrong": CONFIG.replace(CANARY.hex(), CANARY[::-1].hex()),
        "swapped": CONFIG.replace(CANARY.hex(), "?").replace(CANARY_AK.hex(":").upper(), CANARY.hex()).replace("?", CANARY_AK.hex()),
        "short": CONFIG.replace(CANARY.hex(), CANARY.hex()[:-2]),
    }[name].replace('interface = "p1"', f'interface = "p1"\nport = "{capture}"')
    outputs = [("--output", output, str(capture)) for output in ("influx", "json", "table")] if command == "decode" else [()]
    for options in outputs:
        found = subprocess.run(
            [sys.executable, "-m", "telegraf_han", command, "--config", str(config_file(tmp_path, text)), *options],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, stdin=subprocess.DEVNULL, timeout=60, check=False,
        )  # fmt: skip
        said = found.stdout + found.stderr
        assert b"Traceback" not in said
        assert found.returncode in (0, 1, 2)
        assert not leaks(said)
        assert not leaks(said, CANARY_AK)


def test_parsed_hands_keys_on_only_as_keys() -> None:
    """What reads the configuration never sees octets: the resolver's result goes through as it is."""
    marker = Key(CANARY)
    config = parsed(
        {"meter": [{"name": "home", "interface": "p1", "encryption_key": "anything"}]}, "han.toml", lambda _: marker, str, lambda: ("hex",)
    )  # fmt: skip

    assert config.meters[0].encryption_key is marker
