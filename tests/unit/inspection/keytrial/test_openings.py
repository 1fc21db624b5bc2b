"""keytrial.openings: the blocks that a text may begin with."""

from datetime import date

import pytest

from telegraf_han.inspection.keytrial import openings


def blocks(data: bytes) -> list[bytes]:
    """The blocks of 16 bytes in a piece."""
    assert len(data) % openings.BLOCK_BYTES == 0
    return [data[at : at + openings.BLOCK_BYTES] for at in range(0, len(data), openings.BLOCK_BYTES)]


@pytest.mark.parametrize("ident", ["", "EGM5G35", "ABC", "x" * 78])
def test_blocks_that_every_reading_is_tried_with(ident: str) -> None:
    """Every day to the day after today, other lines, and telegrams of the known idents. No block comes twice, and each is text."""
    few = openings.few(date(2026, 5, 3), ident)
    found = blocks(few.blocks)

    assert len(found) == len(set(found)) == (few.last - few.first).days + 1 + few.others
    assert found[0] == b"0-0:1.0.0(200101"
    assert {b"0-0:1.0.0(240229", b"0-0:1.0.0(260504", b"0-0:96.1.0(33353", b"/EGM5G35\r\n\r\n0-0:", b"/KFM5KAIFA-METER"} <= set(found)
    assert b"0-0:1.0.0(260505" not in found
    assert not ident or f"/{ident}\r\n\r\n0-0:1.0.0("[:16].encode() in found


def test_clock_of_the_host_that_was_never_set() -> None:
    """A host whose clock stands in 1970 tries the days to come, too."""
    few = openings.few(date(1970, 1, 1), "")

    assert (few.first, few.last) == (openings.FIRST_DAY, openings.LAST_DAY)


def test_blocks_that_few_readings_are_tried_with() -> None:
    """All of them are whole, and none comes twice."""
    found = [block for piece in openings.many() for block in blocks(piece)]

    assert len(found) == len(set(found))
    assert {b"0-0:1.0.0(000101", b"0-0:1.0.0(991231", b"1-0:1.8.0(012345", b"1-0:1.7.0(00.132", b"0-0:17.0.0(16500"} <= set(found)
