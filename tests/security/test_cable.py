"""What somebody can do who touches the P1 cable: SECURITY.md says it, and this shows it.

The eavesdropper has telegrams and no key. What he computes is in `tools/eavesdropper.py`, which shares nothing with the plugin. The meter is
`p1telegrams`, the tests' own maker. Its telegrams go through the plugin's framer and decoder, as live ones do.
"""

from collections.abc import Iterable
from random import Random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

import attacks
import eavesdropper
import p1telegrams as p1
from telegraf_han import RELEASED_S
from telegraf_han.ciphers.secret import Key
from telegraf_han.config.sections import Config, MeterConfig, Output
from telegraf_han.decoding import health
from telegraf_han.decoding.decoder import Decoder
from telegraf_han.errors import SecurityError, StaleError, TelegramError, WrongKeyError
from telegraf_han.p1.framer import Framer
from telegraf_han.telegram import Frame, Telegram

NS = 1_000_000_000
BEGIN_S = RELEASED_S + 86_400
METER_S = 1_775_826_353
"""15:05:53 on 10 April 2026, summer time."""
EVERY_S = 211
"""Of a telegram each second the eavesdropper needs few, but over some hours, so that many digits change."""
COUNT = 200
FEW = 60
"""So many of them are enough for the subkey."""
HOME = MeterConfig("home", "p1", encryption_key=Key(p1.EK), authentication_key=Key(p1.AK), authentication="required")
FORGED_WH = 1_234_567
FORGED_W = 65_432


def household() -> list[attacks.Reading]:
    """A house over some hours: power jumps, registers grow."""
    chance, zones_wh, found = Random(13), [6_012_345.0, 3_004_321.0], []
    for place in range(COUNT):
        power_w = chance.choice((180, 240, 2300, 3400)) + chance.randrange(60)
        zones_wh[0] += power_w * EVERY_S / 3600
        found.append(attacks.Reading(BEGIN_S + EVERY_S * place, (int(zones_wh[0]), int(zones_wh[1])), 300_000, power_w))
    return found


READINGS = household()
TELEGRAMS = [p1.stoen(attacks.lines(said)) for said in READINGS]
SEEN = [eavesdropper.seen(telegram) for telegram in TELEGRAMS]


def decoder(**options: str) -> Decoder:
    """A decoder of the meter."""
    return Decoder(Config("han.toml", Output(), (HOME._replace(**options),), ()))


def frames(telegram: bytes, time_s: float) -> Iterable[Frame]:
    """What the framer makes of a telegram that comes at that time."""
    found = Framer().feed(telegram, int(time_s * NS))
    return (one._replace(steady_ns=int(time_s * NS)) for one in found if isinstance(one, Frame))


def taken(one: Decoder, telegram: bytes, time_s: float) -> Telegram:
    """The telegram as the decoder believes it, live."""
    (frame,) = frames(telegram, time_s)
    found = one.take(frame, "home", live=True)
    assert found is not None
    return found


def value(telegram: Telegram, field: str) -> object:
    """One field of a telegram."""
    return next(found for column, found in zip(telegram.shape.columns, telegram.values, strict=True) if column.field == field)


def test_the_meter_is_believed() -> None:
    """The telegrams that are forged below are genuine ones, which the plugin verifies."""
    one = decoder()

    assert [taken(one, telegram, said.utc_s).verified for telegram, said in zip(TELEGRAMS, READINGS, strict=True)] == [True] * COUNT


def test_key_stream_is_always_the_same() -> None:
    """The XOR of two telegrams is the XOR of their texts. So whatever does not change is zero, and whoever knows one text reads all."""
    texts = [attacks.lines(said) for said in READINGS]
    stream = eavesdropper.xor(SEEN[0].ciphertext, texts[0])

    assert eavesdropper.xor(SEEN[3].ciphertext, SEEN[40].ciphertext) == eavesdropper.xor(texts[3], texts[40])
    assert [eavesdropper.xor(one.ciphertext, stream) for one in SEEN] == texts


def test_without_any_known_text_changes_show() -> None:
    """Two telegrams alone show which digits changed. A house in which nothing runs is seen from the street side of the cable."""
    at = attacks.lines(READINGS[0]).index(b"1-0:1.7.0(") + len(b"1-0:1.7.0(")
    quiet = [p1.stoen(attacks.lines(READINGS[0]._replace(utc_s=BEGIN_S + second, power_w=180))) for second in (0, 1)]
    (first, second), busy = map(eavesdropper.seen, quiet), SEEN[1]

    assert eavesdropper.xor(first.ciphertext, second.ciphertext)[at : at + 6] == bytes(6)
    assert eavesdropper.xor(first.ciphertext, busy.ciphertext)[at : at + 6] != bytes(6)


def test_three_telegrams_make_a_fourth() -> None:
    """The XOR of three telegrams has the XOR of their tags. It is believed as verified, and no key was needed."""
    lines = b"0-0:1.0.0(260410150553S)\r\n1-0:1.8.0(01%b45.035*kWh)\r\n"
    recorded = [p1.stoen(lines % digits) for digits in (b"11", b"23", b"12")]
    texts, tags = zip(*map(eavesdropper.seen, recorded), strict=True)
    mixed = eavesdropper.Sealed(eavesdropper.xor(*texts), eavesdropper.xor(*tags))
    found = taken(decoder(), p1.footed(eavesdropper.put(recorded[0], mixed)), METER_S)

    assert (found.verified, value(found, "active_energy_import_wh")) == (True, 12_045_035)


