"""A bad line: seeded, a share of the telegrams, the wire only."""

from random import Random

import pytest

from telegraf_han.simulate.damage import KINDS, cut, damaged, flipped, noise_before
from telegraf_han.simulate.stream import Sent
from telegraf_han.telegram import Frame

WIRE = bytes(range(256)) * 2
SENTS = [Sent(Frame("p1", WIRE, second), WIRE) for second in range(2000)]


def test_rate_0_and_1() -> None:
    """With rate 0 no telegram is damaged, with rate 1 all are."""
    assert list(damaged(iter(SENTS), 0.0, 1)) == SENTS
    assert all(sent.wire != WIRE for sent in damaged(iter(SENTS), 1.0, 1))


def test_share_is_hit_and_the_frame_stays() -> None:
    """A tenth of the wires differ, no frame does."""
    hit = list(damaged(iter(SENTS), 0.1, 1))

    assert 150 < sum(sent.wire != WIRE for sent in hit) < 250
    assert [sent.frame for sent in hit] == [sent.frame for sent in SENTS]


def test_damage_repeats_itself_wherever_the_run_begins() -> None:
    """The same seed hits the same seconds in the same way; another seed others."""
    whole = list(damaged(iter(SENTS), 0.5, 1))

    assert list(damaged(iter(SENTS[700:]), 0.5, 1)) == whole[700:]
    assert list(damaged(iter(SENTS), 0.5, 2)) != whole


@pytest.mark.parametrize("seed", range(50))
def test_kinds_do_what_they_say(seed: int) -> None:
    """Flips keep the length and change one to four octets; a cut keeps the beginning; noise leaves the telegram whole."""
    assert len(flipped(WIRE, Random(seed))) == len(WIRE)
    assert 1 <= sum(old != new for old, new in zip(WIRE, flipped(WIRE, Random(seed)), strict=True)) <= 4
    assert WIRE.startswith(cut(WIRE, Random(seed)))
    assert len(cut(WIRE, Random(seed))) < len(WIRE)
    assert noise_before(WIRE, Random(seed)).endswith(WIRE)
    assert 1 <= len(noise_before(WIRE, Random(seed))) - len(WIRE) <= 64


def test_every_kind_occurs() -> None:
    """Among two thousand damaged telegrams are longer, shorter and equally long ones."""
    sizes = {(len(sent.wire) > len(WIRE)) - (len(sent.wire) < len(WIRE)) for sent in damaged(iter(SENTS), 1.0, 1)}

    assert (sizes, len(KINDS)) == ({-1, 0, 1}, 3)
