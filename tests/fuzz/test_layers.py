"""The short form of `./dev fuzz`: no rule is broken, the same seed gives the same inputs, and a wrong decoder is found.

The last is what shows that the fuzzer can fail. Each row breaks the plugin at one place: a scale, a sign, a unit, a bound, a name, a check.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import campaign
import layers
import pytest
import sealing

from telegraf_han import clock, obis, units
from telegraf_han.decoding.meters import MeterState
from telegraf_han.dlms import ciphering
from telegraf_han.mbus import authentication, naming, records, security, vif, walk
from telegraf_han.mbus import values as mbus_values
from telegraf_han.p1 import dialects, envelope, lines, text
from telegraf_han.p1 import values as p1_values

SEED = 20261
ROUNDS = {"p1 text": 12, "radio": 12, "p1 damaged": 60, "p1 plain, damaged": 60, "any": 40}
"""Rounds of a layer by the beginning of its name."""


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_no_rule_is_broken(layer: str) -> None:
    """Whatever a telegram says, and however it is damaged, no rule of the layers is broken."""
    rounds = max((count for name, count in ROUNDS.items() if layer.startswith(name)), default=40)

    tally = campaign.block(layer, SEED, 0, rounds)

    assert tally["inputs"] >= 6 * rounds
    assert tally["values"] > 0 or layer in ("radio not proven", "radio damaged after sealing", "any bytes")


def test_the_same_seed_gives_the_same_inputs() -> None:
    """A block is the same whenever it is played."""
    first, second = (campaign.block("radio mode 10", SEED, 3, 3) for _ in range(2))

    assert first == second


# -- a wrong decoder is found --


def _cleared() -> None:
    """Nothing is remembered of how a code, a unit or a clock was read."""
    ours = [module for name, module in sys.modules.items() if name.startswith("telegraf_han.")]
    for cached in {found for module in ours for found in vars(module).values() if hasattr(found, "cache_clear")}:
        cached.cache_clear()
    campaign.forget()


@pytest.fixture
def _forgotten() -> Iterator[None]:
    _cleared()
    yield
    _cleared()


def _scale(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(units.SPELLINGS, "kWh", ("Wh", 2))


def _unit(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(units.SPELLINGS, "kvar", ("varh", 3))


def _decimals(patch: pytest.MonkeyPatch) -> None:
    right = units.scaled
    patch.setattr(units, "scaled", lambda mantissa, exponent: right(mantissa, exponent) if exponent != -1 else mantissa // 10)


def _sign(patch: pytest.MonkeyPatch) -> None:
    right = p1_values._number
    patch.setattr(p1_values, "_number", lambda bare, exponent: right(bare.lstrip(b"-"), exponent))


def _season(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(clock._SEASONS, b"W", "summer")


def _name(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(obis._QUANTITIES, 1, obis._QUANTITIES[2])


def _layout(patch: pytest.MonkeyPatch) -> None:
    right = lines.places
    patch.setattr(lines, "places", lambda sent: [(begin, end - (end - begin > 3)) for begin, end in right(sent)])


def _tag(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ciphering, "_tag_fits", lambda *_: True)


def _p1_crc(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(dialects.FOOTERS, "text", (lambda _, digits: len(digits) == 4,))


def _key_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(envelope, "_wrong_key", lambda *_, **__: f"the key {sealing.EK.hex()} does not open it")


def _counter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MeterState, "failed", lambda *_: None)


def _exception(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(text, "_tags", lambda plan, values, _: (values[40], plan))


def _vif_scale(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(vif._TABLES[b"\x7d"], 0x49, vif._TABLES[b"\x7d"][0x48])


def _vif_unit(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(vif._TABLES[b"\x7b"], 0x14, vif._TABLES[b"\x7b"][0x14]._replace(unit="VA"))


def _binary_sign(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mbus_values, "_signed", mbus_values._unsigned)


def _bcd_sign(patch: pytest.MonkeyPatch) -> None:
    right = mbus_values._bcd
    patch.setattr(mbus_values, "_bcd", lambda exponent, factor, data: right(exponent, factor, data[:-1] + bytes([data[-1] & 0x0F])))


def _bound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(mbus_values, "_WHOLE_LIMIT", 2**62)


def _chain(patch: pytest.MonkeyPatch) -> None:
    right = walk._variable_size
    patch.setattr(walk, "_variable_size", lambda lvar: right(lvar) + (lvar >= 0xE0))


def _direction(patch: pytest.MonkeyPatch) -> None:
    key = ("active_energy", frozenset({"backward"}))
    patch.setitem(naming._CODES, key, naming._CODES["active_energy", frozenset()])


def _tariff(patch: pytest.MonkeyPatch) -> None:
    right = records.dif.dib
    patch.setattr(walk.dif, "dib", lambda octets: right(octets)._replace(tariff=right(octets).tariff & 1))


def _mac(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(authentication, "mac", lambda _key, layer, _message: layer.mac)


def _plain_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(security.refusals, "not_encrypted", lambda _: None)


WRONG = {
    "P1: a kilo is a hundred": ("p1 text in a block", _scale),
    "P1: kvar are varh": ("p1 text in a block", _unit),
    "P1: one decimal is cut": ("p1 text in a block", _decimals),
    "P1: minus is lost": ("p1 plain text", _sign),
    "P1: winter is summer": ("p1 text in a general-glo block", _season),
    "P1: import is export": ("p1 text in a block", _name),
    "P1: a remembered layout cuts a digit": ("p1 text in a block", _layout),
    "P1: an exception": ("p1 text in a block", _exception),
    "P1: every tag fits": ("p1 damaged after sealing", _tag),
    "P1: every CRC fits": ("p1 plain, damaged", _p1_crc),
    "P1: a message tells the key": ("p1 damaged after sealing", _key_told),
    "P1: errors are not counted": ("p1 damaged after sealing", _counter),
    "radio: a VIF has another power of ten": ("radio mode 10", _vif_scale),
    "radio: a VIF has another unit": ("radio mode 10", _vif_unit),
    "radio: no number is negative": ("radio mode 7", _binary_sign),
    "radio: no decimal number is negative": ("radio mode 7", _bcd_sign),
    "radio: a number above 2**53": ("radio mode 10", _bound),
    "radio: a variable field is longer": ("radio mode 10", _chain),
    "radio: export is import": ("radio mode 5", _direction),
    "radio: tariffs 2 and 3": ("radio plain and link layer", _tariff),
    "radio: every MAC fits": ("radio not proven", _mac),
    "radio: plain telegrams are believed": ("radio not proven", _plain_believed),
}


@pytest.mark.usefixtures("_forgotten")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_decoder_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that is wrong in one place breaks a rule within few rounds. Without that mistake, the same rounds break none."""
    layer, breaks = WRONG[name]
    breaks: Callable[[pytest.MonkeyPatch], None]
    breaks(monkeypatch)

    with pytest.raises(campaign.Failure) as found:
        campaign.block(layer, SEED, 0, 60)

    monkeypatch.undo()
    _cleared()
    campaign.block(layer, SEED, 0, found.value.where["round"] + 1)


# -- the command --


def test_a_failure_can_be_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A broken rule is saved in a file. The file plays it again, with exit code 1 as long as it breaks the rule."""
    _cleared()
    monkeypatch.setattr(ciphering, "_tag_fits", lambda *_: True)
    with pytest.raises(campaign.Failure) as found:
        campaign.block("p1 damaged after sealing", SEED, 0)
    path = campaign.saved((found.value.where, found.value.why), tmp_path)

    assert campaign.main(["--replay", str(path)]) == 1
    monkeypatch.undo()
    assert campaign.main(["--replay", str(path)]) == 0
    assert json.loads(path.read_text())["why"] in capsys.readouterr().out


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`./dev fuzz` feeds as many inputs as it is told to, in processes, and says what it compared."""
    code = campaign.main(["--inputs", "1500", "--seed", "3", "--processes", "2", "--folder", str(tmp_path)])
    said = capsys.readouterr().out

    assert code == 0
    assert "no rule was broken" in said
    assert int(next(line for line in said.splitlines() if line.startswith("all "))[34:46].replace(",", "")) >= 1500