def test_digits_that_were_heard_to_change() -> None:
    """Changes that were heard can be put together to a text that was never sent. What never changed cannot be forged in this way."""
    text, other = attacks.lines(READINGS[0]), READINGS[0]._replace(power_w=READINGS[7].power_w)
    recorded = eavesdropper.Recorded(SEEN)
    found = recorded.forged(eavesdropper.xor(text, attacks.lines(other)))
    one = decoder()

    assert found is not None
    assert found not in SEEN
    assert value(taken(one, p1.footed(eavesdropper.put(TELEGRAMS[0], found)), READINGS[0].utc_s), "active_power_import_w") == other.power_w
    assert recorded.forged(eavesdropper.xor(text, text.replace(b"3335303030303031", b"3335303030303032"))) is None


def test_subkey_and_any_other_text() -> None:
    """From 60 telegrams of three and a half hours GHASH's key follows. Then any text of the same length is believed as verified."""
    block = Cipher(algorithms.AES(p1.EK), modes.ECB()).encryptor().update(bytes(16))
    found = eavesdropper.subkey(SEEN[:FEW])
    assert found == int.from_bytes(block, "big")

    now = READINGS[-1]._replace(utc_s=READINGS[-1].utc_s + 1, zones_wh=(FORGED_WH, 0), power_w=FORGED_W)
    stream = eavesdropper.xor(SEEN[0].ciphertext, attacks.lines(READINGS[0]))
    forged = eavesdropper.retagged(SEEN[0], eavesdropper.xor(stream, attacks.lines(now)), found)
    one = decoder()
    taken(one, TELEGRAMS[-1], READINGS[-1].utc_s)
    believed = taken(one, p1.footed(eavesdropper.put(TELEGRAMS[0], forged)), now.utc_s)

    assert (believed.verified, value(believed, "active_energy_import_wh"), value(believed, "active_power_import_w")) == (
        True,
        FORGED_WH,
        FORGED_W,
    )
    assert one.meters["home"].registers_back == 1


def test_too_few_telegrams_give_no_subkey() -> None:
    """From three telegrams the equations do not determine it. So the solution above is no accident of the solver."""
    assert eavesdropper.subkey(SEEN[:3]) is None


def flipped(telegram: bytes, said: attacks.Reading) -> bytes:
    """A telegram with another power, by somebody who knows what is on the meter's display and no key. The tag stays as it was."""
    old = eavesdropper.seen(telegram)
    change = eavesdropper.xor(attacks.lines(said), attacks.lines(said._replace(power_w=FORGED_W)))
    return p1.footed(eavesdropper.put(telegram, eavesdropper.Sealed(eavesdropper.xor(old.ciphertext, change), old.tag)))


def test_preferred_believes_a_changed_telegram_unverified() -> None:
    """One telegram is enough to change a digit. With the default, its value is written with `verified` false, counted and told."""
    one = decoder(authentication="preferred")
    taken(one, TELEGRAMS[0], READINGS[0].utc_s)
    found = taken(one, flipped(TELEGRAMS[1], READINGS[1]), READINGS[1].utc_s)

    assert (found.verified, value(found, "active_power_import_w")) == (False, FORGED_W)
    assert one.meters["home"].unverified == 1
    assert ["the tag does not fit" in warning for warning in found.warnings] == [True]


def test_required_refuses_a_changed_telegram() -> None:
    """With `required`, whoever only flips bits is refused and counted."""
    one = decoder()
    taken(one, TELEGRAMS[0], READINGS[0].utc_s)
    with pytest.raises(SecurityError, match="tag does not fit"):
        taken(one, flipped(TELEGRAMS[1], READINGS[1]), READINGS[1].utc_s)

    assert one.meters["home"].decoded == 1


def test_first_telegram_after_a_start_may_be_a_replay() -> None:
    """There is nothing to compare it with. It is written under the host's clock if its own is too old, and the next genuine one is believed."""
    one = decoder()
    old = taken(one, TELEGRAMS[0], READINGS[-1].utc_s)

    assert (old.verified, value(old, "active_power_import_w"), old.stamp_ns) == (True, READINGS[0].power_w, READINGS[-1].utc_s * NS)
    assert taken(one, TELEGRAMS[-1], READINGS[-1].utc_s + 1).verified
    with pytest.raises(StaleError):
        taken(one, TELEGRAMS[0], READINGS[-1].utc_s + 2)


def test_one_telegram_of_another_key_makes_wrong_key_until_the_next_good_one() -> None:
    """Whoever sends under a key of his own changes the state, and no reading. The next genuine telegram makes it ok again."""
    one = decoder()
    meter = one.meters["home"]
    states = []
    for telegram, at in ((TELEGRAMS[0], 0), (p1.stoen(attacks.lines(READINGS[1]), ek=attacks.ATTACKERS_KEY), 1), (TELEGRAMS[0], 2)):
        try:
            taken(one, telegram, READINGS[0].utc_s + at)
        except TelegramError as error:
            assert isinstance(error, WrongKeyError)  # noqa: PT017, two of the three are good
        states.append(health.state(meter, (READINGS[0].utc_s + at) * NS))

    assert states == ["ok", "wrong_key", "ok"]
    assert meter.decoded == 2
