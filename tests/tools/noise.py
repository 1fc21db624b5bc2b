"""Measures how often noise is taken for a telegram: `PYTHONPATH=plugin python tests/tools/noise.py [TEXTS]`.

A rate of one in a thousand million cannot be counted directly. So the part of the chance that is known is forced: a text of mode 5 gets one of the
two openings, which random bytes do once in 32768. The content behind it is random. What passes of these texts, times 1/32768, is the rate
of a wrong key. For P1 without an authentication key, the first bytes of each form of an opening are forced in the same way.
"""

import random
import sys
from math import log2

from telegraf_han.mbus import evidence, link, records, security
from telegraf_han.p1 import envelope

METER = link.address(bytes.fromhex("ed14785634120102"))
OPENING_SHARE = len(security.OPENINGS) / 65536
BLOCKS = (1, 2, 3, 4, 6, 8, 11, 14)
P1_FORMS = (
    # what is forced, and how often random bytes do that
    (b"0-0:1.0", (10 / 256) ** 4 / 256**3),
    (b"1.8.0(", (10 / 256) ** 3 / 256**2 * (2 / 256)),
    (b"/EGM", (52 / 256) ** 3 / 256),
)


def radio(texts: int, seed: int = 1) -> dict[str, int]:
    """How many of so many random contents of each length may be records, and how many prove a key."""
    chance = random.Random(seed)
    found = {"plausible": 0, "proven": 0}
    for number in range(texts):
        size = 16 * BLOCKS[number % len(BLOCKS)]
        text = b"\x2f\x2f" + chance.randbytes(size - 2)
        found["plausible"] += records.plausible(text, METER)
        found["proven"] += records.proves(text, METER, size, security.OPENING_PROVES)
    return found


def p1(texts: int, seed: int = 1) -> float:
    """The rate at which random bytes look like P1 text, from so many texts for each form of an opening."""
    chance = random.Random(seed)
    rate = 0.0
    for head, share in P1_FORMS:
        rate += share * sum(envelope.looks_like_p1(head + chance.randbytes(100)) for _ in range(texts)) / texts
    return rate


def main() -> None:
    """Print the rates."""
    texts = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    found = radio(texts)
    print(f"mode 5, contents behind a right opening: {texts}, of these plausible {found['plausible']}, proving the key {found['proven']}")
    for name, count in found.items():
        rate = count / texts * OPENING_SHARE
        upper = (count + 3) / texts * OPENING_SHARE
        said = f"one in 2^{-log2(rate):.1f}" if rate else "none"
        print(f"  a wrong key is {name}: {said}; with 95 % certainty less than one in {1 / upper:.3g}")
    print(f"  derived bound of proven: one in 2^{evidence.PROOF:.0f} = {2**evidence.PROOF:.3g}")
    rate = p1(texts)
    print(f"P1 without authentication key: one in {1 / rate:.3g}" if rate else "P1: none")


if __name__ == "__main__":
    main()
